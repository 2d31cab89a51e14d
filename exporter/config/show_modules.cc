// Modules as YAML. Every key is rendered; the caller leaves out those that are as in the module
// they are compared with, so that only what differs is shown.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "exporter/config/show.h"

namespace exporter::config {
namespace {

// What is shown of a secret that came from no file: never the value.
constexpr std::string_view kHidden = "<secret>";

using Header = std::pair<std::string, std::string>;

void add_ip(ShownKeys& keys, const probes::IpPreference& ip) {
  keys.emplace_back("preferred_ip_protocol", ip.preferred == probes::Family::ip4 ? "ip4" : "ip6");
  keys.emplace_back("ip_protocol_fallback", show_bool(ip.fallback));
}

std::string show_header_matches(const std::vector<probes::HeaderMatch>& matches) {
  std::vector<std::string> items;
  for (const probes::HeaderMatch& match : matches) {
    items.push_back(show_map({{"header", show_text(match.header)},
                              {"regexp", show_text(match.regexp)},
                              {"allow_missing", show_bool(match.allow_missing)}}));
  }
  return fmt::format("[{}]", fmt::join(items, ", "));
}

// Headers with one value; those with several, and those from files, go into http_headers.
std::string show_headers(const probes::HttpModule& http) {
  ShownKeys headers;
  for (const auto& [name, value] : http.headers) {
    if (std::ranges::count(http.headers, name, &Header::first) == 1) {
      headers.emplace_back(name, show_text(value));
    }
  }
  return show_map(headers);
}

// Those with several values, and those from files; also those with one where nobody else shows
// them.
enum class Single { elsewhere, here };
std::string show_header_lists(const probes::HttpModule& http, Single single) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::string>> values, files;
  const auto note = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const auto& [name, value] : http.headers) {
    const bool alone = std::ranges::count(http.headers, name, &Header::first) == 1;
    if (alone && single == Single::elsewhere) continue;
    note(name);
    values[name].push_back(value);
  }
  for (const auto& [name, secret] : http.secret_headers) {
    note(name);
    files[name].push_back(secret.file().empty() ? std::string(kHidden) : secret.file());
  }
  ShownKeys shown;
  for (const std::string& name : names) {
    shown.emplace_back(name,
                       show_map({{"values", values[name].empty() ? "" : show_list(values[name])},
                                 {"files", files[name].empty() ? "" : show_list(files[name])}}));
  }
  return show_map(shown);
}

std::string show_basic_auth(const probes::HttpModule& http) {
  if (http.basic_auth_user.empty()) return "";
  return show_map(
      {{"username", show_text(http.basic_auth_user)},
       {"password_file",
        http.basic_auth_password.empty() ? "" : show_secret(http.basic_auth_password)}});
}

std::string show_authorization(const probes::HttpModule& http) {
  if (http.authorization_credentials.empty()) return "";
  return show_map({{"type", show_text(http.authorization_type)},
                   {"credentials_file", show_secret(http.authorization_credentials)}});
}

std::string show_oauth2(const OAuth2& oauth2) {
  if (!oauth2.configured()) return "";
  ShownKeys parameters;
  for (const auto& [name, value] : oauth2.endpoint_params) {
    parameters.emplace_back(name, show_text(value));
  }
  return show_map({{"client_id", show_text(oauth2.client_id)},
                   {"client_secret_file",
                    oauth2.client_secret.empty() ? "" : show_secret(oauth2.client_secret)},
                   {"scopes", oauth2.scopes.empty() ? "" : show_list(oauth2.scopes)},
                   {"token_url", show_text(oauth2.token_url)},
                   {"endpoint_params", parameters.empty() ? "" : show_map(parameters)},
                   {"proxy_url", show_if_set(oauth2.proxy_url)},
                   {"tls_config", show_tls(oauth2.tls)}});
}

ShownKeys show_http(const probes::HttpModule& http) {
  std::vector<std::string> codes;
  for (int code : http.valid_status_codes) codes.push_back(fmt::format("{}", code));
  ShownKeys keys;
  add_ip(keys, http.ip);
  keys.insert(keys.end(),
              {{"valid_status_codes", show_list(codes)},
               {"valid_http_versions", show_list(http.valid_http_versions)},
               {"follow_redirects", show_bool(http.follow_redirects)},
               {"fail_if_ssl", show_bool(http.fail_if_ssl)},
               {"fail_if_not_ssl", show_bool(http.fail_if_not_ssl)},
               {"method", show_text(http.method)},
               {"headers", show_headers(http)},
               {"http_headers", show_header_lists(http, Single::elsewhere)},
               {"fail_if_body_matches_regexp", show_list(http.fail_if_body_matches_regexp)},
               {"fail_if_body_not_matches_regexp", show_list(http.fail_if_body_not_matches_regexp)},
               {"fail_if_header_matches", show_header_matches(http.fail_if_header_matches)},
               {"fail_if_header_not_matches", show_header_matches(http.fail_if_header_not_matches)},
               {"body", show_text(http.body)},
               {"compression", show_text(http.compression)},
               {"body_size_limit", fmt::format("{}", http.body_size_limit)},
               {"enable_http2", show_bool(http.enable_http2)},
               {"basic_auth", show_basic_auth(http)},
               {"authorization", show_authorization(http)},
               {"proxy_url", show_if_set(http.proxy_url)},
               {"proxy_user_password_file",
                http.proxy_user_password.empty() ? "" : show_secret(http.proxy_user_password)},
               {"skip_resolve_phase_with_proxy", show_bool(http.skip_resolve_phase_with_proxy)},
               {"tls_config", show_tls(http.tls)}});
  return keys;
}

std::string show_steps(const std::vector<probes::QueryResponse>& steps) {
  std::vector<std::string> items;
  for (const probes::QueryResponse& step : steps) {
    std::vector<std::string> labels;
    for (const auto& [name, value] : step.labels) {
      labels.push_back(show_map({{"name", show_text(name)}, {"value", show_text(value)}}));
    }
    const std::string shown_labels =
        labels.empty() ? "" : fmt::format("[{}]", fmt::join(labels, ", "));
    items.push_back(show_map({{"expect", show_if_set(step.expect)},
                              {"expect_bytes", show_if_set(step.expect_bytes)},
                              {"labels", shown_labels},
                              {"send", show_if_set(step.send)},
                              {"starttls", step.starttls ? "true" : ""}}));
  }
  return fmt::format("[{}]", fmt::join(items, ", "));
}

ShownKeys show_tcp(const probes::TcpModule& tcp) {
  ShownKeys keys;
  add_ip(keys, tcp.ip);
  keys.insert(keys.end(), {{"source_ip_address", show_if_set(tcp.source_ip_address)},
                           {"query_response", show_steps(tcp.query_response)},
                           {"tls", show_bool(tcp.tls)},
                           {"tls_config", show_tls(tcp.tls_options)}});
  return keys;
}

std::string show_rr_match(const probes::RrMatch& match) {
  return show_map({{"fail_if_matches_regexp", show_list(match.fail_if_matches_regexp)},
                   {"fail_if_all_match_regexp", show_list(match.fail_if_all_match_regexp)},
                   {"fail_if_not_matches_regexp", show_list(match.fail_if_not_matches_regexp)},
                   {"fail_if_none_matches_regexp", show_list(match.fail_if_none_matches_regexp)}});
}

ShownKeys show_dns(const probes::DnsModule& dns) {
  ShownKeys keys;
  add_ip(keys, dns.ip);
  keys.insert(keys.end(), {{"source_ip_address", show_if_set(dns.source_ip_address)},
                           {"query_name", show_text(dns.query_name)},
                           {"query_type", show_text(dns.query_type)},
                           {"query_class", show_text(dns.query_class)},
                           {"transport_protocol", dns.tcp ? "tcp" : "udp"},
                           {"dns_over_tls", show_bool(dns.dns_over_tls)},
                           {"tls_config", show_tls(dns.tls)},
                           {"recursion_desired", show_bool(dns.recursion_desired)},
                           {"valid_rcodes", show_list(dns.valid_rcodes)},
                           {"validate_answer_rrs", show_rr_match(dns.answer)},
                           {"validate_authority_rrs", show_rr_match(dns.authority)},
                           {"validate_additional_rrs", show_rr_match(dns.additional)}});
  return keys;
}

}  // namespace

std::string show_bool(bool value) { return value ? "true" : "false"; }

std::string show_secret(const probes::Secret& secret) {
  return show_text(secret.file().empty() ? kHidden : std::string_view(secret.file()));
}

std::string show_map(const ShownKeys& keys) {
  std::vector<std::string> items;
  for (const auto& [key, value] : keys) {
    if (!value.empty()) items.push_back(fmt::format("{}: {}", show_text(key), value));
  }
  return fmt::format("{{{}}}", fmt::join(items, ", "));
}

std::string show_if_set(const std::string& text) { return text.empty() ? "" : show_text(text); }

std::string show_tls(const probes::TlsOptions& tls) {
  return show_map({{"insecure_skip_verify", show_bool(tls.insecure_skip_verify)},
                   {"ca_file", show_if_set(tls.ca_file)},
                   {"cert_file", show_if_set(tls.cert_file)},
                   {"key_file", show_if_set(tls.key_file)},
                   {"server_name", show_if_set(tls.server_name)},
                   {"min_version", show_text(tls.min_version)},
                   {"max_version", show_text(tls.max_version)}});
}

ShownKeys show_http_client(const HttpClientOptions& client) {
  const probes::HttpModule http = http_module(client);
  return {{"follow_redirects", show_bool(http.follow_redirects)},
          {"enable_http2", show_bool(http.enable_http2)},
          {"http_headers", show_header_lists(http, Single::here)},
          {"basic_auth", show_basic_auth(http)},
          {"authorization", show_authorization(http)},
          {"oauth2", show_oauth2(client.oauth2)},
          {"proxy_url", show_if_set(http.proxy_url)},
          {"proxy_user_password_file",
           http.proxy_user_password.empty() ? "" : show_secret(http.proxy_user_password)},
          {"tls_config", show_tls(http.tls)}};
}

ShownKeys show_module_block(const probes::Module& module) {
  if (const auto* http = std::get_if<probes::HttpModule>(&module.spec)) return show_http(*http);
  if (const auto* tcp = std::get_if<probes::TcpModule>(&module.spec)) return show_tcp(*tcp);
  return show_dns(std::get<probes::DnsModule>(module.spec));
}

}  // namespace exporter::config
