// Maintenance windows from iCalendar files (RFC 5545), read with libical. docs/accounting.md says
// how to write them. Pure but for read_calendar_file; from any thread.
//
// Of each VEVENT these count: UID, DTSTART, DTEND or DURATION, RRULE, RDATE, EXDATE, RECURRENCE-ID,
// SEQUENCE, STATUS:CANCELLED, SUMMARY, and which services it is about:
//   X-SLA-SERVICES:smtp,api      these services; any other name is an error
//   CATEGORIES:smtp,api          the same where no X-SLA-SERVICES stands; words that name no
//                                service are ignored, but one of them has to
//   neither                      all services
//   X-SLA-AGREEMENTS:acme        these agreements; else all
//   X-SLA-ANNOUNCED:2026-12-01T09:00+01:00   when customers were told (or 20261201T080000Z)
// A time with a TZID is read by the IANA zone of that name, else by the file's own VTIMEZONE; a
// floating time and a date are read in the agreement's zone. Each occurrence is a window with the
// id "ical:UID" or, when the event recurs, "ical:UID/start of the occurrence".
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sla/exclusion.h"
#include "exporter/sla/window.h"
#include "exporter/sla/zone.h"

namespace exporter {

// How far ahead recurring events are expanded; read again well before it is over.
inline constexpr std::chrono::seconds kCalendarHorizon = std::chrono::days(92);
inline constexpr std::size_t kMaxCalendarBytes = 4 << 20;
inline constexpr std::size_t kMaxCalendarEvents = 10'000;
inline constexpr std::size_t kMaxCalendarWindows = 20'000;

struct CalendarQuestion {
  std::string file;                     // for messages
  Zone zone;                            // of floating times
  std::vector<std::string> services;    // that exist
  std::vector<std::string> agreements;  // that exist
  Span within;                          // windows that touch it are returned
};

// Windows in order of their beginning. The error names file, line, UID and remedy; there is no
// half-read calendar.
std::expected<std::vector<MaintenanceWindow>, std::string> read_calendar(
    std::string_view text, const CalendarQuestion& question);

// Reads the file named in the question.
std::expected<std::vector<MaintenanceWindow>, std::string> read_calendar_file(
    const CalendarQuestion& question);

}  // namespace exporter
