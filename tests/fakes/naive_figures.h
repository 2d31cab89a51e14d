// The figures of a month once more, as slowly and plainly as possible: every instant at which
// a slot could begin is looked at, every record is scanned, nothing is remembered. Shares no code
// with the book but the records themselves; zones come straight from cctz.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exporter/sla/month.h"
#include "tests/fakes/memory_ledger.h"

namespace exporter::fakes {

struct NaiveMonth {
  Seconds begin, end;
  SlotCounts counts;
  std::int64_t expected = 0, pending = 0;
  std::int64_t allowed = 0, remaining = 0;
  std::string state;
  std::optional<Seconds> observed_from;
};

// `names`: all names the service has had, oldest first.
NaiveMonth naive_month(const MemoryLedger& ledger, const std::string& agreement,
                       const std::vector<std::string>& names, int year, int month);

// Slots by verdict (excluded included) as they were when committed: windows, no corrections.
std::array<std::uint64_t, 4> naive_totals(const MemoryLedger& ledger, const std::string& agreement,
                                          const std::vector<std::string>& names);

}  // namespace exporter::fakes
