// Accounts and their months: which service is accounted under which agreement now, what a turn of
// the month does, and the identity that must hold after every commit.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "exporter/sla/book_impl.h"
#include "exporter/sla/slot.h"
#include "exporter/sla/zone.h"

namespace exporter {
namespace {

constexpr std::chrono::seconds kDay = std::chrono::days(1);

std::int64_t day_of(Seconds at) { return at.time_since_epoch() / kDay; }

// May the counts of one fold stand for the other? Windows are not compared: new ones change slots
// that have not begun.
bool same_month(const MonthFold& a, const MonthFold& b) {
  return a.period() == b.period() && a.terms() == b.terms() && a.objective() == b.objective() &&
         a.covered() == b.covered() && a.expected() == b.expected() && a.every() == b.every() &&
         a.observed_from() == b.observed_from();
}

}  // namespace

void RecentDays::add(Seconds at, std::int64_t bad) {
  const std::int64_t number = day_of(at);
  Day& day = days[static_cast<std::size_t>(number % kDays)];
  if (day.number > number) return;  // older than what is kept
  if (day.number < number) day = {number, 0};
  day.bad += bad;
}

std::int64_t RecentDays::bad_since(Seconds from) const {
  std::int64_t sum = 0;
  for (const Day& day : days) {
    if (day.number >= day_of(from)) sum += day.bad;
  }
  return sum;
}

// Keeps the state of the last ended slot and the bad slots of the last days.
void Account::note(const MonthFold& fold, const VerdictRun& run) {
  for (const VerdictRun& piece : fold.effective(run)) {
    const Seconds last = piece.end() - piece.every;
    if (!last_slot || last >= *last_slot) {
      last_slot = last;
      state = piece.verdict;
    }
    if (piece.verdict != Verdict::bad) continue;
    const Seconds from = std::max(piece.start, Seconds(last - RecentDays::kDays * kDay));
    for (Seconds day = std::chrono::floor<std::chrono::days>(from); day <= last; day += kDay) {
      recent.add(day, clip(piece, std::max(day, from), day + kDay).count);
    }
  }
}

void BookImpl::refresh_agreements(Seconds now) {
  std::vector<AgreementState> before = std::move(agreements_);
  agreements_.clear();
  // Agreements that left the configuration are kept in the books to the end of their month.
  std::vector<std::string> names;
  for (const AgreementTerms& terms : config_->agreements) names.push_back(terms.name);
  for (const auto& [name, timeline] : entries_.terms) {
    const bool listed = std::ranges::find(names, name) != names.end();
    if (!listed && !timeline.at(now).terms.objectives.empty()) names.push_back(name);
  }
  for (const std::string& name : names) {
    const auto known = entries_.terms.find(name);
    if (known == entries_.terms.end() || known->second.empty()) continue;
    AgreementState state{
        .name = name, .terms = &known->second, .current = {}, .previous = {}, .view = {}};
    state.current = state.terms->period_at(now);
    state.previous = state.terms->period_before(state.current);
    agreements_.push_back(std::move(state));
  }
}

// Every pair of agreement and service that has slots in this month or the last. What was counted
// is kept where it still stands for the same slots; the rest is folded from the ledger.
void BookImpl::refresh_accounts() {
  std::map<std::pair<std::string, const ServiceState*>, std::unique_ptr<Account>> before;
  for (auto& account : accounts_) {
    before[{account->agreement_name, account->service}] = std::move(account);
  }
  accounts_.clear();
  for (const auto& service : services_) service->accounts.clear();
  for (std::size_t a = 0; a < agreements_.size(); ++a) {
    const AgreementState& agreement = agreements_[a];
    for (const auto& service : services_) {
      const FoldRules rules = entries_.rules(*service->plan, *agreement.terms);
      auto current = MonthFold::begin(rules, agreement.current);
      std::optional<MonthFold> previous;
      if (agreement.previous) previous = MonthFold::begin(rules, *agreement.previous);
      if (!current && !previous) continue;
      auto known = before.find({agreement.name, service.get()});
      auto account = known == before.end() ? std::make_unique<Account>() : std::move(known->second);
      account->agreement = a;
      account->agreement_name = agreement.name;
      account->service = service.get();
      account->take_months(std::move(current), std::move(previous), service->unjudged, rules);
      account->view.reset();
      service->accounts.push_back(account.get());
      accounts_.push_back(std::move(account));
    }
  }
  changed_ = true;
}

void Account::take_months(std::optional<MonthFold> new_current,
                          std::optional<MonthFold> new_previous, Seconds unjudged,
                          const FoldRules& rules) {
  const auto keep = [&](std::optional<MonthFold>& wanted) {
    if (!wanted) return;
    for (std::optional<MonthFold>* old : {&current, &previous}) {
      if (!*old || !same_month(**old, *wanted)) continue;
      (*old)->take_windows(rules);
      wanted = std::move(**old);
      old->reset();
      return;
    }
    // A month without a single verdict yet needs no fold.
    if (unjudged > wanted->observed_from()) stale = true;
  };
  keep(new_previous);
  keep(new_current);
  current = std::move(new_current);
  previous = std::move(new_previous);
}

void BookImpl::turn_months(Seconds now) {
  bool turned = false;
  for (AgreementState& agreement : agreements_) {
    const Period period = agreement.terms->period_at(now);
    if (period == agreement.current) continue;
    agreement.current = period;
    agreement.previous = agreement.terms->period_before(period);
    agreement.view.reset();
    turned = true;
  }
  if (!turned) return;
  refresh_agreements(now);
  refresh_accounts();
}

LedgerResult<void> BookImpl::fold_stale() {
  for (const auto& account : accounts_) {
    if (account->stale) {
      if (auto folded = fold_account(*account); !folded) return folded;
    }
    if (account->totals_lost) {
      if (auto counted = count_totals(*account); !counted) return counted;
    }
  }
  return {};
}

LedgerResult<void> BookImpl::fold_account(Account& account) {
  const AgreementState& agreement = agreements_[account.agreement];
  const PlanTimeline& plan = *account.service->plan;
  const FoldRules rules = entries_.rules(plan, *agreement.terms);
  account.recent = {};
  account.state = Verdict::unknown;
  account.last_slot.reset();
  std::optional<bool> decided;  // by the last slot that was good or bad
  const auto fold = [&](std::optional<MonthFold>& month,
                        const Period& period) -> LedgerResult<void> {
    month = MonthFold::begin(rules, period);
    if (!month) return {};
    const auto runs = runs_of(ledger_, plan, period.begin, period.end);
    if (!runs) return std::unexpected(runs.error());
    for (const VerdictRun& run : *runs) {
      month->add(run);
      account.note(*month, run);
      if (run.verdict != Verdict::unknown) decided = run.verdict == Verdict::good;
    }
    return {};
  };
  account.previous.reset();
  if (agreement.previous) {
    if (auto done = fold(account.previous, *agreement.previous); !done) return done;
  }
  if (auto done = fold(account.current, agreement.current); !done) return done;
  // After a start in the middle of silence the last outcomes say nothing.
  if (!account.service->up) account.service->up = decided;
  account.stale = false;
  account.view.reset();
  return {};
}

// All slots ever, as first committed. At the start the ledger's own sums do where the agreement
// covers the whole history; what windows excluded is then moved from its verdict to `excluded`.
LedgerResult<void> BookImpl::count_totals(Account& account) {
  const TermsTimeline& terms = *agreements_[account.agreement].terms;
  const PlanTimeline& plan = *account.service->plan;
  const std::vector<std::string> names = plan.names();
  const std::vector<Span> covered = terms.coverage(names, Seconds(), kForever);
  account.totals = {};
  account.unknown.clear();
  const auto add = [&account](const VerdictRun& run, Verdict verdict, std::int64_t count) {
    account.totals[static_cast<std::size_t>(verdict)] += static_cast<std::uint64_t>(count);
    if (verdict == Verdict::unknown)
      account.unknown[run.cause] += static_cast<std::uint64_t>(count);
  };
  const auto history = history_.find(account.service->name);
  const bool whole = names.size() == 1 && covered.size() == 1 && history != history_.end() &&
                     covered.front().from <= plan.segments().front().from &&
                     covered.front().to >= history->second.next_slot;
  if (whole) {
    account.totals = history->second.verdicts;
    account.unknown = history->second.unknown_causes;
  }
  for (const Span& span : covered) {
    if (whole) break;
    const auto runs =
        runs_of(ledger_, plan, span.from, std::min(span.to, account.service->unjudged));
    if (!runs) return std::unexpected(runs.error());
    for (const VerdictRun& run : *runs) add(run, run.verdict, run.count);
  }
  for (const Span& excluded : excluded_history(account, terms, plan)) {
    const auto runs = runs_of(ledger_, plan, excluded.from, excluded.to);
    if (!runs) return std::unexpected(runs.error());
    for (const VerdictRun& run : *runs) {
      add(run, run.verdict, -run.count);
      add(run, Verdict::excluded, run.count);
    }
  }
  account.totals_lost = false;
  account.view.reset();
  return {};
}

// The slots that windows excluded when they were committed: by the terms and the cadence of then.
std::vector<Span> BookImpl::excluded_history(const Account& account, const TermsTimeline& terms,
                                             const PlanTimeline& plan) const {
  std::vector<Span> spans;
  const std::vector<std::string> names = plan.names();
  for (const auto& [held, record] : terms.stretches()) {
    if (terms.coverage(names, held.from, held.to).empty()) continue;
    for (const PlanSegment& segment : plan.segments()) {
      const Span within{std::max(held.from, segment.from),
                        std::min({held.to, segment.to, account.service->unjudged})};
      if (within.from >= within.to) continue;
      const Overlay overlay =
          Overlay::make(entries_.windows, {}, record->terms, names, segment.terms.every, within);
      for (const Overlay::Stretch& stretch : overlay.stretches()) {
        spans.push_back({stretch.from, stretch.to});
      }
    }
  }
  return spans;
}

void BookImpl::check_identity(const Account& account) const {
  if (account.current) check_identity(account, *account.current);
  if (account.previous) check_identity(account, *account.previous);
}

// Rule 10, with pending counted on its own: slots of the month that have no verdict yet.
void BookImpl::check_identity(const Account& account, const MonthFold& fold) const {
  std::int64_t pending = 0;
  for (const Span& span : fold.covered()) {
    pending +=
        account.service->plan->slots_in(std::max(span.from, account.service->unjudged), span.to);
  }
  if (fold.expected() == fold.counts().ended() + pending) return;
  const SlotCounts& counts = fold.counts();
  std::fprintf(stderr,
               "sla accounting: identity broken for service %s under agreement %s in %s: expected "
               "%lld is not good %lld + bad %lld + unknown %lld + excluded %lld + pending %lld\n",
               account.service->name.c_str(), account.agreement_name.c_str(),
               format_month(fold.period().month).c_str(), static_cast<long long>(fold.expected()),
               static_cast<long long>(counts.good), static_cast<long long>(counts.bad),
               static_cast<long long>(counts.unknown), static_cast<long long>(counts.excluded),
               static_cast<long long>(pending));
  std::abort();  // wrong figures are worse than a crash
}

}  // namespace exporter
