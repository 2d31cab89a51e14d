// What every family shares.
#include "exporter/metrics/family.h"

#include <prometheus/metric_type.h>

namespace exporter {

prometheus::MetricType type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return prometheus::MetricType::Counter;
    case MetricKind::histogram:
      return prometheus::MetricType::Histogram;
    case MetricKind::gauge:
    case MetricKind::info:
      return prometheus::MetricType::Gauge;
  }
  return prometheus::MetricType::Untyped;
}

std::vector<prometheus::MetricFamily> Family::Collect() const {
  SeriesPool pool(name_.kind);
  std::size_t at = 0;
  while (collect_some(at, pool)) continue;
  prometheus::MetricFamily family;
  family.name = name_.name;
  family.help = name_.help;
  family.type = type_of(name_.kind);
  family.metric = pool.take();
  return {std::move(family)};
}

}  // namespace exporter
