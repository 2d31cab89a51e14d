#include "probes/http_redirect.h"

#include <algorithm>
#include <array>

#include "probes/net/http1.h"

namespace probes {
namespace {

constexpr std::size_t kMaxCookies = 50;
constexpr std::size_t kMaxCookieBytes = 4096;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Splits off the text before `separator` and leaves the rest behind it.
std::string_view split_off(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return trim(head);
}

bool is_subdomain(std::string_view host, std::string_view domain) {
  return host == domain || (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

// RFC 6265 5.1.4.
bool path_matches(std::string_view path, std::string_view cookie_path) {
  if (!path.starts_with(cookie_path)) return false;
  return path.size() == cookie_path.size() || cookie_path.ends_with('/') ||
         path[cookie_path.size()] == '/' || path[cookie_path.size()] == '?';
}

std::string default_path(const Url& url) {
  const std::string path = url.path.substr(0, url.path.find('?'));
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

}  // namespace

bool is_redirect(const HttpResponse& response) {
  constexpr std::array kStatuses = {301, 302, 303, 307, 308};
  return std::ranges::find(kStatuses, response.status) != kStatuses.end() &&
         !find_header(response.headers, "Location").empty();
}

bool becomes_get(int status, std::string_view method) {
  return (status == 301 || status == 302 || status == 303) && method != "GET" && method != "HEAD";
}

bool may_carry_secrets(const Url& first, const Url& next) {
  return first.host == next.host && (next.tls() || !first.tls());
}

bool is_sensitive_header(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {"Authorization", "Cookie", "Cookie2",
                                                      "Proxy-Authorization", "Host"};
  return std::ranges::any_of(kNames,
                             [&](std::string_view known) { return same_header_name(name, known); });
}

void CookieJar::take(const Url& from, const std::vector<HttpHeader>& headers) {
  for (const HttpHeader& header : headers)
    if (same_header_name(header.name, "Set-Cookie") && header.value.size() <= kMaxCookieBytes)
      take_one(from, header.value);
}

void CookieJar::take_one(const Url& from, std::string_view text) {
  std::string_view pair = split_off(text, ';');
  Cookie cookie;
  cookie.name = split_off(pair, '=');
  cookie.value = trim(pair);
  cookie.domain = from.host;
  cookie.path = default_path(from);
  bool dead = false;
  while (!text.empty()) {
    std::string_view value = split_off(text, ';');
    const std::string_view name = split_off(value, '=');
    value = trim(value);
    if (same_header_name(name, "Secure")) cookie.secure = true;
    if (same_header_name(name, "Path") && value.starts_with('/')) cookie.path = value;
    if (same_header_name(name, "Max-Age")) dead = value.starts_with('-') || value == "0";
    if (!same_header_name(name, "Domain") || value.empty()) continue;
    cookie.domain = value.starts_with('.') ? value.substr(1) : value;
    cookie.host_only = false;
  }
  if (cookie.name.empty() || !is_subdomain(from.host, cookie.domain)) return;
  std::erase_if(cookies_, [&](const Cookie& old) {
    return old.name == cookie.name && old.domain == cookie.domain && old.path == cookie.path;
  });
  if (!dead && cookies_.size() < kMaxCookies) cookies_.push_back(std::move(cookie));
}

bool CookieJar::fits(const Cookie& cookie, const Url& url) {
  const bool host =
      cookie.host_only ? url.host == cookie.domain : is_subdomain(url.host, cookie.domain);
  return host && path_matches(url.path, cookie.path) && (url.tls() || !cookie.secure);
}

std::string CookieJar::header_for(const Url& to) const {
  std::string text;
  for (const Cookie& cookie : cookies_) {
    if (!fits(cookie, to)) continue;
    if (!text.empty()) text += "; ";
    text += cookie.name + '=' + cookie.value;
  }
  return text;
}

}  // namespace probes
