// A group at one slot: order, recording rules, what is written and what goes stale.
#include <gtest/gtest.h>

#include "rules/group/overlay.h"

#include "tests/rules/group/timeline.h"

namespace rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Group, LetsEachRuleSeeThoseBeforeItAtTheSameInstant) {
  Bench bench(group_of(recording_rule("b", "a * 2"), recording_rule("c", "b + 1"),
                       recording_rule("early", "late"), recording_rule("late", "c")));
  bench.load({"a 5 6"});
  EXPECT_THAT(texts_of(bench.run(0).samples), ElementsAre("b 10@0", "c 11@0", "late 11@0"));
  EXPECT_THAT(texts_of(bench.run(kMinute).samples),
              ElementsAre("b 12@60", "c 13@60", "early 11@60", "late 13@60"));
}

TEST(Group, LetsAlertsSeeTheAlertsBeforeThem) {
  Bench bench(group_of(alert_rule("Down", "a == 0"),
                       alert_rule("Any", "ALERTS{alertname=\"Down\", alertstate=\"firing\"}")));
  bench.load({"a 0"}).run(0);
  EXPECT_EQ(state_of(bench.rule(1)), AlertState::firing);
}

TEST(Recording, ReplacesTheNameAndLaysItsLabelsOver) {
  RecordingRule rule = recording_rule("job:a", "a");
  rule.labels = {{"gone", ""}, {"job", "mine"}, {"new", "n"}};
  Bench bench(group_of(std::move(rule)));
  bench.load({R"(a{gone="g", job="theirs", kept="k"} 1)"});
  EXPECT_THAT(texts_of(bench.run(0).samples),
              ElementsAre(R"(job:a{job="mine", kept="k", new="n"} 1@0)"));
}

TEST(Recording, TakesAScalarForASampleWithoutLabels) {
  Bench bench(group_of(recording_rule("now", "time()")));
  EXPECT_THAT(texts_of(bench.run(2 * kMinute).samples), ElementsAre("now 120@120"));
}

TEST(Recording, RefusesWhatIsNoVector) {
  Bench bench(group_of(recording_rule("text", "\"a\""), recording_rule("range", "a[5m]")));
  bench.load({"a 1"});
  EXPECT_THAT(bench.run(0).samples, IsEmpty());
  EXPECT_EQ(bench.rule(0).last_error, "rule result is not a vector or scalar");
  EXPECT_EQ(bench.rule(1).health, RuleHealth::bad);
  EXPECT_EQ(bench.state_.failures, 2u);
  EXPECT_EQ(bench.state_.evaluations, 2u);
}

TEST(Recording, MarksWhatIsMissingAsStaleOnce) {
  Bench bench(group_of(recording_rule("b", "a > 0")));
  bench.load({R"(a{i="1"} 1 0 0 1)", R"(a{i="2"} 1 1 1 1)"});
  EXPECT_THAT(texts_of(bench.run(0).samples), ElementsAre(R"(b{i="1"} 1@0)", R"(b{i="2"} 1@0)"));
  EXPECT_THAT(texts_of(bench.run(kMinute).samples),
              ElementsAre(R"(b{i="1"} stale@60)", R"(b{i="2"} 1@60)"));
  EXPECT_THAT(texts_of(bench.run(2 * kMinute).samples), ElementsAre(R"(b{i="2"} 1@120)"));
  EXPECT_THAT(texts_of(bench.run(3 * kMinute).samples),
              ElementsAre(R"(b{i="1"} 1@180)", R"(b{i="2"} 1@180)"));
}

TEST(Recording, WritesNothingWhenItFailsAndRemembersWhatItWrote) {
  Bench bench(group_of(recording_rule("b", "a / on() y")));
  bench.load({"a 1 1 stale", "y 1 1 1", "y{k=\"2\"} _ 1 stale"});
  EXPECT_THAT(texts_of(bench.run(0).samples), ElementsAre("b 1@0"));
  EXPECT_THAT(bench.run(kMinute).samples, IsEmpty());
  EXPECT_EQ(bench.rule().health, RuleHealth::bad);
  EXPECT_THAT(texts_of(bench.run(2 * kMinute).samples), ElementsAre("b stale@120"));
  EXPECT_EQ(bench.rule().health, RuleHealth::good);
  EXPECT_EQ(bench.rule().last_error, "");
}

TEST(Recording, RefusesEqualLabelSets) {
  RecordingRule rule = recording_rule("b", "a");
  rule.labels = {{"i", ""}};
  Bench bench(group_of(std::move(rule)));
  bench.load({R"(a{i="1"} 1)", R"(a{i="2"} 1)"});
  EXPECT_THAT(bench.run(0).samples, IsEmpty());
  EXPECT_EQ(bench.rule().last_error,
            "vector contains metrics with the same labelset after applying rule labels");
}

TEST(Recording, RefusesMoreThanTheLimit) {
  RuleGroup group = group_of(recording_rule("b", "a > 0"));
  group.limit = 1;
  Bench bench(std::move(group));
  bench.load({R"(a{i="1"} 1 1)", R"(a{i="2"} 0 1)"});
  bench.run(0);
  EXPECT_THAT(bench.run(kMinute).samples, IsEmpty());
  EXPECT_EQ(bench.rule().last_error, "exceeded limit of 1 with 2 series");
}

TEST(Recording, UnderOneNameIsWrittenOnceAndTheSecondIsTold) {
  Bench bench(group_of(recording_rule("b", "a"), recording_rule("b", "a + 1")));
  bench.load({"a 1"});
  EXPECT_THAT(texts_of(bench.run(0).samples), ElementsAre("b 1@0"));
  EXPECT_EQ(bench.rule(0).health, RuleHealth::good);
  EXPECT_EQ(bench.rule(1).last_error,
            "duplicate sample for timestamp: another rule wrote b with another value");
}

TEST(Recording, ThatTakesASeriesOverDoesNotFindItStale) {
  Bench bench(group_of(recording_rule("b", "a > 0"), recording_rule("b", "a == 0")));
  bench.load({"a 1 0 1"});
  EXPECT_THAT(texts_of(bench.run(0).samples), ElementsAre("b 1@0"));
  EXPECT_THAT(texts_of(bench.run(kMinute).samples), ElementsAre("b 0@60"));
  EXPECT_THAT(texts_of(bench.run(2 * kMinute).samples), ElementsAre("b 1@120"));
}

TEST(Group, AsksAndWritesAtTheSlotLessItsQueryOffset) {
  RuleGroup group = group_of(recording_rule("b", "a > 0"));
  group.query_offset = kMinute;
  Bench bench(std::move(group));
  bench.load({"a 7 0"});
  EXPECT_THAT(texts_of(bench.run(kMinute).samples), ElementsAre("b 7@0"));
  EXPECT_THAT(texts_of(bench.run(2 * kMinute).samples), ElementsAre("b stale@60"));
  EXPECT_EQ(bench.state_.last_slot, 2 * kMinute);
}

TEST(Group, TakesTheCommonQueryOffsetUnlessItHasItsOwn) {
  Bench bench(group_of(recording_rule("b", "a")));
  bench.settings_.query_offset = kMinute;
  bench.load({"a 7"});
  EXPECT_THAT(texts_of(bench.run(kMinute).samples), ElementsAre("b 7@0"));
}

TEST(Group, IsPure) {
  const RuleGroup group = group_of(alert_rule("Down", "a > 0"), recording_rule("b", "a"));
  promqltest::MemorySource source;
  load(source, {"a 1"});
  const GroupState before = evaluate_group(group, {}, source, 0, {}).state;
  const Evaluation once = evaluate_group(group, before, source, kMinute, {});
  const Evaluation again = evaluate_group(group, before, source, kMinute, {});
  EXPECT_EQ(once.state, again.state);
  EXPECT_EQ(texts_of(once.samples), texts_of(again.samples));
  EXPECT_EQ(once.notifications.size(), again.notifications.size());
}

TEST(Overlay, PutsEachResultIntoItsPlaceAmongTheSamplesBelow) {
  promqltest::MemorySource below;
  load(below, {R"(a{i="1"} 1 2 3 4)", R"(a{i="2"} 1 2 3 4)"});
  Overlay overlay(below, 2 * kMinute);
  overlay.add({{"__name__", "a"}, {"i", "1"}}, 30);
  overlay.add({{"__name__", "a"}, {"i", "3"}}, 5);
  const auto answer = [&](const std::string& query, std::int64_t at) {
    const auto result = evaluate(*parsed(query), overlay, at);
    EXPECT_TRUE(result.has_value()) << query;
    return texts_of(std::get<Vector>(result->value));
  };
  EXPECT_THAT(answer("a", 2 * kMinute),
              ElementsAre(R"(a{i="1"} 30@120)", R"(a{i="2"} 3@120)", R"(a{i="3"} 5@120)"));
  EXPECT_THAT(answer("{i=~\"1|3\"}", 3 * kMinute),
              ElementsAre(R"(a{i="1"} 4@180)", R"(a{i="3"} 5@180)"));
  EXPECT_THAT(answer("sum_over_time(a[10m])", 3 * kMinute),
              ElementsAre(R"({i="1"} 37@180)", R"({i="2"} 10@180)", R"({i="3"} 5@180)"));
  EXPECT_THAT(answer("max_over_time(a[2m] offset 1m)", 3 * kMinute),
              ElementsAre(R"({i="1"} 30@180)", R"({i="2"} 3@180)", R"({i="3"} 5@180)"));
  EXPECT_THAT(answer("a", kMinute), ElementsAre(R"(a{i="1"} 2@60)", R"(a{i="2"} 2@60)"));
}

TEST(Overlay, HidesWhatItMarksStale) {
  promqltest::MemorySource below;
  load(below, {"a 1 2 3"});
  Overlay overlay(below, 3 * kMinute);
  overlay.mark_stale({{"__name__", "a"}});
  EXPECT_THAT(std::get<Vector>(evaluate(*parsed("a"), overlay, 3 * kMinute)->value), IsEmpty());
  EXPECT_THAT(texts_of(std::get<Vector>(
                  evaluate(*parsed("count_over_time(a[10m])"), overlay, 3 * kMinute)->value)),
              ElementsAre("{} 3@180"));
}

}  // namespace
}  // namespace rules
