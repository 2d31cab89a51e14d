// Variable-length integers: seven bits a byte, lowest first, the high bit says that more follow.
#include "exporter/ledger/bytes.h"

namespace exporter::ledger {

void ByteWriter::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
  byte(static_cast<std::uint8_t>(value));
}

void ByteWriter::zigzag(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  varint((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void ByteWriter::text(std::string_view value) {
  varint(value.size());
  raw(value);
}

std::uint8_t ByteReader::byte() {
  if (rest_.empty()) {
    fail();
    return 0;
  }
  const auto value = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return value;
}

std::uint64_t ByteReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t next = byte();
    if (shift == 63 && next > 1) break;  // more than 64 bits
    value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
    if (!(next & 0x80)) return ok_ ? value : 0;
  }
  fail();
  return 0;
}

std::int64_t ByteReader::zigzag() {
  const std::uint64_t bits = varint();
  return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
}

std::int64_t ByteReader::after(std::int64_t previous) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(previous, zigzag(), &sum)) fail();
  return ok_ ? sum : 0;
}

std::string_view ByteReader::raw(std::size_t size) {
  if (size > rest_.size()) {
    fail();
    return {};
  }
  const std::string_view value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return value;
}

std::string_view ByteReader::text() { return raw(varint()); }

std::size_t ByteReader::count() {
  const std::uint64_t value = varint();
  if (value > rest_.size()) {
    fail();
    return 0;
  }
  return value;
}

}  // namespace exporter::ledger
