// A packed UTC day: the verdicts of one service, or the attempts of one check. A block is a header
// (which names its owner, its day, the hash of the block before it, the checksum of its payload and
// the totals up to its end) and a payload; its hash is the SHA-256 of its header. FORMAT.md has the
// grammar. Pure; decoding never trusts a byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/ledger/totals.h"

namespace exporter::ledger {

struct BlockHeader {
  std::uint32_t owner = 0;  // the number of the service or check
  std::int64_t day = 0;     // since 1970
  std::uint32_t part = 0;   // 0; more when a day had to be packed before all of it was known
  std::uint64_t items = 0;  // runs or attempts in the payload
  std::string previous;     // hash of the block before, 32 zero bytes for the first
  std::string checksum;     // SHA-256 of the payload
};

struct VerdictHeader : BlockHeader {
  std::int64_t first_slot = 0;  // of the service, ever
  std::int64_t next_slot = 0;   // end of the last slot of this block or of one before
  std::int32_t every = 60;      // of that slot
  VerdictTotals totals;         // up to the end of this block
};

struct AttemptHeader : BlockHeader {
  AttemptTotals totals;
};

struct Block {
  std::string header, payload, hash;
};

Block make_verdict_block(VerdictHeader header, const std::vector<Run>& runs);
// `attempts` in the order of their commit, their addresses indices into `addresses`.
Block make_attempt_block(AttemptHeader header, const std::vector<Attempt>& attempts,
                         const std::vector<std::string>& addresses);

std::optional<VerdictHeader> decode_verdict_header(std::string_view bytes);
std::optional<AttemptHeader> decode_attempt_header(std::string_view bytes);

// Payloads, whose checksum the caller has compared. Runs are in order and do not overlap.
std::optional<std::vector<Run>> decode_runs(std::string_view payload, const BlockHeader& header);
struct DayOfAttempts {
  std::vector<Attempt> attempts;
  std::vector<std::string> addresses;
};
std::optional<DayOfAttempts> decode_attempts(std::string_view payload, const BlockHeader& header);

}  // namespace exporter::ledger
