// Prometheus' relabelling of label sets: of alerts on their way out, and of the Alertmanagers they
// go to. The steps come from a checked configuration. Immutable; any thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "exporter/config/alerting.h"
#include "rules/promql/labels.h"

namespace exporter {

class Relabeller {
 public:
  Relabeller() = default;
  explicit Relabeller(const std::vector<Relabel>& steps);

  // Nothing when a step drops the set.
  std::optional<rules::Labels> apply(const rules::Labels& labels) const;

 private:
  class Step;
  std::vector<std::shared_ptr<const Step>> steps_;
};

}  // namespace exporter
