// Quantiles and shares of classic histograms at their borders.
#include "rules/promql/histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace rules {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

BucketQuantile quantile(double quantile, std::vector<Bucket> buckets) {
  return bucket_quantile(quantile, buckets);
}

TEST(BucketQuantile, InterpolatesInsideItsBucket) {
  const std::vector<Bucket> buckets = {{1, 10}, {2, 30}, {kInfinity, 40}};
  EXPECT_DOUBLE_EQ(quantile(0.25, buckets).value, 1);
  EXPECT_DOUBLE_EQ(quantile(0.125, buckets).value, 0.5);
  EXPECT_DOUBLE_EQ(quantile(0.5, buckets).value, 1.5);
  EXPECT_DOUBLE_EQ(quantile(0.99, buckets).value, 2) << "the last bucket has no inside";
}

TEST(BucketQuantile, IsNotANumberWithoutAnInfiniteBucketOrObservations) {
  EXPECT_TRUE(std::isnan(quantile(0.5, {{1, 10}, {2, 30}}).value));
  EXPECT_TRUE(std::isnan(quantile(0.5, {{1, 0}, {kInfinity, 0}}).value));
  EXPECT_TRUE(std::isnan(quantile(0.5, {{kInfinity, 10}}).value));
  EXPECT_EQ(quantile(-1, {{kInfinity, 10}}).value, -kInfinity);
  EXPECT_EQ(quantile(2, {{kInfinity, 10}}).value, kInfinity);
}

TEST(BucketQuantile, LiftsCountsThatFallAndSaysWhich) {
  const BucketQuantile lifted = quantile(0.5, {{1, 10}, {2, 6}, {3, 8}, {4, 20}, {kInfinity, 20}});
  EXPECT_TRUE(lifted.forced);
  EXPECT_EQ(lifted.min_bucket, 2);
  EXPECT_EQ(lifted.max_bucket, 3);
  EXPECT_EQ(lifted.max_difference, 4);
  // Noise of floating-point rates is not worth a word.
  EXPECT_FALSE(quantile(0.5, {{1, 10}, {2, 10 - 1e-13}, {kInfinity, 10}}).forced);
}

TEST(BucketFraction, CountsWhatLiesBetween) {
  std::vector<Bucket> buckets = {{2, 30}, {1, 10}, {kInfinity, 40}};
  EXPECT_DOUBLE_EQ(bucket_fraction(0, 1, buckets), 0.25);
  EXPECT_DOUBLE_EQ(bucket_fraction(0.5, 1.5, buckets), 0.375);
  EXPECT_DOUBLE_EQ(bucket_fraction(-kInfinity, kInfinity, buckets), 1);
  EXPECT_DOUBLE_EQ(bucket_fraction(2, kInfinity, buckets), 0.25);
  EXPECT_DOUBLE_EQ(bucket_fraction(1, 1, buckets), 0);
  EXPECT_TRUE(std::isnan(bucket_fraction(std::nan(""), 1, buckets)));
}

}  // namespace
}  // namespace rules
