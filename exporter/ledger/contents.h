// Everything a ledger file holds that a writer must have at hand, and how it is read at a start:
// the entries, the last block of each chain, and the journal. All of it is checked on the way:
// checksums, chains and numbers; what does not fit is damage. Used by the ledger's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "exporter/ledger/database.h"
#include "exporter/ledger/holdings.h"

namespace exporter::ledger {

// The end of a chain: the number and the hash of its last row.
struct ChainEnd {
  std::int64_t number = 0;
  std::string hash = no_digest();
};

// Until which day a journal row is needed: it may go when that day is packed.
struct JournalMark {
  std::int64_t sequence = 0;
  std::int64_t last_day = kNoDay;
};

struct Contents {
  std::string identity;  // of this file; 32 hex digits
  Holdings holdings;
  Register registry;
  ChainEnd entries, journal;
  std::int64_t last_commit = 0;
  std::deque<JournalMark> marks;
  // Bytes of evidence ever kept, and dropped again.
  std::int64_t evidence_written = 0, evidence_dropped = 0;
};

LedgerResult<Contents> read_contents(Database& database);

// Applies a row to the holdings: what is packed already is passed over. The error is a sentence.
std::expected<void, std::string> replay(Holdings& holdings, const JournalRow& row);
std::int64_t last_day_of(const JournalRow& row);

std::string entry_hash(const ChainEnd& previous, std::string_view kind, std::int64_t committed,
                       std::string_view body);
std::string journal_hash(const ChainEnd& previous, std::int64_t committed,
                         std::string_view payload);
// The checksum of one row of evidence.
struct EvidenceKey {
  std::uint32_t check = 0;
  std::int64_t slot = 0, at = 0;
  std::int64_t attempt = 0;
};
std::string evidence_checksum(const EvidenceKey& key, std::string_view message, std::int64_t total);

// The row before the first one of the journal, kept when rows are deleted.
ChainEnd read_journal_anchor(Database& database);
void write_journal_anchor(Database& database, const ChainEnd& anchor);

}  // namespace exporter::ledger
