// Running counts that the ledger carries from block to block, so that a start need not read the
// past: of a service's verdicts and of a check's attempts. Pure values.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "exporter/ledger/bytes.h"
#include "exporter/ledger/journal_row.h"
#include "exporter/ledger/ledger.h"

namespace exporter::ledger {

inline constexpr std::size_t kCauses = 8;
inline constexpr std::size_t kReasons = probes::kReasonNames.size();

struct VerdictTotals {
  std::array<std::uint64_t, 4> verdicts{};
  std::array<std::uint64_t, kCauses> causes{};  // of unknown slots
  std::uint64_t rescued = 0;
  void add(const Run& run);
  bool operator==(const VerdictTotals&) const = default;
};

struct AttemptTotals {
  std::array<std::uint64_t, 4> by_status{};
  std::array<std::uint64_t, kReasons> by_reason{};  // of attempts that were down or unknown
  void add(const Attempt& attempt);
  bool operator==(const AttemptTotals&) const = default;
};

void write_totals(ByteWriter& writer, const VerdictTotals& totals);
void write_totals(ByteWriter& writer, const AttemptTotals& totals);
VerdictTotals read_verdict_totals(ByteReader& reader);
AttemptTotals read_attempt_totals(ByteReader& reader);

CheckTotals to_check_totals(const AttemptTotals& totals);

}  // namespace exporter::ledger
