#include "exporter/ticket/window_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace exporter {
namespace {

using std::chrono::seconds;
template <class T>
using Read = std::expected<T, std::string>;

constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::array<std::string_view, 7> kLongDays{"sunday",   "monday", "tuesday", "wednesday",
                                                    "thursday", "friday", "saturday"};
constexpr seconds kMidnight = std::chrono::days(1);

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return small;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

// --- windows of a day ---

// "08:00" or "8:00"; 24:00 is a time too, and the caller says where it may stand.
Read<seconds> parse_time(std::string_view text) {
  const std::size_t colon = text.find(':');
  const bool shaped = (colon == 1 || colon == 2) && text.size() == colon + 3 &&
                      std::ranges::all_of(text.substr(0, colon), is_digit) &&
                      std::ranges::all_of(text.substr(colon + 1), is_digit);
  if (!shaped) {
    return std::unexpected(
        fmt::format("\"{}\" is no time of day; expected one such as 08:00 or "
                    "17:30, of 24 hours",
                    text));
  }
  int hour = 0;
  for (const char c : text.substr(0, colon)) hour = hour * 10 + (c - '0');
  const int minute = (text[colon + 1] - '0') * 10 + (text[colon + 2] - '0');
  if (minute > 59) {
    return std::unexpected(fmt::format("\"{}\": minutes go from 00 to 59", text));
  }
  const seconds time = std::chrono::hours(hour) + std::chrono::minutes(minute);
  if (time > kMidnight) {
    return std::unexpected(
        fmt::format("\"{}\": a day ends at 24:00; a window that ends on the next "
                    "day is written with the time there, such as 21:00-05:00",
                    text));
  }
  return time;
}

Read<OpenWindow> parse_window(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    return std::unexpected(
        fmt::format("\"{}\" is no window; expected two times such as "
                    "08:00-17:00",
                    text));
  }
  const auto from = parse_time(trimmed(text.substr(0, dash)));
  if (!from) return std::unexpected(from.error());
  const auto to = parse_time(trimmed(text.substr(dash + 1)));
  if (!to) return std::unexpected(to.error());
  if (*from == kMidnight) {
    return std::unexpected(
        fmt::format("\"{}\" begins at 24:00, which is only an end; write 00:00 "
                    "of the next day",
                    text));
  }
  return OpenWindow{.from = *from, .to = *to};
}

Read<std::vector<OpenWindow>> parse_windows(std::string_view text) {
  std::vector<OpenWindow> windows;
  for (const std::string_view part : split(text, ',')) {
    const auto window = parse_window(part);
    if (!window) return std::unexpected(window.error());
    windows.push_back(*window);
  }
  return windows;
}

// --- weekdays ---

Read<unsigned> parse_weekday(std::string_view word) {
  const std::string name = lower(word);
  for (unsigned day = 0; day < 7; ++day) {
    if (name == kDays[day] || name == kLongDays[day]) return day;
  }
  for (unsigned day = 0; day < 7; ++day) {
    if (name.size() < 2 || !kDays[day].starts_with(name.substr(0, 2))) continue;
    return std::unexpected(
        fmt::format("unknown weekday \"{}\"; did you mean {}?", word, kDays[day]));
  }
  return std::unexpected(
      fmt::format("unknown weekday \"{}\"; there are mon, tue, wed, thu, fri, "
                  "sat, sun and daily",
                  word));
}

Read<std::vector<unsigned>> parse_weekdays(std::string_view text) {
  const std::string small = lower(text);
  std::vector<unsigned> days;
  if (small == "daily" || small == "every day") return std::vector<unsigned>{0, 1, 2, 3, 4, 5, 6};
  for (const std::string_view part : split(text, ',')) {
    const std::size_t dash = part.find('-');
    const auto first = parse_weekday(trimmed(part.substr(0, dash)));
    if (!first) return std::unexpected(first.error());
    auto last = first;
    if (dash != std::string_view::npos) last = parse_weekday(trimmed(part.substr(dash + 1)));
    if (!last) return std::unexpected(last.error());
    for (unsigned day = *first;; day = (day + 1) % 7) {
      if (std::ranges::find(days, day) != days.end()) {
        return std::unexpected(fmt::format("\"{}\" names {} twice", text, kDays[day]));
      }
      days.push_back(day);
      if (day == *last) break;
    }
  }
  return days;
}

// Weekdays in the order of a working week.
std::string format_weekdays(const std::vector<unsigned>& days) {
  if (days.size() == 7) return "daily";
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < days.size();) {
    std::size_t last = i;
    while (last + 1 < days.size() && days[last + 1] == (days[last] + 1) % 7) ++last;
    if (last >= i + 2) {
      parts.push_back(fmt::format("{}-{}", kDays[days[i]], kDays[days[last]]));
      i = last + 1;
    } else {
      parts.emplace_back(kDays[days[i++]]);
    }
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

// --- targets ---

struct TargetUnit {
  std::string_view word;  // in the singular
  std::string_view letter;
  std::int64_t size;
};
constexpr std::array<TargetUnit, 4> kTargetUnits{
    TargetUnit{"day", "d", 86'400}, {"hour", "h", 3'600}, {"minute", "m", 60}, {"second", "s", 1}};
// Ten years: what is longer is a typing error.
constexpr std::int64_t kLongestTarget = std::int64_t{3'660} * 86'400;

std::unexpected<std::string> no_target(std::string_view text, std::string_view why) {
  return std::unexpected(
      fmt::format("\"{}\" is no target: {}; expected such as `4 business hours`, `5 business days` "
                  "or `2 real hours`",
                  text, why));
}

// A whole number at the front, cut off; at most nine digits, so that nothing overflows.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  std::size_t size = 0;
  for (; size < text.size() && is_digit(text[size]); ++size) {
    if (size == 9) return std::nullopt;
    value = value * 10 + (text[size] - '0');
  }
  if (size == 0) return std::nullopt;
  text.remove_prefix(size);
  return value;
}

std::string take_word(std::string_view& text) {
  text = trimmed(text);
  std::size_t size = 0;
  while (size < text.size() && is_letter(text[size])) ++size;
  const std::string word = lower(text.substr(0, size));
  text.remove_prefix(size);
  return word;
}

const TargetUnit* unit_of(std::string_view word) {
  for (const TargetUnit& unit : kTargetUnits) {
    const bool plural = word.size() == unit.word.size() + 1 && word.ends_with('s');
    if (word == unit.letter || word == unit.word || (plural && word.starts_with(unit.word))) {
      return &unit;
    }
  }
  return nullptr;
}

}  // namespace

Read<std::vector<OpenWindow>> parse_day_windows(std::string_view text) {
  const std::string small = lower(trimmed(text));
  if (small.empty() || small == "closed") return std::vector<OpenWindow>();
  return parse_windows(trimmed(text));
}

Read<std::vector<WeekdayWindow>> parse_open_windows(std::string_view text) {
  const auto digit = std::ranges::find_if(text, is_digit);
  const std::string_view before =
      trimmed(text.substr(0, static_cast<std::size_t>(digit - text.begin())));
  if (before.empty() || digit == text.end()) {
    return std::unexpected(
        fmt::format("\"{}\" are no opening hours; expected weekdays and times, "
                    "such as mon-fri 08:00-17:00 or daily 00:00-24:00",
                    text));
  }
  const auto days = parse_weekdays(before);
  if (!days) return std::unexpected(days.error());
  const auto windows =
      parse_windows(trimmed(text.substr(static_cast<std::size_t>(digit - text.begin()))));
  if (!windows) return std::unexpected(windows.error());
  std::vector<WeekdayWindow> all;
  for (const unsigned day : *days) {
    for (const OpenWindow& window : *windows) all.emplace_back(day, window);
  }
  return all;
}

Read<ReactionTarget> parse_target(std::string_view text) {
  std::string_view rest = trimmed(text);
  std::int64_t days = 0, sum = 0;
  std::int64_t smallest = 2 * kTargetUnits.front().size;  // units descend: 1h30m, not 30m1h
  bool real = false, any = false;
  while (!rest.empty()) {
    const auto amount = take_number(rest);
    if (!amount) return no_target(text, "it needs a whole number");
    std::string word = take_word(rest);
    if (word == "business" || word == "real") {
      if (any) return no_target(text, "business or real stands once, after the first number");
      real = word == "real";
      word = take_word(rest);
    }
    const TargetUnit* unit = unit_of(word);
    if (!unit) {
      return no_target(text, fmt::format("unknown unit \"{}\", there are days, hours, minutes and "
                                         "seconds",
                                         word));
    }
    if (unit->size >= smallest) return no_target(text, "units go from long to short, each once");
    smallest = unit->size;
    if (unit->word == "day") days = *amount;
    if (*amount > kLongestTarget / unit->size)
      return no_target(text, "it is longer than ten years");
    sum += *amount * unit->size;
    any = true;
    rest = trimmed(rest);
  }
  if (!any) return no_target(text, "it is empty");
  if (sum > kLongestTarget) return no_target(text, "it is longer than ten years");
  if (real) return ReactionTarget{.unit = ReactionTarget::Unit::real_seconds, .amount = sum};
  if (smallest != kTargetUnits.front().size) {
    if (days > 0) return no_target(text, "business days cannot be mixed with hours");
    return ReactionTarget{.unit = ReactionTarget::Unit::business_seconds, .amount = sum};
  }
  return ReactionTarget{.unit = ReactionTarget::Unit::business_days, .amount = days};
}

std::string format_day_windows(const std::vector<OpenWindow>& windows) {
  if (windows.empty()) return "closed";
  std::vector<std::string> parts;
  const auto time = [](seconds at) {
    return fmt::format("{:02}:{:02}", at / std::chrono::hours(1),
                       at % std::chrono::hours(1) / std::chrono::minutes(1));
  };
  for (const OpenWindow& window : windows) {
    parts.push_back(fmt::format("{}-{}", time(window.from), time(window.to)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> format_open_windows(const std::array<std::vector<OpenWindow>, 7>& week) {
  std::vector<std::string> texts;
  std::array<bool, 7> done{};
  for (unsigned place = 1; place <= 7; ++place) {
    const auto& windows = week[place % 7];
    if (done[place % 7] || windows.empty()) continue;
    std::vector<unsigned> days;
    for (unsigned other = place; other <= 7; ++other) {
      if (week[other % 7] != windows) continue;
      done[other % 7] = true;
      days.push_back(other % 7);
    }
    texts.push_back(fmt::format("{} {}", format_weekdays(days), format_day_windows(windows)));
  }
  return texts;
}

std::string format_target(const ReactionTarget& target) {
  const bool real = target.unit == ReactionTarget::Unit::real_seconds;
  const std::string_view kind = real ? "real" : "business";
  const auto counted = [&](std::int64_t amount, std::string_view unit) {
    return fmt::format("{} {} {}{}", amount, kind, unit, amount == 1 ? "" : "s");
  };
  if (target.unit == ReactionTarget::Unit::business_days) return counted(target.amount, "day");
  for (const TargetUnit& unit : kTargetUnits) {
    const bool fits = target.amount > 0 && target.amount % unit.size == 0;
    if (unit.word == "day" && !real) continue;  // a business day is no 24 hours
    if (fits) return counted(target.amount / unit.size, unit.word);
  }
  return counted(target.amount, "hour");
}

}  // namespace exporter
