// Times of iCalendar files: between libical's broken-down times, local times and instants. libical
// compares times of different zones only half right, and its zone rules end in 2037, so nothing of
// its arithmetic is used where it can be avoided. Pure, but for the lock.
#pragma once

#include <libical/ical.h>

#include <chrono>
#include <functional>
#include <mutex>

#include "exporter/sla/zone.h"

namespace exporter {

// libical keeps state of its own: how it takes errors, the zones it has met. Configurations are
// read on one thread while another looks at the calendars again, so whoever parses holds this.
[[nodiscard]] std::unique_lock<std::mutex> hold_libical();

std::chrono::local_seconds local_of(const icaltimetype& time);
icaltimetype ical_of(std::chrono::local_seconds at, bool is_date);

// A clock on some wall: what a local time means.
struct Wall {
  std::function<Seconds(std::chrono::local_seconds)> instant;
  std::function<std::chrono::local_seconds(Seconds)> local;
};

Wall wall_of(Zone zone);
// By the VTIMEZONE of a file; the zone must outlive the wall.
Wall wall_of(icaltimezone* zone);

}  // namespace exporter
