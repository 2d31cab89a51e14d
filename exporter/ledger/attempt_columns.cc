// Columns: the dictionary of addresses, shapes, details of the unusual attempts, steps between
// slots, addresses where they change, starts, latencies. Starts are told as the difference from the
// first attempt's phase, latencies as the difference from a slow moving average. Each column is
// compressed on its own, because each has its own statistics.
#include "exporter/ledger/attempt_columns.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "exporter/ledger/bytes.h"

namespace exporter::ledger {
namespace {

// A day holds 86,400 slots at most; re-probes and confirmations may triple that.
constexpr std::size_t kMaxColumnBytes = 4u << 20;

enum Shape : std::uint8_t { kStatusMask = 3, kDetail = 4, kOtherStep = 8, kOtherAddress = 16 };
enum DetailFlag : std::uint8_t { kNotFinal = 1, kExtra = 2, kEvidence = 4, kAllFlags = 7 };

// What a latency is expected to be: moves an eighth of the way with each one seen. Failures have
// an expectation of their own, or each timeout would spoil the guess for the twenty after it.
class Forecast {
 public:
  std::int64_t of(const Attempt& attempt) const {
    return (is_good(attempt) ? good_ : failed_).sixteenths / 16;
  }
  void see(const Attempt& attempt) {
    Average& average = is_good(attempt) ? good_ : failed_;
    const std::int64_t seen = std::int64_t{attempt.latency} * 16;
    average.sixteenths =
        average.fresh ? seen : average.sixteenths + (seen - average.sixteenths) / 8;
    average.fresh = false;
  }

 private:
  struct Average {
    std::int64_t sixteenths = 0;
    bool fresh = true;
  };
  static bool is_good(const Attempt& attempt) {
    return attempt.status == probes::Status::up || attempt.status == probes::Status::degraded;
  }
  Average good_, failed_;
};

std::string deflate(const std::string& raw, int strategy) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, strategy) != Z_OK) return raw;
  std::string packed(deflateBound(&stream, raw.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(raw.data()));
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int code = ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return code == Z_STREAM_END ? packed : raw;
}

// A column as its size, the size of what follows, and that: as it is, or deflated where that is
// shorter. Noise does best without the search for repetitions, order with it.
void write_column(ByteWriter& writer, ByteWriter& column) {
  const std::string raw = column.take();
  const std::string searched = deflate(raw, Z_DEFAULT_STRATEGY);
  const std::string coded = deflate(raw, Z_HUFFMAN_ONLY);
  const std::string& packed = coded.size() < searched.size() ? coded : searched;
  const std::string& shorter = packed.size() < raw.size() ? packed : raw;
  writer.varint(raw.size());
  writer.text(shorter);
}

std::optional<std::string> read_column(ByteReader& reader) {
  const std::uint64_t size = reader.varint();
  const std::string_view packed = reader.text();
  // Deflate cannot shrink a thousandfold and more, so a damaged size cannot make us allocate much.
  if (!reader.ok() || size > kMaxColumnBytes || size / 1100 > packed.size()) return std::nullopt;
  if (packed.size() == size) return std::string(packed);
  std::string raw(size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(raw.data());
  stream.avail_out = static_cast<uInt>(raw.size());
  const int code = ::inflate(&stream, Z_FINISH);
  const bool whole = code == Z_STREAM_END && stream.total_out == size && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole) return std::nullopt;
  return raw;
}

enum Column { kDictionary, kShapes, kDetails, kSteps, kAddresses, kStarts, kLatencies, kColumns };
using Columns = std::array<ByteWriter, kColumns>;

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
      write_details(columns[kDetails], attempt);
    }
    if (attempt.slot - slot != step) {
      shape |= kOtherStep;
      columns[kSteps].zigzag(attempt.slot - slot);
      // A confirmation stays in its slot; the cadence is what comes back after it.
      if (attempt.slot != slot) step = attempt.slot - slot;
    }
    if (attempt.address != address) {
      shape |= kOtherAddress;
      columns[kAddresses].varint(attempt.address);
    }
    columns[kShapes].byte(shape);
    slot = attempt.slot;
    address = attempt.address;
  }
}

struct Readers {
  ByteReader shapes, details, steps, addresses, starts, latencies;
};

// The slot of an attempt from that of the one before it.
class Slots {
 public:
  explicit Slots(std::int64_t day) : day_(day), slot_(day * kDaySeconds) {}
  std::optional<std::int64_t> next(bool other_step, ByteReader& steps) {
    std::int64_t next = slot_ + step_;
    if (other_step) next = steps.after(slot_);
    if (!steps.ok() || day_of(next) != day_) return std::nullopt;
    if (other_step && next != slot_) step_ = next - slot_;
    return slot_ = next;
  }

 private:
  std::int64_t day_, slot_, step_ = 0;
};

bool read_discrete(Readers& readers, std::vector<Attempt>& attempts, std::int64_t day) {
  Slots slots(day);
  std::uint32_t address = 0;
  for (Attempt& attempt : attempts) {
    const std::uint8_t shape = readers.shapes.byte();
    attempt.status = static_cast<probes::Status>(shape & kStatusMask);
    if ((shape & kDetail) && !read_details(readers.details, attempt)) return false;
    const auto slot = slots.next(shape & kOtherStep, readers.steps);
    if (!slot) return false;
    attempt.slot = *slot;
    if (shape & kOtherAddress) {
      address = static_cast<std::uint32_t>(readers.addresses.varint());
    }
    attempt.address = address;
  }
  return true;
}

void write_measured(Columns& columns, const std::vector<Attempt>& attempts) {
  const std::int64_t phase = attempts.empty() ? 0 : attempts.front().offset;
  columns[kStarts].zigzag(phase);
  Forecast forecast;
  for (const Attempt& attempt : attempts) {
    columns[kStarts].zigzag(attempt.offset - phase);
    columns[kLatencies].zigzag(std::int64_t{attempt.latency} - forecast.of(attempt));
    forecast.see(attempt);
  }
}

bool read_measured(Readers& readers, std::vector<Attempt>& attempts) {
  const std::int64_t phase = readers.starts.zigzag();
  Forecast forecast;
  for (Attempt& attempt : attempts) {
    attempt.offset = readers.starts.after(phase);
    const std::int64_t latency = readers.latencies.after(forecast.of(attempt));
    if (!is_sound_offset(attempt.offset) || latency < 0 || latency > kMaxLatencyCode) return false;
    attempt.latency = static_cast<std::uint32_t>(latency);
    forecast.see(attempt);
  }
  return true;
}

}  // namespace

std::string encode_columns(const std::vector<Attempt>& attempts,
                           const std::vector<std::string>& addresses, std::int64_t day) {
  Columns columns;
  columns[kDictionary].varint(addresses.size());
  for (const std::string& address : addresses) write_address(columns[kDictionary], address);
  write_discrete(columns, attempts, day);
  write_measured(columns, attempts);
  ByteWriter writer;
  for (ByteWriter& column : columns) write_column(writer, column);
  return writer.take();
}

std::optional<DayOfAttempts> decode_columns(std::string_view payload, std::int64_t day) {
  ByteReader reader(payload);
  std::array<std::string, kColumns> columns;
  for (std::string& column : columns) {
    auto raw = read_column(reader);
    if (!raw) return std::nullopt;
    column = *std::move(raw);
  }
  DayOfAttempts result;
  ByteReader dictionary(columns[kDictionary]);
  result.addresses.resize(dictionary.count());
  for (std::string& address : result.addresses) address = read_address(dictionary);
  result.attempts.resize(columns[kShapes].size());
  Readers readers{ByteReader(columns[kShapes]), ByteReader(columns[kDetails]),
                  ByteReader(columns[kSteps]),  ByteReader(columns[kAddresses]),
                  ByteReader(columns[kStarts]), ByteReader(columns[kLatencies])};
  if (!read_discrete(readers, result.attempts, day)) return std::nullopt;
  if (!read_measured(readers, result.attempts)) return std::nullopt;
  const bool whole = reader.done() && dictionary.done() && readers.details.done() &&
                     readers.steps.done() && readers.addresses.done() && readers.starts.done() &&
                     readers.latencies.done();
  const bool known = std::ranges::all_of(result.attempts, [&result](const Attempt& attempt) {
    return attempt.address < result.addresses.size();
  });
  if (!whole || !known) return std::nullopt;
  return result;
}

}  // namespace exporter::ledger
