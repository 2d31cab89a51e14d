// Recomputes everything a ledger file claims: checksums, chains, totals, runs without overlap or
// unexplained hole, statements, and each verdict from its outcomes where those are kept. Reads
// only. What is wrong becomes a sentence in the report; it goes on as far as it can.
#pragma once

#include <functional>
#include <string_view>

#include "exporter/ledger/contents.h"

namespace exporter::ledger {

LedgerResult<VerifyReport> verify_file(Database& database, Contents& contents,
                                       const std::function<void(std::string_view)>& progress);

// The verdicts of one service against its outcomes and plans (verify_verdicts.cc). `runs` in order;
// slots of days up to `dropped_day` are passed over, their outcomes are gone.
void verify_verdicts(Database& database, Contents& contents, const ServiceState& service,
                     const std::vector<Run>& runs, std::int64_t dropped_day, VerifyReport& report);

}  // namespace exporter::ledger
