// The log writes each attempt as a difference from the one before: a shape byte that says which
// parts differ in an unusual way, those parts, and always the deviation of the start and the change
// of the latency.
#include "exporter/ledger/attempt.h"

#include <algorithm>
#include <bit>

#include "exporter/ledger/bytes.h"

namespace exporter::ledger {
namespace {

constexpr unsigned kMantissaBits = 6;
constexpr std::size_t kGrowth = 256;  // a log grows by steps, not by doubling: there are thousands

enum Shape : std::uint8_t {
  kStatusMask = 3,
  kDetail = 4,       // attempt, flags and reason follow
  kOtherStep = 8,    // the slot is not one step after the previous one
  kNewAddress = 16,  // the address differs from the previous one
};
enum DetailFlag : std::uint8_t { kNotFinal = 1, kExtra = 2, kEvidence = 4 };

bool is_plain(const Attempt& attempt) {
  return attempt.attempt == 0 && attempt.final && !attempt.extra && !attempt.evidence &&
         attempt.reason == probes::Reason::none;
}

}  // namespace

std::uint32_t latency_code(std::chrono::microseconds latency) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  if (value < (1u << kMantissaBits)) return static_cast<std::uint32_t>(value);
  unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kMantissaBits - 1;
  // Rounded to the nearest: half a step is added before the low bits go.
  const std::uint64_t rounded = value + (shift == 0 ? 0 : std::uint64_t{1} << (shift - 1));
  shift = static_cast<unsigned>(std::bit_width(rounded)) - kMantissaBits - 1;
  const std::uint64_t code = (std::uint64_t{shift} << kMantissaBits) + (rounded >> shift);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(code, kMaxLatencyCode));
}

std::chrono::microseconds latency_of(std::uint32_t code) {
  code = std::min(code, kMaxLatencyCode);
  if (code < (2u << kMantissaBits)) return std::chrono::microseconds(code);
  const unsigned shift = (code >> kMantissaBits) - 1;
  const std::uint64_t mantissa = code - (std::uint64_t{shift} << kMantissaBits);
  return std::chrono::microseconds(static_cast<std::int64_t>(mantissa << shift));
}

bool same_attempt(const Attempt& a, const Attempt& b) {
  if (a.slot != b.slot || a.attempt != b.attempt || a.extra != b.extra) return false;
  return !a.extra || a.offset == b.offset;
}

Attempt to_attempt(const OutcomeRecord& record) {
  Attempt attempt;
  attempt.slot = record.slot.time_since_epoch().count();
  attempt.offset = record.at.time_since_epoch().count() - attempt.slot * 1000;
  attempt.latency = latency_code(record.latency);
  attempt.status = record.status;
  attempt.reason = record.reason;
  attempt.attempt = record.attempt;
  attempt.final = record.final;
  attempt.extra = record.extra;
  attempt.evidence = !record.message.empty();
  return attempt;
}

OutcomeRecord to_record(const Attempt& attempt, const std::string& service,
                        const std::string& check) {
  OutcomeRecord record;
  record.service = service;
  record.check = check;
  record.slot = Seconds(std::chrono::seconds(attempt.slot));
  record.attempt = attempt.attempt;
  record.final = attempt.final;
  record.extra = attempt.extra;
  record.at =
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(attempt.at()));
  record.status = attempt.status;
  record.reason = attempt.reason;
  record.latency = latency_of(attempt.latency);
  return record;
}

std::uint32_t AttemptLog::address_index(std::string_view address) {
  // The dictionary is short as a rule, and the last address is nearly always the next one.
  const auto found = std::find(addresses_.rbegin(), addresses_.rend(), address);
  if (found != addresses_.rend()) {
    return static_cast<std::uint32_t>(addresses_.rend() - found - 1);
  }
  addresses_.emplace_back(address);
  return static_cast<std::uint32_t>(addresses_.size() - 1);
}

void AttemptLog::append(Attempt attempt, std::string_view address) {
  const bool address_repeats = size_ > 0 && addresses_[previous_.address] == address;
  attempt.address = address_repeats ? previous_.address : address_index(address);
  if (size_ == 0) base_ = attempt.offset;

  auto shape = static_cast<std::uint8_t>(attempt.status);
  if (!is_plain(attempt)) shape |= kDetail;
  const std::int64_t step = attempt.slot - previous_.slot;
  if (size_ == 0 || step != step_) shape |= kOtherStep;
  if (attempt.address != previous_.address) shape |= kNewAddress;

  ByteWriter writer;
  writer.byte(shape);
  if (shape & kDetail) {
    writer.byte(attempt.attempt);
    writer.byte(static_cast<std::uint8_t>((attempt.final ? 0 : kNotFinal) |
                                          (attempt.extra ? kExtra : 0) |
                                          (attempt.evidence ? kEvidence : 0)));
    writer.byte(static_cast<std::uint8_t>(attempt.reason));
  }
  if (shape & kOtherStep) writer.zigzag(step);
  if (shape & kNewAddress) writer.varint(attempt.address);
  writer.zigzag(attempt.offset - base_);
  writer.zigzag(std::int64_t{attempt.latency} - std::int64_t{previous_.latency});

  if (bytes_.capacity() < bytes_.size() + writer.size()) bytes_.reserve(bytes_.size() + kGrowth);
  bytes_ += writer.take();
  step_ = step;
  previous_ = attempt;
  ++size_;
}

std::vector<Attempt> AttemptLog::attempts() const {
  std::vector<Attempt> result;
  result.reserve(size_);
  ByteReader reader(bytes_);
  Attempt attempt;
  std::int64_t step = 0;
  while (reader.left() > 0) {
    const std::uint8_t shape = reader.byte();
    const bool detail = shape & kDetail;
    attempt.status = static_cast<probes::Status>(shape & kStatusMask);
    attempt.attempt = detail ? reader.byte() : 0;
    const std::uint8_t flags = detail ? reader.byte() : 0;
    attempt.final = !(flags & kNotFinal);
    attempt.extra = flags & kExtra;
    attempt.evidence = flags & kEvidence;
    attempt.reason = static_cast<probes::Reason>(detail ? reader.byte() : 0);
    if (shape & kOtherStep) step = reader.zigzag();
    attempt.slot += step;
    if (shape & kNewAddress) attempt.address = static_cast<std::uint32_t>(reader.varint());
    attempt.offset = base_ + reader.zigzag();
    attempt.latency = static_cast<std::uint32_t>(attempt.latency + reader.zigzag());
    result.push_back(attempt);
  }
  return result;
}

}  // namespace exporter::ledger
