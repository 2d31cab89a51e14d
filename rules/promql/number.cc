// Conversions without a locale: std::from_chars and std::to_chars see none.
#include "rules/promql/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace rules {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
  bool exact;  // written only when nothing is left over: "1y", but never "1y1d"
};

constexpr std::int64_t kDay = 24LL * 3600 * 1000;
constexpr std::array<Unit, 7> kUnits = {{{"y", 365 * kDay, true},
                                         {"w", 7 * kDay, true},
                                         {"d", kDay, false},
                                         {"h", 3600 * 1000, false},
                                         {"m", 60 * 1000, false},
                                         {"s", 1000, false},
                                         {"ms", 1, false}}};
// What 64 bits of nanoseconds hold, as in Prometheus.
constexpr std::int64_t kLongest = std::numeric_limits<std::int64_t>::max() / 1'000'000;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

std::string special(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& letter : out)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return out;
}

std::optional<double> from_chars(std::string_view text, std::chars_format format) {
  double value = 0;
  const auto [stopped, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, format);
  if (stopped != text.data() + text.size() || error == std::errc::invalid_argument || text.empty())
    return std::nullopt;
  if (error != std::errc::result_out_of_range) return value;
  // Too large reads as infinity, too small as zero; a negative exponent tells them apart.
  return text.find("e-") != text.npos || text.find("E-") != text.npos
             ? 0
             : std::numeric_limits<double>::infinity();
}

// 123.4 -> 1234 and 3: the digits, and how many of them stand before the point.
std::pair<std::string, int> digits_of(double magnitude) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude,
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view shortest(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t mark = shortest.find('e');
  std::string digits(shortest.substr(0, mark));
  std::erase(digits, '.');
  int exponent = 0;
  const std::string_view power = shortest.substr(mark + (shortest[mark + 1] == '+' ? 2 : 1));
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  return {digits, exponent + 1};
}

// Underscores stand only between digits, or between a base prefix and a digit.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '_') {
      out += text[at];
    } else if (at == 0 || at + 1 == text.size() || text[at - 1] == '_' || text[at - 1] == '.') {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<double> parse_integer(std::string_view text) {
  const auto plain = without_underscores(text);
  if (!plain || plain->empty()) return std::nullopt;
  int base = 10;
  std::string_view digits = *plain;
  if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits[0] == '0') {
    base = 8;
    digits.remove_prefix(1);
  }
  std::int64_t value = 0;
  const auto [stopped, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || stopped != digits.data() + digits.size()) return std::nullopt;
  return static_cast<double>(value);
}

}  // namespace

std::string format_number(double value) {
  if (!std::isfinite(value)) return special(value);
  const std::string sign = std::signbit(value) ? "-" : "";
  auto [digits, point] = digits_of(std::fabs(value));
  const int count = static_cast<int>(digits.size());
  if (point <= 0) return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  if (point >= count)
    return sign + digits + std::string(static_cast<std::size_t>(point - count), '0');
  return sign + digits.insert(static_cast<std::size_t>(point), ".");
}

std::string format_short(double value) {
  if (!std::isfinite(value)) return special(value);
  auto [digits, point] = digits_of(std::fabs(value));
  const int exponent = point - 1;
  if (exponent >= -4 && exponent < 21) return format_number(value);
  if (digits.size() > 1) digits.insert(1, ".");
  return fmt::format("{}{}e{}{:02}", std::signbit(value) ? "-" : "", digits,
                     exponent < 0 ? '-' : '+', std::abs(exponent));
}

std::string format_significant(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}g}", value, digits) : special(value);
}

std::optional<double> parse_float(std::string_view text) {
  if (lower(text) == "nan") return std::numeric_limits<double>::quiet_NaN();
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.front() == '-' || text.front() == '+') return std::nullopt;
  std::optional<double> value;
  const std::string word = lower(text);
  if (word == "inf" || word == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (word.starts_with("0x") && word.contains('p')) {
    value = from_chars(text.substr(2), std::chars_format::hex);
  } else if (is_digit(word.front()) || word.front() == '.') {
    value = from_chars(text, std::chars_format::general);
  }
  if (value && negative) value = -*value;
  return value;
}

std::optional<double> parse_number(std::string_view text) {
  if (const auto integer = parse_integer(text)) return integer;
  return parse_float(text);
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  auto unit = kUnits.begin();
  while (!text.empty()) {
    std::int64_t value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || !is_digit(text.front())) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    const auto letters = std::ranges::find_if(text, is_digit) - text.begin();
    const std::string_view name = text.substr(0, static_cast<std::size_t>(letters));
    unit = std::find_if(unit, kUnits.end(), [&](const Unit& each) { return each.name == name; });
    if (unit == kUnits.end() || value > kLongest / unit->milliseconds) return std::nullopt;
    total += value * unit->milliseconds;
    if (total > kLongest) return std::nullopt;
    text.remove_prefix(name.size());
    ++unit;
  }
  return total;
}

std::string format_duration(std::int64_t milliseconds) {
  if (milliseconds == 0) return "0s";
  std::string out = milliseconds < 0 ? "-" : "";
  std::int64_t rest = std::abs(milliseconds);
  for (const Unit& unit : kUnits) {
    if ((unit.exact && rest % unit.milliseconds != 0) || rest < unit.milliseconds) continue;
    out += fmt::format("{}{}", rest / unit.milliseconds, unit.name);
    rest %= unit.milliseconds;
  }
  return out;
}

}  // namespace rules
