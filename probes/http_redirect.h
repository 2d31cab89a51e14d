// What a client carries from one hop of a redirect to the next: which method and body (RFC 9110
// 15.4, as browsers and Go's client read it), which headers, and the cookies a server set on the
// way, because many a site sends its visitors in circles until they come back. Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/net/net.h"
#include "probes/net/url.h"

namespace probes {

inline constexpr int kMaxRedirects = 10;

// A redirect that can be followed: one of 301, 302, 303, 307, 308 with a Location.
bool is_redirect(const HttpResponse& response);

// Whether 303, or 301 and 302 after a POST, turn the request into a GET without body.
bool becomes_get(int status, std::string_view method);

// Whether what was meant for `first` alone (credentials, cookies, a Host header) may be sent to
// `next`: the same host, and not in the clear what was protected.
bool may_carry_secrets(const Url& first, const Url& next);

// Headers that name the sender or a host; never sent to a host they were not meant for.
bool is_sensitive_header(std::string_view name);

// The cookies of one probe (RFC 6265, without dates: a probe is over before they matter, except for
// deletion). Bounded: what does not fit is forgotten.
class CookieJar {
 public:
  void take(const Url& from, const std::vector<HttpHeader>& headers);
  std::string header_for(const Url& to) const;  // "a=1; b=2", empty: none

 private:
  struct Cookie {
    std::string name, value, domain, path;
    bool host_only = true;
    bool secure = false;
  };
  static bool fits(const Cookie& cookie, const Url& url);
  void take_one(const Url& from, std::string_view text);

  std::vector<Cookie> cookies_;
};

}  // namespace probes
