// Slots: the unit of account. A slot is one cadence interval of a service, aligned to the Unix
// epoch (docs/accounting.md, rules 1 and 2). Pure arithmetic on whole seconds; cost independent of
// the span.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "exporter/sla/terms.h"

namespace exporter {

// Start of the slot that contains `at`.
Seconds slot_of(Seconds at, std::chrono::seconds every);
// Start of the first slot that begins at or after `at`.
Seconds first_slot(Seconds at, std::chrono::seconds every);
// Number of slots that begin in [from, to); 0 when to <= from.
std::int64_t slots_in(Seconds from, Seconds to, std::chrono::seconds every);

// W of rule 2: the time a slot needs when every attempt runs into its timeout,
// (1 + retries) x timeout + retries x after + 1 s.
std::chrono::nanoseconds slot_work(int retries, std::chrono::nanoseconds timeout,
                                   std::chrono::nanoseconds after);

// How long after the slot's start a check begins: hash mod (every - work), to the millisecond; 0
// when nothing is left. The hash is FNV-1a (64 bits) over service, a zero byte and check, mixed
// once more because FNV's low bits are weak; it never changes, so restarts, rebuilds and other
// machines spread the checks alike.
std::chrono::milliseconds check_phase(std::string_view service, std::string_view check,
                                      std::chrono::nanoseconds every,
                                      std::chrono::nanoseconds work);

// The hash itself, for whoever else spreads by name.
std::uint64_t stable_hash(std::string_view service, std::string_view check);

}  // namespace exporter
