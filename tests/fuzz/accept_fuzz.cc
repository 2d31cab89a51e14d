// Any bytes as what a client sends in headers, queries and the head of a request.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exporter/metrics/page.h"
#include "exporter/metrics/text.h"
#include "exporter/web/accept.h"
#include "exporter/web/head.h"
#include "exporter/web/password.h"
#include "exporter/web/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (exporter::parse_accept(text).size() > exporter::kMaxAcceptItems) std::abort();
  exporter::accepts_gzip(text);
  exporter::negotiate_metrics_format(text);
  exporter::parse_query(text);
  exporter::parse_basic_auth(text);

  // However the bytes are cut into pieces, the head is judged the same.
  exporter::HeadScanner whole(1024, 1024), pieces(1024, 1024);
  whole.feed(text);
  for (const char& c : text) pieces.feed({&c, 1});
  if (whole.state() != pieces.state() || whole.status() != pieces.status()) std::abort();

  std::string label;
  exporter::append_label_value(label, text);
  if (label.find('\n') != std::string::npos) std::abort();
  return 0;
}
