#include "rules/template/humanize.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

#include "rules/template/go_text.h"

namespace rules::templates {
namespace {

using Prefixes = std::array<const char*, 8>;
constexpr Prefixes kLarge = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr Prefixes kSmall = {"m", "u", "n", "p", "f", "a", "z", "y"};
constexpr Prefixes kBinary = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};

std::string four_digits(double value) { return number_text(value, 'g', 4); }

std::string divided(double value, double by, const Prefixes& prefixes) {
  const char* prefix = "";
  for (const char* next : prefixes) {
    if (std::abs(value) < by) break;
    prefix = next;
    value /= by;
  }
  return four_digits(value) + prefix;
}

std::string multiplied(double value) {
  const char* prefix = "";
  for (const char* next : kSmall) {
    if (std::abs(value) >= 1) break;
    prefix = next;
    value *= 1000;
  }
  return four_digits(value) + prefix;
}

// What does not fit becomes the smallest number, as it does in Go on x86.
std::int64_t truncated(double value) {
  constexpr double kLimit = 9223372036854775808.0;
  return value >= -kLimit && value < kLimit ? static_cast<std::int64_t>(value)
                                            : std::numeric_limits<std::int64_t>::min();
}

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr Unit kUnits[] = {{"y", 365 * 86'400}, {"w", 7 * 86'400}, {"d", 86'400}, {"h", 3'600},
                           {"m", 60},           {"s", 1},          {"ms", 0.001}};

}  // namespace

std::string humanize(double value) {
  if (value == 0 || !std::isfinite(value)) return four_digits(value);
  return std::abs(value) >= 1 ? divided(value, 1000, kLarge) : multiplied(value);
}

std::string humanize1024(double value) {
  if (std::abs(value) <= 1 || !std::isfinite(value)) return four_digits(value);
  return divided(value, 1024, kBinary);
}

std::string humanize_duration(double seconds) {
  if (!std::isfinite(seconds)) return four_digits(seconds);
  if (seconds == 0) return four_digits(seconds) + "s";
  if (std::abs(seconds) < 1) return multiplied(seconds) + "s";
  const std::string sign = seconds < 0 ? "-" : "";
  const std::int64_t all = truncated(std::abs(seconds));
  const std::int64_t second = all % 60, minute = all / 60 % 60, hour = all / 3'600 % 24;
  const std::int64_t days = all / 86'400;
  if (days != 0) return fmt::format("{}{}d {}h {}m {}s", sign, days, hour, minute, second);
  if (hour != 0) return fmt::format("{}{}h {}m {}s", sign, hour, minute, second);
  if (minute != 0) return fmt::format("{}{}m {}s", sign, minute, second);
  return sign + four_digits(std::abs(seconds)) + "s";
}

std::string humanize_percentage(double ratio) { return four_digits(ratio * 100) + "%"; }

std::expected<std::int64_t, std::string> nanoseconds(double seconds, std::string_view what) {
  constexpr double kLimit = 9223372036854775808.0;
  const double all = seconds * 1e9;
  if (all >= -kLimit && all < kLimit) return static_cast<std::int64_t>(all);
  return std::unexpected(
      fmt::format("{} cannot be represented as a nanoseconds {} since it overflows int64",
                  number_text(seconds), what));
}

std::expected<std::string, std::string> humanize_timestamp(double seconds) {
  if (!std::isfinite(seconds)) return four_digits(seconds);
  const auto all = nanoseconds(seconds, "timestamp");
  if (!all) return std::unexpected(all.error());
  constexpr std::int64_t kMillisecond = 1'000'000;
  return time_text(Time{*all / kMillisecond * kMillisecond});
}

std::expected<double, std::string> parse_duration(std::string_view text) {
  if (text == "0") return 0.0;
  if (text.empty()) return std::unexpected("empty duration string");
  const auto wrong = [&] {
    return std::unexpected("not a valid duration string: " + quoted(text));
  };
  double seconds = 0;
  std::string_view rest = text;
  std::size_t next = 0;  // units come once each, the largest first
  while (!rest.empty()) {
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits == 0 || digits > 15) return wrong();
    const std::string_view name =
        rest.substr(digits, rest.substr(digits).starts_with("ms") ? 2 : 1);
    while (next < std::size(kUnits) && kUnits[next].name != name) ++next;
    if (next == std::size(kUnits)) return wrong();
    seconds += static_cast<double>(std::stoll(std::string(rest.substr(0, digits)))) *
               kUnits[next++].seconds;
    rest.remove_prefix(digits + name.size());
  }
  if (seconds >= 9223372036.0) return std::unexpected("duration out of range");
  return seconds;
}

namespace {

struct Split {
  bool ok = false;
  std::string host, port;
};

// As Go's net.SplitHostPort.
Split split(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return {};
  std::string host = address.substr(0, colon);
  if (!host.empty() && host[0] == '[') {
    const std::size_t end = address.find(']');
    if (end == std::string::npos || end + 1 != colon) return {};
    host = address.substr(1, end - 1);
  } else if (host.find(':') != std::string::npos) {
    return {};
  }
  const std::string port = address.substr(colon + 1);
  if (host.find_first_of("[]") != std::string::npos) return {};
  if (port.find_first_of("[]") != std::string::npos) return {};
  return {true, host, port};
}

bool is_ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 3 || (digits > 1 && text[0] == '0')) return false;
    if (std::stoi(std::string(text.substr(0, digits))) > 255) return false;
    text.remove_prefix(digits);
    if (part < 3 && !text.starts_with('.')) return false;
    if (part < 3) text.remove_prefix(1);
  }
  return text.empty();
}

// Near enough: groups of hexadecimal digits and colons, at least two of these.
bool is_ipv6(std::string_view text) {
  const std::size_t first = text.find(':');
  if (first == std::string_view::npos || text.find(':', first + 1) == std::string_view::npos) {
    return false;
  }
  return text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

}  // namespace

std::string strip_port(const std::string& address) {
  const Split parts = split(address);
  return parts.ok ? parts.host : address;
}

std::string strip_domain(const std::string& address) {
  const Split parts = split(address);
  std::string host = parts.ok ? parts.host : address;
  if (is_ipv4(host) || is_ipv6(host)) return address;
  host = host.substr(0, host.find('.'));
  return parts.ok && !parts.port.empty() ? host + ":" + parts.port : host;
}

}  // namespace rules::templates
