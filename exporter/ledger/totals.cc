// Arrays are written with their length, so that a later program with more reasons reads what this
// one wrote; what is not known here is refused, never dropped.
#include "exporter/ledger/totals.h"

namespace exporter::ledger {
namespace {

void write_counts(ByteWriter& writer, std::span<const std::uint64_t> counts) {
  std::size_t used = counts.size();
  while (used > 0 && counts[used - 1] == 0) --used;
  writer.varint(used);
  for (const std::uint64_t count : counts.first(used)) writer.varint(count);
}

void read_counts(ByteReader& reader, std::span<std::uint64_t> counts) {
  const std::size_t used = reader.count();
  if (used > counts.size()) return reader.fail();
  for (std::uint64_t& count : counts.first(used)) count = reader.varint();
}

}  // namespace

void VerdictTotals::add(const Run& run) {
  const auto count = static_cast<std::uint64_t>(run.count);
  verdicts[static_cast<std::size_t>(run.verdict)] += count;
  if (run.verdict == Verdict::unknown) causes[static_cast<std::size_t>(run.cause)] += count;
  if (run.rescued) rescued += count;
}

void AttemptTotals::add(const Attempt& attempt) {
  ++by_status[static_cast<std::size_t>(attempt.status)];
  const bool failed =
      attempt.status == probes::Status::down || attempt.status == probes::Status::unknown;
  if (failed) ++by_reason[static_cast<std::size_t>(attempt.reason)];
}

void write_totals(ByteWriter& writer, const VerdictTotals& totals) {
  write_counts(writer, totals.verdicts);
  write_counts(writer, totals.causes);
  writer.varint(totals.rescued);
}

void write_totals(ByteWriter& writer, const AttemptTotals& totals) {
  write_counts(writer, totals.by_status);
  write_counts(writer, totals.by_reason);
}

VerdictTotals read_verdict_totals(ByteReader& reader) {
  VerdictTotals totals;
  read_counts(reader, totals.verdicts);
  read_counts(reader, totals.causes);
  totals.rescued = reader.varint();
  return totals;
}

AttemptTotals read_attempt_totals(ByteReader& reader) {
  AttemptTotals totals;
  read_counts(reader, totals.by_status);
  read_counts(reader, totals.by_reason);
  return totals;
}

CheckTotals to_check_totals(const AttemptTotals& totals) {
  CheckTotals result;
  result.by_status = totals.by_status;
  for (std::size_t i = 0; i < kReasons; ++i) {
    if (totals.by_reason[i] > 0) {
      result.by_reason[static_cast<probes::Reason>(i)] = totals.by_reason[i];
    }
  }
  return result;
}

}  // namespace exporter::ledger
