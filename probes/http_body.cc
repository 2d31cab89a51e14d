#include "probes/http_body.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>

namespace probes {
namespace {

constexpr int kRawWindow = -MAX_WBITS;
constexpr int kZlibWindow = MAX_WBITS;
constexpr int kGzipWindow = MAX_WBITS + 16;

// zlib's header names the method 8, and its two octets are a multiple of 31 (RFC 1950 2.2).
bool has_zlib_header(std::string_view bytes) {
  if (bytes.size() < 2) return false;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  return (first & 0x0f) == 8 && (first * 256 + second) % 31 == 0;
}

class Inflater {
 public:
  Inflater(int window, std::string_view coding) : coding_(coding) {
    usable_ = inflateInit2(&stream_, window) == Z_OK;
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (usable_) inflateEnd(&stream_);
  }

  Result<std::string> run(std::string& body, std::size_t limit) {
    if (!usable_) return std::unexpected(Error{Reason::local, "zlib has no memory"});
    stream_.next_in = reinterpret_cast<Bytef*>(body.data());
    stream_.avail_in = static_cast<uInt>(body.size());
    std::string out;
    while (true) {
      const int result = step(out);
      if (out.size() > limit)
        return std::unexpected(
            Error{Reason::size, fmt::format("the body unfolds to more than {} bytes", limit)});
      const bool more_members = coding_ == "gzip" && stream_.avail_in > 0;
      if (result == Z_STREAM_END && !more_members) return out;
      // Several gzip members in a row are one body (RFC 1952 2.2).
      if (result == Z_STREAM_END && inflateReset(&stream_) == Z_OK) continue;
      if (result != Z_OK)
        return std::unexpected(
            Error{Reason::body, fmt::format("the body is not {} as the module expects{}", coding_,
                                            result == Z_BUF_ERROR ? ": it ends early" : "")});
    }
  }

 private:
  int step(std::string& out) {
    stream_.next_out = chunk_.data();
    stream_.avail_out = static_cast<uInt>(chunk_.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    out.append(reinterpret_cast<const char*>(chunk_.data()), chunk_.size() - stream_.avail_out);
    return result;
  }

  z_stream stream_{};
  bool usable_ = false;
  std::string_view coding_;
  std::array<Bytef, 16 * 1024> chunk_;
};

}  // namespace

Result<std::string> decompress(std::string_view coding, std::string body, std::size_t limit) {
  if (coding.empty() || coding == "identity") return body;
  if (coding == "gzip") return Inflater(kGzipWindow, coding).run(body, limit);
  if (coding == "deflate")
    return Inflater(has_zlib_header(body) ? kZlibWindow : kRawWindow, coding).run(body, limit);
  return std::unexpected(
      Error{Reason::local, fmt::format("compression \"{}\" is not built in", coding)});
}

}  // namespace probes
