// Recording rules: the result under a new name.
#include <fmt/format.h>

#include <algorithm>

#include "rules/group/step.h"

namespace rules {
namespace {

Labels recorded_labels(const Labels& result, const RecordingRule& rule) {
  const auto have = result.pairs();
  std::vector<Labels::Pair> pairs(have.begin(), have.end());
  pairs.emplace_back(kMetricName, rule.name);
  pairs.insert(pairs.end(), rule.labels.begin(), rule.labels.end());
  return Labels(std::move(pairs));
}

bool has_equal_labels(const Vector& vector) {
  std::vector<Labels> all;
  for (const VectorSample& sample : vector) all.push_back(sample.labels);
  std::ranges::sort(all);
  return std::ranges::adjacent_find(all) != all.end();
}

}  // namespace

StepResult step_recording(const RecordingRule& rule, const Step& step) {
  StepResult result = query_vector(*rule.expr, step.source, step.at(), step.settings.query);
  if (!result) return result;
  for (VectorSample& sample : *result) {
    sample.labels = recorded_labels(sample.labels, rule);
    sample.sample.at = step.at();
  }
  if (has_equal_labels(*result)) {
    return std::unexpected(
        "vector contains metrics with the same labelset after applying rule labels");
  }
  if (step.limit > 0 && result->size() > step.limit) {
    return std::unexpected(
        fmt::format("exceeded limit of {} with {} series", step.limit, result->size()));
  }
  return result;
}

}  // namespace rules
