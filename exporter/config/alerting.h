// The `alerting` section of sla.yml as plain values: which rules are evaluated and who hears of
// their alerts. The block of Alertmanagers, relabelling and the options of HTTP clients are
// Prometheus', key by key
// (https://prometheus.io/docs/prometheus/latest/configuration/configuration/). Durations of rules
// are milliseconds, as everywhere in PromQL. Immutable after load.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probes/probe.h"
#include "rules/group/rule.h"

namespace exporter {

// OAuth 2.0 by client credentials (RFC 6749 section 4.4).
struct OAuth2 {
  std::string client_id;
  probes::Secret client_secret;
  std::vector<std::string> scopes;
  std::string token_url;  // empty: not used
  std::map<std::string, std::string> endpoint_params;
  std::string proxy_url;
  probes::TlsOptions tls;
  bool configured() const { return !token_url.empty(); }
  bool operator==(const OAuth2&) const = default;
};

// Prometheus' options of an HTTP client.
struct HttpClientOptions {
  std::string basic_auth_user;
  probes::Secret basic_auth_password;
  std::string authorization_type = "Bearer";
  probes::Secret authorization_credentials;
  OAuth2 oauth2;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, probes::Secret>> secret_headers;  // read from files
  std::string proxy_url;
  probes::Secret proxy_user_password;
  bool follow_redirects = true;
  bool enable_http2 = true;
  probes::TlsOptions tls;
  bool operator==(const HttpClientOptions&) const = default;
};

// One of Prometheus' relabel_configs.
struct Relabel {
  enum class Action {
    replace,
    keep,
    drop,
    keepequal,
    dropequal,
    hashmod,
    labelmap,
    labeldrop,
    labelkeep,
    lowercase,
    uppercase
  };
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string regex = "(.*)";  // anchored at both ends
  std::uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  Action action = Action::replace;
  bool operator==(const Relabel&) const = default;
};

// Targets that are configured together; `labels` are theirs for relabelling.
struct StaticTargets {
  std::vector<std::string> targets;  // host:port
  std::map<std::string, std::string> labels;
  bool operator==(const StaticTargets&) const = default;
};

// One entry of `alertmanagers`.
struct AlertmanagerBlock {
  std::string scheme = "http";
  std::string path_prefix;
  std::chrono::milliseconds timeout{10'000};
  HttpClientOptions http;
  std::vector<StaticTargets> static_configs;
  std::vector<Relabel> relabel_configs;        // of the targets' labels
  std::vector<Relabel> alert_relabel_configs;  // after those of all Alertmanagers
  bool operator==(const AlertmanagerBlock&) const = default;
};

// Says to somebody outside, again and again, that the exporter evaluates its rules. Silence is the
// alarm.
struct Heartbeat {
  std::string url;            // none when both are empty
  probes::Secret secret_url;  // of url_file; whoever knows it can feign our life
  std::string method = "POST";
  std::chrono::seconds every{60};
  std::chrono::milliseconds timeout{10'000};
  HttpClientOptions http;
  bool configured() const { return !url.empty() || !secret_url.empty(); }
  bool operator==(const Heartbeat&) const = default;
};

// Mail by SMTP, for when no Alertmanager answers.
struct AlertMail {
  enum class Security { starttls, tls, none };
  std::string server;  // host:port; empty: none
  Security security = Security::starttls;
  std::string from;
  std::vector<std::string> to;
  std::string user;
  probes::Secret password;
  std::string hello;  // name said in EHLO; empty: the host's
  probes::TlsOptions tls;
  std::chrono::seconds after{300};  // no Alertmanager has answered for so long
  bool configured() const { return !server.empty(); }
  bool operator==(const AlertMail&) const = default;
};

struct Alerting {
  bool evaluate_here = true;  // else somebody else evaluates the rules, and nothing is sent
  std::vector<std::shared_ptr<const rules::RuleFile>> rule_files;  // in order, read and checked
  std::map<std::string, std::string> external_labels;
  std::int64_t evaluation_interval = 60'000;
  std::int64_t query_offset = 0;
  std::int64_t resend_delay = 60'000;
  std::int64_t outage_tolerance = 3'600'000;  // a longer interruption makes `for` wait on
  std::vector<Relabel> alert_relabel_configs;
  std::vector<AlertmanagerBlock> alertmanagers;
  Heartbeat heartbeat;
  AlertMail mail;
  bool operator==(const Alerting& other) const;  // rule files by what they say
};

// The client as a module of the http prober, which speaks for it.
probes::HttpModule http_module(const HttpClientOptions& client);

}  // namespace exporter
