// What a TicketBook shows. Counts come from the totals; open clocks are gone through once, by what
// is remembered of each, and only what is listed is read anew.
#include <algorithm>
#include <tuple>

#include "exporter/ticket/ticket_book.h"
#include "exporter/ticket/ticket_entry.h"

namespace exporter {
namespace {

using std::chrono::months;
using std::chrono::seconds;

seconds widest_target(const SupportRules& rules, const LevelTerms& level,
                      const std::string& agreement) {
  const std::string name = agreement == kPublishedAgreement ? "" : agreement;
  seconds widest = rules.rule(level, name, "").target;
  for (const CalendarTerms& each : rules.terms().calendars) {
    widest = std::max(widest, rules.rule(level, name, each.name).target);
  }
  return widest;
}

std::uint64_t& count_of(LevelView& level, ClockState state) {
  switch (state) {
    case ClockState::breached_open:
      return level.breached;
    case ClockState::paused:
      return level.paused;
    case ClockState::at_risk:
      return level.at_risk;
    default:
      return level.running;
  }
}

}  // namespace

ReactionMonth TicketBook::month_view(const LevelKey& key, std::chrono::year_month month,
                                     const std::vector<std::string>& sources) const {
  ReactionMonth view;
  const auto level = totals_.levels.find(key);
  if (level != totals_.levels.end()) {
    const auto found = level->second.months.find(month);
    if (found != level->second.months.end()) view = found->second;
  }
  view.month = month;
  const Seconds end = timeline_.month_end(key.agreement, month);
  const bool proven = std::ranges::all_of(sources, [&](const std::string& source) {
    const auto read = read_until_of(source);
    return read && *read >= end;
  });
  using enum ReactionMonth::State;
  view.state = now_ < end ? open : proven ? ended : unproven;
  return view;
}

void TicketBook::show_levels(SupportView& view, const std::vector<std::string>& sources) const {
  const SupportRules& rules = timeline_.rules_at(now_);
  std::set<LevelKey> shown;
  const auto show = [&](const LevelKey& key) {
    if (!shown.insert(key).second) return;
    LevelView level;
    level.key = key;
    const LevelTerms* terms = rules.level(key.level);
    if (terms) level.target = widest_target(rules, *terms, key.agreement);
    if (const auto found = totals_.levels.find(key); found != totals_.levels.end()) {
      level.reactions = found->second.reactions;
      level.business = found->second.business;
      level.voided = found->second.voided;
      level.voided_after_breach = found->second.voided_after_breach;
    }
    const auto month = timeline_.month_of(key.agreement, now_);
    level.current = month_view(key, month, sources);
    level.previous = month_view(key, month - months(1), sources);
    view.levels.push_back(std::move(level));
  };
  for (const auto& [agreement, periods] : timeline_.at(now_).agreements) {
    for (const LevelTerms& level : rules.terms().levels) show({agreement, level.name});
  }
  // What is promised no longer goes on being counted.
  for (const auto& [key, level] : totals_.levels) show(key);
}

void TicketBook::count_open(SupportView& view) const {
  std::map<LevelKey, LevelView*> levels;
  for (LevelView& each : view.levels) levels[each.key] = &each;
  // Of clocks that count by the same hours and never paused the first waits longest.
  std::map<std::pair<LevelView*, const OpeningHours*>, Seconds> longest;
  for (const auto place : indexed_->open) {
    const Entry& entry = place->second;
    const Entry::Open& open = *entry.open;
    const ReactionClock& clock = *entry.ticket.open_clock();
    const auto found = levels.find(open.key);
    if (found == levels.end()) continue;
    LevelView& level = *found->second;
    const ClockState state = open.reading.state;
    ++count_of(level, state);
    const bool pending = state == ClockState::running || state == ClockState::at_risk;
    if (pending && open.reading.due) {
      level.next_due = std::min(level.next_due.value_or(Seconds::max()), open.reading.due->due);
    }
    if (clock.pauses.empty() && !clock.paused_since && open.hours) {
      const auto [first, made] = longest.try_emplace({&level, open.hours}, clock.start);
      first->second = std::min(first->second, clock.start);
    } else {
      const SupportRules& rules = timeline_.rules_at(clock.start);
      level.oldest = std::max(level.oldest, read_clock(clock, rules, now_).business);
    }
  }
  for (const auto& [group, start] : longest) {
    group.first->oldest = std::max(group.first->oldest, group.second->elapsed(start, now_));
  }
  view.open_total = indexed_->open.size();
}

void TicketBook::list_open(SupportView& view) const {
  using Rank = std::tuple<bool, Seconds, Tickets::iterator>;
  std::vector<Rank> ranks;
  ranks.reserve(indexed_->open.size());
  for (const auto place : indexed_->open) {
    const ClockReading& reading = place->second.open->reading;
    const bool timed = reading.due && reading.state != ClockState::paused;
    ranks.emplace_back(reading.state != ClockState::breached_open,
                       timed ? reading.due->due : Seconds::max(), place);
  }
  const auto before = [](const Rank& a, const Rank& b) {
    const auto key = [](const Rank& rank) {
      return std::pair(std::get<0>(rank), std::get<1>(rank));
    };
    if (key(a) != key(b)) return key(a) < key(b);
    return std::get<2>(a)->first < std::get<2>(b)->first;
  };
  const std::size_t most = std::min(ranks.size(), SupportView::kMaxListed);
  const auto end = ranks.begin() + static_cast<std::ptrdiff_t>(most);
  std::partial_sort(ranks.begin(), end, ranks.end(), before);
  for (auto rank = ranks.begin(); rank != end; ++rank) {
    const auto& [name, entry] = *std::get<2>(*rank);
    const ReactionClock& clock = *entry.ticket.open_clock();
    view.open.push_back({.source = name.source,
                         .ticket = name.ticket,
                         .clock = clock,
                         .reading = read_clock(clock, timeline_.rules_at(clock.start), now_),
                         .provisional = !entry.view.reads(entry.ticket.last_at())});
  }
}

void TicketBook::show_misses(SupportView& view) const {
  std::set<std::chrono::year_month> shown;
  for (const auto& [agreement, periods] : timeline_.at(now_).agreements) {
    const auto month = timeline_.month_of(agreement, now_);
    shown.insert({month, month - months(1)});
  }
  for (const auto month : shown) {
    for (MissView& miss : misses_of(month)) view.misses.push_back(std::move(miss));
  }
  // The latest first.
  std::ranges::sort(view.misses, [](const MissView& a, const MissView& b) {
    if (a.reading.breached != b.reading.breached) return a.reading.breached > b.reading.breached;
    return std::tie(a.source, a.ticket) < std::tie(b.source, b.ticket);
  });
  if (view.misses.size() > SupportView::kMaxListed) view.misses.resize(SupportView::kMaxListed);
}

void TicketBook::visit(std::chrono::year_month month, const VisitClock& take) const {
  for (const auto& [name, entry] : tickets_) {
    for (const ClockFact& fact : facts_of_entry(entry).months) {
      if (fact.month == month) take(name, entry.ticket.clocks()[fact.index], fact);
    }
  }
}

void TicketBook::visit_open(const VisitOpen& take) const {
  for (const auto place : indexed_->open) {
    const auto& [name, entry] = *place;
    take(name, *entry.ticket.open_clock(), entry.open->reading);
  }
}

std::vector<MissView> TicketBook::misses_of(std::chrono::year_month month) const {
  std::vector<MissView> misses;
  const auto found = indexed_->misses.find(month);
  if (found == indexed_->misses.end()) return misses;
  for (const auto place : found->second) {
    const auto& [name, entry] = *place;
    for (const ClockFact& fact : facts_of_entry(entry).months) {
      if (*fact.met || fact.month != month) continue;
      const ReactionClock& clock = entry.ticket.clocks()[fact.index];
      misses.push_back({name.source, name.ticket, clock,
                        read_clock(clock, timeline_.rules_at(clock.start), now_)});
    }
  }
  return misses;
}

void TicketBook::show(SupportView& view, const std::vector<std::string>& sources) const {
  view.at = now_;
  view.rules = timeline_.shared_rules_at(now_);
  show_levels(view, sources);
  count_open(view);
  list_open(view);
  show_misses(view);
  view.level_changes = totals_.level_changes;
  view.hand_overs = totals_.hand_overs;
  view.checklist_gaps = totals_.checklist_gaps;
  for (const std::string& item : view.rules->terms().checklist) view.checklist_gaps[item];
  view.hand_overs_complete = totals_.hand_overs_complete;
  view.opened = totals_.opened;
  view.number_mail = totals_.number_mail;
  view.first_human_reply = totals_.first_human_reply;
  view.number_mails_missing = totals_.number_mails_missing;
  view.number_mails_late_total = totals_.number_mails_late;
  view.tickets = tickets_.size();
}

}  // namespace exporter
