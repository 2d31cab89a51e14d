// Folds the ledger's entries in their order of commit.
#include "exporter/sla/entries.h"

#include <algorithm>

namespace exporter {
namespace {

void take_window(std::vector<RecordedWindow>& windows, const RecordedWindow& window) {
  const auto known = std::ranges::find_if(windows, [&window](const RecordedWindow& other) {
    return other.window.id == window.window.id && other.first_seen == window.first_seen;
  });
  if (known == windows.end()) {
    windows.push_back(window);
  } else if (!known->withdrawn) {
    known->withdrawn = window.withdrawn;
  }
}

}  // namespace

LedgerResult<void> Entries::add(const Batch& batch) {
  for (const PlanRecord& plan : batch.plans) plans.add(plan);
  for (const TermsRecord& record : batch.terms) {
    if (const auto added = terms[record.terms.name].add(record); !added) {
      return std::unexpected(LedgerError{LedgerError::Kind::refused, added.error()});
    }
  }
  for (const RecordedWindow& window : batch.windows) take_window(windows, window);
  corrections.insert(corrections.end(), batch.corrections.begin(), batch.corrections.end());
  statements.insert(statements.end(), batch.statements.begin(), batch.statements.end());
  gaps.insert(gaps.end(), batch.gaps.begin(), batch.gaps.end());
  return {};
}

LedgerResult<Entries> fold_entries(const LedgerState& state, bool with_statements) {
  Batch all;
  all.plans = state.plans;
  all.terms = state.terms;
  all.windows = state.windows;
  all.corrections = state.corrections;
  all.statements = state.statements;
  all.gaps = state.gaps;
  if (!with_statements) {
    for (Statement& statement : all.statements) statement.json.clear();
  }
  Entries entries;
  if (auto added = entries.add(all); !added) return std::unexpected(added.error());
  return entries;
}

LedgerResult<std::vector<VerdictRun>> runs_of(Ledger& ledger, const PlanTimeline& plan,
                                              Seconds from, Seconds to) {
  std::vector<VerdictRun> all;
  for (const PlanSegment& segment : plan.segments()) {
    const Seconds begin = std::max(from, segment.from), end = std::min(to, segment.to);
    if (begin >= end) continue;
    auto runs = ledger.verdicts(segment.service, begin, end);
    if (!runs) return std::unexpected(runs.error());
    std::ranges::move(*runs, std::back_inserter(all));
  }
  return all;
}

LedgerResult<std::optional<MonthFold>> fold_month(Ledger& ledger, const Entries& entries,
                                                  const PlanTimeline& plan,
                                                  const TermsTimeline& terms,
                                                  const Period& period) {
  std::optional<MonthFold> fold = MonthFold::begin(entries.rules(plan, terms), period);
  if (!fold) return fold;
  const auto runs = runs_of(ledger, plan, fold->period().begin, fold->period().end);
  if (!runs) return std::unexpected(runs.error());
  for (const VerdictRun& run : *runs) fold->add(run);
  return fold;
}

}  // namespace exporter
