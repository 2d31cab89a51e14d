// The naive ledger: rows in maps, first record wins, everything else is a scan.
#include "tests/fakes/memory_ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/sla/digest.h"
#include "exporter/sla/zone.h"

namespace exporter::fakes {

namespace {

bool judged_in(const Batch& batch, const OutcomeRecord& record) {
  return std::ranges::any_of(batch.verdicts, [&record](const VerdictRun& run) {
    return run.start <= record.slot && record.slot < run.end() && run.service == record.service;
  });
}

}  // namespace

LedgerResult<LedgerState> MemoryLedger::load() {
  ++loads;
  LedgerState state;
  for (const auto& [service, slots] : rows) {
    if (slots.empty()) continue;
    ServiceHistory& history = state.services[service];
    history.first_slot = slots.begin()->first;
    history.every = slots.rbegin()->second.every;
    history.next_slot = slots.rbegin()->first + history.every;
    for (const auto& [slot, row] : slots) {
      ++history.verdicts[static_cast<std::size_t>(row.verdict)];
      if (row.verdict == Verdict::unknown) ++history.unknown_causes[row.cause];
      history.rescued += row.rescued;
    }
  }
  state.checks = totals;
  for (const auto& [key, record] : attempts) {
    OutcomeRecord& last = state.last_outcomes[{record.service, record.check}];
    if (last.check.empty() || last.at <= record.at) last = record;
    if (!record.extra && !judged(record.service, record.slot)) {
      state.open_outcomes.push_back(record);
    }
  }
  state.plans = plans;
  state.terms = terms;
  state.windows = windows;
  state.corrections = corrections;
  state.statements = statements;
  state.gaps = gaps;
  state.last_commit = last_commit;
  return state;
}

bool MemoryLedger::judged(const std::string& service, Seconds slot) const {
  const auto it = rows.find(service);
  return it != rows.end() && it->second.contains(slot);
}

LedgerResult<void> MemoryLedger::commit(const Batch& batch, Seconds now) {
  if (fails && fails(batch)) {
    return std::unexpected(
        LedgerError{LedgerError::Kind::disk_full, "the disk is full; free some space"});
  }
  take_outcomes(batch);
  take_verdicts(batch);
  take_entries(batch, now);
  last_commit = now;
  ++commits;
  return {};
}

void MemoryLedger::take_outcomes(const Batch& batch) {
  for (const OutcomeRecord& record : batch.outcomes) {
    const OutcomeKey key{record.service, record.check,
                         record.slot,    record.extra,
                         record.attempt, record.extra ? record.at.time_since_epoch().count() : 0};
    const bool forgotten = !keep_outcomes && judged_in(batch, record);
    if (!forgotten && !attempts.emplace(key, record).second) continue;
    CheckTotals& total = totals[{record.service, record.check}];
    ++total.by_status[static_cast<std::size_t>(record.status)];
    const bool failed =
        record.status == probes::Status::down || record.status == probes::Status::unknown;
    if (failed) ++total.by_reason[record.reason];
  }
}

void MemoryLedger::take_verdicts(const Batch& batch) {
  for (const VerdictRun& run : batch.verdicts) {
    auto& slots = rows[run.service];
    for (std::int64_t i = 0; i < run.count; ++i) {
      slots.emplace(run.start + i * run.every, Row{run.every, run.verdict, run.cause, run.rescued});
    }
    if (keep_outcomes) continue;
    std::erase_if(attempts, [&run](const auto& entry) {
      return entry.second.service == run.service && entry.second.slot < run.end();
    });
  }
}

void MemoryLedger::take_entries(const Batch& batch, Seconds now) {
  for (const PlanRecord& plan : batch.plans) {
    const auto last = std::find_if(plans.rbegin(), plans.rend(), [&plan](const PlanRecord& other) {
      return other.service == plan.service;
    });
    if (last == plans.rend() || *last != plan) plans.push_back(plan);
  }
  for (const TermsRecord& record : batch.terms) {
    if (std::ranges::find(terms, record) == terms.end()) terms.push_back(record);
  }
  for (const RecordedWindow& window : batch.windows) {
    const auto known = std::ranges::find_if(windows, [&window](const RecordedWindow& other) {
      return other.window.id == window.window.id && other.first_seen == window.first_seen;
    });
    if (known == windows.end()) {
      windows.push_back(window);
    } else if (!known->withdrawn) {
      known->withdrawn = window.withdrawn;
    }
  }
  for (Correction correction : batch.corrections) {
    correction.id = static_cast<std::int64_t>(corrections.size()) + 1;
    if (correction.committed == Seconds()) correction.committed = now;
    corrections.push_back(correction);
  }
  for (const Statement& statement : batch.statements) {
    if (std::ranges::find(statements, statement) == statements.end()) {
      statements.push_back(statement);
    }
  }
  gaps.insert(gaps.end(), batch.gaps.begin(), batch.gaps.end());
}

LedgerResult<std::vector<VerdictRun>> MemoryLedger::verdicts(const std::string& service,
                                                             Seconds from, Seconds to) {
  std::vector<VerdictRun> runs;
  const auto& slots = rows[service];
  for (auto it = slots.lower_bound(from); it != slots.end() && it->first < to; ++it) {
    const Row& row = it->second;
    const bool continues = !runs.empty() && runs.back().end() == it->first &&
                           runs.back().every == row.every && runs.back().verdict == row.verdict &&
                           runs.back().cause == row.cause && runs.back().rescued == row.rescued;
    if (continues) {
      ++runs.back().count;
    } else {
      runs.push_back({service, row.every, it->first, 1, row.verdict, row.cause, row.rescued});
    }
  }
  return runs;
}

LedgerResult<std::vector<OutcomeRecord>> MemoryLedger::outcomes(const std::string& service,
                                                                const std::string& check,
                                                                Seconds from, Seconds to) {
  std::vector<OutcomeRecord> found;
  for (const auto& [key, record] : attempts) {
    if (record.service != service || record.slot < from || record.slot >= to) continue;
    if (check.empty() || record.check == check) found.push_back(record);
  }
  std::ranges::sort(found, [](const OutcomeRecord& a, const OutcomeRecord& b) {
    return std::tie(a.at, a.slot, a.check, a.attempt) < std::tie(b.at, b.slot, b.check, b.attempt);
  });
  return found;
}

LedgerResult<std::vector<std::pair<std::string, std::string>>> MemoryLedger::day_hashes(
    const std::string& service, Seconds from, Seconds to) {
  std::vector<std::pair<std::string, std::string>> hashes;
  std::string previous;
  const Seconds first = std::chrono::floor<std::chrono::days>(from);
  for (Seconds day = first; day < to; day += std::chrono::days(1)) {
    const Seconds end = day + std::chrono::days(1);
    const auto runs = *verdicts(service, day, end);
    if (runs.empty() || last_commit < end) continue;
    std::string text = previous;
    for (const VerdictRun& run : runs) {
      text += fmt::format("{} {} {} {}\n", run.start.time_since_epoch().count(), run.count,
                          name_of(run.verdict), name_of(run.cause));
    }
    previous = sha256_hex(text);
    hashes.emplace_back(format_utc_day(day), previous);
  }
  return hashes;
}

LedgerResult<VerifyReport> MemoryLedger::verify(const std::function<void(std::string_view)>&) {
  return VerifyReport{};
}

LedgerResult<void> MemoryLedger::backup(const std::filesystem::path&) {
  return std::unexpected(LedgerError{LedgerError::Kind::refused, "a ledger in memory has no file"});
}

}  // namespace exporter::fakes
