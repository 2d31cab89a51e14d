// A histogram of the reaction half as a series: cumulative, with the open bucket at the end.
#pragma once

#include <initializer_list>
#include <limits>
#include <vector>

#include "exporter/metrics/series.h"
#include "exporter/ticket/support_view.h"

namespace exporter {

inline void add_seconds(SeriesPool& out, const SecondsHistogram& histogram,
                        std::initializer_list<LabelView> labels) {
  std::vector<prometheus::ClientMetric::Bucket> buckets(histogram.bounds.size() + 1);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    // Before the first observation there are bounds and no counts.
    if (i < histogram.counts.size()) count += histogram.counts[i];
    buckets[i].cumulative_count = count;
    buckets[i].upper_bound = i < histogram.bounds.size() ? static_cast<double>(histogram.bounds[i])
                                                         : std::numeric_limits<double>::infinity();
  }
  out.add_histogram(buckets, static_cast<double>(histogram.sum), labels);
}

}  // namespace exporter
