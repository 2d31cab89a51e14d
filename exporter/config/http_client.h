// The keys of Prometheus' HTTP client, which the http prober, Alertmanagers and the heartbeat have
// in common, and the words of HTTP that their readers check. Only config/ includes this.
#pragma once

#include <string>
#include <string_view>

#include "exporter/config/alerting.h"
#include "exporter/config/modules.h"

namespace exporter::config {

inline constexpr std::size_t kMaxHeaders = 100;

// http_headers, basic_auth, authorization, proxy_url, follow_redirects, enable_http2, tls_config;
// what of a client is not supported is refused by name.
void read_http_client_keys(ModuleReading reading, MapReader& reader, probes::HttpModule& http);
// The same and oauth2, which the http prober does not have.
HttpClientOptions read_http_client(ModuleReading reading, MapReader& reader);

// oauth2 of the client that `reader` reads.
OAuth2 read_oauth2(ModuleReading reading, MapReader& reader);

// An http or https URL; a user or password in it is an error with this remedy.
void read_proxy_url(MapReader& reader, std::string& out, std::string_view remedy_for_password);

// An http or https URL with a host and without user and password; records an error otherwise.
bool check_url(MapReader& reader, std::string_view key, std::string_view url);

std::string lower_case(std::string_view text);
bool is_token(std::string_view text);  // RFC 9110 section 5.6.2
bool is_header_value(std::string_view text);
// Headers whose value gives access to something, as far as a name can tell.
bool is_sensitive(std::string_view header);
// True when the name may be used; otherwise the error is recorded.
bool check_header_name(Errors& errors, const Yaml& key);

}  // namespace exporter::config
