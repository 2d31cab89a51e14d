// Where the families put their series: a pool of prometheus::ClientMetric that is filled, written
// and filled again. Reusing the pool keeps the strings' memory, so that a page of 100,000 series
// allocates for a few hundred. One page, one thread.
#pragma once

#include <prometheus/client_metric.h>

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/metrics/names.h"

namespace exporter {

using LabelView = std::pair<std::string_view, std::string_view>;

class SeriesPool {
 public:
  explicit SeriesPool(MetricKind kind = MetricKind::gauge) : kind_(kind) {}

  // Empties the pool without giving its memory back.
  void restart(MetricKind kind);

  // The value is a counter's or a gauge's, as the kind says; an info is 1.
  void add(double value, std::initializer_list<LabelView> labels);
  void add(double value, std::span<const LabelView> labels,
           const std::vector<std::pair<std::string, std::string>>& more);
  // Cumulative counts by upper bound; the last bound is infinity.
  void add_histogram(std::span<const prometheus::ClientMetric::Bucket> buckets, double sum,
                     std::initializer_list<LabelView> labels = {});

  std::span<const prometheus::ClientMetric> series() const { return {pool_.data(), used_}; }
  std::size_t size() const { return used_; }
  // Gives the series away.
  std::vector<prometheus::ClientMetric> take();

 private:
  prometheus::ClientMetric& next(std::size_t labels);

  MetricKind kind_;
  std::vector<prometheus::ClientMetric> pool_;
  std::size_t used_ = 0;
};

}  // namespace exporter
