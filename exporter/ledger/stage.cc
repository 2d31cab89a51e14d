// The rules of what may enter the ledger. The first verdict of a slot and the first record of an
// attempt win; a service's verdicts follow one another without a hole unless a plan or an accepted
// gap explains it.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "exporter/ledger/commit.h"
#include "exporter/sla/canonical.h"

namespace exporter::ledger {
namespace {

constexpr std::size_t kMaxAddressBytes = 255;

std::int64_t number(Seconds at) { return at.time_since_epoch().count(); }
std::string text(std::int64_t second) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", Seconds(std::chrono::seconds(second)));
}

LedgerError refused(std::string message) {
  return {LedgerError::Kind::refused, "The ledger refuses " + std::move(message)};
}

// --- verdicts ----------------------------------------------------------------------------------

LedgerResult<Run> to_run(const VerdictRun& verdict) {
  Run run{number(verdict.start), verdict.count, 0, verdict.verdict, verdict.cause, verdict.rescued};
  const std::int64_t every = verdict.every.count();
  if (every > 0 && every <= kMaxEvery) run.every = static_cast<std::int32_t>(every);
  const bool sound = is_sound(run) && run.start % run.every == 0 &&
                     run.verdict != Verdict::excluded &&
                     (run.verdict == Verdict::unknown || run.cause == Cause::none) &&
                     (run.verdict == Verdict::good || !run.rescued);
  if (sound) return run;
  return std::unexpected(refused(fmt::format(
      "a run of {} {} slots of {} at {} (every {} s, cause {}): it cannot be true", verdict.count,
      name_of(verdict.verdict), verdict.service, text(run.start), every, name_of(verdict.cause))));
}

bool plan_explains(const std::vector<PlanRecord>& plans, const ServiceState& service,
                   std::int64_t from, std::int64_t to) {
  return std::ranges::any_of(plans, [&](const PlanRecord& plan) {
    const std::int64_t at = number(plan.from);
    return plan.service == service.name && at > from - service.every && at <= to;
  });
}

bool gap_explains(const std::vector<GapAcceptance>& gaps, std::int64_t from, std::int64_t to) {
  return std::ranges::any_of(gaps, [&](const GapAcceptance& gap) {
    return number(gap.from) < to && number(gap.to) > from;
  });
}

bool hole_is_explained(const Contents& contents, const Batch& batch, const ServiceState& service,
                       std::int64_t from, const Run& next) {
  if (next.every != service.every) return true;
  return plan_explains(contents.registry.plans, service, from, next.start) ||
         plan_explains(batch.plans, service, from, next.start) ||
         gap_explains(contents.registry.gaps, from, next.start) ||
         gap_explains(batch.gaps, from, next.start);
}

LedgerResult<void> stage_verdicts(Contents& contents, const Batch& batch, Staged& staged) {
  std::vector<const VerdictRun*> runs;
  for (const VerdictRun& run : batch.verdicts) runs.push_back(&run);
  std::ranges::sort(runs, {}, [](const VerdictRun* run) { return std::pair(run->start, run); });
  std::unordered_map<std::uint32_t, std::int64_t> frontiers;
  for (const VerdictRun* verdict : runs) {
    const LedgerResult<Run> run = to_run(*verdict);
    if (!run) return std::unexpected(run.error());
    const ServiceState& service = contents.holdings.service(verdict->service);
    auto [frontier, first] = frontiers.try_emplace(service.id, service.next_slot);
    const bool begins = first && !service.started;
    const auto fresh = begins ? *run : clip_front(*run, frontier->second);
    if (!fresh) continue;
    const bool hole = !begins && fresh->start > frontier->second;
    if (hole && !hole_is_explained(contents, batch, service, frontier->second, *fresh)) {
      return std::unexpected(
          refused(fmt::format("verdicts of {} from {} on: the slots since {} have none",
                              service.name, text(fresh->start), text(frontier->second))));
    }
    staged.row.runs.push_back({service.id, *fresh});
    frontier->second = fresh->end();
  }
  return {};
}

// --- outcomes ----------------------------------------------------------------------------------

std::uint32_t address_index(JournalRow& row, std::unordered_map<std::string, std::uint32_t>& known,
                            std::string address) {
  if (address.size() > kMaxAddressBytes) address.resize(kMaxAddressBytes);
  const auto [found, added] =
      known.try_emplace(address, static_cast<std::uint32_t>(row.addresses.size()));
  if (added) row.addresses.push_back(std::move(address));
  return found->second;
}

bool is_sound(const OutcomeRecord& record, const Attempt& attempt) {
  return is_sound_time(number(record.slot)) && is_sound_offset(attempt.offset) &&
         static_cast<std::size_t>(record.reason) < kReasons;
}

LedgerResult<void> stage_outcomes(Contents& contents, const Batch& batch, Staged& staged) {
  Holdings& holdings = contents.holdings;
  std::unordered_map<std::uint32_t, std::vector<Attempt>> in_batch;
  std::unordered_map<std::string, std::uint32_t> addresses;
  for (const OutcomeRecord& record : batch.outcomes) {
    Attempt attempt = to_attempt(record);
    if (!is_sound(record, attempt)) {
      return std::unexpected(refused(fmt::format("an outcome of {}/{}: its time cannot be true",
                                                 record.service, record.check)));
    }
    const CheckState& check = holdings.check(record.service, record.check);
    // Late for a day that is sealed: its slot was judged long ago.
    if (day_of(attempt.slot) <= holdings.service(check.service)->packed_day) continue;
    std::vector<Attempt>& siblings = in_batch[check.id];
    const auto same = [&attempt](const Attempt& other) { return same_attempt(attempt, other); };
    if (holdings.knows(check, attempt) || std::ranges::any_of(siblings, same)) continue;
    siblings.push_back(attempt);
    attempt.address = address_index(staged.row, addresses, record.address);
    staged.row.attempts.push_back({check.id, attempt});
    if (record.message.empty()) continue;
    staged.evidence.push_back({{check.id, attempt.slot, attempt.at(), attempt.attempt},
                               record.message.substr(0, probes::Outcome::kMaxMessageBytes)});
  }
  return {};
}

// --- entries -----------------------------------------------------------------------------------

template <class Record>
Record stamped(Record record, Seconds now) {
  if (record.committed == Seconds{}) record.committed = now;
  return record;
}

// How many records at the front of `batch` repeat those at the end of `known`: a batch that is
// tried again, alone or with more behind it.
std::size_t repeated(const std::vector<std::string>& known, const std::vector<std::string>& batch) {
  for (std::size_t count = std::min(known.size(), batch.size()); count > 0; --count) {
    if (std::equal(known.end() - static_cast<std::ptrdiff_t>(count), known.end(), batch.begin())) {
      return count;
    }
  }
  return 0;
}

// Keeps the order of the batch; `owner` names whose history a record belongs to, `key` what makes
// it the same.
template <class Record>
void stage_history(const std::vector<Record>& known, const std::vector<Record>& batch,
                   std::string (*owner)(const Record&), std::string (*key)(const Record&),
                   std::vector<Record>& fresh) {
  std::map<std::string, std::vector<std::string>> before, now;
  for (const Record& record : batch) now[owner(record)].push_back(key(record));
  for (const Record& record : known) {
    if (now.contains(owner(record))) before[owner(record)].push_back(key(record));
  }
  std::map<std::string, std::size_t> to_skip;
  for (const auto& [name, keys] : now) to_skip[name] = repeated(before[name], keys);
  for (const Record& record : batch) {
    std::size_t& skip = to_skip[owner(record)];
    if (skip > 0) {
      --skip;
    } else {
      fresh.push_back(record);
    }
  }
}

void stage_plans_and_terms(const Contents& contents, const Batch& batch, Seconds now,
                           Staged& staged) {
  std::vector<PlanRecord> plans;
  stage_history<PlanRecord>(
      contents.registry.plans, batch.plans, [](const PlanRecord& plan) { return plan.service; },
      [](const PlanRecord& plan) { return to_entry(plan).body; }, plans);
  for (const PlanRecord& plan : plans) staged.entries.push_back(to_entry(plan));
  std::vector<TermsRecord> terms;
  stage_history<TermsRecord>(
      contents.registry.terms, batch.terms,
      [](const TermsRecord& record) { return record.terms.name; },
      [](const TermsRecord& record) {
        return fmt::format("{}\n{}\n{}", number(record.from), record.hash, record.signed_by);
      },
      terms);
  for (const TermsRecord& record : terms) staged.entries.push_back(to_entry(stamped(record, now)));
}

void stage_windows(const Contents& contents, const Batch& batch, Staged& staged) {
  for (const RecordedWindow& window : batch.windows) {
    const bool known = std::ranges::any_of(contents.registry.windows, [&](const auto& other) {
      return other.window == window.window && other.first_seen == window.first_seen &&
             (other.withdrawn || other.withdrawn == window.withdrawn);
    });
    if (!known) staged.entries.push_back(to_entry(window));
  }
}

LedgerResult<void> stage_corrections(const Contents& contents, const Batch& batch, Seconds now,
                                     Staged& staged) {
  const auto& known = contents.registry.corrections;
  std::int64_t last = known.empty() ? 0 : known.back().id;
  for (const Correction& wanted : batch.corrections) {
    Correction correction = stamped(wanted, now);
    const bool repeats = std::ranges::any_of(known, [&correction](Correction other) {
      if (correction.id == 0) other.id = 0;
      return other == correction;
    });
    if (repeats) continue;
    const bool sound = correction.from < correction.to && !correction.by.empty() &&
                       !correction.why.empty() && !correction.service.empty();
    if (!sound || (correction.id != 0 && correction.id <= last)) {
      return std::unexpected(refused(fmt::format(
          "a correction of {} from {} to {}: it needs a service, a range, who and why",
          correction.service, text(number(correction.from)), text(number(correction.to)))));
    }
    last = correction.id = correction.id == 0 ? last + 1 : correction.id;
    staged.entries.push_back(to_entry(correction));
  }
  return {};
}

LedgerResult<void> stage_statements(const Contents& contents, const Batch& batch, Seconds now,
                                    Staged& staged) {
  const auto& known = contents.registry.statements;
  std::map<std::string, std::string> last;
  for (const Statement& statement : known) last[statement.agreement] = statement.hash;
  for (const Statement& wanted : batch.statements) {
    if (std::ranges::find(known, wanted) != known.end()) continue;
    Statement statement = stamped(wanted, now);
    std::string& previous = last[statement.agreement];
    if (statement.hash.empty()) {
      statement.previous_hash = previous;
      statement.hash = statement_hash(statement);
    }
    if (statement.previous_hash != previous || statement.hash != statement_hash(statement)) {
      return std::unexpected(refused(
          fmt::format("a statement of {} for {:04}-{:02}: it does not follow the one before",
                      statement.agreement, statement.year, statement.month)));
    }
    previous = statement.hash;
    staged.entries.push_back(to_entry(statement));
  }
  return {};
}

void stage_gaps(const Contents& contents, const Batch& batch, Seconds now, Staged& staged) {
  for (const GapAcceptance& wanted : batch.gaps) {
    const GapAcceptance gap = stamped(wanted, now);
    const bool known = std::ranges::any_of(
        contents.registry.gaps, [&gap](const auto& other) { return same_gap(gap, other); });
    if (!known) staged.entries.push_back(to_entry(gap));
  }
}

}  // namespace

LedgerResult<Staged> stage(Contents& contents, const Batch& batch, Seconds now) {
  Staged staged;
  if (auto done = stage_outcomes(contents, batch, staged); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = stage_verdicts(contents, batch, staged); !done) {
    return std::unexpected(done.error());
  }
  stage_plans_and_terms(contents, batch, now, staged);
  stage_windows(contents, batch, staged);
  if (auto done = stage_corrections(contents, batch, now, staged); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = stage_statements(contents, batch, now, staged); !done) {
    return std::unexpected(done.error());
  }
  stage_gaps(contents, batch, now, staged);
  return staged;
}

}  // namespace exporter::ledger
