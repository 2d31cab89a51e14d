// Five characters are special to HTML; the rest passes.
#include "exporter/web/html.h"

#include "exporter/web/accept.h"

namespace exporter {

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view safe_link(std::string_view address) {
  for (const std::string_view scheme : {"http://", "https://", "mailto:"}) {
    if (equals_ignoring_case(address.substr(0, scheme.size()), scheme)) return address;
  }
  return {};
}

}  // namespace exporter
