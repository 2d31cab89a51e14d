// The start of the book: what the ledger knows is folded, times that cannot be right are refused
// with the remedy, the configuration comes into force, and what nobody observed since the last
// commit becomes unknown.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/sla/book_impl.h"
#include "exporter/sla/slot.h"
#include "exporter/sla/zone.h"

namespace exporter {
namespace {

LedgerError refused(std::string message) {
  return {LedgerError::Kind::refused, std::move(message)};
}

std::int64_t seconds_of(std::chrono::seconds duration) { return duration.count(); }

}  // namespace

// The whole outcome is gone with the process; what the ledger kept of it is enough to say whether
// the check is failing and why.
std::shared_ptr<const probes::Outcome> outcome_of(const OutcomeRecord& record) {
  auto outcome = std::make_shared<probes::Outcome>();
  outcome->status = record.status;
  outcome->reason = record.reason;
  outcome->message = record.message;
  outcome->address = record.address;
  outcome->duration = record.latency;
  return outcome;
}

std::unique_ptr<Book> make_book(Ledger& ledger, std::string tzdata_version) {
  return std::make_unique<BookImpl>(ledger, std::move(tzdata_version));
}

bool Plan::operator==(const Plan& other) const {
  return std::ranges::equal(services, other.services, [](const Entry& a, const Entry& b) {
    return a.service == b.service && a.terms == b.terms;
  });
}

LedgerResult<std::vector<std::string>> BookImpl::start(
    std::shared_ptr<const Config> config, std::vector<MaintenanceWindow> calendar_windows,
    Seconds now) {
  config_.reset();
  auto state = ledger_.load();
  if (!state) return std::unexpected(state.error());
  auto entries = fold_entries(*state, false);
  if (!entries) return std::unexpected(entries.error());
  entries_ = *std::move(entries);
  history_ = state->services;
  services_.clear();
  accounts_.clear();
  agreements_.clear();
  pending_.clear();
  refresh_services();
  load_services(*state);
  load_checks(*state);
  if (auto error = refuse_time(now)) return std::unexpected(*std::move(error));
  // Whatever is missing until now is missing because nothing was running.
  marks_ = {{Seconds(), now, Cause::not_running, {}}};

  auto adoption = decide(*config, calendar_windows, now);
  if (!adoption) return std::unexpected(adoption.error());
  std::vector<std::string> sentences;
  describe_start(*state, sentences);
  std::ranges::copy(adoption->sentences, std::back_inserter(sentences));
  if (auto adopted = adopt(std::move(config), *std::move(adoption), now); !adopted) {
    config_.reset();
    return std::unexpected(adopted.error());
  }
  history_.clear();  // from here on the accounts count for themselves
  const auto filled = step({}, now);
  if (!filled) {
    config_.reset();
    return std::unexpected(filled.error());
  }
  return sentences;
}

// Every service the ledger knows goes on where its last verdict ended.
void BookImpl::load_services(const LedgerState& state) {
  for (const auto& service : services_) {
    for (const std::string& name : service->plan->names()) {
      const auto history = state.services.find(name);
      if (history == state.services.end()) continue;
      service->unjudged = std::max(service->unjudged, history->second.next_slot);
      service->rescued += history->second.rescued;
    }
    find_due(*service);
  }
  for (const OutcomeRecord& record : state.open_outcomes) {
    const std::size_t service = index_of(record.service);
    if (service == kNone || record.extra || record.slot < services_[service]->unjudged) continue;
    services_[service]->open.push_back(record);
  }
}

void BookImpl::load_checks(const LedgerState& state) {
  const auto newest = [this](const std::string& name) {
    const std::size_t service = index_of(name);
    return service == kNone ? name : services_[service]->name;
  };
  check_totals_.clear();
  last_outcomes_.clear();
  pending_outcomes_.clear();
  for (const auto& [key, totals] : state.checks) {
    CheckTotals& sum = check_totals_[{newest(key.first), key.second}];
    for (std::size_t i = 0; i < sum.by_status.size(); ++i) sum.by_status[i] += totals.by_status[i];
    for (const auto& [reason, count] : totals.by_reason) sum.by_reason[reason] += count;
  }
  for (const auto& [key, record] : state.last_outcomes) {
    OutcomeRecord& last = last_outcomes_[{newest(key.first), key.second}];
    if (last.check.empty() || last.at < record.at) last = record;
  }
}

std::optional<LedgerError> BookImpl::refuse_time(Seconds now) const {
  for (const auto& service : services_) {
    const PlanSegment* segment = service->plan->at_or_after(service->unjudged);
    const bool judged_before = service->unjudged != Seconds();
    if (judged_before && segment && segment->from <= service->unjudged) {
      const Seconds last = service->unjudged - segment->terms.every;
      const bool accepted = std::ranges::any_of(entries_.gaps, [&](const GapAcceptance& gap) {
        return gap.from <= now && gap.to >= service->unjudged;
      });
      if (last > now && !accepted) {
        return refused(fmt::format(
            "{}: the last committed slot of service {} begins at {}, which is in the future (it is "
            "{}). Set the clock right; if it is right now and was wrong then, accept that nothing "
            "is judged until that moment: slatool ledger accept-gap",
            ledger_.file().string(), service->name, format_utc(last), format_utc(now)));
      }
    }
    if (!segment) continue;
    if (auto error = refuse_gap(service->name, std::max(service->unjudged, segment->from), now)) {
      return error;
    }
  }
  return std::nullopt;
}

std::optional<LedgerError> BookImpl::refuse_gap(const std::string& service, Seconds from,
                                                Seconds now) const {
  if (now - from <= kLongestGap) return std::nullopt;
  std::vector<Span> open = {{from, now}};
  for (const GapAcceptance& gap : entries_.gaps) {
    std::vector<Span> left;
    for (const Span& span : open) {
      if (gap.from > span.from) left.push_back({span.from, std::min(span.to, gap.from)});
      if (gap.to < span.to) left.push_back({std::max(span.from, gap.to), span.to});
    }
    std::erase_if(left, [](const Span& span) { return span.from >= span.to; });
    open = std::move(left);
  }
  std::chrono::seconds uncovered{0};
  for (const Span& span : open) uncovered += span.to - span.from;
  if (uncovered <= kLongestGap) return std::nullopt;
  return refused(fmt::format(
      "{}: service {} has no verdict from {} until now ({}), {} days. A gap of more than 31 days "
      "is not filled by itself. If the clock is wrong, set it right; if the exporter really did "
      "not run, accept the gap: slatool ledger accept-gap",
      ledger_.file().string(), service, format_utc(from), format_utc(now),
      seconds_of(uncovered) / 86'400));
}

void BookImpl::describe_start(const LedgerState& state, std::vector<std::string>& sentences) const {
  if (state.last_commit == Seconds()) {
    sentences.push_back(fmt::format("{}: nothing was ever committed", ledger_.file().string()));
    return;
  }
  std::size_t open = 0;
  std::optional<Seconds> oldest;
  for (const auto& service : services_) {
    open += service->open.size();
    const PlanSegment* segment = service->plan->at_or_after(service->unjudged);
    if (!segment) continue;
    const Seconds next = std::max(service->unjudged, segment->from);
    oldest = std::min(oldest.value_or(next), next);
  }
  sentences.push_back(fmt::format(
      "{}: {} services, last commit {}, {} outcomes of open slots, {} windows, {} corrections, {} "
      "statements",
      ledger_.file().string(), state.services.size(), format_utc(state.last_commit), open,
      state.windows.size(), state.corrections.size(), state.statements.size()));
  if (!oldest) return;
  sentences.push_back(fmt::format(
      "slots from {} on have no verdict; what was not observed becomes unknown (not_running)",
      format_utc(*oldest)));
}

void BookImpl::refresh_checks() {
  for (const auto& service : services_) service->checks.clear();
  for (const Service& configured : config_->services) {
    const std::size_t index = index_of(configured.name);
    if (index == kNone) continue;
    ServiceState& service = *services_[index];
    for (const Check& check : configured.checks) {
      service.checks.push_back(check_state(service.name, check.name));
    }
    std::ranges::sort(service.checks, {}, &CheckState::name);
  }
}

CheckState BookImpl::check_state(const std::string& service, const std::string& check) const {
  CheckState state{.name = check, .totals = {}, .last_run = {}, .outcome = {}, .view = {}};
  const auto key = std::pair(service, check);
  if (const auto totals = check_totals_.find(key); totals != check_totals_.end()) {
    state.totals = totals->second;
  }
  const auto last = last_outcomes_.find(key);
  if (last == last_outcomes_.end()) return state;
  state.last_run = std::chrono::floor<std::chrono::seconds>(last->second.at);
  const auto shown = shown_outcomes_.find(key);
  if (shown != shown_outcomes_.end()) {
    state.outcome = shown->second;
  } else if (last->second.final) {
    state.outcome = outcome_of(last->second);
  }
  return state;
}

}  // namespace exporter
