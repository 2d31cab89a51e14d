// Walks the file table by table. A failure of SQLite itself (a page that cannot be read) is one
// more problem, not the end of the walk.
#include "exporter/ledger/verifying.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "exporter/ledger/reading.h"
#include "exporter/sla/canonical.h"

namespace exporter::ledger {
namespace {

std::string text(std::int64_t second) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", Seconds(std::chrono::seconds(second)));
}

class Verifier {
 public:
  Verifier(Database& database, Contents& contents,
           const std::function<void(std::string_view)>& progress)
      : database_(database), contents_(contents), progress_(progress) {}

  VerifyReport run() {
    verify_structure();
    verify_entries();
    verify_statements();
    verify_journal();
    verify_evidence();
    for (const ServiceState& service : contents_.holdings.services()) verify_service(service);
    verify_owners();
    return std::move(report_);
  }

 private:
  void problem(std::string sentence) { report_.problems.push_back(std::move(sentence)); }
  void tell(const std::string& sentence) {
    if (progress_) progress_(sentence);
  }
  // Ends a part: what SQLite could not read is a problem, too.
  void settle(std::string_view part) {
    if (auto error = database_.take_error()) problem(fmt::format("{}: {}", part, error->message));
  }

  void verify_structure();
  void verify_entries();
  void verify_statements();
  void verify_journal();
  void verify_evidence();
  void verify_service(const ServiceState& service);
  std::vector<Run> verify_verdict_chain(const ServiceState& service);
  void verify_runs(const ServiceState& service, const std::vector<Run>& runs);
  std::int64_t verify_attempt_chain(const CheckState& check);
  void verify_owners();
  bool hole_is_explained(const ServiceState& service, const Run& before, const Run& after) const;

  Database& database_;
  Contents& contents_;
  const std::function<void(std::string_view)>& progress_;
  VerifyReport report_;
};

void Verifier::verify_structure() {
  tell("checking the structure of the file");
  Query rows = database_.query("PRAGMA integrity_check(20)");
  while (rows.next()) {
    if (rows.bytes(0) != "ok") problem(fmt::format("structure: {}", rows.bytes(0)));
  }
  settle("structure");
}

void Verifier::verify_entries() {
  tell("checking entries");
  ChainEnd end;
  Register registry;
  Query rows = database_.query("SELECT id, kind, committed, body, hash FROM entries ORDER BY id");
  while (rows.next()) {
    const std::string_view kind = rows.bytes(1), body = rows.bytes(3);
    const bool sound = rows.integer(0) == end.number + 1 &&
                       rows.bytes(4) == entry_hash(end, kind, rows.integer(2), body);
    if (!sound)
      problem(fmt::format("entry {} does not follow from the one before", end.number + 1));
    if (auto added = add_entry(registry, kind, body); !added) problem(added.error());
    end = {rows.integer(0), std::string(rows.bytes(4))};
  }
  if (end.number != contents_.entries.number || end.hash != contents_.entries.hash) {
    problem(fmt::format("entries end at {} and should end at {}", end.number,
                        contents_.entries.number));
  }
  for (const TermsRecord& terms : registry.terms) {
    if (terms.hash.empty() || terms.hash == terms_hash(terms)) continue;
    problem(fmt::format("the terms of {} from {} do not have the hash they claim", terms.terms.name,
                        text(terms.from.time_since_epoch().count())));
  }
  settle("entries");
}

void Verifier::verify_statements() {
  std::map<std::string, std::string> previous;
  for (const Statement& statement : contents_.registry.statements) {
    ++report_.statements;
    const bool sound = statement.previous_hash == previous[statement.agreement] &&
                       statement.hash == statement_hash(statement);
    previous[statement.agreement] = statement.hash;
    if (sound) continue;
    problem(
        fmt::format("the statement of {} for {:04}-{:02}, revision {}, does not follow from the "
                    "one before",
                    statement.agreement, statement.year, statement.month, statement.revision));
  }
}

void Verifier::verify_journal() {
  tell("checking the journal");
  ChainEnd end = read_journal_anchor(database_);
  Query rows = database_.query("SELECT seq, committed, payload, hash FROM journal ORDER BY seq");
  while (rows.next()) {
    const std::int64_t sequence = rows.integer(0);
    const bool sound = sequence == end.number + 1 &&
                       rows.bytes(3) == journal_hash(end, rows.integer(1), rows.bytes(2)) &&
                       decode_journal_row(rows.bytes(2)).has_value();
    if (!sound) problem(fmt::format("journal row {} fails its checksum", sequence));
    end = {sequence, std::string(rows.bytes(3))};
  }
  if (end.number != contents_.journal.number || end.hash != contents_.journal.hash) {
    problem(fmt::format("the journal ends at {} and should end at {}", end.number,
                        contents_.journal.number));
  }
  settle("journal");
}

void Verifier::verify_evidence() {
  tell("checking evidence");
  Query rows = database_.query(
      "SELECT check_id, slot, at, attempt, message, total, checksum, id FROM evidence ORDER BY id");
  std::int64_t total = contents_.evidence_dropped;
  while (rows.next()) {
    const EvidenceKey key{static_cast<std::uint32_t>(rows.integer(0)), rows.integer(1),
                          rows.integer(2), rows.integer(3)};
    const std::string_view message = rows.bytes(4);
    total += static_cast<std::int64_t>(message.size());
    const bool sound =
        rows.integer(5) == total && rows.bytes(6) == evidence_checksum(key, message, total);
    if (!sound) problem(fmt::format("evidence {} fails its checksum", rows.integer(7)));
    total = rows.integer(5);
  }
  if (total != contents_.evidence_written) problem("the last evidence is missing");
  settle("evidence");
}

// --- one service -------------------------------------------------------------------------------

std::vector<Run> Verifier::verify_verdict_chain(const ServiceState& service) {
  std::vector<Run> runs;
  std::string previous = no_digest();
  VerdictTotals totals;
  Query rows = database_.query(
      "SELECT header, payload, hash, day, part FROM verdict_blocks WHERE service = ? ORDER BY id",
      {service.id});
  while (rows.next()) {
    const std::int64_t day = rows.integer(3);
    const auto block = read_verdict_block(database_, rows, 0, service.name);
    if (!block) {
      settle(fmt::format("{} on {}", service.name, text(day * kDaySeconds)));
      previous.clear();
      continue;
    }
    const VerdictHeader& header = block->header;
    for (const Run& run : block->runs) totals.add(run);
    const bool sound = (previous.empty() || header.previous == previous) &&
                       header.owner == service.id && header.day == day &&
                       header.part == rows.integer(4);
    if (!sound) {
      problem(fmt::format("the verdicts of {} on {} do not follow from the block before",
                          service.name, text(day * kDaySeconds)));
    }
    if (!previous.empty() && header.totals != totals) {
      problem(fmt::format("the totals of {} up to {} are not the sum of its verdicts", service.name,
                          text(day * kDaySeconds)));
    }
    totals = header.totals;
    previous = block->hash;
    runs.insert(runs.end(), block->runs.begin(), block->runs.end());
    ++report_.days;
  }
  settle(service.name);
  if (previous != service.head)
    problem(fmt::format("the last block of {} is missing", service.name));
  runs.insert(runs.end(), service.runs.begin(), service.runs.end());
  return runs;
}

bool Verifier::hole_is_explained(const ServiceState& service, const Run& before,
                                 const Run& after) const {
  if (before.every != after.every) return true;
  const auto inside = [&](Seconds at) {
    const std::int64_t second = at.time_since_epoch().count();
    return second > before.end() - before.every && second <= after.start;
  };
  const Register& registry = contents_.registry;
  const bool planned = std::ranges::any_of(registry.plans, [&](const PlanRecord& plan) {
    return plan.service == service.name && inside(plan.from);
  });
  return planned || std::ranges::any_of(registry.gaps, [&](const GapAcceptance& gap) {
           return gap.from.time_since_epoch().count() < after.start &&
                  gap.to.time_since_epoch().count() > before.end();
         });
}

void Verifier::verify_runs(const ServiceState& service, const std::vector<Run>& runs) {
  VerdictTotals totals;
  const Run* before = nullptr;
  for (const Run& run : runs) {
    report_.verdicts += static_cast<std::uint64_t>(run.count);
    totals.add(run);
    if (before && run.start < before->end()) {
      problem(fmt::format("slots of {} at {} have two verdicts", service.name, text(run.start)));
    } else if (before && run.start > before->end() && !hole_is_explained(service, *before, run)) {
      problem(fmt::format("slots of {} between {} and {} have no verdict", service.name,
                          text(before->end()), text(run.start)));
    }
    before = &run;
  }
  if (totals != service.totals) {
    problem(fmt::format("the totals of {} are not the sum of its verdicts", service.name));
  }
}

// Returns the last day whose outcomes were deleted; kNoDay when none were.
std::int64_t Verifier::verify_attempt_chain(const CheckState& check) {
  std::string previous = no_digest();
  AttemptTotals totals;
  std::int64_t dropped = kNoDay;
  {
    Query anchor =
        database_.query("SELECT header, hash FROM outcome_anchors WHERE check_id = ?", {check.id});
    if (anchor.next()) {
      const auto header = decode_attempt_header(anchor.bytes(0));
      const bool sound =
          header && header->owner == check.id && digest({anchor.bytes(0)}) == anchor.bytes(1);
      if (!sound) problem(fmt::format("the anchor of check {} fails its checksum", check.name));
      if (sound) {
        previous = anchor.bytes(1);
        totals = header->totals;
        dropped = header->day;
      }
    }
  }
  Query rows = database_.query(
      "SELECT header, payload, hash, day, part FROM outcome_blocks WHERE check_id = ? ORDER BY id",
      {check.id});
  while (rows.next()) {
    const std::int64_t day = rows.integer(3);
    const auto block = read_attempt_block(database_, rows, 0, check.name);
    if (!block) {
      settle(fmt::format("check {} on {}", check.name, text(day * kDaySeconds)));
      previous.clear();
      continue;
    }
    const AttemptHeader& header = block->header;
    for (const Attempt& attempt : block->day.attempts) totals.add(attempt);
    const bool follows = previous.empty() || header.previous == previous;
    const bool sound = follows && header.owner == check.id && header.day == day &&
                       header.part == rows.integer(4) &&
                       (previous.empty() || header.totals == totals);
    if (!sound) {
      problem(fmt::format("the outcomes of check {} on {} do not follow from the block before",
                          check.name, text(day * kDaySeconds)));
    }
    totals = header.totals;
    previous = block->hash;
    report_.outcomes += header.items;
  }
  settle(check.name);
  if (previous != check.head)
    problem(fmt::format("the last block of check {} is missing", check.name));
  for (const auto& [day, log] : check.days) report_.outcomes += log.size();
  return dropped;
}

void Verifier::verify_service(const ServiceState& service) {
  tell(fmt::format("checking {}", service.name));
  std::vector<Run> runs = verify_verdict_chain(service);
  std::ranges::sort(runs, {}, &Run::start);
  verify_runs(service, runs);
  std::int64_t dropped = kNoDay;
  for (const auto& [name, id] : service.checks) {
    dropped = std::max(dropped, verify_attempt_chain(*contents_.holdings.check(id)));
  }
  verify_verdicts(database_, contents_, service, runs, dropped, report_);
}

// Blocks of owners that no entry names would be passed over above.
void Verifier::verify_owners() {
  const auto services = static_cast<std::int64_t>(contents_.holdings.services().size());
  const auto checks = static_cast<std::int64_t>(contents_.holdings.checks().size());
  const std::int64_t strays =
      database_.number("SELECT count(*) FROM verdict_blocks WHERE service NOT BETWEEN 1 AND ?",
                       {services}) +
      database_.number("SELECT count(*) FROM outcome_blocks WHERE check_id NOT BETWEEN 1 AND ?",
                       {checks});
  if (strays > 0) problem(fmt::format("{} blocks belong to nobody", strays));
  settle("blocks");
}

}  // namespace

LedgerResult<VerifyReport> verify_file(Database& database, Contents& contents,
                                       const std::function<void(std::string_view)>& progress) {
  return Verifier(database, contents, progress).run();
}

}  // namespace exporter::ledger
