// A batch on its way into the ledger: first staged (what is known already falls away, what cannot
// be true is refused), then written in one transaction, and only then applied to what the ledger
// holds in memory. Used by the ledger's thread.
#pragma once

#include <string>
#include <vector>

#include "exporter/ledger/contents.h"

namespace exporter::ledger {

struct Evidence {
  EvidenceKey key;
  std::string message;
};

struct Staged {
  JournalRow row;
  std::vector<Evidence> evidence;
  std::vector<Entry> entries;
  bool empty() const { return row.empty() && entries.empty(); }
};

// Kind::refused when the batch holds what no correct program would commit.
LedgerResult<Staged> stage(Contents& contents, const Batch& batch, Seconds now);

// Durable when it returns; `contents` is changed only then.
LedgerResult<void> write(Database& database, Contents& contents, const Staged& staged, Seconds now,
                         std::uint64_t evidence_bytes);

}  // namespace exporter::ledger
