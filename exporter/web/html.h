// Text into HTML. Everything that comes from a configuration, a target or a client goes through
// here; there is no other way onto a page. Pure.
#pragma once

#include <string>
#include <string_view>

namespace exporter {

// For text and for attribute values in double quotes.
std::string escape_html(std::string_view text);

// The address if it may stand in a link (http, https, mailto), else empty: a "javascript:" address
// from a configuration must not become one.
std::string_view safe_link(std::string_view address);

}  // namespace exporter
