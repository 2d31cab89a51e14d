// Secrets come from files alone, for every client alike.
#include "exporter/config/http_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exporter/config/sections.h"

namespace exporter::config {
namespace {

// Keys of an HTTP client that are known and not supported; each with what to do instead.
struct Unsupported {
  std::string_view key, remedy;
};
constexpr std::array kUnsupported = {
    Unsupported{"enable_http3", "HTTP/3 is not supported; remove it"},
    Unsupported{"no_proxy", "it is not supported; without proxy_url no proxy is used"},
    Unsupported{"proxy_from_environment", "the environment is not read; set proxy_url"},
    Unsupported{"proxy_connect_header", "it is not supported; remove it"},
    Unsupported{"bearer_token",
                "a secret does not belong into the configuration; put it into a file "
                "and name it in authorization: {credentials_file: ...}"},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// http_headers: {Name: {values: [...], files: [...]}}.
void read_header_lists(ModuleReading reading, MapReader& reader, probes::HttpModule& http) {
  static constexpr std::array kReserved = {
      "authorization",       "host",           "content-encoding", "content-length",
      "user-agent",          "connection",     "keep-alive",       "proxy-authenticate",
      "proxy-authorization", "accept-encoding"};
  const YamlPtr node = reader.find("http_headers");
  if (!node) return;
  MapReader map(reading.errors, node, fmt::format("http_headers of {}", reader.what()));
  if (!map.valid()) return;
  if (node->nodes > 4 * kMaxHeaders) {
    reading.errors.add(*node, fmt::format("http_headers: more than {}", kMaxHeaders));
    return;
  }
  for (const YamlEntry& entry : node->entries) {
    const std::string& name = entry.key->text;
    if (!check_header_name(reading.errors, *entry.key)) continue;
    if (std::ranges::find(kReserved, lower_case(name)) != kReserved.end()) {
      reading.errors.add(*entry.key,
                         fmt::format("http_headers: {} cannot be set here; use headers:, "
                                     "authorization: or basic_auth:",
                                     name));
      continue;
    }
    MapReader header(reading.errors, entry.value, fmt::format("http_headers {}", name));
    std::vector<std::string> values, files;
    header.texts("values", values);
    header.texts("files", files);
    header.refuse("secrets", "a secret does not belong into the configuration; use files: [...]");
    header.finish();
    const bool again = std::ranges::find(http.headers, name, [](const auto& have) {
                         return have.first;
                       }) != http.headers.end();
    if (again) {
      reading.errors.add(*entry.key, fmt::format("http_headers: {} is set in headers: too", name));
      continue;
    }
    if (!values.empty() && is_sensitive(name)) {
      header.error("values", fmt::format("{} looks like a secret, which does not belong into the "
                                         "configuration; put it into a file and use files: [...]",
                                         name));
    }
    if (!std::ranges::all_of(values, is_header_value)) {
      header.error("values", "a value must not contain a line break");
    }
    for (std::string& value : values) http.headers.emplace_back(name, std::move(value));
    for (const std::string& file : files) {
      http.secret_headers.emplace_back(
          name, secret_from_file(reading, *header.find("files"), "files", file));
    }
  }
}

void read_basic_auth(ModuleReading reading, MapReader& reader, probes::HttpModule& http) {
  const YamlPtr node = reader.find("basic_auth");
  if (!node) return;
  MapReader map(reading.errors, node, "basic_auth");
  map.text("username", http.basic_auth_user);
  probes::Secret user;
  if (read_secret(reading, map, "username_file", user)) http.basic_auth_user = user.reveal();
  if (http.basic_auth_user.find(':') != std::string::npos) {
    map.error("username", "must not contain a colon");
  }
  read_secret(reading, map, "password_file", http.basic_auth_password);
  map.refuse("password",
             "a secret does not belong into the configuration; put it into a file and "
             "name it in password_file");
  map.finish();
  if (http.basic_auth_user.empty() && !map.has("username_file")) {
    reading.errors.add(*node, "basic_auth: username: is missing");
  }
}

void read_authorization(ModuleReading reading, MapReader& reader, probes::HttpModule& http) {
  const bool token =
      read_secret(reading, reader, "bearer_token_file", http.authorization_credentials);
  if (token) http.authorization_type = "Bearer";
  const YamlPtr node = reader.find("authorization");
  if (node) {
    MapReader map(reading.errors, node, "authorization");
    http.authorization_type = "Bearer";
    if (map.text("type", http.authorization_type) && !is_token(http.authorization_type)) {
      map.error("type",
                fmt::format("\"{}\" is not a scheme such as Bearer", http.authorization_type));
    }
    read_secret(reading, map, "credentials_file", http.authorization_credentials);
    map.refuse("credentials",
               "a secret does not belong into the configuration; put it into a file "
               "and name it in credentials_file");
    map.finish();
    if (!map.has("credentials_file") && node->find("credentials") == nullptr) {
      reading.errors.add(*node, "authorization: credentials_file: is missing");
    }
  }
  const int ways = (reader.has("basic_auth") ? 1 : 0) + (node ? 1 : 0) +
                   (reader.has("bearer_token_file") ? 1 : 0);
  if (ways > 1) {
    reading.errors.add(reader.node(),
                       "at most one of basic_auth, authorization and bearer_token_file "
                       "may be given");
  }
}

void read_proxy(ModuleReading reading, MapReader& reader, probes::HttpModule& http) {
  read_proxy_url(reader, http.proxy_url,
                 "put \"user:password\" into a file and name it in proxy_user_password_file");
  read_secret(reading, reader, "proxy_user_password_file", http.proxy_user_password);
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_sensitive(std::string_view header) {
  const std::string name = lower_case(header);
  static constexpr std::array kWords = {"authorization", "cookie", "token",  "secret",
                                        "password",      "apikey", "api-key"};
  return std::ranges::any_of(kWords,
                             [&](const char* word) { return name.find(word) != name.npos; });
}

bool check_header_name(Errors& errors, const Yaml& key) {
  if (is_token(key.text)) return true;
  errors.add(key, fmt::format("\"{}\" is not a header name", key.text));
  return false;
}

bool check_url(MapReader& reader, std::string_view key, std::string_view url) {
  probes::Module module;
  module.spec = probes::HttpModule{};
  const bool scheme = url.starts_with("http://") || url.starts_with("https://");
  const std::string problem =
      scheme ? target_problem(module, url) : "it must begin with http:// or https://";
  if (!problem.empty()) reader.error(key, problem);
  return problem.empty();
}

void read_proxy_url(MapReader& reader, std::string& out, std::string_view remedy_for_password) {
  if (!reader.text("proxy_url", out)) return;
  if (out.find('@') == std::string::npos) {
    check_url(reader, "proxy_url", out);
    return;
  }
  reader.error("proxy_url",
               fmt::format("user and password do not belong into the configuration; {}",
                           remedy_for_password));
}

void read_http_client_keys(ModuleReading reading, MapReader& reader, probes::HttpModule& http) {
  reader.boolean("follow_redirects", http.follow_redirects);
  read_header_lists(reading, reader, http);
  reader.boolean("enable_http2", http.enable_http2);
  read_basic_auth(reading, reader, http);
  read_authorization(reading, reader, http);
  read_proxy(reading, reader, http);
  http.tls = read_tls_config(reading, reader);
  for (const Unsupported& unsupported : kUnsupported) {
    reader.refuse(unsupported.key, unsupported.remedy);
  }
}

HttpClientOptions read_http_client(ModuleReading reading, MapReader& reader) {
  probes::HttpModule http;
  read_http_client_keys(reading, reader, http);
  HttpClientOptions options;
  options.basic_auth_user = std::move(http.basic_auth_user);
  options.basic_auth_password = std::move(http.basic_auth_password);
  if (!http.authorization_type.empty()) options.authorization_type = http.authorization_type;
  options.authorization_credentials = std::move(http.authorization_credentials);
  options.headers = std::move(http.headers);
  options.secret_headers = std::move(http.secret_headers);
  options.proxy_url = std::move(http.proxy_url);
  options.proxy_user_password = std::move(http.proxy_user_password);
  options.follow_redirects = http.follow_redirects;
  options.enable_http2 = http.enable_http2;
  options.tls = std::move(http.tls);
  options.oauth2 = read_oauth2(reading, reader);
  return options;
}

}  // namespace exporter::config
