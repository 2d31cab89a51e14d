#include "probes/net/url.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <idn2.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace probes {
namespace {

using CurlUrl = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

// Spaces and octets beyond ASCII in paths are encoded, as browsers and Go's client do.
constexpr unsigned kSetFlags = CURLU_URLENCODE | CURLU_ALLOW_SPACE | CURLU_GUESS_SCHEME;

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* value = nullptr;
  if (curl_url_get(url, which, &value, flags) != CURLUE_OK) return "";
  std::string text = value;
  curl_free(value);
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return result;
}

bool is_http(std::string_view scheme) {
  const std::string name = lower(scheme);
  return name == "http" || name == "https";
}

Error bad_url(std::string_view text, std::string_view why) {
  return {Reason::protocol, fmt::format("\"{}\" is not a URL to probe: {}", text, why)};
}

// Names of the configuration are UTF-8 whatever the locale is, so libcurl's own conversion, which
// follows the locale, is of no use.
Result<std::string> ascii_host(std::string host) {
  host = lower(host);
  if (std::ranges::all_of(host, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return host;
  std::uint8_t* ascii = nullptr;
  const int result = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(host.c_str()), &ascii,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (result != IDN2_OK)
    return std::unexpected(Error{
        Reason::dns, fmt::format("\"{}\" is not a host name: {}", host, idn2_strerror(result))});
  std::string text = reinterpret_cast<const char*>(ascii);
  idn2_free(ascii);
  return text;
}

Result<Url> take_apart(CURLU* parsed, std::string_view text) {
  Url url;
  url.scheme = part(parsed, CURLUPART_SCHEME);
  if (!is_http(url.scheme)) return std::unexpected(bad_url(text, "only http and https are known"));
  auto host = ascii_host(part(parsed, CURLUPART_HOST, CURLU_URLDECODE));
  if (!host) return std::unexpected(host.error());
  url.host = std::move(*host);
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  const std::string zone = part(parsed, CURLUPART_ZONEID);
  if (!zone.empty()) url.host += '%' + zone;
  if (url.host.empty()) return std::unexpected(bad_url(text, "it names no host"));

  const std::string port = part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), url.port);
  url.user = part(parsed, CURLUPART_USER, CURLU_URLDECODE);
  url.password = part(parsed, CURLUPART_PASSWORD, CURLU_URLDECODE);
  url.path = part(parsed, CURLUPART_PATH);
  const std::string query = part(parsed, CURLUPART_QUERY);
  if (!query.empty()) url.path += '?' + query;
  return url;
}

}  // namespace

std::string Url::authority() const {
  // A zone means something on this machine only (RFC 6874 section 4).
  const std::string name = host.substr(0, host.find('%'));
  std::string text = name.contains(':') ? '[' + name + ']' : name;
  if (port != (tls() ? 443 : 80)) text += fmt::format(":{}", port);
  return text;
}

std::string Url::text() const { return fmt::format("{}://{}{}", scheme, authority(), path); }

Result<Url> parse_url(std::string_view text) {
  const CurlUrl parsed(curl_url(), curl_url_cleanup);
  // The scheme is put in front here: guessing would take "ftp.example.com" for ftp.
  const std::string whole =
      text.contains("://") ? std::string(text) : fmt::format("http://{}", text);
  const CURLUcode result = curl_url_set(parsed.get(), CURLUPART_URL, whole.c_str(), kSetFlags);
  if (result != CURLUE_OK) return std::unexpected(bad_url(text, curl_url_strerror(result)));
  return take_apart(parsed.get(), text);
}

Result<Url> resolve_url(const Url& base, std::string_view location) {
  // libcurl takes "mailto:x" for a path; a colon before any slash makes it a scheme.
  const std::string_view scheme = location.substr(0, location.find_first_of(":/?#"));
  if (location.substr(scheme.size()).starts_with(':') && !is_http(scheme))
    return std::unexpected(bad_url(location, "only http and https are known"));
  const CurlUrl parsed(curl_url(), curl_url_cleanup);
  CURLUcode result = curl_url_set(parsed.get(), CURLUPART_URL, base.text().c_str(), kSetFlags);
  if (result == CURLUE_OK)
    result = curl_url_set(parsed.get(), CURLUPART_URL, std::string(location).c_str(), kSetFlags);
  if (result != CURLUE_OK) return std::unexpected(bad_url(location, curl_url_strerror(result)));
  return take_apart(parsed.get(), location);
}

}  // namespace probes
