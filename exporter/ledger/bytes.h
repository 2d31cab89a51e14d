// Bytes in and out of the ledger's rows: variable-length integers, as FORMAT.md defines them. The
// reader never reads past its input: it fails once, stays failed, and returns zeros from then on,
// so that a decoder can be written straight and asked once at its end. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace exporter::ledger {

class ByteWriter {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value);
  void zigzag(std::int64_t value);  // small in either direction is short
  void raw(std::string_view value) { bytes_.append(value); }
  void text(std::string_view value);  // its length, then itself
  std::size_t size() const { return bytes_.size(); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  std::uint8_t byte();
  std::uint64_t varint();
  std::int64_t zigzag();
  // A value written as its difference from `previous`; a sum that does not fit is a failure.
  std::int64_t after(std::int64_t previous);
  std::string_view raw(std::size_t size);
  std::string_view text();
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

}  // namespace exporter::ledger
