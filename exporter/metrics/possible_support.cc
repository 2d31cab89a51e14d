#include "exporter/metrics/possible_support.h"

#include <algorithm>

namespace exporter {
namespace {

bool is_lowest(const SupportTerms& terms, const LevelTerms& level) {
  return terms.levels.front().name == level.name;
}

bool is_highest(const SupportTerms& terms, const LevelTerms& level) {
  return terms.levels.back().name == level.name;
}

// Values that a map gives, and what a ticket has that the map says nothing of. A field without a
// map is taken as the help desk has it, so its values are not known beforehand.
std::set<std::string> values_of(const TicketField& field) {
  std::set<std::string> values = {std::string(kNotKnown)};
  for (const auto& [theirs, ours] : field.values) values.insert(ours);
  return values;
}

}  // namespace

const LevelTerms* find_level(const SupportTerms& terms, std::string_view name) {
  const auto found = std::ranges::find(terms.levels, name, &LevelTerms::name);
  return found == terms.levels.end() ? nullptr : &*found;
}

std::set<std::string> possible_calendars(const SupportTerms& terms, const LevelTerms& level) {
  if (!level.calendar.empty()) return {level.calendar};
  std::set<std::string> calendars;
  for (const CalendarTerms& calendar : terms.calendars) calendars.insert(calendar.name);
  const auto plain = [](const CalendarTerms& calendar) { return calendar.union_of.empty(); };
  if (std::ranges::count_if(terms.calendars, plain) > 1) calendars.insert("all");
  return calendars;
}

std::set<ReactionKind> possible_reactions(const SupportTerms& terms, const LevelTerms& level) {
  std::set<ReactionKind> kinds = {ReactionKind::reply, ReactionKind::closed};
  if (level.note_reacts) kinds.insert(ReactionKind::note);
  if (!is_highest(terms, level)) kinds.insert(ReactionKind::handed_over);
  return kinds;
}

std::set<VoidReason> possible_voids(const SupportTerms& terms, const LevelTerms& level) {
  std::set<VoidReason> reasons = {VoidReason::spam, VoidReason::deleted, VoidReason::merged,
                                  VoidReason::withdrawn};
  if (terms.levels.size() > 1) reasons.insert(VoidReason::routed);
  if (!is_lowest(terms, level)) reasons.insert(VoidReason::returned);
  return reasons;
}

std::set<SourceError::Reason> possible_errors(TicketSource::Type type) {
  using enum SourceError::Reason;
  switch (type) {
    case TicketSource::Type::rt:
    case TicketSource::Type::zammad:
      return {auth, connect, timeout, rate_limited, server, answer, local};
    case TicketSource::Type::webhook:
      return {auth, answer, local};
    case TicketSource::Type::file:
      return {answer, local};
  }
  return {};
}

std::set<std::pair<std::string, std::string>> possible_openings(
    std::span<const TicketSource> sources) {
  std::set<std::pair<std::string, std::string>> pairs;
  for (const TicketSource& source : sources) {
    for (const std::string& channel : values_of(source.map.channel)) {
      for (const std::string& language : values_of(source.map.language)) {
        pairs.emplace(channel, language);
      }
    }
  }
  return pairs;
}

std::set<std::string> possible_destinations(const SupportTerms& terms,
                                            std::span<const TicketSource> sources) {
  std::set<std::string> destinations;
  for (const LevelTerms& level : terms.levels) {
    if (!is_lowest(terms, level)) destinations.insert(level.name);
  }
  for (const TicketSource& source : sources) {
    for (const auto& [theirs, ours] : source.map.destination.values) destinations.insert(ours);
  }
  return destinations;
}

std::set<std::pair<std::string, std::string>> possible_notices(const Support& support) {
  std::set<std::pair<std::string, std::string>> notices;
  const bool notes = std::ranges::any_of(support.sources, &TicketSource::internal_notes);
  for (const LevelTerms& level : support.terms.levels) {
    const bool team = support.notices.teams.contains(level.name);
    if (!team && !notes) continue;
    notices.emplace(level.name, "at_risk");
    notices.emplace(level.name, "breached");
    if (team && !support.notices.morning_list.empty()) notices.emplace(level.name, "morning");
  }
  return notices;
}

}  // namespace exporter
