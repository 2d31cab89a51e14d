// The zone a month is cut in: a fixed offset ("UTC+01:00") or an IANA name ("Europe/Berlin"), and
// the two questions accounting asks of it: which month an instant belongs to, and when a month
// begins. Right beyond 2038, because the rules at the end of a zone file are extended for ever.
//
// A Zone is a small immutable value; copying is cheap and any thread may use it. Instants are whole
// seconds in UTC. RFC 3339 for what is printed and read.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sla/terms.h"

namespace exporter {

class Zone {
 public:
  Zone();  // UTC

  // "UTC", "UTC+01:00", "UTC-06:00" or an IANA name. "GMT+1" and "Etc/GMT-1" are refused with the
  // reason: POSIX reads their signs backwards.
  static std::expected<Zone, std::string> parse(std::string_view name);

  const std::string& name() const;
  // A fixed offset needs no time zone data, so its figures do not depend on the version of it.
  bool fixed() const;

  // The month that contains `at`: month_begin(month) <= at < month_begin(month + 1). Holds as well
  // where midnight is skipped or comes twice.
  std::chrono::year_month month_of(Seconds at) const;
  Seconds month_begin(std::chrono::year_month month) const;

  // The instants at which the zone's clocks show this: one as a rule, none while they are put
  // forward, two (in order) where they are put back.
  std::vector<Seconds> instants_of(std::chrono::local_seconds shown) const;

  // The first instant the clocks on the wall show this; where they skip it, the moment they jump.
  Seconds from_local(std::chrono::local_seconds local) const;
  std::chrono::local_seconds to_local(Seconds at) const;

  // "2026-11-22T21:30:00+01:00"
  std::string format(Seconds at) const;
  // "2026-11-22 21:30"; for tables whose head names the zone.
  std::string format_short(Seconds at) const;

  bool operator==(const Zone& other) const { return name() == other.name(); }

 private:
  struct Rules;
  explicit Zone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  std::shared_ptr<const Rules> rules_;
};

// "2026-11-22T20:30:00Z"
std::string format_utc(Seconds at);
// "2026-11-22", the UTC day an instant lies in.
std::string format_utc_day(Seconds at);
// "2026-11"
std::string format_month(std::chrono::year_month month);

// RFC 3339 with an offset or Z; the seconds may be left out ("2026-12-06T02:00+01:00"), a space may
// stand for the T, and "@1764550800" is Unix time. Fractions of a second are cut off. The error
// says what was expected.
std::expected<Seconds, std::string> parse_instant(std::string_view text);
// "2026-11"
std::expected<std::chrono::year_month, std::string> parse_month(std::string_view text);

}  // namespace exporter
