// Columns: shapes, details of the unusual attempts, steps between slots, addresses where they
// change, starts, latencies. Starts are told as the difference from the first attempt's phase,
// latencies as the difference from a slow moving average.
#include "exporter/ledger/attempt_columns.h"

#include <zlib.h>

#include "exporter/ledger/bytes.h"

namespace exporter::ledger {
namespace {

// A day holds 86,400 slots at most; re-probes and confirmations may triple that.
constexpr std::size_t kMaxRawBytes = 16u << 20;

enum Shape : std::uint8_t { kStatusMask = 3, kDetail = 4, kOtherStep = 8, kOtherAddress = 16 };
enum DetailFlag : std::uint8_t { kNotFinal = 1, kExtra = 2, kEvidence = 4, kAllFlags = 7 };

// What a latency is expected to be: moves an eighth of the way with each one seen. In sixteenths.
class Forecast {
 public:
  std::int64_t value() const { return sixteenths_ / 16; }
  void see(std::int64_t seen) {
    sixteenths_ = fresh_ ? seen * 16 : sixteenths_ + (seen * 16 - sixteenths_) / 8;
    fresh_ = false;
  }

 private:
  std::int64_t sixteenths_ = 0;
  bool fresh_ = true;
};

std::string deflate(const std::string& raw) {
  uLongf size = compressBound(raw.size());
  std::string packed(size, '\0');
  const int code = compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                             reinterpret_cast<const Bytef*>(raw.data()), raw.size(), 9);
  packed.resize(code == Z_OK ? size : 0);
  ByteWriter writer;
  writer.varint(raw.size());
  writer.raw(packed);
  return writer.take();
}

std::optional<std::string> inflate(std::string_view payload) {
  ByteReader reader(payload);
  const std::uint64_t size = reader.varint();
  // Deflate cannot shrink a thousandfold and more, so a damaged size cannot make us allocate much.
  if (!reader.ok() || size > kMaxRawBytes || size / 1100 > reader.left()) return std::nullopt;
  const std::string_view packed = reader.raw(reader.left());
  std::string raw(size, '\0');
  uLongf length = raw.size();
  const int code = uncompress(reinterpret_cast<Bytef*>(raw.data()), &length,
                              reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (code != Z_OK || length != size) return std::nullopt;
  return raw;
}

struct Columns {
  ByteWriter shapes, details, steps, addresses, starts, latencies;
};

void write_details(ByteWriter& writer, const Attempt& attempt) {
  writer.byte(attempt.attempt);
  writer.byte(static_cast<std::uint8_t>((attempt.final ? 0 : kNotFinal) |
                                        (attempt.extra ? kExtra : 0) |
                                        (attempt.evidence ? kEvidence : 0)));
  writer.byte(static_cast<std::uint8_t>(attempt.reason));
}

bool read_details(ByteReader& reader, Attempt& attempt) {
  attempt.attempt = reader.byte();
  const std::uint8_t flags = reader.byte();
  const std::uint8_t reason = reader.byte();
  attempt.final = !(flags & kNotFinal);
  attempt.extra = flags & kExtra;
  attempt.evidence = flags & kEvidence;
  attempt.reason = static_cast<probes::Reason>(reason);
  return flags <= kAllFlags && reason < probes::kReasonNames.size();
}

bool is_usual(const Attempt& attempt) {
  return attempt.attempt == 0 && attempt.final && !attempt.extra && !attempt.evidence &&
         attempt.reason == probes::Reason::none;
}

// The shape, detail, step and address columns of every attempt.
void write_discrete(Columns& columns, const std::vector<Attempt>& attempts, std::int64_t day) {
  std::int64_t slot = day * kDaySeconds, step = 0;
  std::uint32_t address = 0;
  for (const Attempt& attempt : attempts) {
    auto shape = static_cast<std::uint8_t>(attempt.status);
    if (!is_usual(attempt)) {
      shape |= kDetail;
      write_details(columns.details, attempt);
    }
    if (attempt.slot - slot != step) {
      shape |= kOtherStep;
      columns.steps.zigzag(attempt.slot - slot);
      // A confirmation stays in its slot; the cadence is what comes back after it.
      if (attempt.slot != slot) step = attempt.slot - slot;
    }
    if (attempt.address != address) {
      shape |= kOtherAddress;
      columns.addresses.varint(attempt.address);
    }
    columns.shapes.byte(shape);
    slot = attempt.slot;
    address = attempt.address;
  }
}

bool read_discrete(ByteReader& reader, std::vector<Attempt>& attempts,
                   const std::vector<std::uint8_t>& shapes, std::int64_t day) {
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    attempts[i].status = static_cast<probes::Status>(shapes[i] & kStatusMask);
    if ((shapes[i] & kDetail) && !read_details(reader, attempts[i])) return false;
  }
  std::int64_t slot = day * kDaySeconds, step = 0;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    std::int64_t next = slot + step;
    if (shapes[i] & kOtherStep) {
      next = reader.after(slot);
      if (!reader.ok() || day_of(next) != day) return false;
      if (next != slot) step = next - slot;
    }
    if (day_of(next) != day) return false;
    attempts[i].slot = slot = next;
  }
  std::uint32_t address = 0;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (shapes[i] & kOtherAddress) address = static_cast<std::uint32_t>(reader.varint());
    attempts[i].address = address;
  }
  return reader.ok();
}

void write_measured(Columns& columns, const std::vector<Attempt>& attempts) {
  const std::int64_t phase = attempts.empty() ? 0 : attempts.front().offset;
  columns.starts.zigzag(phase);
  Forecast forecast;
  for (const Attempt& attempt : attempts) {
    columns.starts.zigzag(attempt.offset - phase);
    columns.latencies.zigzag(std::int64_t{attempt.latency} - forecast.value());
    forecast.see(attempt.latency);
  }
}

bool read_measured(ByteReader& reader, std::vector<Attempt>& attempts) {
  const std::int64_t phase = reader.zigzag();
  for (Attempt& attempt : attempts) {
    attempt.offset = reader.after(phase);
    if (!is_sound_offset(attempt.offset)) return false;
  }
  Forecast forecast;
  for (Attempt& attempt : attempts) {
    const std::int64_t latency = reader.after(forecast.value());
    if (latency < 0 || latency > kMaxLatencyCode) return false;
    attempt.latency = static_cast<std::uint32_t>(latency);
    forecast.see(latency);
  }
  return reader.ok();
}

}  // namespace

std::string encode_columns(const std::vector<Attempt>& attempts,
                           const std::vector<std::string>& addresses, std::int64_t day) {
  Columns columns;
  write_discrete(columns, attempts, day);
  write_measured(columns, attempts);
  ByteWriter raw;
  raw.varint(addresses.size());
  for (const std::string& address : addresses) write_address(raw, address);
  raw.varint(attempts.size());
  for (ByteWriter* column : {&columns.shapes, &columns.details, &columns.steps, &columns.addresses,
                             &columns.starts, &columns.latencies}) {
    raw.raw(column->take());
  }
  return deflate(raw.take());
}

std::optional<DayOfAttempts> decode_columns(std::string_view payload, std::int64_t day) {
  const std::optional<std::string> raw = inflate(payload);
  if (!raw) return std::nullopt;
  ByteReader reader(*raw);
  DayOfAttempts result;
  result.addresses.resize(reader.count());
  for (std::string& address : result.addresses) address = read_address(reader);
  result.attempts.resize(reader.count());
  std::vector<std::uint8_t> shapes(result.attempts.size());
  for (std::uint8_t& shape : shapes) shape = reader.byte();
  if (!read_discrete(reader, result.attempts, shapes, day)) return std::nullopt;
  if (!read_measured(reader, result.attempts) || !reader.done()) return std::nullopt;
  for (const Attempt& attempt : result.attempts) {
    if (attempt.address >= result.addresses.size()) return std::nullopt;
  }
  return result;
}

}  // namespace exporter::ledger
