// How Go writes values: strconv's shortest numbers, fmt's verbs, the texts of times and durations.
// A template's output has to be the same here and in a Prometheus, letter for letter. Pure.
#pragma once

#include <optional>
#include <span>

#include "rules/template/value.h"

namespace rules::templates {

// Nothing that a template builds may grow beyond this.
inline constexpr std::size_t kMostText = 256 * 1024;

std::string number_text(double value);  // %v: the shortest that reads back
// One of e, f, g with so many digits; less than none: as many as needed.
std::string number_text(double value, char verb, int precision);
std::string quoted(std::string_view text);
std::string query_escape(std::string_view text);  // as in the query of a URL
std::string duration_text(Duration duration);
std::string time_text(Time time);  // "2006-01-02 15:04:05.999 +0000 UTC"
std::string time_text(Time time, std::string_view layout);

// As print and {{ }} write it; stops when the text has grown beyond kMostText.
void append_text(std::string& out, const Value& value);
std::string sprint(std::span<const Value> values);    // a space between two that are no texts
std::string sprintln(std::span<const Value> values);  // spaces always, and a newline
std::string sprintf_text(std::string_view format, std::span<const Value> values);

struct Day {
  std::int64_t year;
  int month, day, weekday, year_day;
};
Day day_of(Time time);
std::string_view month_name(int month);
std::string_view weekday_name(int weekday);

}  // namespace rules::templates
