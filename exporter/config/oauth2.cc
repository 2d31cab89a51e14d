// OAuth 2.0 by client credentials, with Prometheus' keys. The client's secret comes from a file, as
// every secret does; a parameter of the token request that would be one is refused.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exporter/config/http_client.h"
#include "exporter/config/prometheus_values.h"

namespace exporter::config {
namespace {

struct Remedy {
  std::string_view key, text;
};
constexpr std::array kUnsupported = {
    Remedy{"client_secret",
           "a secret does not belong into the configuration; put it into a file and name it in "
           "client_secret_file"},
    Remedy{"client_secret_ref", "it is not supported; name a file in client_secret_file"},
    Remedy{"no_proxy", "it is not supported; without proxy_url no proxy is used"},
    Remedy{"proxy_from_environment", "the environment is not read; set proxy_url"},
    Remedy{"proxy_connect_header", "it is not supported; remove it"},
};

// Parameters that have a key of their own, or whose value is a secret.
constexpr std::string_view kSecretParameter =
    "a secret does not belong into the configuration, and only the client's own is supported";
constexpr std::array kRefusedParameters = {
    Remedy{"client_id", "it has a key of its own, client_id:"},
    Remedy{"client_secret", "it has a key of its own, client_secret_file:"},
    Remedy{"client_assertion", kSecretParameter},
    Remedy{"assertion", kSecretParameter},
    Remedy{"password", kSecretParameter},
    Remedy{"refresh_token", kSecretParameter},
};

// Why a parameter may not be set, or nothing.
std::string_view refusal_of(std::string_view parameter, const OAuth2& oauth2) {
  const auto refused = std::ranges::find(kRefusedParameters, parameter, &Remedy::key);
  if (refused != kRefusedParameters.end()) return refused->text;
  const bool twice = parameter == "scope" && !oauth2.scopes.empty();
  return twice ? "scopes: is given too; keep one of them" : "";
}

void read_parameters(MapReader& map, OAuth2& oauth2) {
  for (auto& [name, value] : named_texts(map, "endpoint_params")) {
    const std::string_view refusal = refusal_of(name, oauth2);
    if (!refusal.empty()) {
      const YamlEntry* written = map.find("endpoint_params")->find(name);
      map.errors().add(*written->key, fmt::format("endpoint_params: {}: {}", name, refusal));
    }
    oauth2.endpoint_params[name] = std::move(value);
  }
}

void check_alone(MapReader& reader) {
  for (const char* other : {"basic_auth", "authorization", "bearer_token_file"}) {
    if (!reader.has(other)) continue;
    reader.errors().add(reader.place("oauth2"),
                        fmt::format("oauth2: {}: is given too, but a request has one "
                                    "authorization; keep one of them",
                                    other));
  }
}

}  // namespace

OAuth2 read_oauth2(ModuleReading reading, MapReader& reader) {
  OAuth2 oauth2;
  const YamlPtr node = reader.find("oauth2");
  if (!node) return oauth2;
  MapReader map(reading.errors, node, "oauth2");
  if (!map.valid()) return oauth2;
  if (map.text("client_id", oauth2.client_id) && oauth2.client_id.empty()) {
    map.error("client_id", "it must not be empty");
  }
  read_secret(reading, map, "client_secret_file", oauth2.client_secret);
  map.texts("scopes", oauth2.scopes);
  if (std::ranges::find(oauth2.scopes, "") != oauth2.scopes.end()) {
    map.error("scopes", "a scope must not be empty");
  }
  if (map.text("token_url", oauth2.token_url)) check_url(map, "token_url", oauth2.token_url);
  read_parameters(map, oauth2);
  read_proxy_url(map, oauth2.proxy_url, "use a proxy that asks for none");
  oauth2.tls = read_tls_config(reading, map);
  for (const Remedy& unsupported : kUnsupported) map.refuse(unsupported.key, unsupported.text);
  map.finish();
  for (const char* needed : {"client_id", "token_url"}) {
    if (node->find(needed) == nullptr) {
      reading.errors.add(*node, fmt::format("oauth2: {}: is missing", needed));
    }
  }
  check_alone(reader);
  return oauth2;
}

}  // namespace exporter::config
