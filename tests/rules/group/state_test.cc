// What outlives an evaluation: slots, reloads, restarts.
#include <gtest/gtest.h>

#include <set>

#include "rules/group/slots.h"
#include "tests/rules/group/timeline.h"

namespace rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Slots, StayWhereTheyAreForAGroupAndSpreadOverTheInterval) {
  EXPECT_EQ(slots_of("a.yml", "one", kMinute).offset, slots_of("a.yml", "one", kMinute).offset);
  // Known values: a new version that moved every group would move every series.
  EXPECT_EQ(slots_of("a.yml", "one", kMinute).offset, 23'196);
  std::set<std::int64_t> tenths;
  for (int i = 0; i < 200; ++i) {
    const Slots slots = slots_of("a.yml", fmt::format("group {}", i), kMinute);
    ASSERT_GE(slots.offset, 0);
    ASSERT_LT(slots.offset, kMinute);
    tenths.insert(slots.offset / (kMinute / 10));
  }
  EXPECT_EQ(tenths.size(), 10u);
}

TEST(Slots, TellFileAndGroupApart) {
  EXPECT_NE(slots_of("ab", "c", kMinute).offset, slots_of("a", "bc", kMinute).offset);
}

struct SlotCase {
  std::int64_t at, expected;
};

TEST(Slots, AreMultiplesOfTheIntervalPlusTheOffset) {
  const Slots slots{.interval = 60, .offset = 7};
  for (const auto& [at, expected] : std::vector<SlotCase>{
           {7, 7}, {8, 7}, {66, 7}, {67, 67}, {6, -53}, {0, -53}, {-53, -53}, {-54, -113}}) {
    EXPECT_EQ(slots.at_or_before(at), expected) << at;
  }
  EXPECT_EQ(slots.first_after(7), 67);
  EXPECT_EQ(slots.first_after(66), 67);
}

struct DueCase {
  std::int64_t now;
  std::optional<std::int64_t> slot;
  std::uint64_t missed;
};

TEST(Slots, ThatWereMissedAreSkippedAndCounted) {
  const Slots slots{.interval = 60, .offset = 7};
  for (const DueCase& want : std::vector<DueCase>{{66, std::nullopt, 0},
                                                  {67, 67, 0},
                                                  {126, 67, 0},
                                                  {127, 127, 1},
                                                  {307, 307, 4},
                                                  {6, std::nullopt, 0}}) {
    const auto next = due(slots, 7, want.now);
    ASSERT_EQ(next.has_value(), want.slot.has_value()) << want.now;
    if (!next) continue;
    EXPECT_EQ(next->slot, *want.slot) << want.now;
    EXPECT_EQ(next->missed, want.missed) << want.now;
  }
}

AlertingRule patient(const std::string& name, std::int64_t hold, const std::string& severity) {
  AlertingRule rule = alert_rule(name, "a > 0");
  rule.hold = hold;
  rule.labels = {{"severity", severity}};
  return rule;
}

TEST(Reload, KeepsAlertsByNameAndLabels) {
  Bench bench(group_of(patient("Down", 2 * kMinute, "page"), patient("Down", 0, "ticket")));
  bench.load({"a 1x9"}).run(0);
  bench.group_ = group_of(recording_rule("first", "a"), patient("Down", 0, "ticket"),
                          patient("Down", kMinute, "page"));
  bench.run(kMinute);
  EXPECT_EQ(bench.rule(1).alerts.begin()->second.fired_at, 0);
  EXPECT_EQ(bench.rule(2).alerts.begin()->second.active_at, 0);
  EXPECT_EQ(bench.rule(2).alerts.begin()->second.fired_at, kMinute);
}

TEST(Reload, GivesEqualRulesTheirStatesInTurn) {
  Bench bench(group_of(patient("Down", 0, "page"), patient("Down", 9 * kMinute, "page")));
  bench.load({"a 1x9"}).run(0);
  EXPECT_EQ(state_of(bench.rule(0)), AlertState::firing);
  EXPECT_EQ(state_of(bench.rule(1)), AlertState::pending);
  const GroupState carried = carry_over(bench.state_, bench.group_);
  EXPECT_EQ(carried.rules, bench.state_.rules);
  EXPECT_EQ(carried.last_slot, std::nullopt);
}

TEST(Reload, MarksTheSeriesOfRemovedRulesStaleAtTheNextEvaluation) {
  Bench bench(group_of(recording_rule("b", "a"), recording_rule("c", "a")));
  bench.load({"a 1x9"}).run(0);
  bench.group_ = group_of(recording_rule("c", "a"));
  EXPECT_THAT(texts_of(bench.run(kMinute).samples), ElementsAre("b stale@60", "c 1@60"));
  EXPECT_THAT(texts_of(bench.run(2 * kMinute).samples), ElementsAre("c 1@120"));
}

TEST(Reload, OfARemovedGroupLeavesItsSeries) {
  Bench bench(group_of(recording_rule("b", "a"), alert_rule("Down", "a > 0")));
  bench.load({"a 1x9"}).run(0);
  EXPECT_EQ(series_left(bench.state_).size(), 3u);
}

TEST(Reload, DoesNotTakeARecordForAnAlertOfTheSameName) {
  Bench bench(group_of(alert_rule("Down", "a > 0")));
  bench.load({"a 1x9"}).run(0);
  bench.group_ = group_of(recording_rule("Down", "a"));
  bench.run(kMinute);
  EXPECT_THAT(bench.rule().alerts, IsEmpty());
}

// Two that run side by side; one is stopped and begun again from its state.
TEST(Restart, OfAFewSlotsIsAsIfItHadNotBeen) {
  Bench through(group_of(patient("Down", 4 * kMinute, "page")));
  through.load({"a 1x20"});
  for (const int minute : {0, 1, 2, 3, 4}) through.run(minute * kMinute);

  Bench stopped(group_of(patient("Down", 4 * kMinute, "page")));
  stopped.load({"a 1x20"}).run(0);
  GroupState saved = stopped.state_;
  resume(saved, 4 * kMinute, 10 * kMinute);
  stopped.state_ = std::move(saved);
  stopped.run(4 * kMinute);
  EXPECT_EQ(stopped.rule().alerts, through.rule().alerts);
  EXPECT_EQ(state_of(stopped.rule()), AlertState::firing);
}

TEST(Restart, AfterALongTimeLetsWaitOnWhatWaits) {
  AlertingRule keeping = alert_rule("Kept", "a == 1");
  keeping.keep_firing_for = 5 * kMinute;
  AlertingRule waiting = alert_rule("Waits", "a >= 0");
  waiting.hold = 4 * kMinute;
  Bench bench(group_of(std::move(keeping), std::move(waiting)));
  bench.load({"a 1 0x200"});
  for (const int minute : {0, 1, 2}) bench.run(minute * kMinute);
  resume(bench.state_, 100 * kMinute, 10 * kMinute);
  for (const int minute : {100, 101, 102}) {
    bench.run(minute * kMinute);
    EXPECT_EQ(state_of(bench.rule(0)), AlertState::firing) << minute;
    EXPECT_EQ(state_of(bench.rule(1)), minute < 102 ? AlertState::pending : AlertState::firing)
        << minute;
  }
  for (const int minute : {103, 104}) bench.run(minute * kMinute);
  EXPECT_EQ(state_of(bench.rule(0)), AlertState::inactive);
}

TEST(State, IsUnknownUntilTheFirstEvaluation) {
  Bench bench(group_of(alert_rule("Down", "a > 0")));
  bench.state_ = carry_over({}, bench.group_);
  EXPECT_EQ(state_of(bench.rule()), std::nullopt);
  EXPECT_EQ(health_name(bench.rule().health), "unknown");
  bench.run(0);
  EXPECT_EQ(state_of(bench.rule()), AlertState::inactive);
  EXPECT_EQ(health_name(bench.rule().health), "ok");
}

}  // namespace
}  // namespace rules
