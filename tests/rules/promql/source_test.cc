// A summary says of a window what its samples would, however the window was cut into stretches.
#include "rules/promql/source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "rules/promql/points.h"

namespace rules {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

WindowSummary summary_of(std::initializer_list<double> values, std::int64_t from = 0) {
  WindowSummary summary;
  for (const double value : values) summary.add(Sample{from++, value});
  return summary;
}

void expect_equal(const WindowSummary& left, const WindowSummary& right) {
  EXPECT_EQ(left.count, right.count);
  EXPECT_EQ(left.resets, right.resets);
  EXPECT_EQ(left.changes, right.changes);
  EXPECT_EQ(left.first.at, right.first.at);
  EXPECT_EQ(left.last.at, right.last.at);
  EXPECT_EQ(left.min, right.min);
  EXPECT_EQ(left.max, right.max);
  EXPECT_DOUBLE_EQ(left.drops, right.drops);
  EXPECT_DOUBLE_EQ(left.sum + left.sum_error, right.sum + right.sum_error);
}

TEST(WindowSummary, CountsResetsAndChangesAndSumsWhatWasLost) {
  const WindowSummary summary = summary_of({1, 5, 5, 2, 7, 3});
  EXPECT_EQ(summary.count, 6);
  EXPECT_EQ(summary.first.value, 1);
  EXPECT_EQ(summary.last.value, 3);
  EXPECT_EQ(summary.resets, 2);
  EXPECT_EQ(summary.changes, 4);
  EXPECT_EQ(summary.drops, 12);
  EXPECT_EQ(summary.min, 1);
  EXPECT_EQ(summary.max, 7);
  EXPECT_EQ(summary.sum, 23);
}

TEST(WindowSummary, LooksPastNaNUnlessThereIsNothingElse) {
  const WindowSummary mixed = summary_of({kNaN, 2, kNaN, 1});
  EXPECT_EQ(mixed.min, 1);
  EXPECT_EQ(mixed.max, 2);
  EXPECT_EQ(mixed.changes, 3);
  const WindowSummary nothing = summary_of({kNaN, kNaN});
  EXPECT_TRUE(std::isnan(nothing.min));
  EXPECT_TRUE(std::isnan(nothing.max));
  EXPECT_EQ(nothing.changes, 0);
}

TEST(WindowSummary, SumsWithoutLosingSmallValuesBesideLargeOnes) {
  WindowSummary summary = summary_of({1, 1e100});
  summary.add(summary_of({1, -1e100}, 2));
  EXPECT_EQ(summary.sum + summary.sum_error, 2);
}

TEST(WindowSummary, OfStretchesIsThatOfTheWhole) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> value(0, 4), length(0, 5);
  for (int round = 0; round < 300; ++round) {
    WindowSummary whole, joined;
    std::int64_t at = 0;
    for (int stretch = 0; stretch < 4; ++stretch) {
      WindowSummary part;
      for (int left = length(random); left > 0; --left, ++at) {
        const Sample sample{at, static_cast<double>(value(random))};
        whole.add(sample);
        part.add(sample);
      }
      joined.add(part);
    }
    expect_equal(joined, whole);
    if (HasFailure()) return;
  }
}

TEST(PointsCursor, SeesWindowsOpenOnTheLeft) {
  const std::vector<Sample> points = {{10, 1}, {20, 2}, {30, stale_nan()}, {40, 4}};
  PointsCursor cursor(Labels{{"a", "b"}}, points);
  std::vector<Sample> samples;
  cursor.samples(10, 40, samples);
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(samples.front().at, 20);
  Sample latest;
  EXPECT_TRUE(cursor.latest(10, 29, latest));
  EXPECT_EQ(latest.at, 20);
  EXPECT_FALSE(cursor.latest(40, 100, latest));
  EXPECT_EQ(cursor.summary(10, 40).count, 2) << "a stale marker is no sample";
}

}  // namespace
}  // namespace rules
