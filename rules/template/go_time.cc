// Times and durations as Go's time package writes them, always in UTC.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdlib>

#include "rules/template/go_text.h"

namespace rules::templates {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDaySeconds = 86'400;

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::string trimmed_fraction(std::int64_t part, int digits) {
  std::string text = fmt::format("{:0{}}", part, digits);
  while (!text.empty() && text.back() == '0') text.pop_back();
  return text.empty() ? "" : "." + text;
}

struct Clock {
  Day day;
  std::int64_t hour, minute, second, nanosecond;
};

Clock clock_of(Time time) {
  const std::int64_t seconds = floor_div(time.nanoseconds, kSecond);
  const std::int64_t of_day = seconds - floor_div(seconds, kDaySeconds) * kDaySeconds;
  return {day_of(time), of_day / 3600, of_day / 60 % 60, of_day % 60,
          (time.nanoseconds % kSecond + kSecond) % kSecond};
}

using Writer = std::string (*)(const Clock&);
struct Piece {
  std::string_view layout;
  Writer write;
};

std::int64_t twelve(const Clock& c) { return (c.hour + 11) % 12 + 1; }

// In the order Go tries them: a longer one before what it begins with.
constexpr Piece kPieces[] = {
    {"January", [](const Clock& c) { return std::string(month_name(c.day.month)); }},
    {"Jan", [](const Clock& c) { return std::string(month_name(c.day.month).substr(0, 3)); }},
    {"Monday", [](const Clock& c) { return std::string(weekday_name(c.day.weekday)); }},
    {"Mon", [](const Clock& c) { return std::string(weekday_name(c.day.weekday).substr(0, 3)); }},
    {"MST", [](const Clock&) { return std::string("UTC"); }},
    {"2006", [](const Clock& c) { return fmt::format("{:04}", c.day.year); }},
    {"-07:00:00", [](const Clock&) { return std::string("+00:00:00"); }},
    {"-07:00", [](const Clock&) { return std::string("+00:00"); }},
    {"-070000", [](const Clock&) { return std::string("+000000"); }},
    {"-0700", [](const Clock&) { return std::string("+0000"); }},
    {"-07", [](const Clock&) { return std::string("+00"); }},
    {"Z07:00:00", [](const Clock&) { return std::string("Z"); }},
    {"Z07:00", [](const Clock&) { return std::string("Z"); }},
    {"Z070000", [](const Clock&) { return std::string("Z"); }},
    {"Z0700", [](const Clock&) { return std::string("Z"); }},
    {"Z07", [](const Clock&) { return std::string("Z"); }},
    {"002", [](const Clock& c) { return fmt::format("{:03}", c.day.year_day); }},
    {"01", [](const Clock& c) { return fmt::format("{:02}", c.day.month); }},
    {"02", [](const Clock& c) { return fmt::format("{:02}", c.day.day); }},
    {"03", [](const Clock& c) { return fmt::format("{:02}", twelve(c)); }},
    {"04", [](const Clock& c) { return fmt::format("{:02}", c.minute); }},
    {"05", [](const Clock& c) { return fmt::format("{:02}", c.second); }},
    {"06", [](const Clock& c) { return fmt::format("{:02}", (c.day.year % 100 + 100) % 100); }},
    {"15", [](const Clock& c) { return fmt::format("{:02}", c.hour); }},
    {"__2", [](const Clock& c) { return fmt::format("{:3}", c.day.year_day); }},
    {"_2006", [](const Clock& c) { return fmt::format("_{:04}", c.day.year); }},
    {"_2", [](const Clock& c) { return fmt::format("{:2}", c.day.day); }},
    {"PM", [](const Clock& c) { return std::string(c.hour < 12 ? "AM" : "PM"); }},
    {"pm", [](const Clock& c) { return std::string(c.hour < 12 ? "am" : "pm"); }},
    {"1", [](const Clock& c) { return std::to_string(c.day.month); }},
    {"2", [](const Clock& c) { return std::to_string(c.day.day); }},
    {"3", [](const Clock& c) { return std::to_string(twelve(c)); }},
    {"4", [](const Clock& c) { return std::to_string(c.minute); }},
    {"5", [](const Clock& c) { return std::to_string(c.second); }},
};

// A point or comma and as many 0 or 9 as digits are wanted; 9 leaves zeros at the end away.
std::size_t put_fraction(std::string& out, std::string_view layout, const Clock& clock) {
  if (layout.size() < 2 || (layout[0] != '.' && layout[0] != ',')) return 0;
  if (layout[1] != '0' && layout[1] != '9') return 0;
  std::size_t digits = layout.find_first_not_of(layout[1], 1);
  if (digits == std::string_view::npos) digits = layout.size();
  --digits;
  const bool more =
      layout.size() > digits + 1 && layout[digits + 1] >= '0' && layout[digits + 1] <= '9';
  if (digits > 9 || more) return 0;
  const std::string all = fmt::format("{:09}", clock.nanosecond).substr(0, digits);
  std::string text = all;
  if (layout[1] == '9') {
    while (!text.empty() && text.back() == '0') text.pop_back();
  }
  if (!text.empty()) out += layout[0] + text;
  return digits + 1;
}

}  // namespace

// Howard Hinnant's civil_from_days, by way of <chrono>.
Day day_of(Time time) {
  const std::int64_t days = floor_div(floor_div(time.nanoseconds, kSecond), kDaySeconds);
  const std::chrono::sys_days date{std::chrono::days(days)};
  const std::chrono::year_month_day ymd(date);
  const std::chrono::sys_days first(ymd.year() / std::chrono::January / 1);
  return {static_cast<int>(ymd.year()), static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day())),
          static_cast<int>(std::chrono::weekday(date).c_encoding()),
          static_cast<int>((date - first).count()) + 1};
}

std::string_view month_name(int month) { return kMonths[static_cast<std::size_t>(month - 1)]; }
std::string_view weekday_name(int weekday) { return kWeekdays[static_cast<std::size_t>(weekday)]; }

std::string duration_text(Duration duration) {
  const bool negative = duration.nanoseconds < 0;
  const auto bits = static_cast<std::uint64_t>(duration.nanoseconds);
  const std::uint64_t all = negative ? ~bits + 1 : bits;
  const std::string sign = negative ? "-" : "";
  if (all == 0) return "0s";
  const auto part = [](std::uint64_t value, std::uint64_t unit, int digits) {
    return fmt::format("{}{}", value / unit,
                       trimmed_fraction(static_cast<std::int64_t>(value % unit), digits));
  };
  if (all < 1'000) return fmt::format("{}{}ns", sign, all);
  if (all < 1'000'000) return sign + part(all, 1'000, 3) + "\xc2\xb5s";
  if (all < kSecond) return sign + part(all, 1'000'000, 6) + "ms";
  const std::uint64_t minutes = all / kSecond / 60;
  const std::string seconds = part(all - minutes * 60 * kSecond, kSecond, 9) + "s";
  if (minutes == 0) return sign + seconds;
  if (minutes < 60) return fmt::format("{}{}m{}", sign, minutes, seconds);
  return fmt::format("{}{}h{}m{}", sign, minutes / 60, minutes % 60, seconds);
}

std::string time_text(Time time) {
  return time_text(time, "2006-01-02 15:04:05.999999999 -0700 MST");
}

std::string time_text(Time time, std::string_view layout) {
  const Clock clock = clock_of(time);
  std::string out;
  while (!layout.empty() && out.size() < kMostText) {
    std::size_t taken = put_fraction(out, layout, clock);
    for (const Piece& piece : kPieces) {
      if (taken > 0) break;
      if (!layout.starts_with(piece.layout)) continue;
      // "Jan" and "Mon" within a longer word are that word's letters.
      const bool word = piece.layout == "Jan" || piece.layout == "Mon";
      if (word && layout.size() > 3 && layout[3] >= 'a' && layout[3] <= 'z') continue;
      out += piece.write(clock);
      taken = piece.layout.size();
    }
    if (taken == 0) out += layout[0];
    layout.remove_prefix(taken == 0 ? 1 : taken);
  }
  return out;
}

}  // namespace rules::templates
