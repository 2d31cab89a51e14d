// Totals of many tickets. Counts are unsigned and wrap, so taking away is adding -1.
#include <algorithm>
#include <array>
#include <span>

#include "exporter/ticket/figures.h"

namespace exporter {
namespace {

// Minutes to days around every target; an observation between two bounds still tells how late.
constexpr auto kBusinessBounds =
    std::to_array<std::int64_t>({900, 1'800, 3'600, 7'200, 14'400, 28'800, 57'600, 115'200});
constexpr auto kMailBounds = std::to_array<std::int64_t>({10, 30, 60, 120, 300, 600, 1'800, 3'600});
constexpr auto kReplyBounds =
    std::to_array<std::int64_t>({900, 3'600, 14'400, 28'800, 86'400, 259'200, 604'800});

using Bounds = std::vector<std::int64_t>;

// Adds `by` observations that lie at or below `bound`.
void put(SecondsHistogram& histogram, std::int64_t bound, std::uint64_t by) {
  const auto place = std::ranges::lower_bound(histogram.bounds, bound) - histogram.bounds.begin();
  histogram.counts[static_cast<std::size_t>(place)] += by;
}

void set_bounds(SecondsHistogram& histogram, Bounds bounds) {
  if (histogram.bounds == bounds && !histogram.counts.empty()) return;
  SecondsHistogram next{
      .bounds = std::move(bounds), .counts = {}, .sum = histogram.sum, .count = histogram.count};
  next.counts.resize(next.bounds.size() + 1);
  for (std::size_t each = 0; each < histogram.counts.size(); ++each) {
    const bool open = each == histogram.bounds.size();
    if (open) {
      next.counts.back() += histogram.counts[each];
    } else {
      put(next, histogram.bounds[each], histogram.counts[each]);
    }
  }
  histogram = std::move(next);
}

Bounds joined(std::span<const std::int64_t> some, std::span<const std::int64_t> others) {
  Bounds bounds(some.begin(), some.end());
  bounds.insert(bounds.end(), others.begin(), others.end());
  std::ranges::sort(bounds);
  const auto again = std::ranges::unique(bounds);
  bounds.erase(again.begin(), again.end());
  return bounds;
}

void observe(SecondsHistogram& histogram, std::chrono::seconds value, std::uint64_t by) {
  if (histogram.counts.empty()) histogram.counts.resize(histogram.bounds.size() + 1);
  put(histogram, value.count(), by);
  histogram.count += by;
  histogram.sum += static_cast<std::int64_t>(by) * value.count();
}

void merge_histogram(SecondsHistogram& into, const SecondsHistogram& from) {
  set_bounds(into, joined(into.bounds, from.bounds));
  for (std::size_t each = 0; each < from.counts.size(); ++each) {
    if (each == from.bounds.size()) {
      into.counts.back() += from.counts[each];
    } else {
      put(into, from.bounds[each], from.counts[each]);
    }
  }
  into.sum += from.sum;
  into.count += from.count;
}

void add_to_month(ReactionMonth& month, const ClockFact& fact, std::uint64_t by) {
  if (fact.kind == ClockKind::next) {
    (*fact.met ? month.next_met : month.next_missed) += by;
  } else if (!fact.reaction) {
    month.open_missed += by;
  } else {
    const auto kind = static_cast<std::size_t>(*fact.reaction);
    (*fact.met ? month.met : month.missed)[kind] += by;
  }
}

void add_clock(LevelTotals& level, const ClockFact& fact, std::uint64_t by) {
  if (fact.met) level.reactions[{fact.calendar, fact.kind, *fact.met}] += by;
  if (fact.business && fact.kind == ClockKind::first) observe(level.business, *fact.business, by);
  if (fact.voided != VoidReason::none) level.voided[fact.voided] += by;
  if (fact.voided_after_breach) level.voided_after_breach += by;
}

void add_hand_over(SupportTotals& totals, const TicketFacts::Moved& moved, std::uint64_t by) {
  const HandOver& each = moved.hand_over;
  totals.hand_overs[each.destination.empty() ? each.to : each.destination] += by;
  for (const std::string& item : each.missing) totals.checklist_gaps[item] += by;
  if (moved.complete) totals.hand_overs_complete += by;
}

void add_signed(SupportTotals& totals, const TicketFacts& facts, const std::string& source,
                std::uint64_t by) {
  for (const ClockFact& fact : facts.clocks) add_clock(totals.levels[fact.key], fact, by);
  for (const ClockFact& fact : facts.months) {
    ReactionMonth& month = totals.levels[fact.key].months[fact.month];
    month.month = fact.month;
    add_to_month(month, fact, by);
  }
  if (facts.opened) totals.opened[*facts.opened] += by;
  if (facts.number_mail) observe(totals.number_mail, *facts.number_mail, by);
  if (facts.first_human_reply) observe(totals.first_human_reply, *facts.first_human_reply, by);
  totals.number_mails_late += facts.number_mail_late ? by : 0;
  totals.number_mails_missing += facts.number_mail_missing ? by : 0;
  for (const auto& each : facts.hand_overs) add_hand_over(totals, each, by);
  for (const LevelChange& each : facts.level_changes) {
    totals.level_changes[{each.from, each.to}] += by;
  }
  if (facts.skews > 0) totals.skews[source] += by * facts.skews;
}

template <class Key>
void merge_map(std::map<Key, std::uint64_t>& into, const std::map<Key, std::uint64_t>& from) {
  for (const auto& [key, count] : from) into[key] += count;
}

void merge_month(ReactionMonth& into, const ReactionMonth& from) {
  into.month = from.month;
  for (std::size_t kind = 0; kind < into.met.size(); ++kind) {
    into.met[kind] += from.met[kind];
    into.missed[kind] += from.missed[kind];
  }
  into.open_missed += from.open_missed;
  into.next_met += from.next_met;
  into.next_missed += from.next_missed;
}

}  // namespace

void SupportTotals::prepare(const SupportTimeline& timeline) {
  for (const auto& [agreement, level] : timeline.promised()) levels[{agreement, level}];
  for (auto& [key, level] : levels) {
    Bounds bounds = joined(kBusinessBounds, timeline.targets_of(key.level));
    set_bounds(level.business, joined(level.business.bounds, bounds));
  }
  set_bounds(number_mail, joined(number_mail.bounds, kMailBounds));
  set_bounds(first_human_reply, joined(first_human_reply.bounds, kReplyBounds));
}

void SupportTotals::add(const TicketFacts& facts, const std::string& source) {
  add_signed(*this, facts, source, 1);
}

void SupportTotals::take_away(const TicketFacts& facts, const std::string& source) {
  add_signed(*this, facts, source, ~std::uint64_t{0});
}

void SupportTotals::merge(const SupportTotals& other) {
  for (const auto& [key, from] : other.levels) {
    LevelTotals& into = levels[key];
    merge_map(into.reactions, from.reactions);
    merge_histogram(into.business, from.business);
    merge_map(into.voided, from.voided);
    into.voided_after_breach += from.voided_after_breach;
    for (const auto& [month, figures] : from.months) merge_month(into.months[month], figures);
  }
  merge_map(level_changes, other.level_changes);
  merge_map(opened, other.opened);
  merge_map(hand_overs, other.hand_overs);
  merge_map(checklist_gaps, other.checklist_gaps);
  merge_map(skews, other.skews);
  merge_histogram(number_mail, other.number_mail);
  merge_histogram(first_human_reply, other.first_human_reply);
  hand_overs_complete += other.hand_overs_complete;
  number_mails_late += other.number_mails_late;
  number_mails_missing += other.number_mails_missing;
}

namespace {

template <class Key>
bool lose(std::map<Key, std::uint64_t>& lost, const std::map<Key, std::uint64_t>& before,
          const std::map<Key, std::uint64_t>& after) {
  bool any = false;
  for (const auto& [key, count] : before) {
    const auto found = after.find(key);
    const std::uint64_t now = found == after.end() ? 0 : found->second;
    if (count <= now) continue;
    lost[key] = count - now;
    any = true;
  }
  return any;
}

bool lose(std::uint64_t& lost, std::uint64_t before, std::uint64_t after) {
  lost = before > after ? before - after : 0;
  return lost > 0;
}

// Both have the same bounds. Buckets are compared as they are shown, each with all below it.
bool lose(SecondsHistogram& lost, const SecondsHistogram& before, const SecondsHistogram& after) {
  lost.bounds = before.bounds;
  lost.counts.assign(before.bounds.size() + 1, 0);
  std::uint64_t below_before = 0, below_after = 0, lacking = 0;
  for (std::size_t each = 0; each < before.counts.size(); ++each) {
    below_before += before.counts[each];
    below_after += each < after.counts.size() ? after.counts[each] : 0;
    const std::uint64_t gap = below_before > below_after ? below_before - below_after : 0;
    if (gap <= lacking) continue;
    lost.counts[each] = gap - lacking;
    lacking = gap;
  }
  lost.count = lacking;
  lost.sum = std::max<std::int64_t>(0, before.sum - after.sum);
  return lacking > 0 || lost.sum > 0;
}

bool lose(LevelTotals& lost, const LevelTotals& before, const LevelTotals& after) {
  const bool reactions = lose(lost.reactions, before.reactions, after.reactions);
  const bool business = lose(lost.business, before.business, after.business);
  const bool voided = lose(lost.voided, before.voided, after.voided);
  return lose(lost.voided_after_breach, before.voided_after_breach, after.voided_after_breach) ||
         reactions || business || voided;
}

}  // namespace

std::optional<SupportTotals> lost_between(const SupportTotals& before, const SupportTotals& after) {
  SupportTotals lost;
  bool any = false;
  for (const auto& [key, level] : before.levels) {
    const auto found = after.levels.find(key);
    const bool some =
        lose(lost.levels[key], level, found == after.levels.end() ? LevelTotals{} : found->second);
    any = any || some;
  }
  any |= lose(lost.level_changes, before.level_changes, after.level_changes);
  any |= lose(lost.opened, before.opened, after.opened);
  any |= lose(lost.hand_overs, before.hand_overs, after.hand_overs);
  any |= lose(lost.checklist_gaps, before.checklist_gaps, after.checklist_gaps);
  any |= lose(lost.skews, before.skews, after.skews);
  any |= lose(lost.number_mail, before.number_mail, after.number_mail);
  any |= lose(lost.first_human_reply, before.first_human_reply, after.first_human_reply);
  any |= lose(lost.hand_overs_complete, before.hand_overs_complete, after.hand_overs_complete);
  any |= lose(lost.number_mails_late, before.number_mails_late, after.number_mails_late);
  if (!any) return std::nullopt;
  return lost;
}

}  // namespace exporter
