#include "exporter/metrics/outcome_page.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <map>
#include <memory>

#include "exporter/metrics/page.h"

namespace exporter {
namespace {

class OutcomeFamilies final : public prometheus::Collectable {
 public:
  explicit OutcomeFamilies(const probes::Outcome& outcome) : outcome_(outcome) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families;
    std::map<std::string, std::size_t> places;
    for (const probes::Measurement& measurement : outcome_.measurements) {
      auto [place, fresh] = places.try_emplace(measurement.name, families.size());
      if (fresh) families.push_back({measurement.name, "", prometheus::MetricType::Gauge, {}});
      prometheus::ClientMetric metric;
      metric.gauge.value = measurement.value;
      for (const auto& [name, value] : measurement.labels) metric.label.push_back({name, value});
      families[place->second].metric.push_back(std::move(metric));
    }
    return families;
  }

 private:
  const probes::Outcome& outcome_;
};

}  // namespace

std::string render_outcome(const probes::Outcome& outcome) {
  return render_metrics({std::make_shared<OutcomeFamilies>(outcome)}, MetricsFormat::text_0_0_4);
}

}  // namespace exporter
