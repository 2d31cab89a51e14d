// Zones by cctz: libstdc++ 12 has none, and it is the one library in Debian that goes on after the
// last transition of a zone file. Nothing of cctz shows in the header, so that few files pay for
// it.
#include "exporter/sla/zone.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <utility>

namespace exporter {
namespace {

using std::chrono::year_month;

cctz::time_point<cctz::seconds> to_cctz(Seconds at) {
  return cctz::time_point<cctz::seconds>(cctz::seconds(at.time_since_epoch().count()));
}

Seconds from_cctz(cctz::time_point<cctz::seconds> at) {
  return Seconds(std::chrono::seconds(at.time_since_epoch().count()));
}

year_month month_of_civil(const cctz::civil_second& civil) {
  return year_month(std::chrono::year(static_cast<int>(civil.year())),
                    std::chrono::month(static_cast<unsigned>(civil.month())));
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

// "+01:00" or "-06:00"; at most 18 hours, which is more than any place has ever used.
std::optional<std::chrono::seconds> parse_offset(std::string_view text) {
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  if (!all_digits(text.substr(1, 2)) || !all_digits(text.substr(4, 2))) return std::nullopt;
  const int hours = number(text.substr(1, 2)), minutes = number(text.substr(4, 2));
  if (minutes > 59 || hours * 60 + minutes > 18 * 60) return std::nullopt;
  const std::chrono::seconds offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return text[0] == '-' ? -offset : offset;
}

// GMT+1, GMT-06:00, Etc/GMT-14, UTC+1: a sign after GMT or UTC in any form but our own.
bool has_ambiguous_sign(std::string_view name) {
  const std::string_view rest = name.starts_with("Etc/") ? name.substr(4) : name;
  if (!rest.starts_with("GMT") && !rest.starts_with("UTC")) return false;
  return rest.size() > 3 && (rest[3] == '+' || rest[3] == '-');
}

// Names become file names below the zone folder, and cctz knows prefixes that lead elsewhere.
bool is_plausible_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.back() == '/') return false;
  if (name.find("..") != std::string_view::npos) return false;
  // The machine's own zone says nothing in an agreement, and right/ counts leap seconds.
  if (name == "localtime" || name.starts_with("right/") || name.starts_with("posix/")) return false;
  return std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' || c == '-' ||
           c == '+';
  });
}

}  // namespace

struct Zone::Rules {
  std::string name;
  bool fixed = true;
  cctz::time_zone zone;
};

Zone::Zone() {
  static const auto kUtc =
      std::make_shared<const Rules>(Rules{.name = "UTC", .fixed = true, .zone = {}});
  rules_ = kUtc;
}

std::expected<Zone, std::string> Zone::parse(std::string_view name) {
  if (name == "UTC" || name == "Etc/UTC" || name == "Z") return Zone();
  if (name.starts_with("UTC")) {
    if (const auto offset = parse_offset(name.substr(3))) {
      const cctz::time_zone zone = cctz::fixed_time_zone(cctz::seconds(offset->count()));
      return Zone(std::make_shared<const Rules>(
          Rules{.name = std::string(name), .fixed = true, .zone = zone}));
    }
  }
  if (has_ambiguous_sign(name)) {
    return std::unexpected(
        fmt::format("time zone \"{}\" is ambiguous: POSIX reads the sign of such names backwards "
                    "(Etc/GMT-1 is one hour ahead of UTC); write a fixed offset as \"UTC+01:00\", "
                    "or an IANA name such as \"Europe/Zurich\"",
                    name));
  }
  cctz::time_zone zone;
  if (!is_plausible_name(name) || !cctz::load_time_zone(std::string(name), &zone)) {
    return std::unexpected(
        fmt::format("unknown time zone \"{}\"; expected a fixed offset such as \"UTC+01:00\" or "
                    "an IANA name such as \"Europe/Berlin\" (is the package tzdata installed?)",
                    name));
  }
  return Zone(std::make_shared<const Rules>(
      Rules{.name = std::string(name), .fixed = false, .zone = zone}));
}

const std::string& Zone::name() const { return rules_->name; }
bool Zone::fixed() const { return rules_->fixed; }

Seconds Zone::from_local(std::chrono::local_seconds local) const {
  // Civil seconds since the civil epoch are what local time counts.
  const cctz::civil_second civil =
      cctz::civil_second(1970, 1, 1) + local.time_since_epoch().count();
  return from_cctz(cctz::convert(civil, rules_->zone));
}

std::chrono::local_seconds Zone::to_local(Seconds at) const {
  const cctz::civil_second civil = cctz::convert(to_cctz(at), rules_->zone);
  return std::chrono::local_seconds(std::chrono::seconds(civil - cctz::civil_second(1970, 1, 1)));
}

Seconds Zone::month_begin(year_month month) const {
  // cctz answers with the first of two midnights, and with the transition for one that is skipped.
  const cctz::civil_second midnight(static_cast<int>(month.year()),
                                    static_cast<int>(static_cast<unsigned>(month.month())), 1);
  return from_cctz(cctz::convert(midnight, rules_->zone));
}

year_month Zone::month_of(Seconds at) const {
  const year_month month = month_of_civil(cctz::convert(to_cctz(at), rules_->zone));
  // Where clocks go back over midnight, the old month's name is read again after the new month has
  // begun; a month that has begun stays.
  const year_month next = month + std::chrono::months(1);
  return at >= month_begin(next) ? next : month;
}

std::vector<Seconds> Zone::instants_of(std::chrono::local_seconds shown) const {
  const auto found =
      rules_->zone.lookup(cctz::civil_second(1970, 1, 1) + shown.time_since_epoch().count());
  switch (found.kind) {
    case cctz::time_zone::civil_lookup::UNIQUE:
      return {from_cctz(found.pre)};
    case cctz::time_zone::civil_lookup::SKIPPED:
      return {};
    case cctz::time_zone::civil_lookup::REPEATED:
      return {from_cctz(found.pre), from_cctz(found.post)};
  }
  return {};
}

std::string Zone::format(Seconds at) const {
  const auto lookup = rules_->zone.lookup(to_cctz(at));
  // RFC 3339 has no seconds in its offset; such offsets ended a century ago.
  if (lookup.offset % 60 != 0) return format_utc(at);
  const int minutes = std::abs(lookup.offset) / 60;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}", lookup.cs.year(),
                     lookup.cs.month(), lookup.cs.day(), lookup.cs.hour(), lookup.cs.minute(),
                     lookup.cs.second(), lookup.offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string Zone::format_short(Seconds at) const {
  const cctz::civil_second cs = cctz::convert(to_cctz(at), rules_->zone);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", cs.year(), cs.month(), cs.day(), cs.hour(),
                     cs.minute());
}

std::string format_utc(Seconds at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string format_utc_day(Seconds at) { return format_utc(at).substr(0, 10); }

std::string format_month(year_month month) {
  return fmt::format("{:04}-{:02}", static_cast<int>(month.year()),
                     static_cast<unsigned>(month.month()));
}

namespace {

// Cuts `size` digits off the front of `text`; -1 when there are none.
int take_digits(std::string_view& text, std::size_t size) {
  if (text.size() < size || !all_digits(text.substr(0, size))) return -1;
  const int value = number(text.substr(0, size));
  text.remove_prefix(size);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Seconds> parse_date(std::string_view& text) {
  const int year = take_digits(text, 4);
  if (year < 0 || !take(text, "-")) return std::nullopt;
  const int month = take_digits(text, 2);
  if (month < 0 || !take(text, "-")) return std::nullopt;
  const int day = take_digits(text, 2);
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (day < 0 || !date.ok()) return std::nullopt;
  return Seconds(std::chrono::sys_days(date).time_since_epoch());
}

std::optional<std::chrono::seconds> parse_time_of_day(std::string_view& text) {
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ":")) return std::nullopt;
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59) return std::nullopt;
  int second = 0;
  if (take(text, ":")) second = take_digits(text, 2);
  if (second < 0 || second > 60) return std::nullopt;
  if (take(text, ".,")) {
    if (take_digits(text, 1) < 0) return std::nullopt;
    while (take(text, "0123456789")) continue;
  }
  return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

std::optional<Seconds> parse_rfc3339(std::string_view text) {
  const auto date = parse_date(text);
  if (!date || !take(text, "Tt ")) return std::nullopt;
  const auto time = parse_time_of_day(text);
  if (!time) return std::nullopt;
  if (text == "Z" || text == "z") return *date + *time;
  const auto offset = parse_offset(text);
  if (!offset) return std::nullopt;
  return *date + *time - *offset;
}

}  // namespace

std::expected<Seconds, std::string> parse_instant(std::string_view text) {
  if (text.starts_with("@") && text.size() <= 12 && all_digits(text.substr(1))) {
    std::int64_t value = 0;
    for (const char c : text.substr(1)) value = value * 10 + (c - '0');
    return Seconds(std::chrono::seconds(value));
  }
  if (const auto at = parse_rfc3339(text)) return *at;
  return std::unexpected(
      fmt::format("\"{}\" is no instant; expected RFC 3339 with an offset, such as "
                  "2026-12-06T02:00:00+01:00 or 2026-12-06T01:00Z",
                  text));
}

std::expected<year_month, std::string> parse_month(std::string_view text) {
  std::string_view rest = text;
  const int year = take_digits(rest, 4);
  const bool dash = take(rest, "-");
  const int month = take_digits(rest, 2);
  if (year < 0 || !dash || month < 1 || month > 12 || !rest.empty()) {
    return std::unexpected(fmt::format("\"{}\" is no month; expected YYYY-MM", text));
  }
  return year_month(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)));
}

}  // namespace exporter
