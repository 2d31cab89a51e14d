// Rows are written once a second and read once, after a start; they are short-lived, so the coding
// is plain: differences and variable-length integers, no compression.
#include "exporter/ledger/journal_row.h"

#include <arpa/inet.h>

#include <array>

#include "exporter/ledger/bytes.h"

namespace exporter::ledger {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kVerdictMask = 3, kRescued = 4;
constexpr unsigned kCauseShift = 3;

enum AddressKind : std::uint8_t { kText = 0, kV4 = 4, kV6 = 6 };
enum Flag : std::uint8_t {
  kStatusMask = 3,
  kNotFinal = 4,
  kExtra = 8,
  kEvidence = 16,
  kDetail = 32
};

bool try_address(ByteWriter& writer, const std::string& address, int family, AddressKind kind) {
  std::array<unsigned char, 16> binary{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_pton(family, address.c_str(), binary.data()) != 1) return false;
  // Addresses with a zone or in an unusual spelling are kept as text.
  if (!inet_ntop(family, binary.data(), text.data(), text.size()) || address != text.data()) {
    return false;
  }
  writer.byte(kind);
  writer.raw({reinterpret_cast<const char*>(binary.data()), kind == kV4 ? 4u : 16u});
  return true;
}

void write_run(ByteWriter& writer, const JournalRow::ServiceRun& item, std::int64_t previous) {
  writer.varint(item.service);
  writer.varint(static_cast<std::uint64_t>(item.run.every));
  writer.zigzag(item.run.start - previous);
  writer.varint(static_cast<std::uint64_t>(item.run.count));
  writer.byte(kind_byte(item.run));
}

bool read_run(ByteReader& reader, JournalRow::ServiceRun& item, std::int64_t previous) {
  item.service = static_cast<std::uint32_t>(reader.varint());
  item.run.every = static_cast<std::int32_t>(reader.varint());
  item.run.start = reader.after(previous);
  item.run.count = static_cast<std::int64_t>(reader.varint());
  if (!set_kind(item.run, reader.byte())) return false;
  return reader.ok() && is_sound(item.run);
}

void write_attempt(ByteWriter& writer, const JournalRow::CheckAttempt& item,
                   std::int64_t previous) {
  const Attempt& attempt = item.attempt;
  const bool detail = attempt.attempt != 0 || attempt.reason != probes::Reason::none;
  writer.varint(item.check);
  writer.zigzag(attempt.slot - previous);
  writer.byte(static_cast<std::uint8_t>(
      static_cast<std::uint8_t>(attempt.status) | (attempt.final ? 0 : kNotFinal) |
      (attempt.extra ? kExtra : 0) | (attempt.evidence ? kEvidence : 0) | (detail ? kDetail : 0)));
  if (detail) {
    writer.byte(attempt.attempt);
    writer.byte(static_cast<std::uint8_t>(attempt.reason));
  }
  writer.zigzag(attempt.offset);
  writer.varint(attempt.latency);
  writer.varint(attempt.address);
}

bool read_attempt(ByteReader& reader, JournalRow::CheckAttempt& item, std::int64_t previous,
                  std::size_t addresses) {
  Attempt& attempt = item.attempt;
  item.check = static_cast<std::uint32_t>(reader.varint());
  attempt.slot = reader.after(previous);
  const std::uint8_t flags = reader.byte();
  attempt.status = static_cast<probes::Status>(flags & kStatusMask);
  attempt.final = !(flags & kNotFinal);
  attempt.extra = flags & kExtra;
  attempt.evidence = flags & kEvidence;
  attempt.attempt = flags & kDetail ? reader.byte() : 0;
  const std::uint8_t reason = flags & kDetail ? reader.byte() : 0;
  attempt.reason = static_cast<probes::Reason>(reason);
  attempt.offset = reader.zigzag();
  attempt.latency = static_cast<std::uint32_t>(reader.varint());
  attempt.address = static_cast<std::uint32_t>(reader.varint());
  return reader.ok() && reason < probes::kReasonNames.size() && attempt.address < addresses &&
         attempt.latency <= kMaxLatencyCode && is_sound_time(attempt.slot) &&
         is_sound_offset(attempt.offset);
}

}  // namespace

bool is_sound_time(std::int64_t second) { return second >= -kMaxSecond && second <= kMaxSecond; }

bool is_sound_offset(std::int64_t milliseconds) {
  return milliseconds >= -kMaxSecond && milliseconds <= kMaxSecond;
}

bool is_sound(const Run& run) {
  return run.every > 0 && run.every <= kMaxEvery && run.count > 0 && run.count <= kMaxSecond &&
         is_sound_time(run.start) && run.count <= (kMaxSecond - run.start) / run.every;
}

std::uint8_t kind_byte(const Run& run) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(run.verdict) |
                                   (run.rescued ? kRescued : 0u) |
                                   (static_cast<unsigned>(run.cause) << kCauseShift));
}

bool set_kind(Run& run, std::uint8_t byte) {
  const unsigned cause = byte >> kCauseShift;
  run.verdict = static_cast<Verdict>(byte & kVerdictMask);
  run.rescued = byte & kRescued;
  run.cause = static_cast<Cause>(cause);
  return run.verdict != Verdict::excluded && cause <= static_cast<unsigned>(Cause::unconfirmed);
}

void write_address(ByteWriter& writer, const std::string& address) {
  if (try_address(writer, address, AF_INET, kV4)) return;
  if (try_address(writer, address, AF_INET6, kV6)) return;
  writer.byte(kText);
  writer.text(address);
}

std::string read_address(ByteReader& reader) {
  const std::uint8_t kind = reader.byte();
  if (kind == kText) return std::string(reader.text());
  if (kind != kV4 && kind != kV6) {
    reader.fail();
    return {};
  }
  const std::string_view binary = reader.raw(kind == kV4 ? 4 : 16);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!reader.ok()) return {};
  inet_ntop(kind == kV4 ? AF_INET : AF_INET6, binary.data(), text.data(), text.size());
  return text.data();
}

std::string encode(const JournalRow& row) {
  ByteWriter writer;
  writer.byte(kVersion);
  writer.varint(row.addresses.size());
  for (const std::string& address : row.addresses) write_address(writer, address);
  writer.varint(row.runs.size());
  std::int64_t previous = 0;
  for (const auto& item : row.runs) {
    write_run(writer, item, previous);
    previous = item.run.start;
  }
  writer.varint(row.attempts.size());
  for (const auto& item : row.attempts) {
    write_attempt(writer, item, previous);
    previous = item.attempt.slot;
  }
  return writer.take();
}

std::optional<JournalRow> decode_journal_row(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.byte() != kVersion) return std::nullopt;
  JournalRow row;
  row.addresses.resize(reader.count());
  for (std::string& address : row.addresses) address = read_address(reader);
  row.runs.resize(reader.count());
  std::int64_t previous = 0;
  for (auto& item : row.runs) {
    if (!read_run(reader, item, previous)) return std::nullopt;
    previous = item.run.start;
  }
  row.attempts.resize(reader.count());
  for (auto& item : row.attempts) {
    if (!read_attempt(reader, item, previous, row.addresses.size())) return std::nullopt;
    previous = item.attempt.slot;
  }
  if (!reader.done()) return std::nullopt;
  return row;
}

}  // namespace exporter::ledger
