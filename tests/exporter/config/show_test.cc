// `config show`: what it prints loads to an equal configuration, and no secret is in it.
#include "exporter/config/show.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "exporter/config/modules.h"
#include "tests/exporter/config/memory_files.h"

namespace exporter {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::map<std::string, std::string> kFiles = {
    {"/etc/sla/token", "s3cret-token\n"},
    {"/etc/sla/password", "hunter2\n"},
    {"/etc/sla/ca.pem", "certificate\n"},
    {"/etc/sla/key.pem", "key\n"},
    {"/etc/sla/cal.ics", "BEGIN:VCALENDAR\n"},
    {"/etc/sla/beat", "https://beat.example/s3cret\n"},
    {"/etc/sla/days.ics",
     "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n"
     "DTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"},
    {"/etc/sla/events.csv", ""},
    {"/etc/sla/rules/a.yml",
     "groups:\n- name: g\n  rules:\n  - {alert: A, expr: vector(1), for: 5m}\n"}};

void expect_round_trip(const std::string& text) {
  const ConfigResult first = load_text(text, kFiles);
  ASSERT_TRUE(first.has_value()) << errors_of(first) << text;
  const std::string shown = show_config(*first);
  const ConfigResult second = load_text(shown, kFiles);
  ASSERT_TRUE(second.has_value()) << errors_of(second) << shown;
  EXPECT_EQ(*first, *second) << shown;
  EXPECT_EQ(show_config(*second), shown);
}

// Every key there is, each with a value that is not its default.
constexpr std::string_view kEverything = R"(
place: {name: "Geneva: outside", network: AS64496, source_address: 192.0.2.7}
connectivity: {targets: ["tcp://192.0.2.1:443", "https://a.example/", "dns://192.0.2.53/example.com"], require: 2, timeout: 2s}
agreement:
  name: public
  provider: "Maxony \"& Co\"\n\t#1"
  timezone: Europe/Zurich
  unknown_slots: bad
  exclude_maintenance: false
  notice: 2d
  close_after: 3d
contact: "support@example.com: call us"
retention: {outcomes: 20 months, evidence: 10MiB}
defaults: {objective: 99.5%, every: 2m, timeout: 5s, slow_after: 900ms, confirm: {retries: 2, after: 3s, reasons: [timeout, status]}}
modules:
  web:
    prober: http
    timeout: 7s
    http:
      preferred_ip_protocol: ip4
      ip_protocol_fallback: false
      valid_status_codes: [200, 301]
      valid_http_versions: [HTTP/1.1, HTTP/2.0]
      no_follow_redirects: true
      fail_if_not_ssl: true
      method: POST
      headers: {Accept: "text/html, */*;q=0.8", X-Empty: ""}
      http_headers: {X-Several: {values: [a, "b: c"]}, X-Api-Key: {files: [token]}}
      fail_if_body_matches_regexp: ["error: \\d+", '"quoted"']
      fail_if_body_not_matches_regexp: [ok]
      fail_if_header_matches: [{header: Server, regexp: "^Apache", allow_missing: true}]
      fail_if_header_not_matches: [{header: X-Version, regexp: "^2"}]
      body: "a=1&b={}\r\n\x01é"
      compression: gzip
      body_size_limit: 10MB
      enable_http2: false
      authorization: {type: Token, credentials_file: token}
      proxy_url: "http://proxy.example:3128"
      proxy_user_password_file: password
      skip_resolve_phase_with_proxy: true
      tls_config: {ca_file: ca.pem, cert_file: ca.pem, key_file: key.pem, server_name: b.example, min_version: TLS13, insecure_skip_verify: true}
  login: {prober: http, http: {basic_auth: {username: me, password_file: password}}}
  dialog:
    prober: tcp
    tcp:
      source_ip_address: "2001:db8::7"
      query_response:
        - {expect: "^\\+OK (.*)$", labels: [{name: banner, value: "${1}"}]}
        - {send: "STLS\r", expect_bytes: "+OK"}
        - {starttls: true}
  zone:
    prober: dns
    dns:
      query_name: example.com
      query_type: SOA
      query_class: CH
      transport_protocol: tcp
      dns_over_tls: true
      recursion_desired: false
      valid_rcodes: [NXDOMAIN]
      validate_answer_rrs: {fail_if_matches_regexp: [a], fail_if_all_match_regexp: [b]}
      validate_authority_rrs: {fail_if_not_matches_regexp: [c]}
      validate_additional_rrs: {fail_if_none_matches_regexp: [d]}
  http_2xx: {prober: http, http: {valid_status_codes: [200]}}
services:
  one:
    title: {de: "Ünser: Dienst", en: Our service}
    objective: 99.9999%
    every: 5m
    require: any
    degraded: bad
    labels: {team: web, level: "1"}
    runbook_url: "https://wiki.example.com/one"
    formerly: [uno, eins]
    valid_from: 2026-01-01
    valid_until: 2030-06-01T12:00:01Z
    checks:
      - {name: a, module: web, targets: ["https://a.example/?q=1#x", "https://b.example/"], hostname: c.example}
      - {name: b, module: web, targets: {left: "https://a.example/"}, with: {method: PUT, valid_status_codes: [], headers: {Accept: "*/*", X-New: "1"}}}
      - {name: c, module: smtp_starttls, target: "smtp.example.com:25", every: 7m, counts: false, timeout: 20s, confirm: {retries: 0, reasons: []}}
      - {name: d, module: dns, target: 192.0.2.53, with: {query_name: example.com, query_type: MX}}
  two:
    depends_on: [one]
    checks: [{module: http_2xx, target: "https://a.example/"}, {module: dialog, target: "[2001:db8::1]:110"}]
maintenance:
  calendars: [cal.ics]
  windows:
    - {services: [uno], agreements: [acme], from: 2026-12-06T02:00+01:00, to: 2026-12-06T04:00+01:00, announced: 2026-12-01, summary: "New: disks"}
    - {id: own, from: 2026-12-07T02:00+01:00, to: 2026-12-07T04:00+01:00}
private_agreements:
  acme:
    provider: ""
    timezone: UTC-06:00
    exclude_maintenance: true
    services: {one: {objective: 99.95%}}
    reactions: {first: {react_within: 90 business minutes}, last: {react_within: 3 real days}}
  small: {covers: [two]}
  none: {covers: []}
alerting:
  evaluate: here
  rule_files: [rules/*.yml]
  external_labels: {place: "Geneva: outside"}
  evaluation_interval: 30s
  rule_query_offset: 5s
  resend_delay: 2m
  outage_tolerance: 2h
  alert_relabel_configs:
    - {source_labels: [a, b], separator: "", regex: "(.+)x", target_label: c, replacement: "${1}"}
    - {regex: "tmp_.*", action: labeldrop}
    - {source_labels: [a], modulus: 8, target_label: shard, action: hashmod}
  alertmanagers:
    - scheme: https
      path_prefix: /am
      timeout: 5s
      basic_auth: {username: me, password_file: password}
      http_headers: {X-One: {values: [a]}, X-Key: {files: [token]}}
      follow_redirects: false
      enable_http2: false
      proxy_url: "http://proxy.example:3128"
      tls_config: {ca_file: ca.pem}
      static_configs: [{targets: ["a.example:9093", "b.example:9093"], labels: {side: left}}]
      relabel_configs: [{source_labels: [side], regex: right, action: drop}]
      alert_relabel_configs: [{source_labels: [severity], regex: info, action: drop}]
    - {static_configs: [{targets: ["[2001:db8::1]:9093"]}]}
    - static_configs: [{targets: [c.example]}]
      oauth2:
        client_id: "sla: outside"
        client_secret_file: password
        scopes: [alerts.write, "a b"]
        token_url: "https://login.example/token?v=2"
        endpoint_params: {audience: "alerts: all", "odd name": ""}
        proxy_url: "http://proxy.example:3128"
        tls_config: {ca_file: ca.pem, cert_file: ca.pem, key_file: key.pem}
  heartbeat: {url_file: beat, method: GET, every: 2m, timeout: 3s, authorization: {credentials_file: token}}
  mail:
    server: "mail.example:465"
    security: tls
    from: sla@example.com
    to: [ops@example.com, "on+call@example.com"]
    user: sla
    password_file: password
    hello: outside.example.com
    tls_config: {server_name: mx.example}
    after: 10m
support:
  calendars:
    EU_West:
      timezone: Europe/Berlin
      open: ["mon-fri 08:00-12:00, 13:00-17:30", "sat,sun 22:00-06:00", "sat 00:00-24:00"]
      holidays: [days.ics, 2026-12-26, 05-01, 2026-12-27..2027-01-02]
      overrides: {2026-12-24: "08:00-12:00, 21:00-02:00", 2026-12-31: closed}
    far: {open: ["daily 00:00-24:00"]}
    both: {union: [EU_West, far]}
  levels:
    first: {react_within: 4 business hours, at_risk_from: 66.6667%}
    last: {react_within: 5 business days, calendar: EU_West, reacts_with: reply, pauses: false}
    other: {react_within: 36 real hours, calendar: all, reacts_with: [note, reply]}
  number_mail: {within: 10m}
  checklist: [data, faq]
  retention: 20 months
  sources:
    desk:
      type: rt
      url: https://rt.example.com/rt/
      token_file: token
      http_headers: {X-One: {values: [a]}}
      proxy_url: "http://proxy.example:3128"
      tls_config: {ca_file: ca.pem}
      since: 2026-01-01
      every: 2m
      timeout: 9s
      page: 50
      requests_per_minute: 30
      not_human: [mailbot, "RT_System: x"]
      waiting_states: [on hold]
      resolved_states: [done]
      spam_states: [junk]
      internal_notes: true
      map:
        level: {queue: {support: first, "Rechts: Dienst": last}}
        region: {custom_field: "Region #1", values: {EU: EU_West, "": far}}
        agreement: {organization: {"ACME, Inc.": acme, else: public}}
        channel: {custom_field: Channel, values: {Phone: phone}}
        language: {language: {German: de}}
        destination: {queue: {net: delivery}}
        checklist: {data: {custom_field: Data, values: [yes, 1]}, faq: [{comment: "[faq]"}, {custom_field: FAQ}]}
    z-1:
      type: zammad
      url: https://desk.example
      token_file: token
      secret_file: password
      map: {level: {group: {Users: first}}, region: {tag: {eu: EU_West}}, checklist: {faq: {tag: faq}}}
    z-2: {type: zammad, url: "https://desk.example", authorization: {type: Token, credentials_file: token}}
    z-3: {type: zammad, url: "https://desk.example", basic_auth: {username: me, password_file: password}}
    hook: {type: webhook, secret_file: token, since: 2026-01-01T00:00Z}
    lines: {type: file, file: events.csv, every: 5s}
  notices:
    teams:
      first: {mail_to: [a@b.example, "c+d@e.example"], webhook_url: "https://chat.example/a?b=c"}
      last: {webhook_url_file: beat}
    morning_list: "08:00"
    mail: {server: "mail.example:587", from: sla@b.example, user: sla, password_file: password, hello: a.example}
)";

TEST(ShowConfig, LoadsAgainToAnEqualConfiguration) {
  expect_round_trip(std::string(kEverything));
  expect_round_trip("services: {}\n");
  expect_round_trip("services: {}\nalerting: {evaluate: elsewhere}\n");
  expect_round_trip("services: {}\nsupport: {calendars: {a: {open: \"mon 08:00-12:00\"}}}\n");
  // Notices take the server of alerts, and the server is then their own.
  expect_round_trip(
      "services: {}\nalerting: {mail: {server: \"a.example:25\", from: a@b.example, to: "
      "c@d.example}}\n"
      "support: {levels: {first: {react_within: 1 real hour}}, notices: {teams: {first: {mail_to: "
      "e@f.example}}}}\n");
}

TEST(ShowConfig, NeverShowsASecret) {
  const ConfigResult config = load_text(kEverything, kFiles);
  ASSERT_TRUE(config.has_value()) << errors_of(config);
  const std::string shown = show_config(*config);
  EXPECT_THAT(shown, Not(HasSubstr("s3cret")));
  EXPECT_THAT(shown, Not(HasSubstr("hunter2")));
  EXPECT_THAT(shown, HasSubstr("password_file: /etc/sla/password"));
  EXPECT_THAT(shown, HasSubstr("credentials_file: /etc/sla/token"));
}

TEST(ShowConfig, HidesASecretThatCameFromNoFile) {
  ConfigResult config = load_text("services: {}\n");
  auto module = std::make_shared<probes::Module>();
  probes::HttpModule http;
  http.basic_auth_user = "me";
  http.basic_auth_password = probes::Secret("hunter2");
  http.secret_headers.emplace_back("X-Key", probes::Secret("s3cret"));
  module->name = "made";
  module->spec = http;
  config->modules["made"] = module;
  const std::string shown = show_config(*config);
  EXPECT_THAT(shown, HasSubstr("<secret>"));
  EXPECT_THAT(shown, Not(HasSubstr("hunter2")));
  EXPECT_THAT(shown, Not(HasSubstr("s3cret")));
}

TEST(ShowConfig, ErrorsNeverQuoteASecretFile) {
  const ConfigResult config = load_text(
      "modules: {a: {prober: http, http: {authorization: {credentials_file: two}}}}\n"
      "services: {}\n",
      {{"/etc/sla/two", "s3cret\nhunter2\n"}});
  EXPECT_THAT(errors_of(config), HasSubstr("must hold one line"));
  EXPECT_THAT(errors_of(config), Not(HasSubstr("s3cret")));
}

TEST(ShowText, QuotesWhateverCouldBeMisread) {
  for (const std::string text :
       {"",    "~",  "null", "true",       "a: b",  "- a",  "#x", "a #b", "*a",    "&a",
        "!a",  "<<", "[a",   "{a",         "%a",    "@a",   "`a", "'a",   "\"a\"", "a\\b",
        " a",  "a ", "\n",   "\t",         "\x01",  "\x7f", "é",  "0x1f", "1e3",   "?",
        "a,b", "=",  "yes",  "2026-01-01", "--- a", "...",  "-"}) {
    const ConfigResult config = load_text("services: {}\ncontact: " + config::show_text(text));
    ASSERT_TRUE(config.has_value()) << text << errors_of(config);
    EXPECT_EQ(config->contact, text);
  }
}

// Random configurations out of sound pieces.
class RandomConfig {
 public:
  explicit RandomConfig(unsigned seed) : random_(seed) {}

  std::string text() {
    std::string out = "agreement: {timezone: " + pick({"UTC", "UTC-06:00", "America/Chicago"}) +
                      ", notice: " + pick({"0s", "1h", "3d"}) + "}\n";
    out += "defaults: {objective: " + pick({"99%", "0.999", "99.1234%"}) +
           ", confirm: {retries: " + pick({"0", "1", "2"}) + "}}\nservices:\n";
    const int services = 1 + below(4);
    for (int i = 0; i < services; ++i) out += service(i);
    if (below(2) == 0) {
      out += fmt::format("private_agreements: {{p: {{services: {{s0: {{objective: {}}}}}}}}}\n",
                         pick({"99.9%", "0.95", "100%"}));
    }
    return out;
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string pick(const std::vector<std::string>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }

  std::string service(int index) {
    std::string out = fmt::format("  s{}:\n    every: {}\n    require: {}\n", index,
                                  pick({"1m", "5m", "97s", "1h"}), pick({"all", "any", "1"}));
    if (index > 0 && below(2) == 0) out += fmt::format("    depends_on: [s{}]\n", below(index));
    out += "    checks:\n";
    const int checks = 1 + below(3);
    for (int i = 0; i < checks; ++i) out += check(i);
    return out;
  }

  std::string check(int index) {
    const std::string extra =
        pick({"", ", timeout: 1s250ms", ", slow_after: 10ms", ", confirm: {after: 1s}"});
    switch (below(3)) {
      case 0:
        return fmt::format("      - {{name: c{}, module: {}, targets: [{}]{}, with: {{{}}}}}\n",
                           index, pick({"http_2xx", "http_api"}),
                           pick({"\"https://a.example/\"", "\"a.example\", \"b.example:81/x\""}),
                           extra,
                           pick({"", "method: HEAD", "headers: {Accept: b, C: d}",
                                 "fail_if_body_matches_regexp: ['a\\d', \"\\\"\"]",
                                 "valid_status_codes: [200, 404], enable_http2: false"}));
      case 1:
        return fmt::format(
            "      - {{name: c{}, module: {}, targets: {{k: \"a.example:25\"}}{}}}\n", index,
            pick({"tcp_connect", "tls_connect", "smtp_starttls"}), extra);
      default:
        return fmt::format(
            "      - {{name: c{}, module: dns, target: \"{}\"{}, with: {{query_name: {}}}}}\n",
            index, pick({"192.0.2.53", "ns.example:5353"}), extra, pick({"a.example", "."}));
    }
  }

  std::mt19937 random_;
};

TEST(ShowConfig, LoadsAgainToAnEqualConfigurationForRandomOnes) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    expect_round_trip(RandomConfig(seed).text());
    if (HasFatalFailure()) return;
  }
}

TEST(BuiltinModules, AreTheOnesPromisedAndLoad) {
  std::vector<std::string> names;
  for (const auto& [name, module] : config::builtin_modules()) {
    EXPECT_NE(module, nullptr) << name;
    names.push_back(name);
  }
  EXPECT_THAT(names, testing::ElementsAre("dns", "http_2xx", "http_api", "smtp_starttls",
                                          "tcp_connect", "tls_connect"));
}

TEST(BuiltinModules, SmtpSpeaksTheDialogWithStarttls) {
  const auto& tcp =
      std::get<probes::TcpModule>(config::builtin_modules().at("smtp_starttls")->spec);
  ASSERT_EQ(tcp.query_response.size(), 6u);
  EXPECT_EQ(tcp.query_response[0].send, "EHLO sla-exporter\r");
  EXPECT_EQ(tcp.query_response[1].send, "STARTTLS\r");
  // A step sends before it starts TLS, so nothing may be sent in the step that starts it.
  EXPECT_TRUE(tcp.query_response[3].starttls);
  EXPECT_EQ(tcp.query_response[3].send, "");
  EXPECT_EQ(tcp.query_response[4].send, "EHLO sla-exporter\r");
  EXPECT_EQ(tcp.query_response[5].send, "QUIT\r");
  EXPECT_FALSE(tcp.tls);
}

}  // namespace
}  // namespace exporter
