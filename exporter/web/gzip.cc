// The output grows in steps instead of being sized for the worst case, because deflateBound() would
// ask for more memory than the page itself.
#include "exporter/web/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace exporter {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // 16 asks zlib for gzip's header and trailer
constexpr int kMemoryLevel = 8;           // zlib's default
constexpr std::size_t kStepBytes = 256 * 1024;

}  // namespace

std::string gzip(std::string_view body) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out;
  std::size_t written = 0;
  int result = Z_OK;
  while (result != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      // avail_in is 32 bits wide; larger bodies go in pieces.
      const std::size_t piece = std::min<std::size_t>(body.size(), 1u << 30);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
      stream.avail_in = static_cast<uInt>(piece);
      body.remove_prefix(piece);
    }
    out.resize(written + std::min(kStepBytes, std::max<std::size_t>(4096, written)));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = static_cast<uInt>(out.size() - written);
    result = deflate(&stream, body.empty() ? Z_FINISH : Z_NO_FLUSH);
    written = out.size() - stream.avail_out;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) break;
  }
  deflateEnd(&stream);
  out.resize(result == Z_STREAM_END ? written : 0);
  return out;
}

}  // namespace exporter
