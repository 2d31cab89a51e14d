// Five characters are special to HTML; the rest passes.
#include "exporter/web/html.h"

#include <fmt/format.h>

#include "exporter/version.h"
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

std::string html_page(std::string_view heading, std::string_view intro,
                      std::initializer_list<PageLink> links, std::string_view body) {
  std::string items;
  for (const PageLink& link : links) {
    items += fmt::format("<li><a href=\"{}\">{}</a></li>", link.address, link.text);
  }
  constexpr std::string_view kProduct = "SLA Exporter";
  const std::string title = heading == kProduct ? "" : fmt::format("{} - ", heading);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}{}</title>\n<link rel=\"stylesheet\" href=\"assets/style.css\">\n</head>\n"
      "<body>\n<main>\n<h1>{}</h1>\n{}<nav aria-label=\"Endpoints\"><ul>{}</ul></nav>\n{}</main>\n"
      "<footer>sla_exporter {}</footer>\n</body>\n</html>\n",
      title, kProduct, heading, intro, items, body, SLA_VERSION);
}

}  // namespace exporter
