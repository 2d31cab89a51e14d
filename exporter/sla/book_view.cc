// Renders what changed into a new snapshot. Parts that did not change are shared with the last one,
// so that a minute with a thousand services costs no more than their thousand views.
#include <algorithm>
#include <cmath>

#include "exporter/sla/book_impl.h"
#include "exporter/sla/slot.h"

namespace exporter {
namespace {

// How a check stands by its last confirmed outcome.
Judgement standing(const probes::Outcome* outcome, bool degraded_is_good) {
  if (!outcome || outcome->status == probes::Status::unknown) return {};
  const bool good =
      outcome->status == probes::Status::degraded ? degraded_is_good : outcome->good();
  return {.verdict = good ? Verdict::good : Verdict::bad};
}

// A slot that has begun can only be excluded by a window: corrections are about slots that ended.
bool in_maintenance(const Account& account, Seconds now) {
  const std::chrono::seconds every = account.current->every();
  const Overlay::Stretch* stretch = account.current->overlay(every).over(slot_of(now, every));
  return stretch && stretch->verdict == Verdict::excluded;
}

}  // namespace

LedgerResult<void> BookImpl::publish(Seconds now) {
  if (auto folded = fold_stale(); !folded) return folded;
  const bool event = now >= next_event_;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->at = now;
  snapshot->config = config_;
  snapshot->agreements.reserve(agreements_.size());
  for (AgreementState& agreement : agreements_) {
    if (event || !agreement.view) render_agreement(agreement, now);
    snapshot->agreements.push_back(agreement.view);
  }
  snapshot->services.reserve(accounts_.size());
  for (const auto& account : accounts_) {
    if (event || !account->view) {
      check_identity(*account);
      render_account(*account, now);
    }
    if (account->view) snapshot->services.push_back(account->view);
  }
  for (const auto& service : services_) {
    if (service->accounts.empty()) continue;
    render_facts(*service);
    snapshot->facts.push_back(service->facts);
  }
  for (const auto& service : services_) {
    render_checks(*service);
    for (const CheckState& check : service->checks) snapshot->checks.push_back(check.view);
  }
  for (const RecordedWindow& window : entries_.windows) {
    if (window.window.to > now && !window.withdrawn) snapshot->windows.push_back(window);
  }
  snapshot->statements = entries_.statements.size();
  find_plan(now);
  find_next_event(now);
  snapshot_ = std::move(snapshot);
  changed_ = false;
  return {};
}

void BookImpl::render_account(Account& account, Seconds now) {
  account.view.reset();
  if (!account.current) return;  // only the last month had slots; the report has them
  auto view = std::make_shared<ServiceView>();
  view->agreement = account.agreement_name;
  view->service = account.service->name;
  view->state = account.state;
  view->last_slot = account.last_slot;
  view->in_maintenance = in_maintenance(account, now);
  view->slots_total = account.totals;
  view->unknown_total = account.unknown;
  std::erase_if(view->unknown_total, [](const auto& entry) { return entry.second == 0; });
  view->objective = account.current->objective();
  const PlanSegment* segment = account.service->plan->at_or_after(now);
  view->every = segment ? segment->terms.every : account.current->every();
  view->current = account.current->figures(now);
  if (account.previous) view->previous = account.previous->figures(now);
  view->exhaustion = forecast(account, view->current);
  account.view = std::move(view);
}

// By the rules of a slot's verdict, over the last confirmed outcomes.
void BookImpl::render_facts(ServiceState& service) const {
  const auto is_new = [](const CheckState& check) { return check.view == nullptr; };
  const PlanSegment* segment = service.plan->at_or_after(service.unjudged);
  if (segment && std::ranges::any_of(service.checks, is_new)) {
    std::vector<Judgement> checks;
    for (const std::string& name : segment->counting_checks) {
      const auto check = std::ranges::find(service.checks, name, &CheckState::name);
      checks.push_back(check == service.checks.end()
                           ? Judgement()
                           : standing(check->outcome.get(), segment->terms.degraded_is_good));
    }
    const Verdict verdict = judge_checks(checks, segment->terms.require).verdict;
    const std::optional<bool> before = service.up;
    if (verdict != Verdict::unknown) service.up = verdict == Verdict::good;
    if (service.up != before) service.facts.reset();
  }
  if (service.facts) return;
  service.facts = std::make_shared<const ServiceFacts>(
      ServiceFacts{.service = service.name, .rescued_total = service.rescued, .up = service.up});
}

// At the rate of bad slots since the beginning of the UTC day three days before the last slot; a
// budget that is spent already, or that lasts to the end of the month, has no such moment.
std::optional<Seconds> BookImpl::forecast(const Account& account,
                                          const MonthFigures& current) const {
  if (!account.last_slot || current.remaining <= 0) return std::nullopt;
  const Seconds until = account.service->unjudged;
  const Seconds first =
      account.previous ? account.previous->observed_from() : account.current->observed_from();
  const Seconds days_ago = std::chrono::floor<std::chrono::days>(*account.last_slot) -
                           std::chrono::days(RecentDays::kDays - 1);
  const Seconds from = std::max(first, days_ago);
  const std::int64_t bad = account.recent.bad_since(from);
  if (bad == 0 || until <= from) return std::nullopt;
  const double seconds_a_slot =
      static_cast<double>((until - from).count()) / static_cast<double>(bad);
  const double left = seconds_a_slot * static_cast<double>(current.remaining);
  if (left >= static_cast<double>((current.end - until).count())) return std::nullopt;
  return until + std::chrono::seconds(std::llround(left));
}

void BookImpl::render_agreement(AgreementState& agreement, Seconds now) {
  auto view = std::make_shared<AgreementView>();
  view->terms = agreement.terms->at(now);
  if (const TermsRecord* waiting = agreement.terms->waiting(now)) view->next = *waiting;
  agreement.view = std::move(view);
}

void BookImpl::render_checks(ServiceState& service) {
  for (CheckState& check : service.checks) {
    if (check.view) continue;
    auto view = std::make_shared<CheckView>();
    view->service = service.name;
    view->check = check.name;
    view->totals = check.totals;
    view->last_run = check.last_run;
    view->outcome = check.outcome;
    check.view = std::move(view);
  }
}

void BookImpl::find_plan(Seconds now) {
  if (now < next_event_ && !plan_outdated_) return;
  Plan plan;
  for (const Service& service : config_->services) {
    const std::size_t index = index_of(service.name);
    if (index == kNone) continue;
    const PlanTimeline& timeline = *services_[index]->plan;
    const PlanSegment* segment = timeline.at(now);
    // A service that begins with the next slot is started now, so that its first check is on time.
    if (!segment) segment = timeline.at(now + service.terms.every);
    if (segment) plan.services.push_back({service.name, segment->terms});
  }
  plan_outdated_ = false;
  if (plan == plan_) return;
  plan_ = std::move(plan);
  ++plan_version_;
}

// The next moment at which time alone changes what is shown: a month turns or closes, a plan
// changes, a window ends.
void BookImpl::find_next_event(Seconds now) {
  next_event_ = kForever;
  const auto consider = [this, now](Seconds at) {
    if (at > now) next_event_ = std::min(next_event_, at);
  };
  for (const AgreementState& agreement : agreements_) {
    consider(agreement.current.end);
    if (const TermsRecord* waiting = agreement.terms->waiting(now)) consider(waiting->from);
    if (!agreement.previous) continue;
    consider(agreement.previous->end +
             agreement.terms->terms_of(*agreement.previous).terms.close_after);
  }
  for (const auto& service : services_) {
    for (const PlanSegment& segment : service->plan->segments()) {
      consider(segment.from);
      consider(segment.from - segment.terms.every);
      consider(segment.to);
    }
  }
  for (const RecordedWindow& window : entries_.windows) consider(window.window.to);
}

}  // namespace exporter
