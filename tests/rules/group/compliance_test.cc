// The timed cases of the Prometheus conformance programme for alert generators
// (github.com/prometheus/compliance, alert_generator), on virtual time: what is pending, firing or
// resolved when, and which messages Alertmanager gets at which moments. Samples come every 15 s,
// groups are evaluated every 30 s; a state may be seen up to one evaluation after its cause. Each
// case runs at several phases between samples and evaluations.
#include <set>

#include "rules/group/templates.h"
#include "tests/rules/group/timeline.h"

namespace rules {
namespace {

constexpr std::int64_t kSample = 15'000, kInterval = 30'000, kResend = 60'000;
constexpr std::int64_t kResolvedFor = 15 * kMinute;

// The value from this sample on.
using Course = std::map<int, double>;

struct Expected {
  int from = 0, until = 0;       // samples
  std::set<std::string> alerts;  // "state name value" of each
};

struct Sent {
  std::int64_t at = 0;
  Notification message;
};

AlertingRule suite_rule(const std::string& name, const std::string& expr, std::int64_t hold,
                        const std::string& label, NamedTexts annotations) {
  AlertingRule rule = alert_rule(name, expr);
  rule.hold = hold;
  rule.labels = {{label, label == "foo" ? "bar" : "tss"}, {"rulegroup", "suite"}};
  rule.annotations = std::move(annotations);
  return rule;
}

class Suite : public ::testing::TestWithParam<int> {
 protected:
  void add(const Labels& labels, const Course& course, int samples) {
    for (int i = 0; i < samples; ++i) {
      const double value = std::prev(course.upper_bound(i))->second;
      bench->source_.add(labels, {i * kSample, value});
    }
  }

  static Labels series(const std::string& alert, const std::string& variant = "") {
    return Labels{
        {"__name__", "suite"}, {"rulegroup", "suite"}, {"alert", alert}, {"variant", variant}};
  }

  template <class... Rules>
  void begin(Rules... rules) {
    RuleGroup group = group_of(std::move(rules)...);
    group.interval = kInterval;
    bench = std::make_unique<Bench>(std::move(group));
    bench->settings_.resend_delay = kResend;
    bench->settings_.expand = template_expander();
  }

  void run(int samples, const std::vector<Expected>& expected) {
    for (std::int64_t slot = GetParam() * 1000; slot < samples * kSample; slot += kInterval) {
      for (Notification& message : bench->run(slot).notifications) {
        sent.push_back({slot, std::move(message)});
      }
      std::set<std::string> seen;
      for (const RuleState& rule : bench->state_.rules) {
        for (const auto& [labels, alert] : rule.alerts) {
          if (alert.state == AlertState::inactive) continue;
          seen.insert(fmt::format("{} {}{} {}", state_name(alert.state), labels.get("alertname"),
                                  labels.get("variant"), alert.value));
        }
      }
      const bool allowed = std::ranges::any_of(expected, [&](const Expected& one) {
        return slot >= one.from * kSample && slot < one.until * kSample + kInterval &&
               seen == one.alerts;
      });
      EXPECT_TRUE(allowed) << "at " << slot / 1000 << " s: " << testing::PrintToString(seen);
    }
  }

  // What was sent of an alert from this moment on, until the other.
  std::vector<Sent> sent_between(const std::string& alert, std::int64_t from,
                                 std::int64_t until) const {
    std::vector<Sent> found;
    for (const Sent& each : sent) {
      if (each.at >= from && each.at < until &&
          each.message.alert.labels.get("alertname") == alert) {
        found.push_back(each);
      }
    }
    return found;
  }

  // Not before the resend delay is over, and at the next evaluation after it.
  static void expect_resent(const Sent& before, const Sent& again) {
    EXPECT_GE(again.at - before.at, kResend);
    EXPECT_LE(again.at - before.at, kResend + kInterval);
  }

  // Firing between these samples: told within an evaluation, then again and again.
  void expect_firing(const std::string& alert, int from, int until) const {
    const auto messages = sent_between(alert, from * kSample, until * kSample);
    ASSERT_FALSE(messages.empty()) << alert;
    EXPECT_LE(messages.front().at, from * kSample + kInterval);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const Sent& each = messages[i];
      if (i > 0) expect_resent(messages[i - 1], each);
      EXPECT_FALSE(each.message.alert.resolved_at);
      EXPECT_EQ(each.message.ends_at, each.at + 4 * kResend);
      EXPECT_EQ(each.message.starts_at, *each.message.alert.fired_at);
      EXPECT_LE(each.message.starts_at, from * kSample + kInterval);
    }
    EXPECT_GE(messages.back().at, until * kSample - kResend - 2 * kInterval);
  }

  // Resolved at this sample: told within an evaluation, then again for a quarter of an hour
  // or until something else is to be told.
  void expect_resolved(const std::string& alert, int from, int until) const {
    const auto messages = sent_between(alert, from * kSample + kInterval, until * kSample);
    ASSERT_FALSE(messages.empty()) << alert;
    const std::int64_t resolved = *messages.front().message.alert.resolved_at;
    EXPECT_LT(resolved, from * kSample + kInterval);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const Sent& each = messages[i];
      if (i > 0) expect_resent(messages[i - 1], each);
      EXPECT_EQ(each.message.ends_at, resolved);
      EXPECT_LE(each.at, resolved + kResolvedFor);
    }
    const std::int64_t last = std::min(resolved + kResolvedFor, until * kSample);
    EXPECT_GE(messages.back().at, last - kResend - 2 * kInterval);
  }

  std::unique_ptr<Bench> bench;
  std::vector<Sent> sent;
};

TEST_P(Suite, PendingFiringResolvedAndAgain) {
  begin(suite_rule("A", R"(suite{alert="A"} > 10)", 6 * kMinute, "foo",
                   {{"description", "fires"}, {"summary", "It is {{$value}} {{.Value}}"}}));
  add(series("A"),
      {{0, 3}, {1, 5}, {4, 9}, {8, 11}, {21, 15}, {53, 19}, {69, 9}, {89, 15}, {134, 8}}, 150);
  run(150, {{0, 8, {}},
            {8, 21, {"pending A 11"}},
            {21, 32, {"pending A 15"}},
            {32, 53, {"firing A 15"}},
            {53, 69, {"firing A 19"}},
            {69, 89, {}},
            {89, 113, {"pending A 15"}},
            {113, 134, {"firing A 15"}},
            {134, 150, {}}});
  EXPECT_TRUE(sent_between("A", 0, 32 * kSample).empty());
  expect_firing("A", 32, 69);
  expect_resolved("A", 69, 89);
  EXPECT_TRUE(sent_between("A", 89 * kSample + kInterval, 113 * kSample).empty());
  expect_firing("A", 113, 134);
  expect_resolved("A", 134, 150);
  for (const Sent& each : sent_between("A", 32 * kSample, 69 * kSample)) {
    const bool later = each.at >= 53 * kSample;
    EXPECT_EQ(each.message.alert.annotations[1].second, later ? "It is 19 19" : "It is 15 15");
  }
}

TEST_P(Suite, PendingAloneIsNeverTold) {
  begin(suite_rule("A", R"(suite{alert="A"} > 10)", 3 * kMinute, "foo", {}),
        suite_rule("B", R"(suite{alert="B"} > 99)", 3 * kMinute, "ba_dum", {}));
  const Course course = {{0, 3}, {1, 5}, {4, 9}, {8, 11}, {19, 9}};
  add(series("A"), course, 20);  // and then there is no more data
  add(series("B"), course, 20);
  run(60, {{0, 8, {}}, {8, 19, {"pending A 11"}}, {19, 60, {}}});
  EXPECT_TRUE(sent.empty());
}

TEST_P(Suite, WithoutForAndWithAShortOne) {
  begin(suite_rule(
            "Zero", R"(suite{alert="A"} > 10)", 0, "foo",
            {{"numbers",
              "{{humanize 1048576}} {{humanize1024 1048576}} {{humanizeDuration 135.3563}} "
              "{{humanizePercentage 0.959}} {{humanizeTimestamp 1643114203}}"},
             {"query",
              R"({{ define "t" }}Args are: {{.arg0}} {{.arg1}} {{.arg2}}. )"
              R"({{ with query "helper" }}first:{{ . | sortByLabel "id" | first | label "id"}},)"
              R"({{ range $v := sortByLabel "id" .}}{{ . | label "id" }}:{{ . | value }},{{end}})"
              R"({{end}}{{ end }}{{ template "t" (args "foo" "bar" 99) }})"}}),
        suite_rule("Small", R"(suite{alert="A"} > 13)", kSample, "ba_dum",
                   {{"texts",
                     R"({{title "this part"}} {{toUpper "is testing"}} {{toLower "THE STRINGS"}}. )"
                     R"({{ stripPort "[::1]:6006"}} {{ stripPort "127.0.0.1:4004"}}. )"
                     R"({{parseDuration "2h10m15s"}}. {{if match "[0-9]+" "1234"}})"
                     R"({{reReplaceAll "r.*d" "replaced" "rpld text"}}{{end}}. )"
                     R"({{if match "[0-9]+$" "1234a"}}WRONG{{end}}.)"}}));
  add(series("A"), {{0, 3}, {1, 5}, {4, 9}, {8, 15}, {21, 9}, {93, 11}, {106, 9}}, 107);
  for (int i = 1; i <= 3; ++i) {
    add(Labels{{"__name__", "helper"}, {"id", std::to_string(100 + i)}}, {{0, i}, {28, 2.0 * i}},
        130);
  }
  run(127, {{0, 8, {}},
            {8, 10, {"firing Zero 15", "pending Small 15"}},
            {10, 21, {"firing Zero 15", "firing Small 15"}},
            {21, 93, {}},
            {93, 106, {"firing Zero 11"}},
            {106, 127, {}}});
  expect_firing("Zero", 8, 21);
  expect_resolved("Zero", 21, 93);
  expect_firing("Zero", 93, 106);
  expect_firing("Small", 10, 21);
  expect_resolved("Small", 21, 93);
  // Only the second evaluation may let the small one fire.
  EXPECT_GE(sent_between("Small", 0, 21 * kSample).front().at,
            sent_between("Zero", 0, 21 * kSample).front().at + kInterval);
  const auto first = sent_between("Zero", 8 * kSample, 21 * kSample).front().message.alert;
  EXPECT_EQ(first.annotations[0].second, "1.049M 1Mi 2m 15s 95.9% 2022-01-25 12:36:43 +0000 UTC");
  EXPECT_EQ(first.annotations[1].second, "Args are: foo bar 99. first:101,101:1,102:2,103:3,");
  const auto again = sent_between("Zero", 93 * kSample, 106 * kSample).front().message.alert;
  EXPECT_EQ(again.annotations[1].second, "Args are: foo bar 99. first:101,101:2,102:4,103:6,");
  EXPECT_EQ(sent_between("Small", 0, 21 * kSample).front().message.alert.annotations[0].second,
            "This Part IS TESTING the strings. ::1 127.0.0.1. 7815. replaced text. .");
}

TEST_P(Suite, NewAlertsBesideOldOnesAndRulesThatReadAlerts) {
  const std::string firing = R"(ALERTS{alertstate="firing",alertname="A",foo="bar",variant=)";
  AlertingRule both = suite_rule(
      "Both", "(" + firing + "\"one\"} + ignoring(variant) " + firing + "\"two\"}) == 2", 0,
      "ba_dum",
      {{"description", "Old alertname was {{$labels.alertname}}. foo was {{.Labels.foo}}."}});
  both.labels = {{"ba_dum", "tss"}, {"foo", "baz"}, {"rulegroup", "suite"}};
  begin(suite_rule("A", R"(suite{alert="A"} > 10)", 3 * kMinute, "foo", {}), std::move(both));
  add(series("A", "one"), {{0, 1}, {8, 11}, {73, 9}}, 94);
  add(series("A", "two"), {{0, 1}, {32, 11}, {65, 9}}, 94);
  run(94, {{0, 8, {}},
           {8, 20, {"pending Aone 11"}},
           {20, 32, {"firing Aone 11"}},
           {32, 44, {"firing Aone 11", "pending Atwo 11"}},
           {44, 65, {"firing Aone 11", "firing Atwo 11", "firing Both 2"}},
           {65, 73, {"firing Aone 11"}},
           {73, 94, {}}});
  expect_firing("Both", 44, 65);
  expect_resolved("Both", 65, 94);
  const Alert told = sent_between("Both", 44 * kSample, 65 * kSample).front().message.alert;
  EXPECT_EQ(told.annotations[0].second, "Old alertname was A. foo was bar.");
  EXPECT_EQ(told.labels.get("foo"), "baz");
  EXPECT_EQ(told.labels.get("alertstate"), "firing");
}

// Seconds between a sample and the evaluation after it.
INSTANTIATE_TEST_SUITE_P(Compliance, Suite, ::testing::Values(0, 1, 7, 14, 15, 22, 29));

}  // namespace
}  // namespace rules
