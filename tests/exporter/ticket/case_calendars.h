// The calendars that the worked cases name, and a few builders for calendars of one's own.
#pragma once

#include <chrono>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/ticket/opening_hours.h"
#include "exporter/ticket/window_text.h"

namespace exporter {

inline Seconds utc(std::string_view text) { return parse_instant(text).value(); }

inline std::chrono::local_days local_day(int year, unsigned month, unsigned day) {
  return std::chrono::local_days(std::chrono::year(year) / std::chrono::month(month) /
                                 std::chrono::day(day));
}

inline CalendarTerms calendar_of(std::string name, std::string timezone,
                                 std::initializer_list<std::string_view> open) {
  CalendarTerms terms;
  terms.name = std::move(name);
  terms.timezone = std::move(timezone);
  for (const std::string_view text : open) {
    const auto windows = parse_open_windows(text).value();
    for (const auto& [weekday, window] : windows) terms.week[weekday].push_back(window);
  }
  return terms;
}

// By name, as section 7 of the specification of reactions lists them.
inline std::map<std::string, OpeningHours> case_calendars() {
  std::vector<CalendarTerms> plain{
      calendar_of("EU_FIX", "UTC+01:00", {"mon-fri 08:00-17:00"}),
      calendar_of("EU_BER", "Europe/Berlin", {"mon-fri 08:00-17:00"}),
      calendar_of("EU_BER_HOL", "Europe/Berlin", {"mon-fri 08:00-17:00"}),
      calendar_of("AM_WRAP_FIX", "UTC-06:00", {"mon-fri 21:00-17:00"}),
      calendar_of("AM_WRAP_CHI", "America/Chicago", {"mon-fri 21:00-17:00"}),
      calendar_of("AM_WRAP_DAY", "UTC-06:00", {"mon-fri 00:00-17:00", "mon-fri 21:00-24:00"}),
      calendar_of("AM_WRAP_HOL", "UTC-06:00", {"mon-fri 21:00-17:00"}),
      calendar_of("AM_TYPO_FIX", "UTC-06:00", {"mon-fri 09:00-17:00"}),
      calendar_of("AM_TYPO_CHI", "America/Chicago", {"mon-fri 09:00-17:00"}),
      calendar_of("AM_TYPO_MEX", "America/Mexico_City", {"mon-fri 09:00-17:00"}),
      calendar_of("NIGHT_BER", "Europe/Berlin", {"daily 22:00-06:00"}),
      calendar_of("GAP_BER", "Europe/Berlin", {"daily 02:30-06:00"}),
      calendar_of("EVE_BER", "Europe/Berlin", {"daily 22:00-02:30"}),
      calendar_of("ALLDAY_BER", "Europe/Berlin", {"daily 00:00-24:00"}),
      calendar_of("LUNCH_BER", "Europe/Berlin", {"mon-fri 08:00-12:00", "mon-fri 13:00-17:00"}),
      calendar_of("SAT_WRAP_CHI", "America/Chicago", {"sat 21:00-17:00"}),
  };
  plain[2].holidays = {local_day(2026, 12, 25), local_day(2027, 1, 1)};
  plain[2].overrides[local_day(2026, 12, 24)] = parse_day_windows("08:00-12:00").value();
  plain[6].holidays = {local_day(2026, 11, 26)};

  std::map<std::string, OpeningHours> calendars;
  for (const CalendarTerms& terms : plain) {
    calendars.emplace(terms.name, OpeningHours::compile(terms));
  }
  const auto unite = [&](std::initializer_list<const char*> names) {
    std::vector<const OpeningHours*> parts;
    for (const char* name : names) parts.push_back(&calendars.at(name));
    return OpeningHours::unite(parts);
  };
  calendars.emplace("UNION_TYPO", unite({"EU_FIX", "AM_TYPO_FIX"}));
  calendars.emplace("UNION_WRAP", unite({"EU_FIX", "AM_WRAP_FIX"}));
  calendars.emplace("REAL", OpeningHours::always());
  return calendars;
}

}  // namespace exporter
