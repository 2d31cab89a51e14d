// Readers keep their place in every series, so a whole walk reads each point once.
#include "rules/promql/steps.h"

namespace rules {

const std::vector<StepReader::Present>& StepReader::at(std::int64_t time) {
  present_.clear();
  for (std::size_t each = 0; each < matrix_.size(); ++each) {
    const std::vector<Sample>& points = matrix_[each].points;
    std::size_t& next = next_[each];
    while (next < points.size() && points[next].at < time) ++next;
    if (next < points.size() && points[next].at == time)
      present_.push_back({each, points[next++].value});
  }
  return present_;
}

std::size_t Collector::slot(const Labels& labels, bool drop_name) {
  const auto [found, is_new] = slots_.try_emplace(labels, series_.size());
  if (is_new) series_.push_back({labels, {}, drop_name});
  return found->second;
}

void Collector::add(std::size_t slot, Sample sample) {
  std::vector<Sample>& points = series_[slot].points;
  if (!points.empty() && points.back().at == sample.at)
    return evaluation_.fail("vector cannot contain metrics with the same labelset");
  points.push_back(sample);
  evaluation_.budget().hold(1);
}

Matrix Collector::take() {
  std::erase_if(series_, [](const Series& series) { return series.points.empty(); });
  return std::move(series_);
}

}  // namespace rules
