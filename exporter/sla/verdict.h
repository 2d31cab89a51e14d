// Judges a slot from what its checks found: docs/accounting.md, rules 4, 5 and 7. Pure, so that the
// book and `slatool ledger verify` cannot disagree.
#pragma once

#include <span>
#include <string>

#include "exporter/ledger/records.h"

namespace exporter {

// Of a check in a slot, or of the slot.
struct Judgement {
  Verdict verdict = Verdict::unknown;  // good, bad or unknown
  Cause cause = Cause::none;           // none unless unknown
  bool rescued = false;                // good only through confirmation
  bool operator==(const Judgement&) const = default;
};

// One check in one slot from its attempts, in any order; re-probes (`extra`) are ignored.
//   any up, or degraded where that is good     good
//   degraded where that is not good            bad
//   all down, the last one final               bad
//   down, but the confirmation is missing      unknown, unconfirmed
//   unknown with reason dns, connect, timeout  unknown, connectivity: no canary answered
//   unknown for any other reason               unknown, local
//   unknown first, then down for a reason the path cannot cause: the target answered, so bad
//   no attempt                                 unknown, `missing`
Judgement judge_check(std::span<const OutcomeRecord* const> attempts, bool degraded_is_good,
                      Cause missing);

// Of n checks, k required (0: all): good if good >= k, bad if good + unknown < k, else unknown.
// The cause of an unknown slot is the widest of its checks' causes, in the order of the enum. A
// slot is rescued when the checks that were good without confirmation are fewer than k.
// No check at all: unknown, overload.
Judgement judge_checks(std::span<const Judgement> checks, int require);

// The whole slot. `attempts` are the attempts of this slot, of any check and in any order; those of
// checks that do not count, and second records of the same attempt, are ignored. `missing` is the
// cause when a check has no attempt: what kept the exporter from observing, else overload.
Judgement judge_slot(std::span<const OutcomeRecord* const> attempts, const ServiceTerms& terms,
                     std::span<const std::string> counting_checks, Cause missing);

}  // namespace exporter
