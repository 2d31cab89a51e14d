// Opening hours and targets as people write them, and the same text again for what was read. Errors
// are sentences that name the offending words and show what is meant. Pure.
//
//   mon-fri 08:00-17:00, sun-thu 21:00-17:00, sat,sun 10:00-12:00, daily 00:00-24:00
//   4 business hours, 90 business minutes, 5 business days, 2 real hours, 3 real days
#pragma once

#include <array>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/ticket/support_terms.h"

namespace exporter {

// A window and the weekday it begins on, as weekday::c_encoding(): Sunday is 0.
using WeekdayWindow = std::pair<unsigned, OpenWindow>;

// "mon-fri 08:00-17:00"; days are a list of names and ranges, which may run over the end of the
// week, or "daily" and "every day". Several windows are separated by commas, as below.
std::expected<std::vector<WeekdayWindow>, std::string> parse_open_windows(std::string_view text);

// The windows of one day: "08:00-12:00, 13:00-17:00"; "closed" or nothing at all: none. 24:00 is an
// end only; a window that ends when it begins or before ends on the next day.
std::expected<std::vector<OpenWindow>, std::string> parse_day_windows(std::string_view text);

// "4 business hours". Without the word business or real it is business time, also in the short
// form "4h", "90m", "1h30m", "5d".
std::expected<ReactionTarget, std::string> parse_target(std::string_view text);

// What the parsers read to the same value again.
std::string format_day_windows(const std::vector<OpenWindow>& windows);
// One text for each set of windows, of all the weekdays that have it, in order from Monday.
std::vector<std::string> format_open_windows(const std::array<std::vector<OpenWindow>, 7>& week);
std::string format_target(const ReactionTarget& target);

}  // namespace exporter
