// Calendars are compiled once; whatever a ticket could run into later - a level without hours, a
// business day of no certain length - is refused here, with the remedy.
#include "exporter/ticket/support_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace exporter {
namespace {

constexpr std::string_view kAll = "all";
constexpr std::int64_t kDay = 86'400;
// Longer promises are typing errors, and a sum of them must not overflow.
constexpr std::int64_t kLongestDays = 3'660;

std::vector<std::string> names_of(const std::vector<CalendarTerms>& calendars) {
  std::vector<std::string> names;
  for (const CalendarTerms& calendar : calendars) names.push_back(calendar.name);
  return names;
}

std::string listed(const std::vector<CalendarTerms>& calendars) {
  if (calendars.empty()) return "there are none";
  return fmt::format("there are: {}", fmt::join(names_of(calendars), ", "));
}

}  // namespace

std::expected<std::shared_ptr<const SupportRules>, std::string> SupportRules::compile(
    SupportTerms terms) {
  const std::shared_ptr<SupportRules> rules(new SupportRules(std::move(terms)));
  if (auto done = rules->compile_calendars(); !done) return std::unexpected(done.error());
  if (auto done = rules->check_levels(); !done) return std::unexpected(done.error());
  return rules;
}

std::expected<void, std::string> SupportRules::compile_calendars() {
  for (const CalendarTerms& calendar : terms_.calendars) {
    if (calendar.name == kAll) {
      return std::unexpected("no calendar can be named \"all\": that is the union of all of them");
    }
    const bool twice =
        std::ranges::count(terms_.calendars, calendar.name, &CalendarTerms::name) > 1;
    if (twice) return std::unexpected(fmt::format("calendar \"{}\" exists twice", calendar.name));
    if (!calendar.union_of.empty()) continue;
    if (const auto zone = Zone::parse(calendar.timezone); !zone) {
      return std::unexpected(fmt::format("calendar \"{}\": {}", calendar.name, zone.error()));
    }
    hours_.emplace(calendar.name, OpeningHours::compile(calendar));
  }
  for (const CalendarTerms& calendar : terms_.calendars) {
    if (calendar.union_of.empty()) continue;
    if (auto done = compile_union(calendar); !done) return done;
  }
  unite_all();
  return {};
}

std::expected<void, std::string> SupportRules::compile_union(const CalendarTerms& terms) {
  std::vector<const OpeningHours*> parts;
  for (const std::string& name : terms.union_of) {
    const auto part = std::ranges::find(terms_.calendars, name, &CalendarTerms::name);
    if (part == terms_.calendars.end()) {
      return std::unexpected(
          fmt::format("calendar \"{}\" is a union of \"{}\", which does not "
                      "exist; {}",
                      terms.name, name, listed(terms_.calendars)));
    }
    if (!part->union_of.empty()) {
      return std::unexpected(
          fmt::format("calendar \"{}\" is a union of \"{}\", which is a union "
                      "itself; list its calendars instead",
                      terms.name, name));
    }
    parts.push_back(&hours_.at(name));
  }
  hours_.emplace(terms.name, OpeningHours::unite(parts));
  return {};
}

void SupportRules::unite_all() {
  std::vector<const OpeningHours*> parts;
  std::string only;
  for (const CalendarTerms& calendar : terms_.calendars) {
    if (!calendar.union_of.empty()) continue;
    parts.push_back(&hours_.at(calendar.name));
    only = calendar.name;
  }
  fallback_ = parts.size() == 1 ? only : std::string(kAll);
  // A copy of the only one keeps its business day.
  hours_.emplace(kAll, parts.size() == 1 ? *parts.front() : OpeningHours::unite(parts));
}

std::expected<void, std::string> SupportRules::check_levels() const {
  for (const LevelTerms& level : terms_.levels) {
    if (std::ranges::count(terms_.levels, level.name, &LevelTerms::name) > 1) {
      return std::unexpected(fmt::format("level \"{}\" exists twice", level.name));
    }
    if (!level.calendar.empty() && !hours(level.calendar)) {
      return std::unexpected(
          fmt::format("level \"{}\" names the calendar \"{}\", which does not "
                      "exist; {}",
                      level.name, level.calendar, listed(terms_.calendars)));
    }
    if (auto checked = check_target(level, level.react_within); !checked) return checked;
  }
  for (const auto& [agreement, targets] : terms_.private_targets) {
    for (const auto& [name, target] : targets) {
      const LevelTerms* found = level(name);
      if (!found) {
        return std::unexpected(
            fmt::format("private agreement \"{}\" has a target for the level "
                        "\"{}\", which does not exist",
                        agreement, name));
      }
      if (auto checked = check_target(*found, target); !checked) {
        return std::unexpected(fmt::format("private agreement \"{}\": {}", agreement,  //
                                           checked.error()));
      }
    }
  }
  return {};
}

std::expected<void, std::string> SupportRules::check_target(const LevelTerms& level,
                                                            const ReactionTarget& target) const {
  const bool in_days = target.unit == ReactionTarget::Unit::business_days;
  if (target.amount < 0 || target.amount > (in_days ? kLongestDays : kLongestDays * kDay)) {
    return std::unexpected(
        fmt::format("level \"{}\": a target is between nothing and ten years", level.name));
  }
  if (target.unit == ReactionTarget::Unit::real_seconds) return {};
  if (terms_.calendars.empty()) {
    return std::unexpected(
        fmt::format("level \"{}\" counts business time, but there are no "
                    "calendars; write some, or a target in real hours",
                    level.name));
  }
  return in_days ? check_business_days(level) : std::expected<void, std::string>();
}

// Every calendar that a clock of the level can run on has a business day.
std::expected<void, std::string> SupportRules::check_business_days(const LevelTerms& level) const {
  const auto refuse = [&](std::string_view calendar, std::string_view why) {
    return std::unexpected(
        fmt::format("level \"{}\" counts business days, but {}: {}", level.name, calendar, why));
  };
  const bool names_one = !level.calendar.empty() && level.calendar != kAll;
  if (!names_one && fallback_ == kAll) {
    const auto plain = std::ranges::find_if(
        terms_.calendars, [](const CalendarTerms& calendar) { return calendar.union_of.empty(); });
    return refuse("a ticket of an unknown region counts on all calendars together",
                  fmt::format("a union has no business day; name one for the level, such as "
                              "`calendar: {}`",
                              plain->name));
  }
  for (const CalendarTerms& calendar : terms_.calendars) {
    const bool concerned = level.calendar.empty() || level.calendar == calendar.name ||
                           (level.calendar == kAll && calendar.name == fallback_);
    if (!concerned || hours(calendar.name)->business_day()) continue;
    const std::string name = fmt::format("calendar \"{}\"", calendar.name);
    if (!calendar.union_of.empty()) return refuse(name, "a union has no business day");
    if (hours(calendar.name)->week_open().count() == 0) {
      return refuse(name, "it is never open in an ordinary week");
    }
    return refuse(name,
                  "its weekly open time divided by the weekdays on which it opens is no "
                  "whole number of seconds; write hours instead");
  }
  return {};
}

const LevelTerms* SupportRules::level(std::string_view name) const {
  const int place = rank(name);
  return place < 0 ? nullptr : &terms_.levels[static_cast<std::size_t>(place)];
}

int SupportRules::rank(std::string_view level) const {
  const auto found = std::ranges::find(terms_.levels, level, &LevelTerms::name);
  if (found == terms_.levels.end()) return -1;
  return static_cast<int>(found - terms_.levels.begin());
}

const OpeningHours* SupportRules::hours(std::string_view calendar) const {
  const auto found = hours_.find(calendar);
  return found == hours_.end() ? nullptr : &found->second;
}

const ReactionTarget& SupportRules::target(const LevelTerms& level,
                                           std::string_view agreement) const {
  const auto own = terms_.private_targets.find(std::string(agreement));
  if (own == terms_.private_targets.end()) return level.react_within;
  const auto found = own->second.find(level.name);
  return found == own->second.end() ? level.react_within : found->second;
}

ClockRule SupportRules::rule(const LevelTerms& level, std::string_view agreement,
                             std::string_view calendar) const {
  ClockRule rule;
  rule.calendar = level.calendar.empty() ? std::string(calendar) : level.calendar;
  if (rule.calendar == kAll || !hours(rule.calendar)) rule.calendar = fallback_;
  const OpeningHours& open = *hours(rule.calendar);
  const ReactionTarget& promised = target(level, agreement);
  rule.hours = promised.unit == ReactionTarget::Unit::real_seconds ? &always_ : &open;
  // compile() has refused days on calendars that have none.
  const bool in_days = promised.unit == ReactionTarget::Unit::business_days;
  const std::int64_t unit = in_days ? open.business_day().value().count() : 1;
  rule.target = std::chrono::seconds(promised.amount * unit);
  return rule;
}

}  // namespace exporter
