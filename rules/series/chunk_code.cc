#include "rules/series/chunk_code.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rules::series {
namespace {

constexpr double kLargestWhole = 9007199254740992.0;  // 2^53
constexpr std::uint64_t kSecond = 1000;
constexpr unsigned kLongestRun = 16;  // in bits of its number

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

std::uint64_t bits_of_whole(std::uint64_t number) {
  return bits_of(static_cast<double>(static_cast<std::int64_t>(number)));
}

bool fits(std::int64_t value, unsigned bits) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  return value >= -half && value < half;
}

std::uint64_t extended(std::uint64_t value, unsigned bits) {
  const std::uint64_t sign = std::uint64_t{1} << (bits - 1);
  return (value ^ sign) - sign;
}

std::uint64_t zigzag(std::uint64_t value) {
  return (value << 1) ^ (static_cast<std::int64_t>(value) < 0 ? ~std::uint64_t{0} : 0);
}

std::uint64_t unzigzag(std::uint64_t value) { return (value >> 1) ^ (~(value & 1) + 1); }

struct Width {
  std::uint64_t prefix;
  unsigned prefix_bits, bits;
};
constexpr Width kSteps[] = {{0b10, 2, 3}, {0b110, 3, 8}, {0b1110, 4, 16}, {0b11110, 5, 58}};
constexpr unsigned kNarrowSteps = 3;  // of these, no wider than a look ahead
constexpr Width kTimes[] = {{0b110, 3, 14}, {0b1110, 4, 32}};

}  // namespace

bool is_whole(double value) {
  return std::abs(value) <= kLargestWhole && std::trunc(value) == value &&
         !(value == 0 && std::signbit(value));
}

void Foreseen::start(Form chosen, Sample first) {
  *this = {};
  form = chosen;
  at = static_cast<std::uint64_t>(first.at);
  value = bits_of(first.value);
  if (form == Form::whole && is_whole(first.value)) {
    number = static_cast<std::uint64_t>(static_cast<std::int64_t>(first.value));
  }
}

std::uint64_t Foreseen::next_value() const {
  return form == Form::whole ? bits_of_whole(number + step) : value;
}

void Coder::start(Form form, Sample first) {
  foreseen_.start(form, first);
  bits_.clear();
  run_ = 0;
  raws_ = 0;
}

void Coder::add(Sample sample) {
  const auto at = static_cast<std::uint64_t>(sample.at);
  if (at == foreseen_.next_at() && bits_of(sample.value) == foreseen_.next_value()) {
    foreseen_.at = at;
    foreseen_.value = bits_of(sample.value);
    foreseen_.number += foreseen_.step;
    ++run_;
    return;
  }
  if (run_ > 0) put_run(bits_);
  run_ = 0;
  bits_.bit(true);
  put_time(at);
  if (foreseen_.form == Form::whole) {
    put_whole(sample.value);
  } else {
    put_other(sample.value);
  }
}

std::string Coder::bytes() const {
  if (run_ == 0) return bits_.bytes();
  BitWriter closed = bits_;
  put_run(closed);
  return closed.bytes();
}

// 0, then Elias gamma: as many ones as the number has bits behind its first, a zero, those bits.
void Coder::put_run(BitWriter& bits) const {
  const auto length = static_cast<unsigned>(std::bit_width(run_)) - 1;
  bits.bit(false);
  for (unsigned i = 0; i < length; ++i) bits.bit(true);
  if (length < kLongestRun) bits.bit(false);
  bits.bits(run_, length);
}

void Coder::put_time(std::uint64_t at) {
  const std::uint64_t distance = at - foreseen_.at;
  const auto change = static_cast<std::int64_t>(distance - foreseen_.distance);
  foreseen_.at = at;
  foreseen_.distance = distance;
  if (change == 0) return bits_.bit(false);
  constexpr auto kMillis = static_cast<std::int64_t>(kSecond);
  if (change % kMillis == 0 && fits(change / kMillis, 8)) {
    bits_.bits(0b10, 2);
    return bits_.bits(static_cast<std::uint64_t>(change / kMillis), 8);
  }
  for (const Width& width : kTimes) {
    if (!fits(change, width.bits)) continue;
    bits_.bits(width.prefix, width.prefix_bits);
    return bits_.bits(static_cast<std::uint64_t>(change), width.bits);
  }
  bits_.bits(0b1111, 4);
  bits_.bits(static_cast<std::uint64_t>(change), 64);
}

void Coder::put_whole(double value) {
  foreseen_.value = bits_of(value);
  const bool whole = is_whole(value);
  const auto number = whole ? static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) : 0;
  const std::uint64_t step = number - foreseen_.number;
  const std::uint64_t change = zigzag(step - foreseen_.step);
  if (!whole || change >> kSteps[3].bits != 0) {
    raws_ += is_stale_nan(value) ? 0 : 1;
    bits_.bits(0b11111, 5);
    return bits_.bits(bits_of(value), 64);
  }
  foreseen_.number = number;
  foreseen_.step = step;
  if (change == 0) return bits_.bit(false);
  for (const Width& width : kSteps) {
    if (change >> width.bits != 0) continue;
    bits_.bits(width.prefix, width.prefix_bits);
    return bits_.bits(change, width.bits);
  }
}

void Coder::put_other(double value) {
  const std::uint64_t mixed = bits_of(value) ^ foreseen_.value;
  foreseen_.value = bits_of(value);
  if (mixed == 0) return bits_.bit(false);
  const auto leading = static_cast<unsigned>(std::min(std::countl_zero(mixed), 31));
  const auto length = 64 - leading - static_cast<unsigned>(std::countr_zero(mixed));
  const unsigned skipped = 64 - foreseen_.leading - foreseen_.length;
  const bool inside =
      foreseen_.length > 0 && leading >= foreseen_.leading && mixed >> skipped << skipped == mixed;
  // A window much wider than needed is worth the 11 bits of a new one.
  if (inside && foreseen_.length <= length + 11) {
    bits_.bits(0b10, 2);
    return bits_.bits(mixed >> skipped, foreseen_.length);
  }
  foreseen_.leading = leading;
  foreseen_.length = length;
  bits_.bits(0b11, 2);
  bits_.bits(leading, 5);
  bits_.bits(length - 1, 6);
  bits_.bits(mixed >> (64 - leading - length), length);
}

Decoder::Decoder(Form form, Sample first, std::string_view bytes) : bits_(bytes) {
  foreseen_.start(form, first);
}

Sample Decoder::next() {
  if (run_ == 0) {
    const std::uint64_t ahead = bits_.peek();
    if (ahead >> 63 != 0) {
      take_sample(ahead);
      return {static_cast<std::int64_t>(foreseen_.at), std::bit_cast<double>(foreseen_.value)};
    }
    take_run(ahead);
  }
  --run_;
  foreseen_.at += foreseen_.distance;
  if (foreseen_.form == Form::whole) {
    foreseen_.number += foreseen_.step;
    foreseen_.value = bits_of_whole(foreseen_.number);
  }
  return {static_cast<std::int64_t>(foreseen_.at), std::bit_cast<double>(foreseen_.value)};
}

std::uint64_t Decoder::skip(std::int64_t until, std::uint64_t most, std::int64_t& at) {
  const auto distance = static_cast<std::int64_t>(foreseen_.distance);
  const auto now = static_cast<std::int64_t>(foreseen_.at);
  if (run_ == 0 || distance <= 0 || until <= now) return 0;
  const std::uint64_t before = static_cast<std::uint64_t>(until) - foreseen_.at;
  const std::uint64_t passed = std::min({run_, most, before / foreseen_.distance});
  run_ -= passed;
  foreseen_.at += passed * foreseen_.distance;
  if (foreseen_.form == Form::whole && passed > 0) {
    foreseen_.number += passed * foreseen_.step;
    foreseen_.value = bits_of_whole(foreseen_.number);
  }
  at = static_cast<std::int64_t>(foreseen_.at);
  return passed;
}

bool Decoder::even() const {
  // So large a number could overflow a sum; neither infinity nor a NaN is smaller.
  if (!(std::abs(value()) < 1e300)) return false;
  if (foreseen_.form == Form::other) return true;
  // A raw value among whole numbers is no step of theirs.
  return static_cast<std::int64_t>(foreseen_.step) >= 0 &&
         foreseen_.value == bits_of_whole(foreseen_.number);
}

void Decoder::take_run(std::uint64_t ahead) {
  const auto ones = static_cast<unsigned>(std::countl_one(ahead << 1));
  const unsigned length = std::min(ones, kLongestRun);
  const unsigned used = 1 + length + (length < kLongestRun ? 1 : 0);
  run_ = std::uint64_t{1} << length;
  if (length > 0) run_ |= ahead << used >> (64 - length);
  bits_.skip(used + length);
}

// What nearly all samples are is decoded from one look: on time, and a whole number with a step
// that changed by little.
void Decoder::take_sample(std::uint64_t ahead) {
  const auto kind = static_cast<unsigned>(std::countl_one(ahead << 2));
  const bool on_time = ahead >> 62 == 0b10;
  if (on_time && foreseen_.form == Form::whole && kind <= kNarrowSteps) {
    const unsigned used = 2 + kind + 1, width = kind == 0 ? 0 : kSteps[kind - 1].bits;
    foreseen_.at += foreseen_.distance;
    step_on(width == 0 ? 0 : ahead << used >> (64 - width));
    return bits_.skip(used + width);
  }
  bits_.skip(1);
  take_time();
  if (foreseen_.form == Form::whole) {
    take_whole();
  } else {
    take_other();
  }
}

void Decoder::step_on(std::uint64_t change) {
  foreseen_.step += unzigzag(change);
  foreseen_.number += foreseen_.step;
  foreseen_.value = bits_of_whole(foreseen_.number);
}

void Decoder::take_time() {
  std::uint64_t change = 0;
  switch (bits_.ones(4)) {
    case 0:
      break;
    case 1:
      change = extended(bits_.bits(8), 8) * kSecond;
      break;
    case 2:
      change = extended(bits_.bits(14), 14);
      break;
    case 3:
      change = extended(bits_.bits(32), 32);
      break;
    default:
      change = bits_.bits(64);
  }
  foreseen_.distance += change;
  foreseen_.at += foreseen_.distance;
}

void Decoder::take_whole() {
  const unsigned kind = bits_.ones(5);
  if (kind == 5) {
    foreseen_.value = bits_.bits(64);
    return;
  }
  step_on(kind == 0 ? 0 : bits_.bits(kSteps[kind - 1].bits));
}

void Decoder::take_other() {
  const unsigned kind = bits_.ones(2);
  if (kind == 0) return;
  if (kind == 2) {
    foreseen_.leading = static_cast<unsigned>(bits_.bits(5));
    foreseen_.length = static_cast<unsigned>(bits_.bits(6)) + 1;
  }
  // Damaged bytes may name a window that reaches out of the word.
  const unsigned reach = foreseen_.leading + foreseen_.length;
  if (foreseen_.length == 0 || reach > 64) return;
  foreseen_.value ^= bits_.bits(foreseen_.length) << (64 - reach);
}

}  // namespace rules::series
