// A service's day is packed with the days of all its checks, in one transaction; several services
// share a transaction while the budget lasts, because each one costs a sync. Memory follows after
// the transaction has succeeded, as in a commit.
#include "exporter/ledger/packing.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace exporter::ledger {
namespace {

constexpr std::size_t kServicesPerTransaction = 64;
constexpr std::size_t kJournalRowsPerCall = 20'000;
constexpr std::int64_t kBlocksPerCall = 512;
// A service that gets no more verdicts (it was removed) is packed without waiting for them.
constexpr std::int64_t kPatienceDays = 3;

std::int64_t number(Seconds at) { return at.time_since_epoch().count(); }

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds budget)
      : end_(std::chrono::steady_clock::now() + budget) {}
  bool over() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

struct PackedCheck {
  std::uint32_t check = 0;
  AttemptTotals totals;
  std::string head;
};

// What memory is to hold when the transaction has succeeded.
struct PackedDay {
  std::uint32_t service = 0;
  std::int64_t day = 0;
  VerdictTotals totals;
  std::int64_t next_slot = 0;
  std::int32_t every = 60;
  std::string head;
  std::vector<Run> left;  // runs after that day
  std::vector<PackedCheck> checks;
};

// The oldest day of which memory holds something; kNoDay for none.
std::int64_t oldest_day(Contents& contents, const ServiceState& service) {
  std::int64_t oldest = service.runs.empty() ? kNoDay : day_of(service.runs.front().start);
  for (const auto& [name, id] : service.checks) {
    const CheckState& check = *contents.holdings.check(id);
    if (check.days.empty()) continue;
    const std::int64_t day = check.days.begin()->first;
    oldest = oldest == kNoDay ? day : std::min(oldest, day);
  }
  return oldest;
}

bool is_complete(const ServiceState& service, std::int64_t day, std::int64_t now) {
  const std::int64_t end = (day + 1) * kDaySeconds;
  if (now < end) return false;
  if (service.started && service.next_slot >= end) return true;
  return now >= end + kPatienceDays * kDaySeconds;
}

PackedCheck pack_check(Database& database, const CheckState& check, std::int64_t day,
                       const AttemptLog& log) {
  const std::vector<Attempt> attempts = log.attempts();
  AttemptHeader header;
  header.owner = check.id;
  header.day = day;
  header.previous = check.head;
  header.totals = check.packed_totals;
  for (const Attempt& attempt : attempts) header.totals.add(attempt);
  const Block block = make_attempt_block(header, attempts, log.addresses());
  database.run(
      "INSERT INTO outcome_blocks(check_id, day, part, header, payload, hash) VALUES(?,?,0,?,?,?)",
      {check.id, day, Blob{block.header}, Blob{block.payload}, Blob{block.hash}});
  return {check.id, header.totals, block.hash};
}

// The runs of the day and, in `packed.left`, those after it.
std::vector<Run> split_runs(const ServiceState& service, std::int64_t end, PackedDay& packed) {
  std::vector<Run> inside;
  for (const Run& run : service.runs) {
    const auto front = clip_back(run, end);
    if (front) append(inside, *front);
    const auto back = clip_front(run, front ? front->end() : end);
    if (back) packed.left.push_back(*back);
  }
  return inside;
}

PackedDay pack_day(Database& database, Contents& contents, const ServiceState& service,
                   std::int64_t day) {
  PackedDay packed{
      service.id, day, service.packed_totals, service.packed_next_slot, service.packed_every, {},
      {},         {}};
  const std::vector<Run> runs = split_runs(service, (day + 1) * kDaySeconds, packed);
  for (const Run& run : runs) packed.totals.add(run);
  if (!runs.empty()) {
    packed.next_slot = runs.back().end();
    packed.every = runs.back().every;
  }
  VerdictHeader header;
  header.first_slot = service.first_slot;
  header.next_slot = packed.next_slot;
  header.every = packed.every;
  header.totals = packed.totals;
  header.owner = service.id;
  header.day = day;
  header.part = static_cast<std::uint32_t>(database.number(
      "SELECT coalesce(max(part) + 1, 0) FROM verdict_blocks WHERE service = ? AND day = ?",
      {service.id, day}));
  header.previous = service.head;
  const Block block = make_verdict_block(header, runs);
  packed.head = block.hash;
  database.run(
      "INSERT INTO verdict_blocks(service, day, part, header, payload, hash) VALUES(?,?,?,?,?,?)",
      {service.id, day, header.part, Blob{block.header}, Blob{block.payload}, Blob{block.hash}});
  for (const auto& [name, id] : service.checks) {
    const CheckState& check = *contents.holdings.check(id);
    const auto log = check.days.find(day);
    if (log == check.days.end()) continue;
    packed.checks.push_back(pack_check(database, check, day, log->second));
  }
  return packed;
}

void apply(Contents& contents, PackedDay packed) {
  ServiceState& service = *contents.holdings.service(packed.service);
  service.runs = std::move(packed.left);
  service.packed_day = std::max(service.packed_day, packed.day);
  service.packed_totals = packed.totals;
  service.packed_next_slot = packed.next_slot;
  service.packed_every = packed.every;
  service.head = std::move(packed.head);
  for (PackedCheck& each : packed.checks) {
    CheckState& check = *contents.holdings.check(each.check);
    check.days.erase(packed.day);
    check.packed_totals = each.totals;
    check.head = std::move(each.head);
  }
}

// Returns how many days were packed; fewer than the limit means that none is left.
LedgerResult<std::size_t> pack_some(Database& database, Contents& contents, std::int64_t now,
                                    const Deadline& deadline) {
  std::vector<PackedDay> packed;
  Transaction transaction(database);
  for (const ServiceState& service : contents.holdings.services()) {
    const std::int64_t day = oldest_day(contents, service);
    if (day == kNoDay || !is_complete(service, day, now)) continue;
    packed.push_back(pack_day(database, contents, service, day));
    if (packed.size() >= kServicesPerTransaction || deadline.over()) break;
  }
  if (auto error = database.take_error()) return std::unexpected(*error);
  if (packed.empty()) return std::size_t{0};
  if (auto done = transaction.commit(); !done) return std::unexpected(done.error());
  const std::size_t count = packed.size();
  for (PackedDay& each : packed) apply(contents, std::move(each));
  return count;
}

// Rows may go from the front, as long as all they brought is packed. The last one stays: it says
// when the last commit was, and carries the chain.
LedgerResult<bool> trim_journal(Database& database, Contents& contents) {
  std::int64_t oldest_open = std::numeric_limits<std::int64_t>::max();
  for (const ServiceState& service : contents.holdings.services()) {
    const std::int64_t day = oldest_day(contents, service);
    if (day != kNoDay) oldest_open = std::min(oldest_open, day);
  }
  std::size_t count = 0;
  while (count + 1 < contents.marks.size() && count < kJournalRowsPerCall &&
         contents.marks[count].last_day < oldest_open) {
    ++count;
  }
  if (count == 0) return false;
  ChainEnd anchor{contents.marks[count - 1].sequence, {}};
  Transaction transaction(database);
  {
    Query row = database.query("SELECT hash FROM journal WHERE seq = ?", {anchor.number});
    if (row.next()) anchor.hash = row.bytes(0);
  }
  if (anchor.hash.size() != kDigestBytes) database.report_damage("a journal row is missing");
  write_journal_anchor(database, anchor);
  database.run("DELETE FROM journal WHERE seq <= ?", {anchor.number});
  if (auto error = database.take_error()) return std::unexpected(*error);
  if (auto done = transaction.commit(); !done) return std::unexpected(done.error());
  contents.marks.erase(contents.marks.begin(),
                       contents.marks.begin() + static_cast<std::ptrdiff_t>(count));
  return count == kJournalRowsPerCall;
}

// Blocks lie in the order in which they were packed, so the old ones are the first. An anchor keeps
// the last deleted header of each chain: what follows still has something to be checked against.
LedgerResult<bool> drop_outcomes(Database& database, std::int64_t before_day) {
  const std::int64_t oldest = database.number(
      "SELECT coalesce((SELECT day FROM outcome_blocks ORDER BY id LIMIT 1), ?)", {before_day});
  if (auto error = database.take_error()) return std::unexpected(*error);
  if (oldest >= before_day) return false;
  Transaction transaction(database);
  // The first block that stays, among those looked at; all before it go.
  const std::int64_t end = database.number(
      "SELECT coalesce(min(CASE WHEN day >= ?1 THEN id END), max(id) + 1) FROM"
      " (SELECT id, day FROM outcome_blocks ORDER BY id LIMIT ?2)",
      {before_day, kBlocksPerCall});
  database.run(
      "REPLACE INTO outcome_anchors(check_id, header, hash) SELECT check_id, header, hash"
      " FROM outcome_blocks WHERE id < ? ORDER BY id",
      {end});
  database.run("DELETE FROM outcome_blocks WHERE id < ?", {end});
  if (auto error = database.take_error()) return std::unexpected(*error);
  if (auto done = transaction.commit(); !done) return std::unexpected(done.error());
  return true;
}

}  // namespace

LedgerResult<bool> pack_days(Database& database, Contents& contents, const PackingOrder& order) {
  const Deadline deadline(order.budget);
  const std::int64_t now = number(order.now);
  bool packing = true;
  while (packing) {
    const auto packed = pack_some(database, contents, now, deadline);
    if (!packed) return std::unexpected(packed.error());
    packing = *packed > 0;
    if (packing && deadline.over()) return true;
  }
  const auto more_journal = trim_journal(database, contents);
  if (!more_journal) return std::unexpected(more_journal.error());
  const auto more_outcomes = drop_outcomes(database, day_of(now - order.retention.count()));
  if (!more_outcomes) return std::unexpected(more_outcomes.error());
  return *more_journal || *more_outcomes;
}

}  // namespace exporter::ledger
