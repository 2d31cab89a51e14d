// Everything the ledger says besides verdicts and outcomes, folded: plans, terms, windows,
// corrections, statements, accepted gaps. The book keeps one and adds to it after each commit;
// reports and explanations fold their own from a ledger opened for reading.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exporter/ledger/ledger.h"
#include "exporter/sla/month_fold.h"

namespace exporter {

struct Entries {
  PlanBook plans;
  std::map<std::string, TermsTimeline> terms;  // by agreement
  std::vector<RecordedWindow> windows;
  std::vector<Correction> corrections;
  std::vector<Statement> statements;  // without their JSON when folded for the book
  std::vector<GapAcceptance> gaps;

  // Takes what a batch added.
  LedgerResult<void> add(const Batch& batch);
  // What records windows given by hand, under "tool:" and their id. A window of the same id that
  // is in force is replaced. Refused: an empty span, and names the ledger does not know.
  LedgerResult<Batch> recording(std::vector<MaintenanceWindow> windows, Seconds now) const;
  // What withdraws windows that are not over, by id, with "tool:" or without.
  LedgerResult<Batch> withdrawing(const std::vector<std::string>& ids, Seconds now) const;
  FoldRules rules(const PlanTimeline& plan, const TermsTimeline& agreement) const {
    return {plan, agreement, windows, corrections};
  }
};

// Fails when terms name a zone this machine does not know.
LedgerResult<Entries> fold_entries(const LedgerState& state, bool with_statements);

// Runs of a service's verdicts in [from, to) over all the names it had.
LedgerResult<std::vector<VerdictRun>> runs_of(Ledger& ledger, const PlanTimeline& plan,
                                              Seconds from, Seconds to);

// The month of a service under an agreement from the ledger; nullopt when it was not accounted.
LedgerResult<std::optional<MonthFold>> fold_month(Ledger& ledger, const Entries& entries,
                                                  const PlanTimeline& plan,
                                                  const TermsTimeline& terms, const Period& period);

}  // namespace exporter
