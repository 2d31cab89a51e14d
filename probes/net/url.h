// Absolute http and https URLs, taken apart and put together by libcurl's URL parser, host names
// made ASCII by libidn2 (IDNA 2008). Plain values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "probes/outcome.h"

namespace probes {

struct Url {
  std::string scheme;          // "http" or "https"
  std::string user, password;  // decoded; empty: none
  std::string host;            // ASCII, lower case; an IPv6 literal stands without brackets
  std::uint16_t port = 0;      // the scheme's when the URL names none
  std::string path;            // path and query as sent to the server, at least "/"

  bool tls() const { return scheme == "https"; }
  // "example.com", "[2001:db8::1]:8080": what the Host header says; the scheme's port is left out.
  std::string authority() const;
  std::string text() const;  // without user and password, so that it may be shown
  bool same_origin_host(const Url& other) const { return host == other.host; }
};

// A target without scheme is http. Errors are Reason::protocol and name the text.
Result<Url> parse_url(std::string_view text);
// Where a Location header leads, relative to the page that sent it.
Result<Url> resolve_url(const Url& base, std::string_view location);

}  // namespace probes
