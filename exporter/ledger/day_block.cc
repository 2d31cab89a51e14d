// Headers and verdict payloads. Attempts, whose columns are compressed, are in attempt_columns.cc.
#include "exporter/ledger/day_block.h"

#include "exporter/ledger/attempt_columns.h"
#include "exporter/ledger/digest.h"

namespace exporter::ledger {
namespace {

constexpr std::uint8_t kVerdictBlock = 1, kAttemptBlock = 2;  // kind and version in one byte

void write_common(ByteWriter& writer, std::uint8_t kind, const BlockHeader& header) {
  writer.byte(kind);
  writer.varint(header.owner);
  writer.zigzag(header.day);
  writer.varint(header.part);
  writer.varint(header.items);
  writer.raw(header.previous);
  writer.raw(header.checksum);
}

bool read_common(ByteReader& reader, std::uint8_t kind, BlockHeader& header) {
  if (reader.byte() != kind) return false;
  header.owner = static_cast<std::uint32_t>(reader.varint());
  header.day = reader.zigzag();
  header.part = static_cast<std::uint32_t>(reader.varint());
  header.items = reader.varint();
  header.previous = reader.raw(kDigestBytes);
  header.checksum = reader.raw(kDigestBytes);
  return reader.ok() && header.day >= day_of(-kMaxSecond) && header.day <= day_of(kMaxSecond);
}

Block seal(ByteWriter& header, std::string payload) {
  Block block{header.take(), std::move(payload), {}};
  block.hash = digest({block.header});
  return block;
}

// Runs as: gap before it (0 as a rule), cadence if it changed, kind, count.
std::string encode_runs(const std::vector<Run>& runs, std::int64_t day) {
  ByteWriter writer;
  std::int64_t expected = day * kDaySeconds;
  std::int32_t every = 0;
  for (const Run& run : runs) {
    const bool usual = run.start == expected && run.every == every;
    // The lowest bit says whether gap and cadence are repeated from what is expected.
    writer.varint((static_cast<std::uint64_t>(run.count) << 1) | (usual ? 0 : 1));
    writer.byte(kind_byte(run));
    if (!usual) {
      writer.zigzag(run.start - expected);
      writer.varint(static_cast<std::uint64_t>(run.every));
    }
    expected = run.end();
    every = run.every;
  }
  return writer.take();
}

}  // namespace

Block make_verdict_block(VerdictHeader header, const std::vector<Run>& runs) {
  std::string payload = encode_runs(runs, header.day);
  header.items = runs.size();
  header.checksum = digest({payload});
  ByteWriter writer;
  write_common(writer, kVerdictBlock, header);
  writer.zigzag(header.first_slot);
  writer.zigzag(header.next_slot);
  writer.varint(static_cast<std::uint64_t>(header.every));
  write_totals(writer, header.totals);
  return seal(writer, std::move(payload));
}

Block make_attempt_block(AttemptHeader header, const std::vector<Attempt>& attempts,
                         const std::vector<std::string>& addresses) {
  std::string payload = encode_columns(attempts, addresses, header.day);
  header.items = attempts.size();
  header.checksum = digest({payload});
  ByteWriter writer;
  write_common(writer, kAttemptBlock, header);
  write_totals(writer, header.totals);
  return seal(writer, std::move(payload));
}

std::optional<VerdictHeader> decode_verdict_header(std::string_view bytes) {
  ByteReader reader(bytes);
  VerdictHeader header;
  if (!read_common(reader, kVerdictBlock, header)) return std::nullopt;
  header.first_slot = reader.zigzag();
  header.next_slot = reader.zigzag();
  header.every = static_cast<std::int32_t>(reader.varint());
  header.totals = read_verdict_totals(reader);
  const bool sound = reader.done() && is_sound_time(header.first_slot) &&
                     is_sound_time(header.next_slot) && header.every > 0 &&
                     header.every <= kMaxEvery;
  if (!sound) return std::nullopt;
  return header;
}

std::optional<AttemptHeader> decode_attempt_header(std::string_view bytes) {
  ByteReader reader(bytes);
  AttemptHeader header;
  if (!read_common(reader, kAttemptBlock, header)) return std::nullopt;
  header.totals = read_attempt_totals(reader);
  if (!reader.done()) return std::nullopt;
  return header;
}

std::optional<std::vector<Run>> decode_runs(std::string_view payload, const BlockHeader& header) {
  ByteReader reader(payload);
  std::vector<Run> runs;
  std::int64_t expected = header.day * kDaySeconds;
  std::int32_t every = 0;
  while (reader.left() > 0) {
    const std::uint64_t head = reader.varint();
    Run run;
    run.count = static_cast<std::int64_t>(head >> 1);
    run.start = expected;
    run.every = every;
    if (!set_kind(run, reader.byte())) return std::nullopt;
    if (head & 1) {
      run.start = reader.after(expected);
      run.every = static_cast<std::int32_t>(reader.varint());
    }
    const bool in_order = reader.ok() && is_sound(run) && (runs.empty() || run.start >= expected);
    if (!in_order || day_of(run.start) != header.day) return std::nullopt;
    expected = run.end();
    every = run.every;
    runs.push_back(run);
  }
  if (!reader.ok() || runs.size() != header.items) return std::nullopt;
  return runs;
}

std::optional<DayOfAttempts> decode_attempts(std::string_view payload, const BlockHeader& header) {
  auto day = decode_columns(payload, header.day);
  if (!day || day->attempts.size() != header.items) return std::nullopt;
  return day;
}

}  // namespace exporter::ledger
