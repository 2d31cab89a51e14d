// A string of bits, first bit highest, for chunks of samples. The reader never reads past its
// input: it fails once, stays failed and returns zeros, so that a decoder can be written straight
// and asked at its end. Pure.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace rules::series {

class BitWriter {
 public:
  void bit(bool value) { bits(value ? 1 : 0, 1); }
  // The lowest `count` bits of `value`, at most 64.
  void bits(std::uint64_t value, unsigned count);
  const std::string& bytes() const { return bytes_; }
  void clear();

 private:
  std::string bytes_;
  unsigned free_ = 0;  // bits of the last byte that are not used
};

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}

  bool bit() { return bits(1) != 0; }
  std::uint64_t bits(unsigned count);
  // How many ones stand before the next zero; stops at `limit` and then takes no zero.
  unsigned ones(unsigned limit);
  bool ok() const { return ok_; }
  // For who looks at several things at once: the next 57 bits at least, on top, zeros behind the
  // end; and on behind them.
  std::uint64_t peek() const;
  void skip(unsigned count);

 private:
  std::uint64_t peek_last() const;  // less than eight bytes are left

  std::string_view bytes_;
  std::size_t position_ = 0;  // in bits
  bool ok_ = true;
};

inline std::uint64_t BitReader::peek() const {
  const std::size_t byte = position_ / 8;
  std::uint64_t word = 0;
  if (byte + 8 > bytes_.size()) return peek_last();
  std::memcpy(&word, bytes_.data() + byte, 8);
  return __builtin_bswap64(word) << (position_ % 8);
}

inline void BitReader::skip(unsigned count) {
  position_ += count;
  if (position_ > bytes_.size() * 8) {
    ok_ = false;
    position_ = bytes_.size() * 8;
  }
}

inline std::uint64_t BitReader::bits(unsigned count) {
  if (count == 0) return 0;
  if (count > 56) {
    const std::uint64_t high = bits(count - 32);
    return (high << 32) | bits(32);
  }
  const std::uint64_t value = peek() >> (64 - count);
  skip(count);
  return ok_ ? value : 0;
}

inline unsigned BitReader::ones(unsigned limit) {
  const auto found = static_cast<unsigned>(std::countl_one(peek()));
  const unsigned count = found < limit ? found : limit;
  skip(count < limit ? count + 1 : count);
  return ok_ ? count : 0;
}

}  // namespace rules::series
