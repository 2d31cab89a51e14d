// Which format, and the walk over the families: collect a piece, write it, reuse its memory.
#include "exporter/metrics/page.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <ranges>

#include "exporter/metrics/family.h"
#include "exporter/metrics/names.h"
#include "exporter/metrics/series.h"
#include "exporter/metrics/writer.h"
#include "exporter/web/accept.h"

namespace exporter {
namespace {

// How well an item of Accept describes a format: 0 not at all, more is more specific.
int specificity(const AcceptItem& item, std::string_view type, std::string_view version) {
  if (item.value == "*/*") return 1;
  const auto slash = type.find('/');
  if (item.value.ends_with("/*")) {
    return equals_ignoring_case(item.value.substr(0, item.value.size() - 2), type.substr(0, slash))
               ? 2
               : 0;
  }
  if (!equals_ignoring_case(item.value, type)) return 0;
  const auto asked = std::ranges::find_if(
      item.params, [](const auto& p) { return equals_ignoring_case(p.first, "version"); });
  if (asked == item.params.end()) return 3;
  return asked->second == version ? 4 : 0;
}

// The quality of a format is that of the most specific item that describes it (RFC 9110, 12.5.1).
int quality(const std::vector<AcceptItem>& items, std::string_view type, std::string_view version) {
  int best_specificity = 0, result = 0;
  for (const AcceptItem& item : items) {
    const int specific = specificity(item, type, version);
    if (specific == 0 || specific < best_specificity) continue;
    result = specific > best_specificity ? item.quality : std::max(result, item.quality);
    best_specificity = specific;
  }
  return result;
}

void write_family(const Family& family, SeriesPool& pool, MetricsWriter& writer) {
  const MetricName& name = family.name();
  std::size_t at = 0;
  bool begun = false, more = true;
  while (more) {
    pool.restart(name.kind);
    more = family.collect_some(at, pool);
    if (pool.size() == 0) continue;
    // A family without series is left out rather than announced.
    if (!begun)
      writer.begin({.name = name.name, .help = name.help, .unit = name.unit, .kind = name.kind});
    begun = true;
    writer.write(pool.series());
  }
}

MetricKind kind_of(prometheus::MetricType type) {
  if (type == prometheus::MetricType::Counter) return MetricKind::counter;
  if (type == prometheus::MetricType::Histogram) return MetricKind::histogram;
  return MetricKind::gauge;
}

// A Collectable that is not ours: what it says of itself holds, unless the table knows better.
void write_foreign(const prometheus::Collectable& collectable, MetricsWriter& writer) {
  for (const prometheus::MetricFamily& family : collectable.Collect()) {
    if (family.metric.empty()) continue;
    FamilyHead head{
        .name = family.name, .help = family.help, .unit = "", .kind = kind_of(family.type)};
    head.summary = family.type == prometheus::MetricType::Summary;
    head.untyped = family.type == prometheus::MetricType::Untyped;
    if (const MetricName* known = find_metric(family.name)) {
      head = {.name = known->name, .help = known->help, .unit = known->unit, .kind = known->kind};
    }
    writer.begin(head);
    writer.write(family.metric);
  }
}

}  // namespace

MetricsFormat negotiate_metrics_format(std::string_view accept) {
  const auto items = parse_accept(accept);
  const int openmetrics = quality(items, "application/openmetrics-text", "1.0.0");
  const int text = quality(items, "text/plain", "0.0.4");
  // A tie goes to OpenMetrics only when it was named: */* alone means a browser or curl.
  const bool named = std::ranges::any_of(items, [](const AcceptItem& item) {
    return specificity(item, "application/openmetrics-text", "1.0.0") >= 3;
  });
  return named && openmetrics > 0 && openmetrics >= text ? MetricsFormat::openmetrics_1_0_0
                                                         : MetricsFormat::text_0_0_4;
}

std::string_view content_type(MetricsFormat format) {
  return format == MetricsFormat::openmetrics_1_0_0
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string render_metrics(std::vector<std::shared_ptr<prometheus::Collectable>> collectables,
                           MetricsFormat format, std::size_t expected_bytes) {
  MetricsWriter writer(format, expected_bytes);
  {
    SeriesPool pool;
    for (auto& collectable : collectables) {
      if (const auto* family = dynamic_cast<const Family*>(collectable.get())) {
        write_family(*family, pool, writer);
      } else {
        write_foreign(*collectable, writer);
      }
      collectable.reset();  // and with it what the family prepared for the page
    }
  }
  return writer.finish();
}

}  // namespace exporter
