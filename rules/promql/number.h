// Numbers and durations as texts: PromQL reads and writes them as Go does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rules {

// The shortest digits that read back to the same number, never with an exponent; +Inf, -Inf, NaN.
std::string format_number(double value);
// The same with an exponent when it is below -4 or from 21 on: how Go prints a number.
std::string format_short(double value);
std::string format_significant(double value, int digits);  // %.<digits>g

// A floating-point number as Go's ParseFloat reads it: also hexadecimal, inf, infinity and nan in
// any case, signs, no blanks.
std::optional<double> parse_float(std::string_view text);
// A number of the query language: also octal with a leading 0 and underscores between digits.
std::optional<double> parse_number(std::string_view text);

// 1h30m, 5d, 100ms, 0 ... in milliseconds; the units in this order, y w d h m s ms.
std::optional<std::int64_t> parse_duration(std::string_view text);
std::string format_duration(std::int64_t milliseconds);

}  // namespace rules
