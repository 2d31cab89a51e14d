// The arithmetic of times follows Prometheus to the last bit, so that both mean the same
// millisecond by the same text.
#include "exporter/web/api_params.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "exporter/sla/zone.h"
#include "rules/promql/number.h"
#include "rules/promql/parser.h"
#include "rules/promql/quote.h"

namespace exporter::api {
namespace {

// Seconds beyond this are as good as for ever, in either direction; their milliseconds still fit.
constexpr double kFarthest = 4e15;
constexpr double kNanoseconds = 1e9;

std::int64_t to_milliseconds(double seconds) {
  double whole = 0;
  double fraction = std::modf(std::clamp(seconds, -kFarthest, kFarthest), &whole);
  fraction = std::round(fraction * 1000) / 1000;
  const auto nanoseconds = static_cast<std::int64_t>(fraction * kNanoseconds);
  const auto past = nanoseconds - (nanoseconds < 0 ? 999'999 : 0);  // rounded down
  return static_cast<std::int64_t>(whole) * 1000 + past / 1'000'000;
}

// RFC 3339 with a fraction of a second, and none of the liberties that people take.
std::optional<std::int64_t> parse_date(std::string_view text) {
  constexpr std::size_t kSeconds = 19;  // 2026-11-24T20:30:00
  if (text.size() <= kSeconds || text[10] != 'T' || text[16] != ':' || text.back() == 'z')
    return std::nullopt;
  std::string whole(text);
  std::int64_t milliseconds = 0;
  if (text[kSeconds] == '.') {
    const auto end = text.find_first_not_of("0123456789", kSeconds + 1);
    const std::size_t digits = std::min(end, text.size()) - kSeconds - 1;
    if (digits == 0) return std::nullopt;
    const std::string three = (std::string(text.substr(kSeconds + 1, digits)) + "000").substr(0, 3);
    milliseconds = (three[0] - '0') * 100 + (three[1] - '0') * 10 + (three[2] - '0');
    whole.erase(kSeconds, digits + 1);
  }
  const auto instant = parse_instant(whole);
  if (!instant) return std::nullopt;
  return instant->time_since_epoch().count() * 1000 + milliseconds;
}

}  // namespace

std::string_view parameter(const WebRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string_view() : found->second;
}

std::vector<std::string> parameters(const WebRequest& request, const std::string& name) {
  std::vector<std::string> values;
  const auto [first, last] = request.query.equal_range(name);
  for (auto at = first; at != last; ++at) values.push_back(at->second);
  return values;
}

Parsed<std::int64_t> parse_time(std::string_view text) {
  const auto seconds = rules::parse_float(text);
  if (seconds && !std::isnan(*seconds)) return to_milliseconds(*seconds);
  if (const auto date = parse_date(text)) return *date;
  return std::unexpected(fmt::format("cannot parse {} to a valid timestamp", rules::quote(text)));
}

Parsed<std::int64_t> parse_duration(std::string_view text) {
  const auto seconds = rules::parse_float(text);
  if (seconds) {
    const double nanoseconds = std::isnan(*seconds) ? 0 : *seconds * kNanoseconds;
    if (std::abs(nanoseconds) < static_cast<double>(std::numeric_limits<std::int64_t>::max()))
      return static_cast<std::int64_t>(nanoseconds);
    return std::unexpected(
        fmt::format("cannot parse {} to a valid duration. It overflows int64", rules::quote(text)));
  }
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  const auto milliseconds = rules::parse_duration(text);
  if (milliseconds && *milliseconds <= kMost) return *milliseconds * 1'000'000;
  return std::unexpected(fmt::format("cannot parse {} to a valid duration", rules::quote(text)));
}

Parsed<std::int64_t> parse_integer(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = end == digits.data() + digits.size();
  if (whole && error == std::errc()) return value;
  return std::unexpected(fmt::format(
      "strconv.Atoi: parsing {}: {}", rules::quote(text),
      whole && error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax"));
}

Parsed<std::size_t> parse_limit(std::string_view text) {
  if (text.empty()) return 0;
  const auto limit = parse_integer(text);
  if (!limit) return std::unexpected(limit.error());
  if (*limit < 0) return std::unexpected("limit must be non-negative");
  return static_cast<std::size_t>(*limit);
}

std::expected<std::int64_t, Error> time_or(const WebRequest& request, const std::string& name,
                                           std::int64_t otherwise) {
  const std::string_view text = parameter(request, name);
  if (text.empty()) return otherwise;
  const auto time = parse_time(text);
  if (time) return *time;
  return bad_parameter(name, fmt::format("invalid time value for '{}': {}", name, time.error()));
}

std::expected<std::size_t, Error> limit_of(const WebRequest& request) {
  const auto limit = parse_limit(parameter(request, "limit"));
  if (limit) return *limit;
  return bad_parameter("limit", limit.error());
}

// The parser refuses a selector that would match everything; the API says so in other words.
Parsed<std::vector<Matchers>> parse_matchers(const std::vector<std::string>& selectors) {
  constexpr std::string_view kWhy = "must contain at least one non-empty matcher";
  std::vector<Matchers> all;
  for (const std::string& selector : selectors) {
    auto matchers = rules::parse_selector(selector);
    if (!matchers && matchers.error().message.ends_with(kWhy))
      return std::unexpected(fmt::format("match[] {}", kWhy));
    if (!matchers) return std::unexpected(matchers.error().text());
    all.push_back(*std::move(matchers));
  }
  return all;
}

}  // namespace exporter::api
