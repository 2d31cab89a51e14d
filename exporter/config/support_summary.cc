#include "exporter/config/support_summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/reader.h"
#include "exporter/sla/zone.h"
#include "exporter/ticket/support_rules.h"
#include "exporter/ticket/window_text.h"

namespace exporter {
namespace {

constexpr std::chrono::days kSoon{60};

std::string show_day(std::chrono::local_days day) {
  return format_utc_day(Seconds(day.time_since_epoch()));
}

// "45 h", "42 h 30 min"
std::string show_hours(std::chrono::seconds open) {
  const auto hours = std::chrono::floor<std::chrono::hours>(open);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(open - hours);
  if (minutes == minutes.zero()) return fmt::format("{} h", hours.count());
  return fmt::format("{} h {} min", hours.count(), minutes.count());
}

std::string open_a_week(const SupportRules& rules, const std::string& calendar) {
  const OpeningHours* hours = rules.hours(calendar);
  return show_hours(hours ? hours->week_open() : std::chrono::seconds(0));
}

std::string calendar_line(const SupportRules& rules, const CalendarTerms& calendar) {
  if (!calendar.union_of.empty()) {
    return fmt::format("calendar {}: open {} a week, the union of {}", calendar.name,
                       open_a_week(rules, calendar.name), config::join_names(calendar.union_of));
  }
  std::string holidays = calendar.holidays.empty() ? "no holidays" : "the same holidays every year";
  if (const auto until = calendar.holidays_known_until) {
    holidays = fmt::format("holidays known until {}", show_day(*until));
  }
  return fmt::format("calendar {}: open {} a week, {}; {}", calendar.name,
                     open_a_week(rules, calendar.name), calendar.timezone, holidays);
}

}  // namespace

std::vector<std::string> calendar_lines(const Support& support) {
  std::vector<std::string> lines, plain;
  const auto rules = SupportRules::compile(support.terms);
  // A configuration that was read has terms that can be kept.
  if (!rules) return {rules.error()};
  for (const CalendarTerms& calendar : support.terms.calendars) {
    lines.push_back(calendar_line(**rules, calendar));
    if (calendar.union_of.empty()) plain.push_back(calendar.name);
  }
  if (plain.size() > 1) {
    lines.push_back(
        fmt::format("calendar all: open {} a week, the union of {}; a ticket of "
                    "unknown region counts on it",
                    open_a_week(**rules, "all"), config::join_names(plain)));
  }
  return lines;
}

std::vector<std::string> level_lines(const Support& support) {
  std::vector<std::string> lines;
  for (const LevelTerms& level : support.terms.levels) {
    const bool real = level.react_within.unit == ReactionTarget::Unit::real_seconds;
    const std::string calendar = real                     ? "counted round the clock"
                                 : level.calendar.empty() ? "counted on the ticket's calendar"
                                                          : "counted on " + level.calendar;
    lines.push_back(fmt::format("level {}: {}, {}; a reply{} reacts{}", level.name,
                                format_target(level.react_within), calendar,
                                level.note_reacts ? " or an internal note" : "",
                                level.pauses ? ", waiting for the customer pauses" : ""));
  }
  for (const auto& [agreement, targets] : support.terms.private_targets) {
    for (const auto& [level, target] : targets) {
      lines.push_back(
          fmt::format("level {} of agreement {}: {}", level, agreement, format_target(target)));
    }
  }
  return lines;
}

std::vector<std::string> holiday_warnings(const Support& support, Seconds now) {
  std::vector<std::string> warnings;
  for (const CalendarTerms& calendar : support.terms.calendars) {
    const auto until = calendar.holidays_known_until;
    if (!until || Seconds(until->time_since_epoch()) > now + kSoon) continue;
    warnings.push_back(
        fmt::format("calendar {}: its holidays are known until {} only; from then "
                    "on every weekday counts as open. Add those that follow",
                    calendar.name, show_day(*until)));
  }
  return warnings;
}

}  // namespace exporter
