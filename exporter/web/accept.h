// Lists with quality values, as Accept and Accept-Encoding carry them (RFC 9110, 12.4.2 and 12.5).
// Pure; the views point into the parsed text. Bounded: at most kMaxAcceptItems items are read, the
// rest is ignored, because such a list comes from anybody.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter {

inline constexpr std::size_t kMaxAcceptItems = 32;

struct AcceptItem {
  std::string_view value;                                             // "text/plain", "gzip", "*"
  std::vector<std::pair<std::string_view, std::string_view>> params;  // without q; quotes removed
  int quality = 1000;  // in thousandths; 0 means "not this one"
};

// Items in the order of the text. An item with a malformed quality is left out.
std::vector<AcceptItem> parse_accept(std::string_view header);

// ASCII only, as HTTP tokens are compared.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Whether a gzip body may be sent: gzip (or x-gzip) is named with a quality above 0, or * is and
// gzip is not named.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace exporter
