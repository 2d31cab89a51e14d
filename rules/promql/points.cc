// Binary searches over samples in order.
#include "rules/promql/points.h"

#include <algorithm>

namespace rules {

std::span<const Sample> PointsCursor::between(std::int64_t from, std::int64_t to) const {
  const auto begin = std::ranges::upper_bound(points_, from, {}, &Sample::at);
  const auto end = std::ranges::upper_bound(begin, points_.end(), to, {}, &Sample::at);
  return {begin, end};
}

void PointsCursor::samples(std::int64_t from, std::int64_t to, std::vector<Sample>& out) {
  const auto found = between(from, to);
  out.insert(out.end(), found.begin(), found.end());
}

bool PointsCursor::latest(std::int64_t from, std::int64_t to, Sample& out) {
  const auto found = between(from, to);
  if (!found.empty()) out = found.back();
  return !found.empty();
}

WindowSummary PointsCursor::summary(std::int64_t from, std::int64_t to) {
  WindowSummary summary;
  for (const Sample& sample : between(from, to))
    if (!is_stale_nan(sample.value)) summary.add(sample);
  return summary;
}

}  // namespace rules
