// The life of an alert, minute by minute. The letters of a line: `.` no alert, `p` pending, `F`
// firing, `r` resolved and remembered, `!` the rule failed; what Alertmanager hears of it: `f`
// firing, `R` resolved, `-` nothing.
#include <gtest/gtest.h>

#include "tests/rules/group/timeline.h"

namespace rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Life {
  const char* name;
  std::int64_t hold, keep;
  std::vector<std::string> input;
  const char* states;
  const char* heard;
};

char letter_of(const RuleState& rule) {
  if (rule.health == RuleHealth::bad) return '!';
  if (rule.alerts.empty()) return '.';
  constexpr std::string_view kLetters = "rpF";
  return kLetters[static_cast<std::size_t>(rule.alerts.begin()->second.state)];
}

char heard_of(const Evaluation& evaluation) {
  if (evaluation.notifications.empty()) return '-';
  return evaluation.notifications[0].alert.state == AlertState::firing ? 'f' : 'R';
}

class AlertLife : public testing::TestWithParam<Life> {};

TEST_P(AlertLife, GoesAsSpecified) {
  const Life& life = GetParam();
  AlertingRule rule = alert_rule("Down", "x / on() y > 0");
  rule.hold = life.hold * kMinute;
  rule.keep_firing_for = life.keep * kMinute;
  Bench bench(group_of(std::move(rule)));
  bench.load(life.input);
  std::string states, heard;
  for (std::int64_t minute = 0; states.size() < std::string_view(life.states).size(); ++minute) {
    heard += heard_of(bench.run(minute * kMinute));
    states += letter_of(bench.rule());
  }
  EXPECT_EQ(states, life.states);
  EXPECT_EQ(heard, life.heard);
}

// One series x that is 1 or 0, and y that makes the query fail where a second one appears.
constexpr const char* kAlways = "y 1x60";

INSTANTIATE_TEST_SUITE_P(
    Rules, AlertLife,
    testing::Values(
        // The resend delay of a minute must have passed, so that every second slot sends.
        Life{"fires_at_once_without_for", 0, 0, {"x 0 1 1 1 1", kAlways}, ".FFFF", "-f-f-"},
        Life{"waits_out_its_for", 2, 0, {"x 0 1x5", kAlways}, ".ppFFF", "---f-f"},
        Life{"pending_and_gone_is_forgotten", 3, 0, {"x 0 1 1 0 1 1", kAlways}, ".pp.pp", "------"},
        Life{"a_gap_begins_for_anew", 2, 0, {"x 1 1 0 1 1 1 1", kAlways}, "pp.ppFF", "-----f-"},
        Life{"resolves_at_once", 0, 0, {"x 1 1 0 0 0 0", kAlways}, "FFrrrr", "f-R-R-"},
        Life{"missing_data_resolves", 0, 0, {"x 1 1 stale", kAlways}, "FFrr", "f-R-"},
        Life{
            "a_resolved_one_that_returns_is_new", 1, 0, {"x 1 1 0 1 1", kAlways}, "pFrpF", "-fR-f"},
        Life{"keeps_firing_for_a_while", 0, 3, {"x 1 0x9", kAlways}, "FFFFrr", "f-f-R-"},
        Life{"keeping_begins_anew_when_it_returns",
             0,
             3,
             {"x 1 0 0 1 0x9", kAlways},
             "FFFFFFFrr",
             "f-f-f-fR-"},
        Life{"keeping_does_not_help_pending", 2, 5, {"x 1 1 0 0", kAlways}, "pp..", "----"},
        Life{"an_error_freezes_the_state",
             0,
             0,
             {"x 1 1 1 1 1 0", "y 1x60", "y{b=\"1\"} _ _ 1 1 stale"},
             "FF!!Fr",
             "f---fR"},
        Life{"an_error_does_not_stop_for",
             3,
             0,
             {"x 1x9", "y 1x60", "y{b=\"1\"} _ 1 1 stale"},
             "p!!FF",
             "---f-"},
        Life{"is_remembered_for_fifteen_minutes",
             0,
             0,
             {"x 1 0x30", kAlways},
             "Frrrrrrrrrrrrrrrr..",
             "fR-R-R-R-R-R-R-R---"}),
    [](const auto& test) { return std::string(test.param.name); });

const Labels kDown = {{"alertname", "Down"}, {"a", "1"}};

TEST(Alerts, HaveTheLabelsOfTheResultThenThoseOfTheRuleThenTheirName) {
  AlertingRule rule = alert_rule("Down", "x > 0");
  rule.labels = {{"alertname", "Other"}, {"gone", ""}, {"job", "mine"}, {"severity", "page"}};
  Bench bench(group_of(std::move(rule)));
  bench.load({R"(x{a="1", gone="g", job="theirs"} 1)"}).run(0);
  const Labels labels = {{"a", "1"}, {"alertname", "Down"}, {"job", "mine"}, {"severity", "page"}};
  EXPECT_EQ(bench.rule().alerts.begin()->first, labels);
}

TEST(Alerts, WriteTheirStateAndSinceWhen) {
  AlertingRule rule = alert_rule("Down", "x > 0");
  rule.hold = 2 * kMinute;
  Bench bench(group_of(std::move(rule)));
  bench.load({R"(x{a="1"} 0 1 1 1 0)"});
  EXPECT_THAT(bench.run(0).samples, IsEmpty());
  const std::string since = R"(ALERTS_FOR_STATE{a="1", alertname="Down"} )";
  const std::string pending = R"(ALERTS{a="1", alertname="Down", alertstate="pending"} )";
  const std::string firing = R"(ALERTS{a="1", alertname="Down", alertstate="firing"} )";
  EXPECT_THAT(texts_of(bench.run(1 * kMinute).samples),
              ElementsAre(since + "60@60", pending + "1@60"));
  EXPECT_THAT(texts_of(bench.run(2 * kMinute).samples),
              ElementsAre(since + "60@120", pending + "1@120"));
  EXPECT_THAT(texts_of(bench.run(3 * kMinute).samples),
              ElementsAre(since + "60@180", firing + "1@180", pending + "stale@180"));
  EXPECT_THAT(texts_of(bench.run(4 * kMinute).samples),
              ElementsAre(since + "stale@240", firing + "stale@240"));
}

TEST(Alerts, RefreshValueAndAnnotationsButKeepTheirHistory) {
  AlertingRule rule = alert_rule("Down", "x > 0");
  rule.annotations = {{"summary", "{{ $value }}"}};
  Bench bench(group_of(std::move(rule)));
  bench.settings_.expand =
      [](const TemplateInput& input) -> std::expected<std::string, std::string> {
    return fmt::format("{} of {}", input.value, input.labels.get("a"));
  };
  bench.load({R"(x{a="1"} 5 7)"}).run(0);
  EXPECT_EQ(bench.alert(kDown).annotations, (NamedTexts{{"summary", "5 of 1"}}));
  bench.run(kMinute);
  EXPECT_EQ(bench.alert(kDown).annotations, (NamedTexts{{"summary", "7 of 1"}}));
  EXPECT_EQ(bench.alert(kDown).value, 7);
  EXPECT_EQ(bench.alert(kDown).active_at, 0);
}

TEST(Alerts, TellTheErrorOfATemplateInItsPlace) {
  AlertingRule rule = alert_rule("Down", "x > 0");
  rule.annotations = {{"plain", "no template"}, {"summary", "{{ nonsense }}"}};
  Bench bench(group_of(std::move(rule)));
  bench.settings_.expand =
      [](const TemplateInput& input) -> std::expected<std::string, std::string> {
    return std::unexpected(std::string(input.alert) + " knows no nonsense");
  };
  bench.load({R"(x{a="1"} 5)"}).run(0);
  EXPECT_EQ(bench.alert(kDown).annotations,
            (NamedTexts{{"plain", "no template"},
                        {"summary", "<error expanding template: Down knows no nonsense>"}}));
  EXPECT_EQ(bench.rule().health, RuleHealth::good);
}

TEST(Alerts, LetTemplatesAskAtTheInstantOfTheEvaluation) {
  AlertingRule rule = alert_rule("Down", "x > 0");
  rule.annotations = {{"other", "{{ query }}"}};
  Bench bench(group_of(recording_rule("y", "x * 2"), std::move(rule)));
  bench.settings_.expand =
      [](const TemplateInput& input) -> std::expected<std::string, std::string> {
    const auto result = input.query("y", input.at);
    if (!result || result->size() != 1) return std::unexpected("no single y");
    return fmt::format("{}", (*result)[0].sample.value);
  };
  bench.load({R"(x{a="1"} 5)"}).run(0);
  EXPECT_EQ(bench.rule(1).alerts.begin()->second.annotations, (NamedTexts{{"other", "10"}}));
}

TEST(Alerts, WithEqualLabelsAreAnErrorThatChangesNothing) {
  AlertingRule rule = alert_rule("Down", "x > 0");
  rule.labels = {{"a", ""}};
  Bench bench(group_of(std::move(rule)));
  bench.load({R"(x{a="1"} 1 1)", R"(x{a="2"} _ 1)"});
  bench.run(0);
  const auto before = bench.rule().alerts;
  EXPECT_THAT(bench.run(kMinute).samples, IsEmpty());
  EXPECT_EQ(bench.rule().last_error,
            "vector contains metrics with the same labelset after applying alert labels");
  EXPECT_EQ(bench.rule().alerts, before);
}

TEST(Alerts, AboveTheLimitAreAllForgotten) {
  RuleGroup group = group_of(alert_rule("Down", "x > 0"));
  group.limit = 2;
  Bench bench(std::move(group));
  bench.load({R"(x{a="1"} 1 1)", R"(x{a="2"} 1 1)", R"(x{a="3"} 0 1)"});
  bench.run(0);
  EXPECT_EQ(bench.rule().alerts.size(), 2u);
  const Evaluation over = bench.run(kMinute);
  EXPECT_THAT(over.samples, IsEmpty());
  EXPECT_THAT(over.notifications, IsEmpty());
  EXPECT_EQ(bench.rule().last_error, "exceeded limit of 2 with 3 alerts");
  EXPECT_THAT(bench.rule().alerts, IsEmpty());
}

TEST(Alerts, StartWhenTheyFireAndEndAfterFourResends) {
  AlertingRule rule = alert_rule("Down", "x > 0");
  rule.hold = kMinute;
  Bench bench(group_of(std::move(rule)));
  bench.load({R"(x{a="1"} 1 1 0)"}).run(0);
  const Evaluation firing = bench.run(kMinute);
  ASSERT_EQ(firing.notifications.size(), 1u);
  EXPECT_EQ(firing.notifications[0].starts_at, kMinute);
  EXPECT_EQ(firing.notifications[0].ends_at, kMinute + 4 * kMinute);
  EXPECT_EQ(firing.notifications[0].expr_text, "x > 0");
  const Evaluation resolved = bench.run(2 * kMinute);
  ASSERT_EQ(resolved.notifications.size(), 1u);
  EXPECT_EQ(resolved.notifications[0].starts_at, kMinute);
  EXPECT_EQ(resolved.notifications[0].ends_at, 2 * kMinute);
}

TEST(Alerts, OfASlowGroupAreValidForFourIntervals) {
  RuleGroup group = group_of(alert_rule("Down", "vector(1)"));
  group.interval = 5 * kMinute;
  Bench bench(std::move(group));
  EXPECT_EQ(bench.run(0).notifications.at(0).ends_at, 20 * kMinute);
}

TEST(Alerts, GoBackToPendingWhenForIsRaised) {
  Bench bench(group_of(alert_rule("Down", "x > 0")));
  bench.load({R"(x{a="1"} 1 1 1 1)"}).run(0);
  EXPECT_EQ(bench.alert(kDown).state, AlertState::firing);
  AlertingRule patient = alert_rule("Down", "x > 0");
  patient.hold = 3 * kMinute;
  bench.group_ = group_of(std::move(patient));
  EXPECT_THAT(bench.run(kMinute).notifications, IsEmpty());
  EXPECT_EQ(bench.alert(kDown).state, AlertState::pending);
  EXPECT_EQ(bench.alert(kDown).fired_at, std::nullopt);
  bench.run(2 * kMinute);
  EXPECT_EQ(bench.run(3 * kMinute).notifications.size(), 1u);
  EXPECT_EQ(bench.alert(kDown).fired_at, 3 * kMinute);
}

TEST(Alerts, CountTheirTimeBySlotsAlsoWithAQueryOffset) {
  AlertingRule rule = alert_rule("Down", "x > 0");
  rule.hold = kMinute;
  RuleGroup group = group_of(std::move(rule));
  group.query_offset = 2 * kMinute;
  Bench bench(std::move(group));
  bench.load({R"(x{a="1"} 1 1)"}).run(2 * kMinute);
  EXPECT_EQ(bench.alert(kDown).active_at, 2 * kMinute);
  EXPECT_THAT(texts_of(bench.run(3 * kMinute).samples),
              testing::Contains(R"(ALERTS{a="1", alertname="Down", alertstate="firing"} 1@60)"));
}

}  // namespace
}  // namespace rules
