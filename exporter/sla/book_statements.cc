// The statements of months: provisional when a month is over and judged, closed after close_after,
// and a further revision when a correction comes later. Each is chained to the one before it, and
// nothing is ever rewritten (docs/accounting.md, rule 14).
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporter/sla/book_impl.h"
#include "exporter/sla/canonical.h"
#include "exporter/sla/slot.h"
#include "exporter/sla/zone.h"

namespace exporter {
namespace {

using nlohmann::json;

std::chrono::year_month month_of(const Statement& statement) {
  return std::chrono::year_month(std::chrono::year(statement.year),
                                 std::chrono::month(statement.month));
}

json service_json(const MonthFold& fold, const MonthFigures& figures) {
  const SlotCounts& counts = figures.counts;
  const SlotCounts& committed = fold.committed_counts();
  return json{{"allowed", figures.allowed},
              {"bad", counts.bad},
              {"committed",
               {{"bad", committed.bad}, {"good", committed.good}, {"unknown", committed.unknown}}},
              {"eligible", figures.eligible},
              {"every", fold.every().count()},
              {"excluded", counts.excluded},
              {"expected", figures.expected},
              {"good", counts.good},
              {"objective_parts_per_million", fold.objective().parts_per_million},
              {"observed_from", format_utc(figures.observed_from)},
              {"partial", figures.partial},
              {"pending", figures.pending},
              {"remaining", figures.remaining},
              {"state", name_of(figures.state)},
              {"unknown", counts.unknown}};
}

// What a statement of the month counts.
std::vector<const Correction*> corrections_of(const Entries& entries, const std::string& agreement,
                                              const Period& period) {
  std::vector<const Correction*> found;
  for (const Correction& correction : entries.corrections) {
    const bool about = correction.from < period.end && correction.to > period.begin &&
                       concerns(correction.agreements, std::span(&agreement, 1));
    if (about) found.push_back(&correction);
  }
  return found;
}

}  // namespace

// At most one a step: a statement reads the hashes of a month's days, and a step should be short.
void BookImpl::add_due_statement(Seconds now, Batch& batch) {
  if (now < next_statement_) return;
  for (const auto& [agreement, terms] : entries_.terms) {
    auto statement = due_statement(agreement, now);
    // A ledger that cannot be read now is asked again with the next step.
    if (!statement || !*statement) continue;
    batch.statements.push_back(**std::move(statement));
    return;
  }
  // Nothing is due now; look again when the minute is over, for slots still to be judged.
  next_statement_ = now + std::chrono::minutes(1);
  for (const auto& [agreement, terms] : entries_.terms) {
    if (terms.empty()) continue;
    const Period period = terms.period_at(now);
    const auto next = [this](Seconds at) { next_statement_ = std::min(next_statement_, at); };
    next(period.end);
    if (const auto previous = terms.period_before(period)) {
      const Seconds closes = previous->end + terms.terms_of(*previous).terms.close_after;
      if (closes > now) next(closes);
      if (!all_judged(terms, *previous)) next_statement_ = now;
    }
  }
}

LedgerResult<std::optional<Statement>> BookImpl::due_statement(const std::string& agreement,
                                                               Seconds now) {
  const TermsTimeline& terms = entries_.terms.at(agreement);
  if (terms.empty()) return std::nullopt;
  std::map<std::chrono::year_month, const Statement*> newest;
  for (const Statement& known : entries_.statements) {
    if (known.agreement != agreement) continue;
    const Statement*& last = newest[month_of(known)];
    const auto rank = [](const Statement& each) { return std::pair(each.closed, each.revision); };
    if (!last || rank(*last) < rank(known)) last = &known;
  }
  std::optional<Period> period = terms.period_at(terms.first().from);
  for (; period && period->end <= now;
       period = terms.period_of(period->month + std::chrono::months(1))) {
    const auto known = newest.find(period->month);
    const Statement* last = known == newest.end() ? nullptr : known->second;
    const bool closed = last && last->closed;
    const bool closes = closed || now >= period->end + terms.terms_of(*period).terms.close_after;
    const bool due = closed ? lacks_correction(*last, terms, *period)
                            : (closes || !last) && all_judged(terms, *period);
    if (!due) continue;
    auto statement =
        make_statement(agreement, *period, closes, closed ? last->revision + 1 : 1, nullptr, now);
    if (!statement) return std::unexpected(statement.error());
    return *std::move(statement);
  }
  return std::nullopt;
}

// Was something corrected after a statement by somebody who could not revise it: by slatool, while
// no exporter ran?
bool BookImpl::lacks_correction(const Statement& statement, const TermsTimeline& terms,
                                const Period& period) const {
  return std::ranges::any_of(entries_.corrections, [&](const Correction& correction) {
    return correction.committed > statement.committed &&
           touches(correction, statement.agreement, terms, period);
  });
}

// Does a correction change a month of an agreement?
bool BookImpl::touches(const Correction& correction, const std::string& agreement,
                       const TermsTimeline& terms, const Period& period) const {
  if (correction.from >= period.end || correction.to <= period.begin) return false;
  if (!concerns(correction.agreements, std::span(&agreement, 1))) return false;
  const std::size_t index = index_of(correction.service);
  if (index == kNone) return false;
  const std::vector<std::string> names = services_[index]->plan->names();
  return !terms.coverage(names, period.begin, period.end).empty();
}

bool BookImpl::all_judged(const TermsTimeline& terms, const Period& period) const {
  return std::ranges::none_of(services_, [&](const auto& service) {
    const PlanSegment* next = service->plan->at_or_after(service->unjudged);
    if (!next || std::max(next->from, service->unjudged) >= period.end) return false;
    // Only services of this agreement hold its statement back.
    return !terms.coverage(service->plan->names(), period.begin, period.end).empty() &&
           service->plan->slots_in(service->unjudged, period.end) > 0;
  });
}

// The fold the accounts keep anyway, when it is of that month and up to date.
const MonthFold* BookImpl::known_fold(const std::string& agreement, const ServiceState& service,
                                      const Period& period) const {
  for (const Account* account : service.accounts) {
    if (account->agreement_name != agreement || account->stale) continue;
    for (const auto* fold : {&account->current, &account->previous}) {
      if (*fold && (*fold)->period() == period) return &**fold;
    }
  }
  return nullptr;
}

// `corrected` names a service whose counts in memory do not know of a correction yet.
LedgerResult<Statement> BookImpl::make_statement(const std::string& agreement, const Period& period,
                                                 bool closed, int revision,
                                                 const ServiceState* corrected, Seconds now) {
  const TermsTimeline& terms = entries_.terms.at(agreement);
  const TermsRecord& record = terms.terms_of(period);
  json services = json::object();
  for (const auto& service : services_) {
    const PlanTimeline& plan = *service->plan;
    std::optional<MonthFold> folded;
    const MonthFold* fold = known_fold(agreement, *service, period);
    if (!fold || service.get() == corrected) {
      auto month = fold_month(ledger_, entries_, plan, terms, period);
      if (!month) return std::unexpected(month.error());
      folded = *std::move(month);
      fold = folded ? &*folded : nullptr;
    }
    if (!fold) continue;
    json entry = service_json(*fold, fold->figures(now));
    json days = json::object();
    for (const std::string& name : plan.names()) {
      const auto hashes = ledger_.day_hashes(name, period.begin, period.end);
      if (!hashes) return std::unexpected(hashes.error());
      for (const auto& [day, hash] : *hashes) days[name][day] = hash;
    }
    entry["days"] = std::move(days);
    services[service->name] = std::move(entry);
  }
  Statement statement;
  statement.agreement = agreement;
  statement.year = static_cast<int>(period.month.year());
  statement.month = static_cast<unsigned>(period.month.month());
  statement.revision = revision;
  statement.closed = closed;
  json numbers = json::array();
  statement.committed = now;
  for (const Correction* correction : corrections_of(entries_, agreement, period)) {
    numbers.push_back(correction->id);
    // A clock that was set back must not let a correction look later than the statement with it.
    statement.committed = std::max(statement.committed, correction->committed);
  }
  for (const Statement& known : entries_.statements) {
    if (known.agreement == agreement) statement.previous_hash = known.hash;
  }
  statement.json = json{{"agreement", agreement},
                        {"closed", closed},
                        {"corrections", numbers},
                        {"from", format_utc(period.begin)},
                        {"month", format_month(period.month)},
                        {"place", config_->place.name},
                        {"previous_hash", statement.previous_hash},
                        {"revision", revision},
                        {"services", services},
                        {"terms", json::parse(canonical_json(record))},
                        {"terms_hash", record.hash},
                        {"to", format_utc(period.end)}}
                       .dump();
  statement.hash = statement_hash(statement);
  return statement;
}

// A correction of a month that is closed gives it another revision, in the same commit.
LedgerResult<void> BookImpl::revise_statements(const Correction& correction, Seconds now,
                                               Batch& batch) {
  const std::size_t index = index_of(correction.service);
  const ServiceState* corrected = index == kNone ? nullptr : services_[index].get();
  for (const auto& [agreement, terms] : entries_.terms) {
    if (terms.empty()) continue;
    std::map<std::chrono::year_month, int> revisions;
    for (const Statement& known : entries_.statements) {
      if (known.agreement != agreement || !known.closed) continue;
      int& last = revisions[month_of(known)];
      last = std::max(last, known.revision);
    }
    std::string previous_hash;
    for (const auto& [month, revision] : revisions) {
      const auto period = terms.period_of(month);
      if (!period || !touches(correction, agreement, terms, *period)) continue;
      auto statement = make_statement(agreement, *period, true, revision + 1, corrected, now);
      if (!statement) return std::unexpected(statement.error());
      // Several months at once chain one after the other.
      if (!previous_hash.empty()) {
        json content = json::parse(statement->json);
        content["previous_hash"] = previous_hash;
        statement->json = content.dump();
        statement->previous_hash = previous_hash;
        statement->hash = statement_hash(*statement);
      }
      previous_hash = statement->hash;
      batch.statements.push_back(*std::move(statement));
    }
  }
  return {};
}

}  // namespace exporter
