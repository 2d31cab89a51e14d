// Packed days come from their blocks, the rest from memory; both are clipped to what was asked.
#include "exporter/ledger/reading.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace exporter::ledger {
namespace {

std::int64_t number(Seconds at) { return at.time_since_epoch().count(); }
Seconds time(std::int64_t second) { return Seconds(std::chrono::seconds(second)); }

// Slots belong to the day in which they start, so these are all the days that matter.
std::int64_t first_day(Span span) { return day_of(number(span.from)); }
std::int64_t last_day(Span span) { return day_of(number(span.to) - 1); }

template <class T>
LedgerResult<T> answer(Database& database, T value) {
  if (auto error = database.take_error()) return std::unexpected(*error);
  return value;
}

std::string name_of_day(std::int64_t day) {
  return fmt::format("{:%Y-%m-%d}", time(day * kDaySeconds));
}

VerdictRun to_verdict_run(const Run& run, const std::string& service) {
  return {service,         std::chrono::seconds(run.every),
          time(run.start), run.count,
          run.verdict,     run.cause,
          run.rescued};
}

void append_clipped(std::vector<Run>& runs, const Run& run, Span span) {
  const auto front = clip_front(run, number(span.from));
  const auto clipped = front ? clip_back(*front, number(span.to)) : std::nullopt;
  if (clipped) append(runs, *clipped);
}

// --- outcomes ----------------------------------------------------------------------------------

// A check and its service, whose names every record carries.
struct Owner {
  const CheckState& check;
  const ServiceState& service;
};

void append_records(std::vector<OutcomeRecord>& records, const Owner& owner,
                    const std::vector<Attempt>& attempts, const std::vector<std::string>& addresses,
                    Span span) {
  for (const Attempt& attempt : attempts) {
    if (attempt.slot < number(span.from) || attempt.slot >= number(span.to)) continue;
    OutcomeRecord& record =
        records.emplace_back(to_record(attempt, owner.service.name, owner.check.name));
    record.address = addresses[attempt.address];
  }
}

// Messages lie apart and may have been dropped; an attempt without one has an empty message.
void fill_messages(Database& database, const CheckState& check, std::span<OutcomeRecord> records) {
  if (records.empty()) return;
  const auto key = [](const OutcomeRecord& record) {
    return std::tuple(number(record.slot), record.at.time_since_epoch().count(),
                      std::int64_t{record.attempt});
  };
  std::ranges::sort(records, {}, key);
  Query rows = database.query(
      "SELECT slot, at, attempt, message FROM evidence WHERE check_id = ? AND slot BETWEEN ? AND ?",
      {check.id, number(records.front().slot), number(records.back().slot)});
  while (rows.next()) {
    const std::tuple wanted(rows.integer(0), rows.integer(1), rows.integer(2));
    const auto found = std::ranges::lower_bound(records, wanted, {}, key);
    if (found != records.end() && key(*found) == wanted) found->message = rows.bytes(3);
  }
}

void read_check(Database& database, const Owner& owner, Span span,
                std::vector<OutcomeRecord>& records) {
  const std::size_t before = records.size();
  Query rows = database.query(
      "SELECT header, payload, hash FROM outcome_blocks WHERE check_id = ? AND day BETWEEN ? AND ?"
      " ORDER BY day, part",
      {owner.check.id, first_day(span), last_day(span)});
  while (rows.next()) {
    const auto block = read_attempt_block(database, rows, 0, owner.check.name);
    if (!block) return;
    append_records(records, owner, block->day.attempts, block->day.addresses, span);
  }
  const auto& days = owner.check.days;
  for (auto day = days.lower_bound(first_day(span));
       day != days.end() && day->first <= last_day(span); ++day) {
    append_records(records, owner, day->second.attempts(), day->second.addresses(), span);
  }
  fill_messages(database, owner.check, std::span(records).subspan(before));
}

// --- load --------------------------------------------------------------------------------------

ServiceHistory to_history(const ServiceState& service) {
  ServiceHistory history;
  history.first_slot = time(service.first_slot);
  history.next_slot = time(service.next_slot);
  history.every = std::chrono::seconds(service.every);
  history.verdicts = service.totals.verdicts;
  for (std::size_t i = 0; i < kCauses; ++i) {
    if (service.totals.causes[i] > 0) {
      history.unknown_causes[static_cast<Cause>(i)] = service.totals.causes[i];
    }
  }
  history.rescued = service.totals.rescued;
  return history;
}

// The latest attempt of the check's last packed day.
std::optional<LatestAttempt> latest_packed(Database& database, const CheckState& check) {
  Query rows = database.query(
      "SELECT header, payload, hash FROM outcome_blocks WHERE check_id = ?"
      " ORDER BY day DESC, part DESC LIMIT 1",
      {check.id});
  if (!rows.next()) return std::nullopt;
  const auto block = read_attempt_block(database, rows, 0, check.name);
  if (!block) return std::nullopt;
  std::optional<LatestAttempt> latest;
  for (const Attempt& attempt : block->day.attempts) {
    if (latest && !supersedes(attempt, latest->attempt)) continue;
    latest = LatestAttempt{attempt, block->day.addresses[attempt.address]};
  }
  return latest;
}

void load_check(Database& database, const Owner& owner, LedgerState& state) {
  const CheckState& check = owner.check;
  const std::pair name(owner.service.name, check.name);
  if (check.totals != AttemptTotals{}) state.checks[name] = to_check_totals(check.totals);

  std::optional<LatestAttempt> latest = check.latest;
  if (!latest || !latest->attempt.final) {
    const auto packed = latest_packed(database, check);
    if (packed && (!latest || supersedes(packed->attempt, latest->attempt))) latest = packed;
  }
  if (latest) {
    OutcomeRecord record = to_record(latest->attempt, name.first, name.second);
    record.address = latest->address;
    fill_messages(database, check, std::span(&record, 1));
    state.last_outcomes[name] = std::move(record);
  }

  const std::int64_t judged = owner.service.started ? owner.service.next_slot : -kMaxSecond;
  const bool has_open = !check.newest.empty() && check.newest.front().slot >= judged;
  if (!has_open) return;
  read_check(database, owner, {time(judged), time(kMaxSecond)}, state.open_outcomes);
  // Re-probes are never judged.
  std::erase_if(state.open_outcomes, [](const OutcomeRecord& record) { return record.extra; });
}

}  // namespace

std::optional<SoundVerdictBlock> read_verdict_block(Database& database, const Query& row, int first,
                                                    const std::string& owner) {
  auto header = decode_verdict_header(row.bytes(first));
  const bool sound = header && digest({row.bytes(first)}) == row.bytes(first + 2) &&
                     digest({row.bytes(first + 1)}) == header->checksum;
  auto runs = sound ? decode_runs(row.bytes(first + 1), *header) : std::nullopt;
  if (runs) return SoundVerdictBlock{*header, *std::move(runs), std::string(row.bytes(first + 2))};
  database.report_damage(fmt::format("a verdict block of {} fails its checksum", owner));
  return std::nullopt;
}

std::optional<SoundAttemptBlock> read_attempt_block(Database& database, const Query& row, int first,
                                                    const std::string& owner) {
  auto header = decode_attempt_header(row.bytes(first));
  const bool sound = header && digest({row.bytes(first)}) == row.bytes(first + 2) &&
                     digest({row.bytes(first + 1)}) == header->checksum;
  auto day = sound ? decode_attempts(row.bytes(first + 1), *header) : std::nullopt;
  if (day) return SoundAttemptBlock{*header, *std::move(day), std::string(row.bytes(first + 2))};
  database.report_damage(fmt::format("an outcome block of check {} fails its checksum", owner));
  return std::nullopt;
}

LedgerResult<std::vector<VerdictRun>> read_verdicts(Database& database, Contents& contents,
                                                    const std::string& service, Span span) {
  const ServiceState* state = contents.holdings.find_service(service);
  if (!state || span.from >= span.to) return std::vector<VerdictRun>{};
  std::vector<Run> runs;
  Query rows = database.query(
      "SELECT header, payload, hash FROM verdict_blocks WHERE service = ? AND day BETWEEN ? AND ?"
      " ORDER BY day, part",
      {state->id, first_day(span), last_day(span)});
  while (rows.next()) {
    const auto block = read_verdict_block(database, rows, 0, service);
    if (!block) break;
    for (const Run& run : block->runs) append_clipped(runs, run, span);
  }
  for (const Run& run : state->runs) append_clipped(runs, run, span);
  std::vector<VerdictRun> result;
  result.reserve(runs.size());
  for (const Run& run : runs) result.push_back(to_verdict_run(run, service));
  return answer(database, std::move(result));
}

LedgerResult<std::vector<OutcomeRecord>> read_outcomes(Database& database, Contents& contents,
                                                       const CheckName& name, Span span) {
  std::vector<OutcomeRecord> records;
  const ServiceState* service = contents.holdings.find_service(name.service);
  if (!service || span.from >= span.to) return records;
  for (const auto& [check, id] : service->checks) {
    if (!name.check.empty() && check != name.check) continue;
    read_check(database, {*contents.holdings.check(id), *service}, span, records);
  }
  std::ranges::sort(records, {}, [](const OutcomeRecord& record) {
    return std::tuple(record.slot, record.at, std::string_view(record.check), record.attempt);
  });
  return answer(database, std::move(records));
}

LedgerResult<std::vector<std::pair<std::string, std::string>>> read_day_hashes(
    Database& database, Contents& contents, const std::string& service, Span span) {
  std::vector<std::pair<std::string, std::string>> hashes;
  const ServiceState* state = contents.holdings.find_service(service);
  if (!state || span.from >= span.to) return hashes;
  Query rows = database.query(
      "SELECT day, hash FROM verdict_blocks WHERE service = ? AND day BETWEEN ? AND ?"
      " ORDER BY day, part",
      {state->id, first_day(span), last_day(span)});
  while (rows.next()) hashes.emplace_back(name_of_day(rows.integer(0)), to_hex(rows.bytes(1)));
  return answer(database, std::move(hashes));
}

LedgerResult<LedgerState> load_state(Database& database, Contents& contents) {
  LedgerState state;
  for (const ServiceState& service : contents.holdings.services()) {
    if (service.started) state.services[service.name] = to_history(service);
  }
  for (const CheckState& check : contents.holdings.checks()) {
    load_check(database, {check, *contents.holdings.service(check.service)}, state);
  }
  const Register& registry = contents.registry;
  state.plans = registry.plans;
  state.terms = registry.terms;
  state.windows = registry.windows;
  state.corrections = registry.corrections;
  state.statements = registry.statements;
  state.gaps = registry.gaps;
  state.last_commit = time(contents.last_commit);
  return answer(database, std::move(state));
}

}  // namespace exporter::ledger
