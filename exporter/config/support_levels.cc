// Support levels, lowest first, and what private agreements promise instead. What the lowest level
// may not do is written here: an internal note is no reaction of the first level, and its clock
// never pauses.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "exporter/config/support_reading.h"
#include "exporter/ticket/window_text.h"

namespace exporter::config {
namespace {

constexpr std::size_t kMaxLevels = 20;

using Unit = ReactionTarget::Unit;

// Parts of a target: 75% or 0.75.
Parsed<double> parse_share(std::string_view text) {
  const auto share = parse_objective(text);
  if (share) return share->ratio();
  return std::unexpected(fmt::format(
      "\"{}\" is not a share of the target; write it like 75%, more than 0 and at most 100%",
      text));
}

// Why a business day has no length for a clock of this level; nothing when it has one.
std::string no_business_day(const Support& support, const LevelTerms& level) {
  const auto& calendars = support.terms.calendars;
  const auto is_union = [](const CalendarTerms& calendar) { return !calendar.union_of.empty(); };
  const bool any = level.calendar.empty() || level.calendar == "all";
  if (any && std::ranges::count_if(calendars, std::not_fn(is_union)) > 1) {
    return "a ticket of unknown region counts on the union of all calendars";
  }
  for (const CalendarTerms& calendar : calendars) {
    const bool concerned = level.calendar.empty() || level.calendar == calendar.name;
    if (concerned && is_union(calendar)) return fmt::format("\"{}\" is a union", calendar.name);
  }
  return "";
}

// Business time needs a calendar, and a business day one that is no union.
void check_countable(Loading& loading, const Yaml& at, const LevelTerms& level,
                     const ReactionTarget& target) {
  const Support& support = loading.config.support;
  if (target.unit == Unit::real_seconds) return;
  const auto& calendars = support.terms.calendars;
  if (calendars.empty()) {
    loading.errors.add(at,
                       "react_within: business time needs opening hours; add calendars:, or "
                       "promise real hours");
    return;
  }
  if (target.unit != Unit::business_days) return;
  const std::string why = no_business_day(support, level);
  if (why.empty()) return;
  const auto plain = std::ranges::find_if(
      calendars, [](const CalendarTerms& calendar) { return calendar.union_of.empty(); });
  loading.errors.add(at, fmt::format("react_within: {}, on which a business day has no length; "
                                     "give the level a calendar of its own, such as calendar: {}, "
                                     "or count in business hours",
                                     why, plain == calendars.end() ? "europe" : plain->name));
}

bool read_target(Loading& loading, MapReader& map, const LevelTerms& level, ReactionTarget& out) {
  if (map.value("react_within", out, parse_target)) {
    check_countable(loading, *map.find("react_within"), level, out);
    return true;
  }
  if (map.node().find("react_within") == nullptr) {
    loading.errors.add(map.node(),
                       fmt::format("{}: react_within: is missing; write it like react_within: 4 "
                                   "business hours",
                                   map.what()));
  }
  return false;
}

void read_reactions(MapReader& map, LevelTerms& level) {
  std::vector<std::string> kinds;
  if (!map.texts("reacts_with", kinds)) return;
  bool reply = false, note = false;
  for (const YamlPtr& item : as_list(map.find("reacts_with"))) {
    const std::string& kind = item->text;
    reply = reply || kind == "reply";
    note = note || kind == "note";
    if (kind == "reply" || kind == "note") continue;
    const bool always = kind == "handed_over" || kind == "closed";
    map.errors().add(
        *item, always
                   ? fmt::format("reacts_with: {} ends a clock at every level; leave it out", kind)
                   : fmt::format("reacts_with: \"{}\" is not a reaction; choose reply, or reply "
                                 "and note",
                                 kind));
    return;
  }
  if (!reply) map.error("reacts_with", "a reply to the customer always reacts; add reply");
  level.note_reacts = note;
}

LevelTerms read_level(Loading& loading, const YamlEntry& entry, bool lowest) {
  LevelTerms level;
  level.name = entry.key->text;
  level.note_reacts = level.pauses = !lowest;
  MapReader map(loading.errors, entry.value, fmt::format("level \"{}\"", level.name));
  if (!map.valid()) return level;
  if (map.text("calendar", level.calendar)) {
    std::vector<std::string> known = calendar_names(loading.config.support);
    if (!known.empty()) known.emplace_back("all");
    check_known(loading.errors, *map.find("calendar"), "calendar", level.calendar, known);
  }
  read_target(loading, map, level, level.react_within);
  read_reactions(map, level);
  if (map.boolean("pauses", level.pauses) && level.pauses && lowest) {
    map.error("pauses", "the clock of the lowest level never pauses: it ends with the first reply");
  }
  map.value("at_risk_from", level.at_risk_from, parse_share);
  map.finish();
  return level;
}

void read_private_targets(Loading& loading, const PrivateReactions& reactions) {
  SupportTerms& terms = loading.config.support.terms;
  MapReader map(loading.errors, reactions.node,
                fmt::format("reactions of private agreement \"{}\"", reactions.agreement));
  if (!map.valid()) return;
  for (const YamlEntry& entry : reactions.node->entries) {
    const std::string& name = entry.key->text;
    if (name.starts_with("x-")) continue;
    if (terms.levels.empty()) {
      loading.errors.add(*entry.key, "reactions: there are no levels; add support: with levels:");
      return;
    }
    if (!check_known(loading.errors, *entry.key, "level", name,
                     level_names(loading.config.support))) {
      continue;
    }
    MapReader own(loading.errors, entry.value, fmt::format("level \"{}\" of {}", name, map.what()));
    const LevelTerms& level = *std::ranges::find(terms.levels, name, &LevelTerms::name);
    ReactionTarget target;
    if (read_target(loading, own, level, target)) {
      terms.private_targets[reactions.agreement][name] = target;
    }
    for (const char* key : {"calendar", "reacts_with", "pauses", "at_risk_from"}) {
      own.refuse(key, "it belongs to the level, for every agreement alike");
    }
    own.finish();
  }
}

}  // namespace

void read_support_levels(Loading& loading, MapReader& support) {
  std::vector<LevelTerms>& levels = loading.config.support.terms.levels;
  if (const YamlPtr node = support.find("levels")) {
    MapReader map(loading.errors, node, "levels");
    if (!map.valid()) return;
    bool lowest = true;
    for (const YamlEntry& entry : node->entries) {
      if (entry.key->text.starts_with("x-")) continue;
      if (levels.size() >= kMaxLevels) {
        support.error("levels", fmt::format("more than {}", kMaxLevels));
        break;
      }
      check_name(loading.errors, *entry.key, entry.key->text, "a level");
      levels.push_back(read_level(loading, entry, lowest));
      lowest = false;
    }
  }
  for (const PrivateReactions& reactions : loading.private_reactions) {
    read_private_targets(loading, reactions);
  }
}

}  // namespace exporter::config
