// Text into HTML. Everything that comes from a configuration, a target or a client goes through
// here; there is no other way onto a page. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace exporter {

// For text and for attribute values in double quotes.
std::string escape_html(std::string_view text);

// The address if it may stand in a link (http, https, mailto), else empty: a "javascript:" address
// from a configuration must not become one.
std::string_view safe_link(std::string_view address);

// What every page of the operator has: head, heading, links to the others, footer. The texts are
// ours or escaped already; addresses are relative, so that the pages work behind a prefix.
struct PageLink {
  std::string_view address, text;
};
std::string html_page(std::string_view heading, std::string_view intro,
                      std::initializer_list<PageLink> links, std::string_view body);

}  // namespace exporter
