// Everything is looked at for every selection; scripts load little.
#include "rules/promqltest/memory_source.h"

#include <algorithm>

#include "rules/promql/matcher.h"
#include "rules/promql/points.h"

namespace rules::promqltest {

void MemorySource::add(const Labels& labels, Sample sample) {
  std::vector<Sample>& samples = series_[labels];
  const auto place = std::ranges::lower_bound(samples, sample.at, {}, &Sample::at);
  if (place != samples.end() && place->at == sample.at) {
    *place = sample;
  } else {
    samples.insert(place, sample);
  }
}

std::vector<std::unique_ptr<Cursor>> MemorySource::select(const std::vector<Matcher>& matchers,
                                                          std::int64_t from,
                                                          std::int64_t to) const {
  const std::vector<CompiledMatcher> compiled = compile(matchers);
  std::vector<std::unique_ptr<Cursor>> cursors;
  for (const auto& [labels, samples] : series_) {
    const bool in_time = !samples.empty() && samples.front().at <= to && samples.back().at > from;
    if (in_time && matches_all(compiled, labels))
      cursors.push_back(std::make_unique<PointsCursor>(labels, samples));
  }
  return cursors;
}

}  // namespace rules::promqltest
