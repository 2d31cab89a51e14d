// assign() instead of construction everywhere: it is what keeps the memory of the last round.
#include "exporter/metrics/series.h"

namespace exporter {
namespace {

// The series of the last piece had the same names, and often the same agreement or state.
void set(prometheus::ClientMetric::Label& label, std::string_view name, std::string_view value) {
  if (label.name != name) label.name.assign(name);
  if (label.value != value) label.value.assign(value);
}

}  // namespace

void SeriesPool::restart(MetricKind kind) {
  kind_ = kind;
  used_ = 0;
}

prometheus::ClientMetric& SeriesPool::next(std::size_t labels) {
  if (used_ == pool_.size()) pool_.emplace_back();
  prometheus::ClientMetric& metric = pool_[used_++];
  metric.label.resize(labels);
  return metric;
}

void SeriesPool::add(double value, std::initializer_list<LabelView> labels) {
  static const std::vector<std::pair<std::string, std::string>> kNoMore;
  add(value, std::span(labels.begin(), labels.size()), kNoMore);
}

void SeriesPool::add(double value, std::span<const LabelView> labels,
                     const std::vector<std::pair<std::string, std::string>>& more) {
  prometheus::ClientMetric& metric = next(labels.size() + more.size());
  std::size_t i = 0;
  for (const auto& [name, text] : labels) set(metric.label[i++], name, text);
  for (const auto& [name, text] : more) set(metric.label[i++], name, text);
  if (kind_ == MetricKind::counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void SeriesPool::add_histogram(std::span<const prometheus::ClientMetric::Bucket> buckets,
                               double sum, std::initializer_list<LabelView> labels) {
  prometheus::ClientMetric& metric = next(labels.size());
  std::size_t i = 0;
  for (const auto& [name, text] : labels) set(metric.label[i++], name, text);
  metric.histogram.bucket.assign(buckets.begin(), buckets.end());
  metric.histogram.sample_count = buckets.empty() ? 0 : buckets.back().cumulative_count;
  metric.histogram.sample_sum = sum;
}

std::vector<prometheus::ClientMetric> SeriesPool::take() {
  pool_.resize(used_);
  used_ = 0;
  return std::exchange(pool_, {});
}

}  // namespace exporter
