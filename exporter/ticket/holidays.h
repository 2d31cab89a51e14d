// Days on which a calendar is closed, from what people write and from iCalendar files. A holiday is
// a whole local day; a short one is an override of the calendar. docs/reactions.md says how to
// write them. Pure but for read_holiday_file; from any thread.
//
//   2026-12-25                  that day
//   12-25                       every year; 02-29 in leap years only
//   2026-12-24..2027-01-02      both days and all between
//   12-24..01-02                the same every year
//
// Of each VEVENT of a file these count: UID, DTSTART, DTEND (the day after the last) or DURATION,
// RRULE, RDATE, EXDATE, RECURRENCE-ID, SEQUENCE, STATUS:CANCELLED. Only whole days: an event with
// times of day is refused, for to leave it out or to close the whole day would both change figures
// without a word. Midnight to midnight without Z is whole days too, as some programs write them.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter {

struct Holidays {
  std::vector<std::chrono::local_days> days;  // sorted, each once
  // The last day that was listed by date. Absent where there are none, or where all come again
  // every year without an end.
  std::optional<std::chrono::local_days> known_until;

  void add(const Holidays& more);
  bool operator==(const Holidays&) const = default;
};

// Recurring days are listed up to the year 2099, where calendars end.
inline constexpr std::chrono::local_days kHolidaysEnd{std::chrono::year(2100) / 1 / 1};
inline constexpr std::size_t kMaxHolidayBytes = 4 << 20;
inline constexpr std::size_t kMaxHolidayEvents = 10'000;
inline constexpr std::size_t kMaxHolidays = 20'000;

// One item of a list.
std::expected<Holidays, std::string> parse_holidays(std::string_view item);

// An iCalendar file; its name is for messages. The error names file, line, UID and remedy; there is
// no half-read file.
std::expected<Holidays, std::string> read_holidays(std::string_view text, std::string_view file);
std::expected<Holidays, std::string> read_holiday_file(const std::filesystem::path& file);

}  // namespace exporter
