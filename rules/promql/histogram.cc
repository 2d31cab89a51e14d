// Prometheus' interpolation, bucket by bucket: the lowest bucket of positive bounds starts at 0,
// the highest is infinite and has no inside.
#include "rules/promql/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rules {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Sorted, equal bounds joined. False when the last is not infinite: then nothing can be said.
bool put_in_order(std::vector<Bucket>& buckets) {
  std::ranges::sort(buckets, {}, &Bucket::upper_bound);
  if (buckets.empty() || buckets.back().upper_bound != kInfinity) return false;
  std::vector<Bucket> joined;
  for (const Bucket& bucket : buckets) {
    if (!joined.empty() && joined.back().upper_bound == bucket.upper_bound)
      joined.back().count += bucket.count;
    else
      joined.push_back(bucket);
  }
  buckets = std::move(joined);
  return true;
}

// Differences this small come from arithmetic on rates, not from the counts.
bool nearly_equal(double left, double right) {
  constexpr double kTolerance = 1e-12;
  constexpr double kSmallest = std::numeric_limits<double>::min();
  if (left == right) return true;
  const double sum = std::fabs(left) + std::fabs(right);
  const double difference = std::fabs(left - right);
  if (left == 0 || right == 0 || sum < kSmallest) return difference < kTolerance * kSmallest;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

// Counts of cumulative buckets cannot fall; where they do they are lifted to the one before.
void force_monotonicity(std::vector<Bucket>& buckets, BucketQuantile& result) {
  result.min_bucket = kInfinity;
  result.max_bucket = -kInfinity;
  double before = buckets.front().count;
  for (Bucket& bucket : buckets) {
    if (bucket.count == before) continue;
    const bool noise = nearly_equal(before, bucket.count);
    if (!noise && !(bucket.count < before)) {
      before = bucket.count;
      continue;
    }
    if (!noise) {
      result.forced = true;
      result.min_bucket = std::min(result.min_bucket, bucket.upper_bound);
      result.max_bucket = std::max(result.max_bucket, bucket.upper_bound);
      result.max_difference = std::max(result.max_difference, before - bucket.count);
    }
    bucket.count = before;
  }
}

double interpolate(const std::vector<Bucket>& buckets, double quantile) {
  const double observations = buckets.back().count;
  if (buckets.size() < 2 || observations == 0) return kNaN;
  double rank = quantile * observations;
  const auto found = std::find_if(buckets.begin(), buckets.end() - 1,
                                  [&](const Bucket& bucket) { return bucket.count >= rank; });
  const auto at = static_cast<std::size_t>(found - buckets.begin());
  if (at == buckets.size() - 1) return buckets[buckets.size() - 2].upper_bound;
  if (at == 0 && buckets[0].upper_bound <= 0) return buckets[0].upper_bound;
  double start = 0, count = buckets[at].count;
  if (at > 0) {
    start = buckets[at - 1].upper_bound;
    count -= buckets[at - 1].count;
    rank -= buckets[at - 1].count;
  }
  return start + (buckets[at].upper_bound - start) * (rank / count);
}

// How many observations are at or below a value, with the value interpolated in its bucket.
double rank_of(double value, const std::vector<Bucket>& buckets) {
  double lower = buckets.front().upper_bound <= 0 ? -kInfinity : 0;
  double rank = 0;
  for (const Bucket& bucket : buckets) {
    if (lower >= value) return rank;
    if (bucket.upper_bound > value) {
      // A bucket without a lower bound counts as a whole, one without an upper bound not at all.
      if (lower == -kInfinity) return bucket.count;
      return rank + (bucket.count - rank) * (value - lower) / (bucket.upper_bound - lower);
    }
    rank = bucket.count;
    lower = bucket.upper_bound;
  }
  return buckets.back().count;
}

}  // namespace

BucketQuantile bucket_quantile(double quantile, std::vector<Bucket>& buckets) {
  if (std::isnan(quantile)) return {kNaN};
  if (quantile < 0) return {-kInfinity};
  if (quantile > 1) return {kInfinity};
  if (!put_in_order(buckets)) return {kNaN};
  BucketQuantile result;
  force_monotonicity(buckets, result);
  result.value = interpolate(buckets, quantile);
  return result;
}

double bucket_fraction(double lower, double upper, std::vector<Bucket>& buckets) {
  if (!put_in_order(buckets)) return kNaN;
  const double count = buckets.back().count;
  if (count == 0 || std::isnan(lower) || std::isnan(upper)) return kNaN;
  if (lower >= upper) return 0;
  const double lower_rank = std::min(rank_of(lower, buckets), count);
  const double upper_rank = std::min(rank_of(upper, buckets), count);
  return (upper_rank - lower_rank) / count;
}

}  // namespace rules
