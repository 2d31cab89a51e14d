// What a good `alerting` section means once it is loaded, and what deserves a warning.
#include "exporter/config/alerting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporter/config/memory_files.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr std::string_view kRules =
    "groups: [{name: g, rules: [{alert: A, expr: 'up == 0', for: 5m}]}]\n";

Config good(std::string_view alerting, std::map<std::string, std::string> files = {}) {
  ConfigResult config =
      load_text("services: {}\nalerting:\n" + std::string(alerting), std::move(files));
  EXPECT_TRUE(config.has_value()) << errors_of(config);
  return config ? *config : Config{};
}

TEST(AlertingSection, IsNotNeeded) {
  const Config config = good("");
  EXPECT_TRUE(config.alerting.evaluate_here);
  EXPECT_EQ(config.alerting, Alerting{});
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(AlertingSection, RuleFilesAreReadOnceInTheOrderOfThePatterns) {
  const Config config = good(
      "  rule_files: [z.yml, 'rules/*.yml', rules/a.yml]\n"
      "  mail: {server: 'a:25', from: a@b.c, to: d@e.f}\n",
      {{"/etc/sla/rules/a.yml", std::string(kRules)},
       {"/etc/sla/rules/b.yml", std::string(kRules)},
       {"/etc/sla/z.yml", std::string(kRules)}});
  std::vector<std::string> paths;
  paths.reserve(config.alerting.rule_files.size());
  for (const auto& file : config.alerting.rule_files) paths.push_back(file->path);
  EXPECT_THAT(paths, ElementsAre("/etc/sla/z.yml", "/etc/sla/rules/a.yml", "/etc/sla/rules/b.yml"));
  EXPECT_EQ(config.alerting.rule_files[1]->groups[0].file, "/etc/sla/rules/a.yml");
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(AlertingSection, AChangedRuleMakesAnotherConfiguration) {
  const auto load = [](const std::string& rules) {
    return good("  rule_files: [a.yml]\n", {{"/etc/sla/a.yml", rules}});
  };
  EXPECT_EQ(load(std::string(kRules)), load(std::string(kRules) + "# a comment\n"));
  for (const char* rules :
       {"groups: [{name: g, rules: [{alert: A, expr: 'up == 0', for: 6m}]}]",
        "groups: [{name: g, rules: [{alert: A, expr: 'up == 1', for: 5m}]}]",
        "groups: [{name: h, rules: [{alert: A, expr: 'up == 0', for: 5m}]}]",
        "groups: [{name: g, rules: [{record: A, expr: 'up == 0'}]}]", "groups: []"}) {
    EXPECT_FALSE(load(std::string(kRules)) == load(rules)) << rules;
  }
}

TEST(AlertingSection, WarnsOfWhatIsHardlyMeant) {
  EXPECT_THAT(good("  rule_files: ['rules/*.yml']\n").warnings,
              ElementsAre(HasSubstr("no file matches \"rules/*.yml\"")));
  EXPECT_THAT(good("  rule_files: [a.yml]\n", {{"/etc/sla/a.yml", std::string(kRules)}}).warnings,
              ElementsAre(HasSubstr("nobody hears of alerts")));
  EXPECT_THAT(good("  evaluate: elsewhere\n  heartbeat: {url: 'https://a.example/'}\n").warnings,
              ElementsAre(HasSubstr("nothing is sent from here")));
}

TEST(AlertingSection, AlertmanagersAreWrittenAsForPrometheus) {
  const Config config = good(R"(
  external_labels: {place: outside, empty: ""}
  alertmanagers:
    - scheme: https
      timeout: 5s
      path_prefix: /am
      authorization: {credentials_file: token}
      static_configs: [{targets: ["a.example:9093", b.example], labels: {side: left}}]
      alert_relabel_configs: [{action: DROP, source_labels: [a], regex: b}]
)",
                             {{"/etc/sla/token", "s3cret\n"}});
  ASSERT_THAT(config.alerting.alertmanagers, SizeIs(1));
  EXPECT_THAT(config.alerting.external_labels, ElementsAre(Pair("place", "outside")));
  const AlertmanagerBlock& block = config.alerting.alertmanagers[0];
  EXPECT_EQ(block.scheme, "https");
  EXPECT_EQ(block.timeout, 5s);
  EXPECT_EQ(block.path_prefix, "/am");
  EXPECT_EQ(block.http.authorization_type, "Bearer");
  EXPECT_EQ(block.http.authorization_credentials.reveal(), "s3cret");
  EXPECT_TRUE(block.http.follow_redirects);
  EXPECT_THAT(block.static_configs[0].targets, ElementsAre("a.example:9093", "b.example"));
  EXPECT_THAT(block.static_configs[0].labels, ElementsAre(Pair("side", "left")));
  EXPECT_EQ(block.alert_relabel_configs[0].action, Relabel::Action::drop);
  EXPECT_EQ(http_module(block.http).authorization_credentials.reveal(), "s3cret");
}

TEST(AlertingSection, OAuth2IsWrittenAsForPrometheus) {
  const Config config = good(R"(
  heartbeat:
    url: "https://beat.example/"
    oauth2:
      client_id: sla
      client_secret_file: secret
      scopes: [read, write]
      token_url: https://login.example/token
      endpoint_params: {audience: alerts, numeric: 1}
      tls_config: {server_name: login.internal}
)",
                             {{"/etc/sla/secret", "s3cret\n"}});
  const OAuth2& oauth2 = config.alerting.heartbeat.http.oauth2;
  EXPECT_TRUE(oauth2.configured());
  EXPECT_EQ(oauth2.client_id, "sla");
  EXPECT_EQ(oauth2.client_secret.reveal(), "s3cret");
  EXPECT_THAT(oauth2.scopes, ElementsAre("read", "write"));
  EXPECT_EQ(oauth2.token_url, "https://login.example/token");
  EXPECT_THAT(oauth2.endpoint_params,
              ElementsAre(Pair("audience", "alerts"), Pair("numeric", "1")));
  EXPECT_EQ(oauth2.tls.server_name, "login.internal");
  // A certificate may stand for the secret.
  const Config without = good(
      "  heartbeat: {url: 'https://b.example/', oauth2: {client_id: a, token_url: "
      "'https://c.example/'}}\n");
  EXPECT_TRUE(without.alerting.heartbeat.http.oauth2.client_secret.empty());
  EXPECT_FALSE(good("  heartbeat: {url: 'https://b.example/'}\n")
                   .alerting.heartbeat.http.oauth2.configured());
}

TEST(AlertingSection, TheAddressOfTheHeartbeatMayBeASecret) {
  const Config config = good("  heartbeat: {url_file: beat, every: 30s}\n",
                             {{"/etc/sla/beat", "https://beat.example/s3cret\n"}});
  EXPECT_TRUE(config.alerting.heartbeat.configured());
  EXPECT_EQ(config.alerting.heartbeat.url, "");
  EXPECT_EQ(config.alerting.heartbeat.secret_url.reveal(), "https://beat.example/s3cret");
  const ConfigResult bad = load_text("services: {}\nalerting: {heartbeat: {url_file: beat}}\n",
                                     {{"/etc/sla/beat", "beat.example/s3cret\n"}});
  EXPECT_THAT(errors_of(bad), HasSubstr("must begin with http"));
  EXPECT_THAT(errors_of(bad), testing::Not(HasSubstr("s3cret")));
}

TEST(AlertingSection, MailIsReadWithItsDefaults) {
  const AlertMail mail =
      good("  mail: {server: 'mail.example:587', from: sla@example.com, to: ops@example.com}\n")
          .alerting.mail;
  EXPECT_EQ(mail.security, AlertMail::Security::starttls);
  EXPECT_EQ(mail.after, 5min);
  EXPECT_THAT(mail.to, ElementsAre("ops@example.com"));
  EXPECT_TRUE(mail.user.empty());
}

}  // namespace
}  // namespace exporter
