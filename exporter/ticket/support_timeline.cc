// A month is cut by the zone in force. Where an agreement moves to a zone further west, the hours
// between the two beginnings of a month would belong to the month that has just ended; the record
// remembers the month it began with, so that no month is reopened.
#include "exporter/ticket/support_timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace exporter {
namespace {

// What a record promises, without what only says where its holidays were read.
SupportTerms promised(SupportTerms terms) {
  for (CalendarTerms& calendar : terms.calendars) {
    calendar.holiday_files.clear();
    calendar.holidays_known_until.reset();
  }
  // As exact as it is recorded.
  for (LevelTerms& level : terms.levels) {
    level.at_risk_from = std::round(level.at_risk_from * 1e6) / 1e6;
  }
  return terms;
}

std::expected<Zone, std::string> zone_of(const std::string& agreement, const std::string& name) {
  auto zone = Zone::parse(name);
  if (zone) return zone;
  return std::unexpected(fmt::format("the time zone of agreement '{}' is not known here: {}",
                                     agreement, zone.error()));
}

}  // namespace

bool same_promise(const SupportRecord& a, const SupportRecord& b) {
  return a.agreements == b.agreements && promised(a.terms) == promised(b.terms);
}

// --- the timeline ------------------------------------------------------------------------------

std::expected<void, std::string> SupportTimeline::add(SupportRecord record) {
  record.agreements.try_emplace(std::string(kPublishedAgreement));
  auto rules = SupportRules::compile(record.terms);
  if (!rules) return std::unexpected(rules.error());
  Era era{.record = nullptr, .rules = *std::move(rules), .months = {}};
  std::erase_if(eras_, [&record](const Era& each) { return each.record->from >= record.from; });
  for (const auto& [name, periods] : record.agreements) {
    auto zone = zone_of(name, periods.timezone);
    if (!zone) return std::unexpected(zone.error());
    Months months{.zone = *zone, .close_after = periods.close_after};
    if (!eras_.empty()) {
      // The instant itself belongs to a month under the terms before it, which it may end.
      const Months& before = months_of(name, eras_.back());
      months.first = std::max(before.first, before.zone.month_of(record.from));
    }
    era.months.emplace(name, std::move(months));
  }
  era.record = std::make_shared<const SupportRecord>(std::move(record));
  eras_.push_back(std::move(era));
  return {};
}

const SupportTimeline::Era& SupportTimeline::era(Seconds at) const {
  const auto later =
      std::ranges::find_if(eras_, [at](const Era& each) { return each.record->from > at; });
  return later == eras_.begin() ? eras_.front() : *std::prev(later);
}

const SupportRecord* SupportTimeline::waiting(Seconds at) const {
  const auto later =
      std::ranges::find_if(eras_, [at](const Era& each) { return each.record->from > at; });
  return later == eras_.end() || later == eras_.begin() ? nullptr : later->record.get();
}

std::string_view SupportTimeline::agreement_of(std::string_view name, Seconds at) const {
  const auto& months = era(at).months;
  const auto found = months.find(name);
  return found == months.end() ? kPublishedAgreement : std::string_view(found->first);
}

const SupportTimeline::Months& SupportTimeline::months_of(std::string_view agreement,
                                                          const Era& era) const {
  const auto found = era.months.find(agreement);
  return found == era.months.end() ? era.months.find(kPublishedAgreement)->second : found->second;
}

std::chrono::year_month SupportTimeline::month_of(std::string_view agreement, Seconds at) const {
  const Months& months = months_of(agreement, era(at));
  return std::max(months.first, months.zone.month_of(at));
}

Seconds SupportTimeline::month_end(std::string_view agreement,
                                   std::chrono::year_month month) const {
  Seconds end{};
  for (std::size_t each = 0; each < eras_.size(); ++each) {
    const Months& months = months_of(agreement, eras_[each]);
    const Seconds from = eras_[each].record->from;
    if (each > 0 && months.first > month) return from;
    end = months.zone.month_begin(month + std::chrono::months(1));
    if (each > 0) end = std::max(end, from);
    const bool last = each + 1 == eras_.size();
    if (last || end < eras_[each + 1].record->from) return end;
  }
  return end;
}

Seconds SupportTimeline::month_close(std::string_view agreement,
                                     std::chrono::year_month month) const {
  const Seconds end = month_end(agreement, month);
  return end + months_of(agreement, era(end - std::chrono::seconds(1))).close_after;
}

std::set<std::pair<std::string, std::string>> SupportTimeline::promised() const {
  std::set<std::pair<std::string, std::string>> pairs;
  for (const Era& each : eras_) {
    for (const auto& [agreement, periods] : each.record->agreements) {
      for (const LevelTerms& level : each.record->terms.levels) {
        pairs.emplace(agreement, level.name);
      }
    }
  }
  return pairs;
}

std::vector<std::int64_t> SupportTimeline::targets_of(std::string_view level) const {
  std::vector<std::int64_t> targets;
  for (const Era& each : eras_) {
    const LevelTerms* terms = each.rules->level(level);
    if (!terms) continue;
    for (const auto& [agreement, periods] : each.record->agreements) {
      for (const CalendarTerms& calendar : each.record->terms.calendars) {
        targets.push_back(each.rules->rule(*terms, agreement, calendar.name).target.count());
      }
      targets.push_back(each.rules->rule(*terms, agreement, "").target.count());
    }
  }
  std::ranges::sort(targets);
  const auto again = std::ranges::unique(targets);
  targets.erase(again.begin(), again.end());
  return targets;
}

// --- at once, or with the next month -----------------------------------------------------------

namespace {

template <class T>
const T* find_named(const std::vector<T>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &T::name);
  return found == all.end() ? nullptr : &*found;
}

// The names in `wanted` that `current` lacks, in their order.
template <class T>
std::vector<T> added_names(const std::vector<T>& current, const std::vector<T>& wanted) {
  std::vector<T> added;
  for (const T& each : wanted) {
    if (!find_named(current, each.name)) added.push_back(each);
  }
  return added;
}

// A new level comes in behind the one it follows in the configuration.
void add_levels(std::vector<LevelTerms>& levels, const std::vector<LevelTerms>& wanted) {
  auto place = levels.begin();
  for (const LevelTerms& each : wanted) {
    const auto known = std::ranges::find(levels, each.name, &LevelTerms::name);
    place = known != levels.end() ? known + 1 : levels.insert(place, each) + 1;
  }
}

// The terms in force, with what is new beside them.
SupportRecord with_additions(const SupportRecord& current, const SupportRecord& wanted) {
  SupportRecord result = current;
  for (CalendarTerms& each : added_names(current.terms.calendars, wanted.terms.calendars)) {
    result.terms.calendars.push_back(std::move(each));
  }
  add_levels(result.terms.levels, wanted.terms.levels);
  for (const auto& [name, periods] : wanted.agreements) {
    if (!result.agreements.try_emplace(name, periods).second) continue;
    const auto targets = wanted.terms.private_targets.find(name);
    if (targets == wanted.terms.private_targets.end()) continue;
    result.terms.private_targets[name] = targets->second;
  }
  return result;
}

// Results may be known already of the second in which terms came into force.
Seconds earliest_change(const SupportTimeline& known, Seconds now) {
  const Seconds at = std::max(now, known.first().from);
  return known.at(at).from == at ? at + std::chrono::seconds(1) : at;
}

std::string sentence(const SupportRecord& record, const Zone& zone, bool waits) {
  return fmt::format("support: changed terms of reaction times {} {}{}",
                     waits ? "take effect with the month that begins at" : "are in force from",
                     zone.format(record.from), waits ? "; until then the frozen terms hold" : "");
}

}  // namespace

SupportChange decide_support(const SupportTimeline& known, const SupportRecord& wanted,
                             Seconds now) {
  SupportChange change;
  SupportRecord target = wanted;
  target.agreements.try_emplace(std::string(kPublishedAgreement));
  if (known.empty()) {
    target.from = now;
    change.records.push_back(std::move(target));
    change.sentences.emplace_back("support: reaction times are commissioned");
    return change;
  }
  const Seconds at = earliest_change(known, now);
  const SupportRecord& current = known.at(at);
  const auto zone = Zone::parse(current.agreements.at(std::string(kPublishedAgreement)).timezone);
  const auto append = [&](SupportRecord record, Seconds from, bool waits) {
    record.from = from;
    change.sentences.push_back(sentence(record, zone.value_or(Zone()), waits));
    change.records.push_back(std::move(record));
  };
  const auto month = known.month_of(kPublishedAgreement, at);
  const bool commissioning = month == known.month_of(kPublishedAgreement, known.first().from);
  const SupportRecord immediate = commissioning ? target : with_additions(current, target);
  const SupportRecord* waiting = known.waiting(at);
  const Seconds later = waiting ? waiting->from : known.month_end(kPublishedAgreement, month);
  const bool at_once = !same_promise(immediate, current);
  if (at_once) append(immediate, at, false);
  // A record that holds from now on takes the place of what waited, which is then said again.
  const SupportRecord& next = waiting && !at_once ? *waiting : immediate;
  if (!same_promise(next, target)) append(std::move(target), later, true);
  return change;
}

std::expected<SupportRecord, std::string> support_now(const SupportTimeline& known,
                                                      const std::string& by, const std::string& why,
                                                      Seconds now) {
  if (by.empty() || why.empty()) {
    return std::unexpected("bringing terms in force must be signed (--by, --why)");
  }
  const SupportRecord* waiting = known.empty() ? nullptr : known.waiting(now);
  if (!waiting) return std::unexpected("no terms of reaction times wait for the next month");
  SupportRecord record = *waiting;
  record.from = earliest_change(known, now);
  record.signed_by = fmt::format("{}: {}", by, why);
  return record;
}

}  // namespace exporter
