// Both formats share every line but the head of a family, the bounds of buckets and the end.
// OpenMetrics names a counter or info family without its suffix, and its samples with it.
#include "exporter/metrics/writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "exporter/metrics/text.h"

namespace exporter {
namespace {

using prometheus::ClientMetric;

constexpr std::size_t kBlockBytes = 256 * 1024;
constexpr std::size_t kBlockSlack = 4 * 1024;  // a block is flushed when less than this is left

std::string_view type_name(const FamilyHead& family, bool openmetrics) {
  if (family.summary) return "summary";
  if (family.untyped) return openmetrics ? "unknown" : "untyped";
  switch (family.kind) {
    case MetricKind::counter:
      return "counter";
    case MetricKind::histogram:
      return "histogram";
    case MetricKind::info:
      return openmetrics ? "info" : "gauge";
    case MetricKind::gauge:
      return "gauge";
  }
  return "untyped";
}

std::string_view without_suffix(std::string_view name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
}

std::string_view openmetrics_name(const FamilyHead& family) {
  if (family.kind == MetricKind::counter) return without_suffix(family.name, "_total");
  if (family.kind == MetricKind::info) return without_suffix(family.name, "_info");
  return family.name;
}

}  // namespace

MetricsWriter::MetricsWriter(MetricsFormat format, std::size_t expected_bytes) : format_(format) {
  // Pages of one snapshot differ in a few digits, so a little more than expected is enough.
  block_.reserve(std::max(kBlockBytes, expected_bytes + expected_bytes / 64 + kBlockSlack));
}

void MetricsWriter::flush_block() {
  if (block_.size() + kBlockSlack < block_.capacity()) return;
  total_ += block_.size();
  blocks_.push_back(std::move(block_));
  block_ = {};
  block_.reserve(kBlockBytes);
}

void MetricsWriter::head_line(std::string_view keyword, std::string_view name) {
  block_.append("# ").append(keyword).append(" ").append(name).append(" ");
}

void MetricsWriter::begin(const FamilyHead& family) {
  family_ = family;
  const std::string_view name = openmetrics() ? openmetrics_name(family) : family.name;
  head_line("HELP", name);
  append_help(block_, family.help, openmetrics());
  block_ += '\n';
  head_line("TYPE", name);
  block_.append(type_name(family, openmetrics())).append("\n");
  if (!openmetrics() || family.unit.empty()) return;
  head_line("UNIT", name);
  block_.append(family.unit).append("\n");
}

void MetricsWriter::write(std::span<const ClientMetric> series) {
  for (const ClientMetric& metric : series) {
    if (family_.summary) {
      summary(metric);
    } else if (family_.untyped) {
      sample("", metric.label, metric.untyped.value, metric.timestamp_ms);
    } else if (family_.kind == MetricKind::histogram) {
      histogram(metric);
    } else {
      const bool counter = family_.kind == MetricKind::counter;
      // A foreign counter may lack the suffix that OpenMetrics demands of its samples.
      const bool bare = counter && openmetrics() && !family_.name.ends_with("_total");
      sample(bare ? "_total" : "", metric.label,
             counter ? metric.counter.value : metric.gauge.value, metric.timestamp_ms);
    }
    flush_block();
  }
}

// The usual case is plain text of known length, which needs one look at the room in the block.
void MetricsWriter::labels_of(const std::vector<ClientMetric::Label>& labels) {
  std::size_t bytes = 0;
  for (const ClientMetric::Label& label : labels) {
    if (!is_plain(label.value)) return escaped_labels_of(labels);
    bytes += label.name.size() + label.value.size() + 4;
  }
  const std::size_t before = block_.size();
  block_.resize_and_overwrite(before + bytes, [&](char* text, std::size_t size) {
    char* to = text + before;
    for (const ClientMetric::Label& label : labels) {
      *to = to == text + before ? '{' : ',';
      ++to;
      to = std::ranges::copy(label.name, to).out;
      to = std::ranges::copy(std::string_view("=\""), to).out;
      to = std::ranges::copy(label.value, to).out;
      *to++ = '"';
    }
    return size;
  });
}

void MetricsWriter::escaped_labels_of(const std::vector<ClientMetric::Label>& labels) {
  char separator = '{';
  for (const ClientMetric::Label& label : labels) {
    block_ += separator;
    block_.append(label.name).append("=\"");
    append_label_value(block_, label.value);
    block_ += '"';
    separator = ',';
  }
}

void MetricsWriter::value_and_end(double value, std::int64_t timestamp_ms) {
  block_ += ' ';
  append_number(block_, value);
  if (timestamp_ms != 0) {
    // Milliseconds in the older format, seconds in OpenMetrics.
    block_ += ' ';
    const auto time = static_cast<double>(timestamp_ms);
    append_number(block_, openmetrics() ? time / 1000 : time);
  }
  block_ += '\n';
}

void MetricsWriter::sample(std::string_view suffix, const std::vector<ClientMetric::Label>& labels,
                           double value, std::int64_t timestamp_ms) {
  block_.append(family_.name).append(suffix);
  labels_of(labels);
  if (!labels.empty()) block_ += '}';
  value_and_end(value, timestamp_ms);
}

void MetricsWriter::bucket(const ClientMetric& metric, double bound, double count) {
  block_.append(family_.name).append("_bucket");
  labels_of(metric.label);
  block_.append(metric.label.empty() ? "{le=\"" : ",le=\"");
  append_bound(block_, bound, openmetrics());
  block_ += "\"}";
  value_and_end(count, metric.timestamp_ms);
}

void MetricsWriter::histogram(const ClientMetric& metric) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double last = 0;
  for (const ClientMetric::Bucket& entry : metric.histogram.bucket) {
    bucket(metric, entry.upper_bound, static_cast<double>(entry.cumulative_count));
    last = entry.upper_bound;
  }
  const auto count = static_cast<double>(metric.histogram.sample_count);
  if (last != kInfinity) bucket(metric, kInfinity, count);
  sample("_sum", metric.label, metric.histogram.sample_sum, metric.timestamp_ms);
  sample("_count", metric.label, count, metric.timestamp_ms);
}

void MetricsWriter::summary(const ClientMetric& metric) {
  for (const ClientMetric::Quantile& entry : metric.summary.quantile) {
    block_.append(family_.name);
    labels_of(metric.label);
    block_.append(metric.label.empty() ? "{quantile=\"" : ",quantile=\"");
    append_bound(block_, entry.quantile, openmetrics());
    block_ += "\"}";
    value_and_end(entry.value, metric.timestamp_ms);
  }
  sample("_sum", metric.label, metric.summary.sample_sum, metric.timestamp_ms);
  sample("_count", metric.label, static_cast<double>(metric.summary.sample_count),
         metric.timestamp_ms);
}

std::string MetricsWriter::finish() {
  if (openmetrics()) block_ += "# EOF\n";
  if (blocks_.empty()) return std::exchange(block_, {});
  std::string page;
  page.reserve(total_ + block_.size());
  for (std::string& block : blocks_) {
    page.append(block);
    block = {};
  }
  page.append(block_);
  blocks_.clear();
  block_ = {};
  return page;
}

}  // namespace exporter
