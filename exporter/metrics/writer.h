// Writes families as a page of text: format 0.0.4 of Prometheus, or OpenMetrics 1.0. The writer
// never looks back, and its memory is the page itself. A page that turns out no longer than
// expected is written in place and never copied; a longer one is gathered in blocks, which finish()
// joins while freeing each, so the peak stays about twice the page. One page, one thread.
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/metrics/names.h"
#include "exporter/metrics/page.h"

namespace exporter {

// What a page says of a family. `name` is as in format 0.0.4, with _total or _info.
struct FamilyHead {
  std::string_view name, help, unit;
  MetricKind kind = MetricKind::gauge;
  bool summary = false, untyped = false;  // types only foreign Collectables have
};

class MetricsWriter {
 public:
  // `expected_bytes` is a guess at the length of the page; 0 when there is none.
  explicit MetricsWriter(MetricsFormat format, std::size_t expected_bytes = 0);

  // All series of a family must follow its begin() before the next one's.
  void begin(const FamilyHead& family);
  void write(std::span<const prometheus::ClientMetric> series);
  std::string finish();

 private:
  bool openmetrics() const { return format_ == MetricsFormat::openmetrics_1_0_0; }
  void head_line(std::string_view keyword, std::string_view name);
  void sample(std::string_view suffix, const std::vector<prometheus::ClientMetric::Label>& labels,
              double value, std::int64_t timestamp_ms);
  void labels_of(const std::vector<prometheus::ClientMetric::Label>& labels);
  void escaped_labels_of(const std::vector<prometheus::ClientMetric::Label>& labels);
  void histogram(const prometheus::ClientMetric& metric);
  void bucket(const prometheus::ClientMetric& metric, double bound, double count);
  void summary(const prometheus::ClientMetric& metric);
  void value_and_end(double value, std::int64_t timestamp_ms);
  void flush_block();

  MetricsFormat format_;
  FamilyHead family_;
  std::vector<std::string> blocks_;
  std::string block_;
  std::size_t total_ = 0;
};

}  // namespace exporter
