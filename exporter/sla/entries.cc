// Folds the ledger's entries in their order of commit.
#include "exporter/sla/entries.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/sla/zone.h"

namespace exporter {
namespace {

constexpr std::string_view kToolPrefix = "tool:";

std::unexpected<LedgerError> refused(std::string message) {
  return std::unexpected(LedgerError{LedgerError::Kind::refused, std::move(message)});
}

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

namespace {

LedgerResult<void> check_window(const Entries& entries, const MaintenanceWindow& window) {
  if (window.from >= window.to) {
    return refused(fmt::format("a maintenance window must end after it begins: {} to {}",
                               format_utc(window.from), format_utc(window.to)));
  }
  for (const std::string& service : window.services) {
    if (!entries.plans.find(service))
      return refused(fmt::format("the ledger knows no service \"{}\"", service));
  }
  for (const std::string& agreement : window.agreements) {
    if (!entries.terms.contains(agreement))
      return refused(fmt::format("the ledger knows no agreement \"{}\"", agreement));
  }
  return {};
}

}  // namespace

LedgerResult<Batch> Entries::recording(std::vector<MaintenanceWindow> added, Seconds now) const {
  Batch batch;
  for (MaintenanceWindow& window : added) {
    if (auto checked = check_window(*this, window); !checked)
      return std::unexpected(checked.error());
    if (!window.id.starts_with(kToolPrefix)) window.id = std::string(kToolPrefix) + window.id;
    for (const RecordedWindow& known : windows) {
      if (known.window.id != window.id || known.withdrawn) continue;
      // The same window said again with other content, such as its announcement.
      batch.windows.push_back(known);
      batch.windows.back().withdrawn = now;
    }
    RecordedWindow recorded{.window = std::move(window), .first_seen = now, .withdrawn = {}};
    while (std::ranges::any_of(windows, [&recorded](const RecordedWindow& known) {
      return known.window.id == recorded.window.id && known.first_seen == recorded.first_seen;
    })) {
      recorded.first_seen += std::chrono::seconds(1);
    }
    batch.windows.push_back(std::move(recorded));
  }
  return batch;
}

LedgerResult<Batch> Entries::withdrawing(const std::vector<std::string>& ids, Seconds now) const {
  Batch batch;
  for (const std::string& id : ids) {
    const std::string with_prefix = std::string(kToolPrefix) + id;
    const std::size_t before = batch.windows.size();
    for (const RecordedWindow& known : windows) {
      const bool named = known.window.id == id || known.window.id == with_prefix;
      if (!named || known.withdrawn || known.window.to <= now) continue;
      batch.windows.push_back(known);
      batch.windows.back().withdrawn = now;
    }
    if (batch.windows.size() == before) {
      return refused(
          fmt::format("no maintenance window \"{}\" is in force (slatool maintenance list)", id));
    }
  }
  return batch;
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
