// The windows of a calendar as instants: what is written in local time, day by day, holidays taken
// out. exporter/ticket/opening_hours.h says what the rules are.
#pragma once

#include <chrono>
#include <vector>

#include "exporter/sla/exclusion.h"
#include "exporter/sla/zone.h"
#include "exporter/ticket/support_terms.h"

namespace exporter {

// Calendars are known from 1970 until here, in UTC.
inline constexpr Seconds kHoursEnd = std::chrono::sys_days(std::chrono::year(2100) / 1 / 1);

// When a window ends, in seconds since the midnight of the day it begins on.
inline std::chrono::seconds end_of(const OpenWindow& window) {
  return window.to > window.from ? window.to : window.to + std::chrono::days(1);
}

// Everything that is open between 1970 and kHoursEnd and a little more; in no order, and windows
// may overlap.
std::vector<Span> open_windows(const CalendarTerms& terms, const Zone& zone);

// What local clocks are ahead of UTC in the middle of January 2026: an ordinary week is looked at
// there.
std::chrono::seconds ordinary_offset(const Zone& zone);

}  // namespace exporter
