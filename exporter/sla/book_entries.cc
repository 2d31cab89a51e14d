// What people sign: corrections, maintenance windows by hand, and terms that come into force before
// their month. Each is one commit; the figures follow it at once.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/sla/book_impl.h"
#include "exporter/sla/canonical.h"
#include "exporter/sla/zone.h"

namespace exporter {
namespace {

LedgerError refused(std::string message) {
  return {LedgerError::Kind::refused, std::move(message)};
}

}  // namespace

std::optional<LedgerError> BookImpl::refuse_correction(const Correction& correction,
                                                       Seconds now) const {
  if (!config_) return refused("the book was not started");
  if (correction.by.empty() || correction.why.empty()) {
    return refused("a correction must say who signs it and why (--by, --why)");
  }
  if (index_of(correction.service) == kNone) {
    return refused(fmt::format("the ledger knows no service \"{}\"", correction.service));
  }
  for (const std::string& agreement : correction.agreements) {
    if (entries_.terms.contains(agreement)) continue;
    return refused(fmt::format("the ledger knows no agreement \"{}\"", agreement));
  }
  if (correction.from >= correction.to) {
    return refused(fmt::format("a correction must end after it begins: {} to {}",
                               format_utc(correction.from), format_utc(correction.to)));
  }
  if (correction.to > now) {
    return refused(
        fmt::format("a correction is about slots that have ended; {} lies ahead. What is planned "
                    "is a maintenance window: slatool maintenance add",
                    format_utc(correction.to)));
  }
  return std::nullopt;
}

LedgerResult<Correction> BookImpl::correct(Correction correction, Seconds now) {
  if (auto error = refuse_correction(correction, now)) return std::unexpected(*std::move(error));
  correction.committed = now;
  correction.id = 1;
  for (const Correction& known : entries_.corrections) {
    correction.id = std::max(correction.id, known.id + 1);
  }
  Batch batch;
  batch.corrections.push_back(correction);
  // The revised statements must already count it, and must be in the same commit.
  entries_.corrections.push_back(correction);
  auto revised = revise_statements(correction, now, batch);
  entries_.corrections.pop_back();
  if (!revised) return std::unexpected(revised.error());
  if (auto committed = commit_entries(std::move(batch), now); !committed) {
    return std::unexpected(committed.error());
  }
  for (Account* account : services_[index_of(correction.service)]->accounts) account->stale = true;
  changed_ = true;
  if (auto published = publish(now); !published) return std::unexpected(published.error());
  return correction;
}

LedgerResult<void> BookImpl::record_windows(std::vector<MaintenanceWindow> windows, Seconds now) {
  if (!config_) return std::unexpected(refused("the book was not started"));
  auto batch = entries_.recording(std::move(windows), now);
  if (!batch) return std::unexpected(batch.error());
  return take_windows(*std::move(batch), now);
}

LedgerResult<void> BookImpl::withdraw_windows(std::vector<std::string> ids, Seconds now) {
  if (!config_) return std::unexpected(refused("the book was not started"));
  auto batch = entries_.withdrawing(ids, now);
  if (!batch) return std::unexpected(batch.error());
  return take_windows(*std::move(batch), now);
}

LedgerResult<void> BookImpl::take_windows(Batch batch, Seconds now) {
  if (auto committed = commit_entries(std::move(batch), now); !committed) return committed;
  for (const auto& account : accounts_) {
    const FoldRules rules =
        entries_.rules(*account->service->plan, *agreements_[account->agreement].terms);
    if (account->current) account->current->take_windows(rules);
    if (account->previous) account->previous->take_windows(rules);
  }
  changed_ = true;
  return publish(now);
}

LedgerResult<void> BookImpl::take_terms_now(const std::string& agreement, const std::string& by,
                                            const std::string& why, Seconds now) {
  if (!config_) return std::unexpected(refused("the book was not started"));
  if (by.empty() || why.empty()) {
    return std::unexpected(refused("bringing terms in force must be signed (--by, --why)"));
  }
  const auto known = entries_.terms.find(agreement);
  const TermsRecord* waiting = known == entries_.terms.end() ? nullptr : known->second.waiting(now);
  if (!waiting) {
    return std::unexpected(
        refused(fmt::format("no terms of agreement \"{}\" wait for the next month", agreement)));
  }
  Adoption adoption;
  adoption.plans =
      decide_plans(entries_.plans, config_->services, plan_facts(*config_, &agreement, now), now);
  adoption.batch.plans = adoption.plans.records;
  TermsRecord record = *waiting;
  const TermsRecord& current = known->second.at(now);
  bool keeps = false;  // what leaves the agreement stays in its books to the end of the month
  for (const auto& [service, objective] : current.terms.objectives) {
    keeps |= record.terms.objectives.try_emplace(service, objective).second;
    const auto terms = current.services.find(service);
    if (terms != current.services.end()) record.services.try_emplace(service, terms->second);
  }
  record.from = now;
  record.committed = now;
  record.signed_by = fmt::format("{}: {}", by, why);
  record.hash = terms_hash(record);
  adoption.batch.terms.push_back(record);
  if (keeps) {
    TermsRecord again = *waiting;
    again.committed = now;
    adoption.batch.terms.push_back(std::move(again));
  }
  return adopt(config_, std::move(adoption), now);
}

}  // namespace exporter
