// Classic histograms: cumulative counts by upper bound.
#pragma once

#include <vector>

namespace rules {

struct Bucket {
  double upper_bound = 0, count = 0;
};

struct BucketQuantile {
  double value = 0;
  // Counts that fell from a bucket to the next one, and were lifted.
  bool forced = false;
  double min_bucket = 0, max_bucket = 0, max_difference = 0;
};

// By linear interpolation inside the bucket the quantile falls into. Reorders the buckets.
BucketQuantile bucket_quantile(double quantile, std::vector<Bucket>& buckets);
// Which share of the observations lies between the two.
double bucket_fraction(double lower, double upper, std::vector<Bucket>& buckets);

}  // namespace rules
