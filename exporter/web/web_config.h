// The web configuration file, in the format of the Prometheus exporter toolkit: TLS, client
// certificates, users, response headers, rate limit. docs/web-configuration.md describes it.
//
// Read strictly: an unknown key, a wrong value or material that does not fit together is an error
// with file, line and column. Loading reads files and has no other effect; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probes/probe.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace exporter {

// Go's names, because the format is Go's.
enum class ClientAuth {
  none,
  request,
  require_any,
  verify_if_given,
  require_and_verify,
};

struct TlsSettings {
  std::string certificate;  // PEM: the leaf, then its chain
  probes::Secret key;       // PEM
  std::string client_ca;    // PEM; empty: the system's, where a mode verifies
  ClientAuth client_auth = ClientAuth::none;
  std::vector<std::string> client_allowed_sans;
  int min_version = 0, max_version = 0;    // OpenSSL's numbers
  std::vector<std::string> cipher_suites;  // OpenSSL's names of TLS 1.2 suites; see below
  bool cipher_suites_given = false;        // given and empty: TLS 1.3 only
  std::vector<std::string> curves;         // OpenSSL's names
  bool prefer_server_cipher_suites = true;
};

struct RateLimit {
  std::chrono::nanoseconds interval{};  // one request is allowed every so often
  int burst = 0;                        // and so many at once
};

struct WebConfig {
  std::optional<TlsSettings> tls;  // nothing: plain HTTP
  bool http2 = true;               // accepted; this server speaks HTTP/1.1
  std::vector<std::pair<std::string, std::string>> headers;
  std::map<std::string, probes::Secret> users;  // bcrypt hashes
  std::optional<RateLimit> rate_limit;
  std::shared_ptr<ssl_ctx_st> tls_context;   // made of `tls`, checked
  std::int64_t certificate_expires = 0;      // Unix time; 0 without TLS
  std::vector<std::filesystem::path> files;  // this file and those it names, to be watched
};

// The error is one sentence a line, each beginning with file:line:column.
std::expected<WebConfig, std::string> load_web_config(const std::filesystem::path& file);

// The same for text that is in memory; `read_file` gives the content of a file it names. Does not
// make the TLS context.
using ReadFile =
    std::function<std::expected<std::string, std::string>(const std::filesystem::path&)>;
std::expected<WebConfig, std::string> parse_web_config(const std::string& text,
                                                       const std::filesystem::path& file,
                                                       const ReadFile& read_file);

}  // namespace exporter
