// Turns days that are over into blocks, deletes the journal rows that are no longer needed, and the
// outcomes that are past their retention. Used by the ledger's thread.
#pragma once

#include <chrono>

#include "exporter/ledger/contents.h"

namespace exporter::ledger {

struct PackingOrder {
  Seconds now;
  std::chrono::seconds retention;
  std::chrono::milliseconds budget;
};

// Returns whether more is waiting. What one call did is one transaction or a few; a failure leaves
// the rest for the next call.
LedgerResult<bool> pack_days(Database& database, Contents& contents, const PackingOrder& order);

}  // namespace exporter::ledger
