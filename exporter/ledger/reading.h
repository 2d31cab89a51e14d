// Questions to the ledger, answered from packed days and from those in memory alike. Every block is
// checked against its checksum when it is read; damage is an error, never an answer. Used by the
// ledger's thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "exporter/ledger/contents.h"

namespace exporter::ledger {

struct Span {
  Seconds from, to;  // slots that start in [from, to)
};
struct CheckName {
  std::string service, check;  // an empty check means all
};

LedgerResult<LedgerState> load_state(Database& database, Contents& contents);
LedgerResult<std::vector<VerdictRun>> read_verdicts(Database& database, Contents& contents,
                                                    const std::string& service, Span span);
LedgerResult<std::vector<OutcomeRecord>> read_outcomes(Database& database, Contents& contents,
                                                       const CheckName& name, Span span);
LedgerResult<std::vector<std::pair<std::string, std::string>>> read_day_hashes(
    Database& database, Contents& contents, const std::string& service, Span span);

// Columns header, payload, hash of a row, from `first` on; nullopt reports damage to the database.
struct SoundVerdictBlock {
  VerdictHeader header;
  std::vector<Run> runs;
  std::string hash;
};
std::optional<SoundVerdictBlock> read_verdict_block(Database& database, const Query& row, int first,
                                                    const std::string& owner);
struct SoundAttemptBlock {
  AttemptHeader header;
  DayOfAttempts day;
  std::string hash;
};
std::optional<SoundAttemptBlock> read_attempt_block(Database& database, const Query& row, int first,
                                                    const std::string& owner);

}  // namespace exporter::ledger
