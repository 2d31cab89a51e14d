// The figures of rules 10 to 13, by table.
#include "exporter/sla/month.h"

#include <gtest/gtest.h>

namespace exporter {
namespace {

using namespace std::chrono;

constexpr Objective k99{990'000};

MonthFigures figures(SlotCounts counts, std::int64_t expected, Objective objective = k99,
                     UnknownPolicy policy = UnknownPolicy::unproven) {
  return month_figures(counts, expected, objective, policy);
}

TEST(Month, GoldenBudgetsOfNinetyNinePercent) {
  struct Row {
    int days;
    double minutes;
    std::int64_t allowed_1m, allowed_5m;
  };
  for (const Row& row : {Row{30, 432.0, 432, 86},
                         {31, 446.4, 446, 89},
                         {28, 403.2, 403, 80},
                         {29, 417.6, 417, 83}}) {
    const std::int64_t slots_1m = row.days * 1440, slots_5m = row.days * 288;
    EXPECT_EQ(figures({}, slots_1m).allowed, row.allowed_1m) << row.days;
    EXPECT_EQ(figures({}, slots_5m).allowed, row.allowed_5m) << row.days;
    EXPECT_DOUBLE_EQ(budget_minutes(k99, slots_1m, 60s), row.minutes);
    EXPECT_DOUBLE_EQ(budget_minutes(k99, slots_5m, 300s), row.minutes);
  }
  EXPECT_DOUBLE_EQ(budget_minutes(k99, 44'580, 60s), 445.8);  // March in Berlin
  EXPECT_DOUBLE_EQ(budget_minutes(k99, 44'700, 60s), 447.0);  // October in Berlin
}

TEST(Month, ObjectivesOfSixDecimalsStayExact) {
  EXPECT_EQ(figures({}, 1'000'000, Objective{999'999}).allowed, 1);
  EXPECT_EQ(figures({}, 999'999, Objective{999'999}).allowed, 0);
  EXPECT_EQ(figures({}, 44'640, Objective{999'000}).allowed, 44);
  EXPECT_EQ(figures({}, 2'678'400, Objective{0}).allowed, 2'678'400);
}

TEST(Month, PendingIsWhatIsLeftOfExpected) {
  const MonthFigures f = figures({.good = 10, .bad = 2, .unknown = 3, .excluded = 4}, 100);
  EXPECT_EQ(f.pending, 81);
  EXPECT_EQ(f.expected, f.counts.ended() + f.pending);
  EXPECT_EQ(f.eligible, 96);
}

TEST(Month, MoreVerdictsThanSlotsStopTheProgram) {
  EXPECT_DEATH(figures({.good = 11}, 10), "identity broken: expected 10, ended 11");
}

TEST(Month, RemainingMayBeNegativeAndItsRatioMayBeAbsent) {
  const MonthFigures overspent = figures({.good = 9'880, .bad = 120}, 10'000);
  EXPECT_EQ(overspent.allowed, 100);
  EXPECT_EQ(overspent.remaining, -20);
  EXPECT_DOUBLE_EQ(overspent.remaining_ratio.value(), -0.2);
  EXPECT_TRUE(overspent.exhausted());
  EXPECT_FALSE(figures({.good = 50}, 50).remaining_ratio.has_value());
  EXPECT_TRUE(figures({.good = 50}, 50).exhausted());
  EXPECT_FALSE(figures({.good = 99, .bad = 0}, 100).exhausted());
}

TEST(Month, StateIsDecidedAsSoonAsItCanBe) {
  // 1,000 slots at 99 %: ten may be bad.
  EXPECT_EQ(figures({.good = 500, .bad = 11}, 1'000).state, MonthState::missed);
  EXPECT_EQ(figures({.good = 500, .bad = 10}, 1'000).state, MonthState::open);
  EXPECT_EQ(figures({.good = 990, .bad = 3}, 1'000).state, MonthState::met);
  EXPECT_EQ(figures({.good = 989, .bad = 3}, 1'000).state, MonthState::open);
  EXPECT_EQ(figures({.good = 985, .bad = 5, .unknown = 10}, 1'000).state, MonthState::unproven);
  EXPECT_EQ(figures({.good = 990, .bad = 5, .unknown = 5}, 1'000).state, MonthState::met);
  EXPECT_EQ(figures({}, 1'000).state, MonthState::open);
  EXPECT_EQ(figures({.excluded = 1'000}, 1'000).state, MonthState::met);
}

TEST(Month, PolicyForUnknownChangesTheStateAndNothingElse) {
  const SlotCounts counts{.good = 985, .bad = 5, .unknown = 10};
  const MonthFigures plain = figures(counts, 1'000);
  struct Row {
    UnknownPolicy policy;
    MonthState state;
  };
  for (const Row& row : {Row{UnknownPolicy::unproven, MonthState::unproven},
                         {UnknownPolicy::bad, MonthState::missed},
                         {UnknownPolicy::good, MonthState::met},
                         {UnknownPolicy::excluded, MonthState::met}}) {
    const MonthFigures f = figures(counts, 1'000, k99, row.policy);
    EXPECT_EQ(f.state, row.state);
    EXPECT_EQ(f.allowed, plain.allowed);
    EXPECT_EQ(f.remaining, plain.remaining);
    EXPECT_EQ(f.eligible, plain.eligible);
  }
  // Taking unknown from eligible lowers what is allowed: 990 slots allow nine.
  EXPECT_EQ(
      figures({.good = 980, .bad = 10, .unknown = 10}, 1'000, k99, UnknownPolicy::excluded).state,
      MonthState::missed);
}

TEST(Month, RatiosInformAndAreAbsentBeforeTheFirstSlotEnds) {
  const MonthFigures f = figures({.good = 90, .bad = 6, .unknown = 4, .excluded = 50}, 1'000);
  EXPECT_DOUBLE_EQ(f.availability.value(), 90.0 / 96.0);
  EXPECT_DOUBLE_EQ(f.low.value(), 0.90);
  EXPECT_DOUBLE_EQ(f.high.value(), 0.94);
  const MonthFigures none = figures({.excluded = 3}, 1'000);
  EXPECT_FALSE(none.availability || none.low || none.high);
  const MonthFigures unknown = figures({.unknown = 3}, 1'000);
  EXPECT_FALSE(unknown.availability);
  EXPECT_DOUBLE_EQ(unknown.low.value(), 0.0);
  EXPECT_DOUBLE_EQ(unknown.high.value(), 1.0);
}

TEST(Month, EveryStateHasAName) {
  EXPECT_EQ(name_of(MonthState::open), "open");
  EXPECT_EQ(name_of(MonthState::met), "met");
  EXPECT_EQ(name_of(MonthState::missed), "missed");
  EXPECT_EQ(name_of(MonthState::unproven), "unproven");
}

}  // namespace
}  // namespace exporter
