// A walk that carries down what surrounds each selector. The tree is never deeper than kMaxDepth.
#include "exporter/tool/lint/readings.h"

#include <algorithm>

#include "rules/promql/functions.h"

namespace exporter::lint {
namespace {

struct Around {
  std::optional<std::int64_t> window;
  std::int64_t reach = 0;
  bool fixed = false, absent = false;
};

Around shifted(Around around, const rules::Shift& shift) {
  around.reach += std::max<std::int64_t>(shift.offset, 0);
  around.fixed = around.fixed || shift.at == rules::Shift::At::time;
  return around;
}

void walk(const rules::Expr& expr, Around around, std::vector<Reading>& out) {
  if (const auto* selector = std::get_if<rules::SelectorNode>(&expr.node)) {
    around = shifted(around, selector->shift);
    if (selector->range) around.window = selector->range;
    around.reach += selector->range.value_or(0);
    out.push_back({&expr, around.window, around.reach, around.fixed, around.absent});
    return;
  }
  if (const auto* subquery = std::get_if<rules::SubqueryNode>(&expr.node)) {
    around = shifted(around, subquery->shift);
    around.window = subquery->range;
    around.reach += subquery->range;
  }
  if (const auto* call = std::get_if<rules::CallNode>(&expr.node)) {
    around.absent = around.absent || call->function->name.starts_with("absent");
  }
  rules::for_each_child(expr, [&](const rules::Expr& child) { walk(child, around, out); });
}

}  // namespace

std::vector<Reading> readings(const rules::Expr& expr) {
  std::vector<Reading> out;
  walk(expr, {}, out);
  return out;
}

}  // namespace exporter::lint
