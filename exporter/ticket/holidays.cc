// Lists as people write them; files are read in holiday_file.cc.
#include "exporter/ticket/holidays.h"

#include <fmt/format.h>

#include <algorithm>

namespace exporter {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::month_day;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr int kFirstYear = 1970, kLastYear = 2099;

// A day as written; without a year it is of every year.
struct WrittenDay {
  std::optional<year> in;
  month_day day;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Digits where `shape` has a 9, else the same characters.
bool has_shape(std::string_view text, std::string_view shape) {
  return std::ranges::equal(text, shape, [](char c, char wanted) {
    return wanted == '9' ? c >= '0' && c <= '9' : c == wanted;
  });
}

unsigned number(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

std::expected<WrittenDay, std::string> parse_day(std::string_view text) {
  const bool dated = has_shape(text, "9999-99-99");
  if (!dated && !has_shape(text, "99-99")) {
    return std::unexpected(
        fmt::format("\"{}\" is no day; expected one such as 2026-12-25, or 12-25 "
                    "for every year",
                    text));
  }
  const std::string_view rest = dated ? text.substr(5) : text;
  WrittenDay day{.in = {},
                 .day = std::chrono::month(number(rest.substr(0, 2))) /
                        std::chrono::day(number(rest.substr(3)))};
  if (dated) day.in = year(static_cast<int>(number(text.substr(0, 4))));
  // month_day::ok() takes 29 February, as fits a day of every year.
  if (!day.day.ok() || (dated && !(*day.in / day.day).ok())) {
    return std::unexpected(fmt::format("\"{}\" does not exist in the calendar", text));
  }
  if (dated && (*day.in < year(kFirstYear) || *day.in > year(kLastYear))) {
    return std::unexpected(fmt::format("\"{}\": years go from {} to {}", text, kFirstYear,  //
                                       kLastYear));
  }
  return day;
}

void add_days(Holidays& holidays, local_days first, local_days last) {
  for (local_days day = first; day <= last && day < kHolidaysEnd; day += days(1)) {
    holidays.days.push_back(day);
  }
}

void add_yearly(Holidays& holidays, month_day first, month_day last) {
  for (int in = kFirstYear - 1; in <= kLastYear; ++in) {
    // A range that ends before it begins runs over the end of the year.
    const year end_year(in + (last < first ? 1 : 0));
    const auto begin = year(in) / first;
    const auto end = end_year / last;
    // 29 February of other years: a range begins on 1 March then or ends on 28 February.
    if (first == last && !begin.ok()) continue;
    const local_days from = local_days(begin);
    const local_days to = end.ok() ? local_days(end) : local_days(end) - days(1);
    add_days(holidays, std::max(from, local_days(year(kFirstYear) / 1 / 1)), to);
  }
}

}  // namespace

void Holidays::add(const Holidays& more) {
  days.insert(days.end(), more.days.begin(), more.days.end());
  std::ranges::sort(days);
  const auto twice = std::ranges::unique(days);
  days.erase(twice.begin(), twice.end());
  known_until = std::max(known_until, more.known_until);
}

std::expected<Holidays, std::string> parse_holidays(std::string_view item) {
  const std::size_t dots = item.find("..");
  const auto first = parse_day(trimmed(item.substr(0, dots)));
  if (!first) return std::unexpected(first.error());
  auto last = first;
  if (dots != std::string_view::npos) last = parse_day(trimmed(item.substr(dots + 2)));
  if (!last) return std::unexpected(last.error());
  if (first->in.has_value() != last->in.has_value()) {
    return std::unexpected(
        fmt::format("\"{}\": give both ends of a range a year, or neither", item));
  }
  Holidays holidays;
  if (!first->in) {
    add_yearly(holidays, first->day, last->day);
    return holidays;
  }
  const local_days from(*first->in / first->day), to(*last->in / last->day);
  if (to < from) return std::unexpected(fmt::format("\"{}\" ends before it begins", item));
  add_days(holidays, from, to);
  if (holidays.days.size() > kMaxHolidays) {
    return std::unexpected(fmt::format("\"{}\" has more than {} days", item, kMaxHolidays));
  }
  holidays.known_until = to;
  return holidays;
}

}  // namespace exporter
