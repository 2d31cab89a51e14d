// A ticket that changes is loosened: its facts, as they were counted, are taken out of the totals.
// When everything has been applied, advance() settles it: its facts are computed anew, added, and
// the instants noted at which they will be others. What was counted needs no memory, because facts
// are a function of the ticket and of the viewpoint they were counted from.
#include "exporter/ticket/ticket_book.h"

#include <algorithm>
#include <utility>

#include "exporter/ticket/ticket_entry.h"

namespace exporter {

TicketBook::TicketBook(SupportTimeline timeline, SupportTotals kept)
    : timeline_(std::move(timeline)),
      kept_(std::move(kept)),
      indexed_(std::make_unique<Indexed>()) {
  kept_.prepare(timeline_);
  totals_ = kept_;
  blank_.prepare(timeline_);
}

TicketBook::~TicketBook() = default;
TicketBook::TicketBook(TicketBook&&) noexcept = default;
TicketBook& TicketBook::operator=(TicketBook&&) noexcept = default;

// --- what happened -----------------------------------------------------------------------------

void TicketBook::expect(std::vector<TicketCorrection> corrections) {
  for (TicketCorrection& each : corrections) {
    expected_[{each.source, each.ticket}].push_back(std::move(each));
  }
}

TicketBook::Tickets::iterator TicketBook::entry_of(const TicketName& name) {
  // Events come by ticket at the start, so a new one is nearly always the last.
  if (!tickets_.empty() && std::prev(tickets_.end())->first == name) {
    return std::prev(tickets_.end());
  }
  const auto [place, made] = tickets_.try_emplace(name);
  if (made) indexed_->loose.push_back(place);
  return place;
}

void TicketBook::apply_to(Entry& entry, const TicketEvent& event) {
  entry.ticket.apply(event, timeline_);
  if (entry.uncorrected) entry.uncorrected->apply(event, timeline_);
  ++entry.events;
}

void TicketBook::apply_to(Entry& entry, const TicketCorrection& correction) {
  if (!entry.uncorrected) entry.uncorrected = std::make_unique<Ticket>(entry.ticket);
  entry.ticket.apply(correction, timeline_);
  entry.corrections.push_back(correction);
}

void TicketBook::apply_expected(Tickets::iterator place, std::int64_t before_seq) {
  const auto expected = expected_.find(place->first);
  if (expected == expected_.end()) return;
  auto& waiting = expected->second;
  auto next = waiting.begin();
  for (; next != waiting.end() && next->after_seq < before_seq; ++next) {
    apply_to(place->second, *next);
  }
  waiting.erase(waiting.begin(), next);
  if (waiting.empty()) expected_.erase(expected);
}

bool TicketBook::apply(const TicketEvent& event) {
  const auto place = entry_of({event.source, event.ticket});
  if (event.seq <= place->second.ticket.last_seq()) return false;
  loosen(place);
  if (!expected_.empty()) apply_expected(place, event.seq);
  apply_to(place->second, event);
  return true;
}

void TicketBook::correct(const TicketCorrection& correction) {
  const auto place = tickets_.find({correction.source, correction.ticket});
  if (place == tickets_.end()) return;
  loosen(place);
  apply_to(place->second, correction);
}

void TicketBook::refold(const TicketName& name, const std::vector<TicketEvent>& events) {
  const auto place = entry_of(name);
  loosen(place);
  Entry& entry = place->second;
  auto& waiting = expected_[name];
  waiting.insert(waiting.begin(), entry.corrections.begin(), entry.corrections.end());
  entry.ticket = {};
  entry.uncorrected.reset();
  entry.corrections.clear();
  entry.events = 0;
  for (const TicketEvent& event : events) {
    apply_expected(place, event.seq);
    apply_to(entry, event);
  }
  if (const auto left = expected_.find(name); left != expected_.end() && left->second.empty()) {
    expected_.erase(left);
  }
}

std::vector<TicketName> TicketBook::touched_since(Seconds at) const {
  std::vector<TicketName> names;
  for (const auto& [name, entry] : tickets_) {
    if (entry.ticket.last_at() >= at) names.push_back(name);
  }
  return names;
}

std::int64_t TicketBook::events_of(const TicketName& name) const {
  const auto place = tickets_.find(name);
  return place == tickets_.end() ? 0 : place->second.events;
}

const Ticket* TicketBook::find(const TicketName& name) const {
  const auto place = tickets_.find(name);
  return place == tickets_.end() ? nullptr : &place->second.ticket;
}

void TicketBook::take_terms(SupportTimeline timeline) {
  // With what was in force they were counted; with that they are taken out.
  for (auto place = tickets_.begin(); place != tickets_.end(); ++place) loosen(place);
  timeline_ = std::move(timeline);
  for (SupportTotals* totals : {&kept_, &totals_, &blank_}) totals->prepare(timeline_);
  changed_ = true;
}

void TicketBook::read_until(const std::string& source, Seconds at) {
  const auto [known, made] = read_until_.try_emplace(source, at);
  if (!made && known->second >= at) return;
  known->second = at;
  changed_ = true;
  auto& waiting = indexed_->by_read[source];
  while (!waiting.empty() && waiting.begin()->first < at) loosen(waiting.begin()->second);
}

std::optional<Seconds> TicketBook::read_until_of(const std::string& source) const {
  const auto known = read_until_.find(source);
  return known == read_until_.end() ? std::nullopt : std::optional(known->second);
}

// --- what it comes to --------------------------------------------------------------------------

TicketFacts TicketBook::facts_of_entry(const Entry& entry) const {
  return facts_of(entry.ticket, entry.first_decided(), timeline_, entry.view);
}

void TicketBook::loosen(Tickets::iterator place) {
  Entry& entry = place->second;
  if (entry.loose) return;
  entry.loose = true;
  entry.before = std::make_unique<TicketFacts>(facts_of_entry(entry));
  totals_.take_away(*entry.before, place->first.source);
  Indexed& indexed = *indexed_;
  if (entry.next_time) indexed.by_time.erase({*entry.next_time, place});
  if (entry.next_read) indexed.by_read[place->first.source].erase({*entry.next_read, place});
  if (entry.quiet_since) indexed.quiet.erase({*entry.quiet_since, place});
  if (entry.open) indexed.open.erase(place);
  for (const ClockFact& fact : entry.before->months) {
    if (!*fact.met) indexed.misses[fact.month].erase(place);
  }
  entry.open.reset();
  indexed.loose.push_back(place);
}

void TicketBook::settle(Tickets::iterator place, Seconds now) {
  Entry& entry = place->second;
  entry.loose = false;
  entry.view = {now, read_until_of(place->first.source)};
  const TicketFacts facts = facts_of_entry(entry);
  totals_.add(facts, place->first.source);
  if (entry.before) keep_lost(place->first.source, *entry.before, facts);
  entry.before.reset();

  Indexed& indexed = *indexed_;
  entry.next_time = facts.next_time;
  entry.next_read = facts.next_read;
  if (entry.next_time) indexed.by_time.emplace(*entry.next_time, place);
  if (entry.next_read) indexed.by_read[place->first.source].emplace(*entry.next_read, place);
  for (const ClockFact& fact : facts.months) {
    if (!*fact.met) indexed.misses[fact.month].insert(place);
  }
  const ReactionClock* open = entry.ticket.open_clock();
  entry.quiet_since.reset();
  // Closed or not: many help desks leave answered tickets open for ever.
  if (!open && !entry.next_read) entry.quiet_since = entry.ticket.last_at();
  if (entry.quiet_since) indexed.quiet.emplace(*entry.quiet_since, place);
  if (!open) return;
  const SupportRules& rules = timeline_.rules_at(open->start);
  entry.open = std::make_unique<Entry::Open>(key_of(*open, timeline_),
                                             read_clock(*open, rules, now), hours_of(*open, rules));
  indexed.open.insert(place);
}

void TicketBook::keep_lost(const std::string& source, const TicketFacts& before,
                           const TicketFacts& after) {
  if (before == after) return;
  SupportTotals was = blank_, is = blank_;
  was.add(before, source);
  is.add(after, source);
  const auto lost = lost_between(was, is);
  if (!lost) return;
  totals_.merge(*lost);
  kept_.merge(*lost);
  kept_changed_ = true;
}

bool TicketBook::advance(Seconds now) {
  Indexed& indexed = *indexed_;
  now_ = now;
  while (!indexed.by_time.empty() && indexed.by_time.begin()->first <= now) {
    loosen(indexed.by_time.begin()->second);
  }
  // Corrections of events that are gone, or that nobody has read yet, wait.
  for (std::size_t each = 0; each < indexed.loose.size(); ++each) {
    const auto place = indexed.loose[each];
    if (!expected_.empty()) {
      const auto expected = expected_.find(place->first);
      const bool there = expected != expected_.end() && place->second.events > 0;
      if (there) apply_expected(place, place->second.ticket.last_seq() + 1);
    }
    settle(place, now);
  }
  const bool changed = std::exchange(changed_, false) || !indexed.loose.empty();
  indexed.loose.clear();
  return changed;
}

// --- tickets without an open clock ---------------------------------------------------------------

std::vector<TicketName> TicketBook::removable(Seconds before, std::size_t most) const {
  std::vector<TicketName> names;
  for (const auto& [last, place] : indexed_->quiet) {
    if (last >= before || names.size() == most) break;
    names.push_back(place->first);
  }
  return names;
}

SupportTotals TicketBook::kept_without(const std::vector<TicketName>& names) const {
  SupportTotals kept = kept_;
  for (const TicketName& name : names) {
    kept.add(facts_of_entry(tickets_.find(name)->second), name.source);
  }
  return kept;
}

void TicketBook::remove(const std::vector<TicketName>& names) {
  kept_ = kept_without(names);
  Indexed& indexed = *indexed_;
  for (const TicketName& name : names) {
    const auto place = tickets_.find(name);
    const Entry& entry = place->second;
    if (entry.next_time) indexed.by_time.erase({*entry.next_time, place});
    if (entry.quiet_since) indexed.quiet.erase({*entry.quiet_since, place});
    for (auto& [month, misses] : indexed.misses) misses.erase(place);
    tickets_.erase(place);
  }
  changed_ = true;
}

}  // namespace exporter
