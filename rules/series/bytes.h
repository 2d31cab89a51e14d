// Bytes in and out of what is kept on disk: variable-length integers, texts, a checksum. The reader
// never reads past its input: it fails once, stays failed, and returns zeros from then on. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace rules::series {

class ByteWriter {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value);
  void zigzag(std::int64_t value);  // small in either direction is short
  void raw(std::string_view value) { bytes_.append(value); }
  void text(std::string_view value);  // its length, then itself
  // A number of fixed width, little-endian.
  template <class T>
  void fixed(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    char copy[sizeof(T)];
    std::memcpy(copy, &value, sizeof(T));
    bytes_.append(copy, sizeof(T));
  }
  void reserve(std::size_t size) { bytes_.reserve(size); }
  std::size_t size() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  std::uint8_t byte();
  std::uint64_t varint();
  std::int64_t zigzag();
  std::string_view raw(std::size_t size);
  std::string_view text();
  template <class T>
  T fixed() {
    T value{};
    const std::string_view bytes = raw(sizeof(T));
    if (ok_) std::copy_n(bytes.begin(), sizeof(T), reinterpret_cast<char*>(&value));
    return value;
  }
  // A count of things that take at least one byte each: more than what is left is a failure, so
  // that nobody allocates by a damaged number.
  std::size_t count();
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// CRC-32C (Castagnoli).
std::uint32_t checksum(std::string_view bytes);

}  // namespace rules::series
