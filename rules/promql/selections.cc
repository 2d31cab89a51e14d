#include "rules/promql/selections.h"

#include <algorithm>

namespace rules {
namespace {

// `reach` is how far before the evaluation the oldest step lies at which `expr` is asked.
void collect(const Expr& expr, std::int64_t reach, const QueryOptions& options,
             std::vector<Selection>& out) {
  const auto from = [&](const Shift& shift) {
    return (shift.at == Shift::At::evaluation ? reach : 0) + shift.offset;
  };
  if (const auto* selector = std::get_if<SelectorNode>(&expr.node)) {
    const std::int64_t back = from(selector->shift) + selector->range.value_or(options.lookback);
    out.push_back({selector->matchers, std::max<std::int64_t>(back, 0)});
    return;
  }
  if (const auto* subquery = std::get_if<SubqueryNode>(&expr.node)) {
    return collect(*subquery->expr, from(subquery->shift) + subquery->range, options, out);
  }
  for_each_child(expr, [&](const Expr& child) { collect(child, reach, options, out); });
}

}  // namespace

std::vector<Selection> selections(const Expr& expr, const QueryOptions& options) {
  std::vector<Selection> out;
  collect(expr, 0, options, out);
  return out;
}

}  // namespace rules
