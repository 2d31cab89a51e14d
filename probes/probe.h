// What a probe is given and what it gives back. A module says how to probe (the blackbox exporter's
// modules, key by key); a request adds the target. `registry.cc` maps prober names to functions; a
// new prober is a file and one line there.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "probes/net/net.h"
#include "probes/outcome.h"

namespace probes {

struct IpPreference {
  Family preferred = Family::ip6;
  bool fallback = true;
  bool operator==(const IpPreference&) const = default;
};

struct HeaderMatch {
  std::string header;
  std::string regexp;  // RE2
  bool allow_missing = false;
  bool operator==(const HeaderMatch&) const = default;
};

// A secret that cannot be printed: it has no stream operator, and equality is all that config
// needs.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value, std::string file = {})
      : value_(std::move(value)), file_(std::move(file)) {}
  const std::string& reveal() const { return value_; }
  const std::string& file() const { return file_; }  // where it was read from; may be printed
  bool empty() const { return value_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
  std::string file_;
};

struct HttpModule {
  IpPreference ip;
  std::vector<int> valid_status_codes;           // empty: any 2xx
  std::vector<std::string> valid_http_versions;  // empty: any; "HTTP/1.1", "HTTP/2.0"
  bool skip_resolve_phase_with_proxy = false;
  bool follow_redirects = true;
  bool fail_if_ssl = false;
  bool fail_if_not_ssl = false;
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, Secret>> secret_headers;  // read from files
  std::vector<std::string> fail_if_body_matches_regexp;
  std::vector<std::string> fail_if_body_not_matches_regexp;
  std::vector<HeaderMatch> fail_if_header_matches;
  std::vector<HeaderMatch> fail_if_header_not_matches;
  std::string body;
  std::string compression;            // "", gzip, deflate, br, identity
  std::uint64_t body_size_limit = 0;  // 0: unlimited, as far as memory limits allow
  bool enable_http2 = true;
  std::string basic_auth_user;
  Secret basic_auth_password;
  std::string authorization_type;  // "Bearer" when credentials are set and this is empty
  Secret authorization_credentials;
  std::string proxy_url;
  Secret proxy_user_password;
  TlsOptions tls;
  bool operator==(const HttpModule&) const = default;
};

struct QueryResponse {
  std::string expect;  // RE2, matched against lines; empty: none
  std::string expect_bytes;
  std::string send;  // one LF is appended; ${1} expands captures of expect
  bool starttls = false;
  std::vector<std::pair<std::string, std::string>> labels;  // for probe_expect_info
  bool operator==(const QueryResponse&) const = default;
};

struct TcpModule {
  IpPreference ip;
  std::string source_ip_address;
  std::vector<QueryResponse> query_response;
  bool tls = false;
  TlsOptions tls_options;
  bool operator==(const TcpModule&) const = default;
};

struct RrMatch {
  std::vector<std::string> fail_if_matches_regexp, fail_if_all_match_regexp;
  std::vector<std::string> fail_if_not_matches_regexp, fail_if_none_matches_regexp;
  bool operator==(const RrMatch&) const = default;
};

struct DnsModule {
  IpPreference ip;
  std::string source_ip_address;
  std::string query_name;
  std::string query_type = "ANY";
  std::string query_class = "IN";
  bool tcp = false;           // transport_protocol
  bool dns_over_tls = false;  // tcp only
  TlsOptions tls;
  bool recursion_desired = true;
  std::vector<std::string> valid_rcodes;  // empty: NOERROR
  RrMatch answer, authority, additional;
  bool operator==(const DnsModule&) const = default;
};

using ModuleSpec = std::variant<HttpModule, TcpModule, DnsModule>;

struct Module {
  std::string name;
  Duration timeout{};  // 0: the caller's
  ModuleSpec spec;
  bool operator==(const Module&) const = default;
};

struct ProbeRequest {
  std::shared_ptr<const Module> module;
  std::string target;
  std::string hostname;   // overrides Host and SNI; empty: the target's own
  Duration slow_after{};  // an up that took longer is degraded/slow; 0: never
  bool both_families =
      true;  // try the other family within the timeout when the preferred one fails
};

// Probes once. Never throws, ends by `deadline` plus scheduling noise, and always says a reason.
// Sets probe_success, probe_duration_seconds and the measurements of its prober.
Task<Outcome> run_probe(Net& net, ProbeRequest request, TimePoint deadline);

// "http", "tcp" or "dns".
std::string_view prober_name(const Module& module);

// The reasons a prober can give, so that only counters that can occur are exposed.
std::vector<Reason> possible_reasons(const Module& module);

}  // namespace probes
