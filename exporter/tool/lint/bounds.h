// Between which values the result of an expression lies, as far as its text tells. Pure.
#pragma once

#include <functional>
#include <limits>

#include "exporter/tool/lint/catalogue.h"

namespace exporter::lint {

struct Bounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool operator==(const Bounds&) const = default;
};

// `objective` is what sla_objective_ratio has.
Bounds bounds_of(const rules::Expr& expr, const Catalogue& catalogue, Bounds objective = {0, 1});

// Calls `visit` for each comparison that drops what does not meet it.
void visit_comparisons(const rules::Expr& expr,
                       const std::function<void(const rules::Expr&)>& visit);

}  // namespace exporter::lint
