#include "rules/series/bits.h"

#include <algorithm>

namespace rules::series {

void BitWriter::bits(std::uint64_t value, unsigned count) {
  while (count > 0) {
    if (free_ == 0) {
      bytes_.push_back(0);
      free_ = 8;
    }
    const unsigned taken = std::min(count, free_);
    const std::uint64_t part = (value >> (count - taken)) & ((std::uint64_t{1} << taken) - 1);
    bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) |
                                      static_cast<unsigned char>(part << (free_ - taken)));
    free_ -= taken;
    count -= taken;
  }
}

void BitWriter::clear() {
  bytes_.clear();
  free_ = 0;
}

std::uint64_t BitReader::peek_last() const {
  const std::size_t byte = position_ / 8;
  std::uint64_t word = 0;
  if (byte < bytes_.size()) std::memcpy(&word, bytes_.data() + byte, bytes_.size() - byte);
  return __builtin_bswap64(word) << (position_ % 8);
}

}  // namespace rules::series
