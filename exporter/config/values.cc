// Values as people write them. Numbers are read with from_chars and integers only, so that neither
// the locale nor binary fractions can change what an objective means.
#include "exporter/config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

namespace exporter::config {
namespace {

using probes::Duration;
using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute,
                       kDay = 24 * kHour;
// Largest first, as they must be written.
constexpr std::array kUnits = {Unit{"y", 365 * kDay}, Unit{"w", 7 * kDay}, Unit{"d", kDay},
                               Unit{"h", kHour},      Unit{"m", kMinute},  Unit{"s", kSecond},
                               Unit{"ms", 1}};
constexpr std::int64_t kLongest = 100 * 365 * kDay;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

std::string_view take_while(std::string_view& text, auto holds) {
  std::size_t n = 0;
  while (n < text.size() && holds(text[n])) ++n;
  const std::string_view taken = text.substr(0, n);
  text.remove_prefix(n);
  return taken;
}

std::string not_a_duration(std::string_view text) {
  return fmt::format("\"{}\" is not a duration; write it like 90s, 5m or 1h30m", text);
}

// Digits as a number of at most 12 digits, which no sum below can overflow.
std::optional<std::int64_t> small_number(std::string_view digits) {
  std::int64_t value = 0;
  if (digits.size() > 12 || !all_digits(digits)) return std::nullopt;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace

Parsed<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  return std::unexpected(fmt::format("\"{}\" is not a whole number", text));
}

Parsed<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{};
  if (all_digits(text)) {
    return std::unexpected(fmt::format("\"{}\" has no unit; for seconds write {}s", text, text));
  }
  if (text.starts_with('-')) return std::unexpected(fmt::format("\"{}\" is negative", text));
  std::string_view rest = text;
  std::size_t next_unit = 0;
  std::int64_t total = 0;
  while (!rest.empty()) {
    const auto number = small_number(take_while(rest, is_digit));
    const std::string_view name = take_while(rest, [](char c) { return c >= 'a' && c <= 'z'; });
    const auto unit = std::ranges::find(kUnits, name, &Unit::name);
    if (!number || unit == kUnits.end()) return std::unexpected(not_a_duration(text));
    const auto index = static_cast<std::size_t>(unit - kUnits.begin());
    if (index < next_unit) {
      return std::unexpected(fmt::format(
          "\"{}\" is not a duration: each unit stands once, the largest first, as in 1h30m", text));
    }
    next_unit = index + 1;
    if (*number > (kLongest - total) / unit->milliseconds) {
      return std::unexpected(fmt::format("\"{}\" is longer than 100 years", text));
    }
    total += *number * unit->milliseconds;
  }
  if (next_unit == 0) return std::unexpected(not_a_duration(text));
  return milliseconds(total);
}

std::string format_duration(Duration duration) {
  std::int64_t rest = std::chrono::floor<milliseconds>(duration).count();
  if (rest == 0) return "0s";
  std::string text;
  for (const Unit& unit : kUnits) {
    if (unit.name == "y" || unit.name == "w") continue;  // days read better than either
    if (const std::int64_t n = rest / unit.milliseconds; n > 0) {
      text += fmt::format("{}{}", n, unit.name);
      rest -= n * unit.milliseconds;
    }
  }
  return text;
}

Parsed<Duration> parse_retention(std::string_view text) {
  std::string_view rest = text;
  const auto number = small_number(take_while(rest, is_digit));
  take_while(rest, [](char c) { return c == ' '; });
  if (rest != "mo" && rest != "month" && rest != "months") {
    if (auto duration = parse_duration(text)) return duration;
    return std::unexpected(
        fmt::format("\"{}\" is not a time to keep things; write it like 15 months or 400d", text));
  }
  if (!number || *number > 1200) {
    return std::unexpected(fmt::format("\"{}\" is longer than 100 years", text));
  }
  const std::int64_t days = (*number * 487 + 15) / 16;  // 30.4375 days, rounded up
  return std::chrono::hours(24 * days);
}

Parsed<Objective> parse_objective(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return std::unexpected(fmt::format("\"{}\" is not an objective: {}", text, why));
  };
  std::string_view rest = text;
  const bool percent = rest.ends_with('%');
  if (percent) {
    rest.remove_suffix(1);
    while (rest.ends_with(' ')) rest.remove_suffix(1);
  }
  const std::string_view whole = take_while(rest, is_digit);
  std::string_view decimals;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    decimals = take_while(rest, is_digit);
    if (decimals.empty()) return wrong("digits are missing after the point");
  }
  if (whole.empty() || whole.size() > 3 || !rest.empty()) {
    return wrong("write a percentage such as 99.9% or a fraction such as 0.999");
  }
  const std::size_t places = percent ? 4 : 6;
  if (decimals.size() > places && decimals.find_first_not_of('0', places) != decimals.npos) {
    return wrong(percent ? "a percentage has at most four decimals"
                         : "a fraction has at most six decimals");
  }
  std::string digits(decimals.substr(0, places));
  digits.resize(places, '0');
  const std::int64_t scale = percent ? 10'000 : 1'000'000;
  const std::int64_t value = *small_number(whole) * scale + *small_number(digits);
  if (value == 0) return wrong("it must be more than 0");
  if (!percent && value >= scale) {
    return wrong(fmt::format("a fraction is less than 1; did you mean {}%?", text));
  }
  if (value > 1'000'000) return wrong("it must be at most 100%");
  return Objective{value};
}

std::string format_objective(Objective objective) {
  const std::int64_t whole = objective.parts_per_million / 10'000;
  std::string decimals = fmt::format("{:04}", objective.parts_per_million % 10'000);
  while (decimals.ends_with('0')) decimals.pop_back();
  return fmt::format("{}{}{}%", whole, decimals.empty() ? "" : ".", decimals);
}

Parsed<std::uint64_t> parse_size(std::string_view text) {
  struct SizeUnit {
    std::string_view name;
    int shift;
  };
  static constexpr std::array kSizes = {
      SizeUnit{"", 0},     SizeUnit{"B", 0},   SizeUnit{"kB", 10},  SizeUnit{"KB", 10},
      SizeUnit{"KiB", 10}, SizeUnit{"MB", 20}, SizeUnit{"MiB", 20}, SizeUnit{"GB", 30},
      SizeUnit{"GiB", 30}, SizeUnit{"TB", 40}, SizeUnit{"TiB", 40}};
  std::string_view rest = text;
  const auto number = small_number(take_while(rest, is_digit));
  const auto unit = std::ranges::find(kSizes, rest, &SizeUnit::name);
  if (!number || unit == kSizes.end()) {
    return std::unexpected(
        fmt::format("\"{}\" is not a size; write it like 64MiB or a number of bytes", text));
  }
  const auto value = static_cast<std::uint64_t>(*number);
  if (value > (1ull << 50 >> unit->shift)) {
    return std::unexpected(fmt::format("\"{}\" is more than 1024 TiB", text));
  }
  return value << unit->shift;
}

}  // namespace exporter::config
