// Feeds arbitrary bytes to the HTTP/1 reader, whole and in pieces: both must come to the same end,
// and nothing may be kept beyond the limits.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "probes/net/http1.h"

namespace {

probes::ReadState read(std::string_view bytes, std::size_t piece, probes::HttpResponse& response) {
  probes::HttpRequest request;
  request.max_body_bytes = 1000;
  request.max_header_bytes = 1000;
  probes::Http1Reader reader(request, response);
  probes::ReadState state = probes::ReadState::more;
  for (std::size_t at = 0; at < bytes.size() && state == probes::ReadState::more; at += piece)
    state = reader.feed(bytes.substr(at, piece));
  return state == probes::ReadState::more ? reader.end_of_stream() : state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  probes::HttpResponse whole, pieces;
  const auto first = read(bytes, size + 1, whole);
  const auto second = read(bytes, 1, pieces);
  if (first != second || whole.status != pieces.status || whole.body != pieces.body) std::abort();
  if (whole.body.size() > 1000) std::abort();
  return 0;
}
