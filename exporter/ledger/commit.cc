// One transaction a commit: new names and entries, the journal row, evidence. What memory holds
// follows only after SQLite said that the transaction is on disk.
#include "exporter/ledger/commit.h"

#include <limits>

namespace exporter::ledger {
namespace {

std::int64_t number(Seconds at) { return at.time_since_epoch().count(); }

void insert_entry(Database& database, ChainEnd& chain, const Entry& entry, std::int64_t committed) {
  const std::string hash = entry_hash(chain, entry.kind, committed, entry.body);
  chain = {chain.number + 1, hash};
  database.run("INSERT INTO entries(id, kind, committed, body, hash) VALUES(?,?,?,?,?)",
               {chain.number, std::string_view(entry.kind), committed, std::string_view(entry.body),
                Blob{hash}});
}

std::int64_t insert_evidence(Database& database, const Evidence& evidence, std::int64_t written) {
  const EvidenceKey& key = evidence.key;
  const std::int64_t total = written + static_cast<std::int64_t>(evidence.message.size());
  const std::string checksum = evidence_checksum(key, evidence.message, total);
  database.run(
      "INSERT INTO evidence(check_id, slot, at, attempt, message, total, checksum)"
      " VALUES(?,?,?,?,?,?,?)",
      {key.check, key.slot, key.at, key.attempt, std::string_view(evidence.message), total,
       Blob{checksum}});
  return total;
}

// Drops the oldest messages until at most `limit` bytes are left; returns what was dropped ever.
std::int64_t drop_evidence(Database& database, std::int64_t written, std::int64_t dropped,
                           std::int64_t limit) {
  if (written - dropped <= limit) return dropped;
  std::int64_t first_kept = database.number(
      "SELECT id FROM evidence WHERE ?1 - (total - length(CAST(message AS BLOB))) <= ?2"
      " ORDER BY id LIMIT 1",
      {written, limit});
  if (first_kept == 0) first_kept = std::numeric_limits<std::int64_t>::max();
  const std::int64_t now_dropped =
      database.number("SELECT max(total) FROM evidence WHERE id < ?", {first_kept});
  database.run("DELETE FROM evidence WHERE id < ?", {first_kept});
  return now_dropped;
}

}  // namespace

LedgerResult<void> write(Database& database, Contents& contents, const Staged& staged, Seconds now,
                         std::uint64_t evidence_bytes) {
  ChainEnd entries = contents.entries, journal = contents.journal;
  std::int64_t written = contents.evidence_written, dropped = contents.evidence_dropped;
  const std::vector<NameEntry>& names = contents.holdings.unsaved_names();

  Transaction transaction(database);
  for (const NameEntry& name : names) {
    insert_entry(database, entries, to_entry(name), number(now));
  }
  for (const Entry& entry : staged.entries) insert_entry(database, entries, entry, number(now));
  for (const Evidence& evidence : staged.evidence) {
    written = insert_evidence(database, evidence, written);
  }
  dropped = drop_evidence(database, written, dropped, static_cast<std::int64_t>(evidence_bytes));
  const std::string payload = encode(staged.row);
  journal = {journal.number + 1, journal_hash(journal, number(now), payload)};
  database.run("INSERT INTO journal(seq, committed, payload, hash) VALUES(?,?,?,?)",
               {journal.number, number(now), Blob{payload}, Blob{journal.hash}});
  if (auto error = database.take_error()) return std::unexpected(*error);
  if (auto committed = transaction.commit(); !committed) return committed;

  contents.registry.names.insert(contents.registry.names.end(), names.begin(), names.end());
  contents.holdings.names_saved();
  contents.entries = entries;
  contents.journal = journal;
  contents.last_commit = number(now);
  contents.evidence_written = written;
  contents.evidence_dropped = dropped;
  contents.marks.push_back({journal.number, last_day_of(staged.row)});
  // These were staged from records, so they read back.
  for (const Entry& entry : staged.entries) {
    (void)add_entry(contents.registry, entry.kind, entry.body);
  }
  (void)replay(contents.holdings, staged.row);
  return {};
}

}  // namespace exporter::ledger
