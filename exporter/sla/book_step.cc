// One step of the book: take what arrived, judge what ended, commit once, and only then count it.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <tuple>

#include "exporter/sla/book_impl.h"
#include "exporter/sla/slot.h"

namespace exporter {
namespace {

std::int64_t at_least_one(std::int64_t count) { return std::max<std::int64_t>(count, 1); }

bool same_attempt(const OutcomeRecord& a, const OutcomeRecord& b) {
  return std::tie(a.slot, a.attempt, a.extra, a.check) ==
         std::tie(b.slot, b.attempt, b.extra, b.check);
}

void count_attempt(CheckTotals& totals, const OutcomeRecord& record) {
  ++totals.by_status[static_cast<std::size_t>(record.status)];
  const bool failed =
      record.status == probes::Status::down || record.status == probes::Status::unknown;
  if (failed) ++totals.by_reason[record.reason];
}

}  // namespace

LedgerResult<std::shared_ptr<const Snapshot>> BookImpl::step(std::vector<Arrival> arrivals,
                                                             Seconds now) {
  if (!config_) {
    return std::unexpected(LedgerError{LedgerError::Kind::refused, "the book was not started"});
  }
  receive(std::move(arrivals));
  for (const auto& service : services_) {
    if (service->due == kForever || now - service->due <= kLongestGap) continue;
    const Seconds next = service->due - service->plan->at_or_after(service->unjudged)->terms.every;
    if (auto error = refuse_gap(service->name, next, now)) {
      return std::unexpected(*std::move(error));
    }
  }
  Work work = prepare(now);
  if (!work.batch.empty()) {
    if (auto committed = ledger_.commit(work.batch, now); !committed) {
      return std::unexpected(committed.error());
    }
    ++commits_;
  }
  turn_months(now);
  if (!work.batch.empty()) apply(work);
  if (changed_ || now >= next_event_) {
    if (auto published = publish(now); !published) return std::unexpected(published.error());
  }
  return snapshot_;
}

void BookImpl::receive(std::vector<Arrival> arrivals) {
  for (Arrival& arrival : arrivals) receive_one(std::move(arrival));
  while (pending_.size() > kMaxPendingOutcomes) {
    pending_.pop_front();
    ++dropped_;
  }
}

void BookImpl::receive_one(Arrival arrival) {
  OutcomeRecord& record = arrival.record;
  const std::size_t index = index_of(record.service);
  std::string name = record.service;
  if (index != kNone) {
    const ServiceState& service = *services_[index];
    name = service.name;
    // In the slot in which a service is renamed, its attempts still belong to the old name.
    const PlanSegment* segment = service.plan->at(record.slot);
    if (segment) record.service = segment->service;
    // A verdict never changes; what comes after it is kept like a re-probe between slots.
    if (record.slot < service.unjudged) record.extra = true;
  }
  if (record.final) {
    pending_outcomes_[{name, record.check}] =
        arrival.outcome ? std::move(arrival.outcome) : outcome_of(record);
  }
  pending_.push_back(std::move(record));
}

BookImpl::Work BookImpl::prepare(Seconds now) {
  Work work;
  work.outcomes = pending_.size();
  work.batch.outcomes.assign(pending_.begin(), pending_.end());
  std::vector<std::vector<const OutcomeRecord*>> arrived(services_.size());
  for (const OutcomeRecord& record : pending_) {
    const std::size_t index = index_of(record.service);
    if (index != kNone && !record.extra) arrived[index].push_back(&record);
  }
  for (std::size_t i = 0; i < services_.size(); ++i) {
    if (services_[i]->due <= now) judge(i, now, arrived[i], work);
  }
  for (const Judged& judged : work.judged) work.batch.verdicts.push_back(judged.run);
  add_due_statement(now, work.batch);
  return work;
}

// Judges every slot of a service that ended by `now`. Slots without any attempt are taken in
// stretches, so that a gap of a month costs no more than one of a minute.
void BookImpl::judge(std::size_t index, Seconds now,
                     const std::vector<const OutcomeRecord*>& arrived, Work& work) const {
  const ServiceState& service = *services_[index];
  std::vector<std::pair<Seconds, const OutcomeRecord*>> attempts;
  for (const OutcomeRecord& record : service.open) attempts.emplace_back(record.slot, &record);
  for (const OutcomeRecord* record : arrived) attempts.emplace_back(record->slot, record);
  // Of two records of the same attempt the first one counts, so their order must stay.
  if (!std::ranges::is_sorted(attempts, {}, &std::pair<Seconds, const OutcomeRecord*>::first)) {
    std::map<Seconds, std::vector<const OutcomeRecord*>> by_slot;
    for (const auto& [slot, record] : attempts) by_slot[slot].push_back(record);
    attempts.clear();
    for (const auto& [slot, records] : by_slot) {
      for (const OutcomeRecord* record : records) attempts.emplace_back(slot, record);
    }
  }
  std::vector<const OutcomeRecord*> own;
  const auto emit = [&](Seconds slot, std::int64_t count, std::chrono::seconds every,
                        const std::string& name, const Judgement& judgement) {
    if (!work.judged.empty() && work.judged.back().service == index) {
      VerdictRun& last = work.judged.back().run;
      const Judgement before{last.verdict, last.cause, last.rescued};
      if (before == judgement && last.end() == slot && last.every == every &&
          last.service == name) {
        last.count += count;
        return;
      }
    }
    work.judged.push_back(
        {index, {name, every, slot, count, judgement.verdict, judgement.cause, judgement.rescued}});
  };
  Seconds slot = service.unjudged;
  std::size_t next = 0;
  while (const PlanSegment* segment = service.plan->at_or_after(slot)) {
    const std::chrono::seconds every = segment->terms.every;
    slot = first_slot(std::max(slot, segment->from), every);
    if (slot >= segment->to) continue;
    if (slot + every > now) break;
    while (next < attempts.size() && attempts[next].first < slot) ++next;
    own.clear();
    while (next < attempts.size() && attempts[next].first == slot) {
      own.push_back(attempts[next++].second);
    }
    if (!own.empty()) {
      emit(slot, 1, every, segment->service, judge_one(*segment, slot, own));
      slot += every;
      continue;
    }
    const auto [cause, same] = cause_of_silence(*segment, slot);
    std::int64_t count = std::min((now - slot) / every, slots_in(slot, segment->to, every));
    if (next < attempts.size()) {
      count = std::min(count, at_least_one((attempts[next].first - slot) / every));
    }
    count = std::min(count, same);
    emit(slot, count, every, segment->service, {Verdict::unknown, cause, false});
    slot += count * every;
  }
}

Judgement BookImpl::judge_one(const PlanSegment& segment, Seconds slot,
                              std::span<const OutcomeRecord* const> attempts) const {
  return judge_slot(attempts, segment.terms, segment.counting_checks,
                    cause_of_silence(segment, slot).first);
}

// Why nothing was observed in a slot, and for how many slots from it on the answer is the same.
// Where several marks touch a slot the widest cause is named.
std::pair<Cause, std::int64_t> BookImpl::cause_of_silence(const PlanSegment& segment,
                                                          Seconds slot) const {
  const std::chrono::seconds every = segment.terms.every;
  Cause cause = Cause::none;
  std::int64_t same = slots_in(slot, kForever, every);
  for (const Mark& mark : marks_) {
    if (!mark.service.empty() && mark.service != segment.service) continue;
    const bool touches = mark.from < slot + every && mark.to > slot;
    if (touches) {
      cause = cause == Cause::none ? mark.cause : std::min(cause, mark.cause);
      same = std::min(same, slots_in(slot, mark.to, every));
    } else if (mark.from > slot) {
      same = std::min(same, at_least_one((mark.from - slot) / every));
    }
  }
  return {cause == Cause::none ? Cause::overload : cause, at_least_one(same)};
}

void BookImpl::mark_unobserved(Seconds from, Seconds to, Cause cause) {
  if (from < to) marks_.push_back({from, to, cause, {}});
}

// Marks that lie before every slot that is still to be judged have done their work.
void BookImpl::forget_marks() {
  if (marks_.empty()) return;
  Seconds oldest = kForever;
  for (const auto& service : services_) {
    if (service->due != kForever) oldest = std::min(oldest, service->unjudged);
  }
  std::erase_if(marks_, [oldest](const Mark& mark) { return mark.to <= oldest; });
}

void BookImpl::find_due(ServiceState& service) const {
  service.due = kForever;
  Seconds slot = service.unjudged;
  while (const PlanSegment* segment = service.plan->at_or_after(slot)) {
    slot = first_slot(std::max(slot, segment->from), segment->terms.every);
    if (slot >= segment->to) continue;
    service.due = slot + segment->terms.every;
    return;
  }
}

// Adds what was committed to the counts.
void BookImpl::apply(const Work& work) {
  changed_ = true;
  for (const Judged& judged : work.judged) {
    ServiceState& service = *services_[judged.service];
    assert(judged.run.start >= service.unjudged && "a slot is judged once");
    service.unjudged = judged.run.end();
    if (judged.run.rescued) {
      service.rescued += static_cast<std::uint64_t>(judged.run.count);
      service.facts.reset();
    }
    for (Account* account : service.accounts) add_run(*account, judged.run);
  }
  for (const Judged& judged : work.judged) {
    ServiceState& service = *services_[judged.service];
    find_due(service);
    std::erase_if(service.open, [&service](const OutcomeRecord& record) {
      return record.slot < service.unjudged;
    });
  }
  apply_outcomes(work);
  Batch entries;
  entries.statements = work.batch.statements;
  for (Statement& statement : entries.statements) statement.json.clear();
  const bool added = entries_.add(entries).has_value();
  assert(added && "statements bring no zone");
  static_cast<void>(added);
  forget_marks();
}

void BookImpl::apply_outcomes(const Work& work) {
  for (std::size_t i = 0; i < work.outcomes; ++i) {
    OutcomeRecord record = std::move(pending_.front());
    pending_.pop_front();
    const std::size_t index = index_of(record.service);
    const std::string& name = index == kNone ? record.service : services_[index]->name;
    std::vector<OutcomeRecord>* open = index == kNone ? nullptr : &services_[index]->open;
    const bool known = open && std::ranges::any_of(*open, [&record](const OutcomeRecord& other) {
                         return same_attempt(record, other);
                       });
    if (known) continue;
    const auto key = std::pair(name, record.check);
    CheckTotals& totals = check_totals_[key];
    count_attempt(totals, record);
    OutcomeRecord& last = last_outcomes_[key];
    if (last.check.empty() || last.at <= record.at) last = record;
    const auto shown = pending_outcomes_.find(key);
    if (shown != pending_outcomes_.end()) {
      shown_outcomes_[key] = shown->second;
      pending_outcomes_.erase(shown);
    }
    if (index == kNone) continue;
    ServiceState& service = *services_[index];
    const auto check = std::ranges::find(service.checks, record.check, &CheckState::name);
    if (check != service.checks.end()) {
      check->totals = totals;
      check->last_run = std::chrono::floor<std::chrono::seconds>(last.at);
      if (const auto it = shown_outcomes_.find(key); it != shown_outcomes_.end()) {
        check->outcome = it->second;
      }
      check->view.reset();
    }
    if (!record.extra && record.slot >= service.unjudged) open->push_back(std::move(record));
  }
}

void BookImpl::add_run(Account& account, const VerdictRun& run) {
  account.view.reset();
  if (account.stale) {
    account.totals_lost = true;  // the fold of the ledger will find this run
    return;
  }
  for (std::optional<MonthFold>* fold : {&account.previous, &account.current}) {
    if (!*fold) continue;
    const Period& period = (*fold)->period();
    if (run.end() <= period.begin || run.start >= period.end) continue;
    const SlotCounts counts = (*fold)->add(run);
    account.totals[0] += static_cast<std::uint64_t>(counts.good);
    account.totals[1] += static_cast<std::uint64_t>(counts.bad);
    account.totals[2] += static_cast<std::uint64_t>(counts.unknown);
    account.totals[3] += static_cast<std::uint64_t>(counts.excluded);
    if (counts.unknown > 0)
      account.unknown[run.cause] += static_cast<std::uint64_t>(counts.unknown);
    account.note(**fold, run);
  }
}

}  // namespace exporter
