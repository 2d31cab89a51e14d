// Everything of an evaluation that reads a source: instant vectors, windows and subqueries.
#include <algorithm>
#include <array>

#include "rules/promql/evaluation.h"
#include "rules/promql/points.h"
#include "rules/promql/window.h"

namespace rules {
namespace {

bool sounds_like_counter(std::string_view name) {
  constexpr std::array<std::string_view, 4> kEndings = {"_total", "_sum", "_count", "_bucket"};
  return name.empty() || std::ranges::any_of(kEndings, [&](std::string_view ending) {
           return name.ends_with(ending);
         });
}

// The first multiple of the step after `after`.
std::int64_t aligned_after(std::int64_t after, std::int64_t step) {
  const std::int64_t start = after / step * step;  // towards zero
  return start <= after ? start + step : start;
}

}  // namespace

std::vector<std::unique_ptr<Cursor>> Evaluation::select(const SelectorNode& selector,
                                                        std::int64_t reach) {
  const std::int64_t first = anchor(selector.shift, time(0));
  const std::int64_t last = anchor(selector.shift, time(steps_ - 1));
  return state_.source.select(selector.matchers, std::min(first, last) - reach,
                              std::max(first, last));
}

Matrix Evaluation::eval_selector(const SelectorNode& selector, bool times) {
  Matrix matrix;
  for (const auto& cursor : select(selector, state_.options.lookback)) {
    Series series{cursor->labels(), {}, false};
    for (std::size_t step = 0; step < steps_; ++step) {
      const std::int64_t at = anchor(selector.shift, time(step));
      Sample sample;
      if (!state_.budget.work(1)) return {};
      if (!cursor->latest(at - state_.options.lookback, at, sample)) continue;
      if (is_stale_nan(sample.value)) continue;
      if (!state_.budget.hold(1)) return {};
      const double value = times ? static_cast<double>(sample.at) / 1000 : sample.value;
      series.points.push_back({time(step), value});
    }
    if (!series.points.empty()) matrix.push_back(std::move(series));
  }
  return matrix;
}

// Its own steps: multiples of its step, from after the first window's start to the last one's end.
Matrix Evaluation::eval_subquery(const SubqueryNode& subquery) {
  const std::int64_t step = subquery.step.value_or(state_.options.default_step);
  const std::int64_t first = anchor(subquery.shift, time(0));
  const std::int64_t last = anchor(subquery.shift, time(steps_ - 1));
  const std::int64_t start = aligned_after(std::min(first, last) - subquery.range, step);
  Evaluation inner(state_, {start, std::max(first, last), step});
  return inner.eval(*subquery.expr);
}

Evaluation::Ranged Evaluation::eval_ranged(const Expr& expr) {
  const Expr& inner = bare(expr);
  Ranged ranged;
  if (const auto* selector = std::get_if<SelectorNode>(&inner.node)) {
    ranged.range = selector->range.value_or(0);
    ranged.shift = selector->shift;
    ranged.cursors = select(*selector, ranged.range);
    return ranged;
  }
  const auto& subquery = std::get<SubqueryNode>(inner.node);
  ranged.range = subquery.range;
  ranged.shift = subquery.shift;
  ranged.points = eval_subquery(subquery);
  for (const Series& series : ranged.points)
    ranged.cursors.push_back(std::make_unique<PointsCursor>(series.labels, series.points));
  return ranged;
}

Matrix Evaluation::eval_range_vector(const Expr& expr) {
  const Ranged ranged = eval_ranged(expr);
  const std::int64_t end = anchor(ranged.shift, time(0));
  Matrix matrix;
  for (std::size_t each = 0; each < ranged.cursors.size() && !failed(); ++each) {
    Cursor& cursor = *ranged.cursors[each];
    Window window(cursor, state_.budget);
    window.move(end - ranged.range, end);
    const auto samples = window.samples();
    if (samples.empty()) continue;
    const bool dropped = !ranged.points.empty() && ranged.points[each].drop_name;
    matrix.push_back({cursor.labels(), {samples.begin(), samples.end()}, dropped});
    state_.budget.hold(samples.size());
  }
  return matrix;
}

Matrix Evaluation::eval_windows(const CallNode& call, WindowFunction function,
                                WindowTraits traits) {
  std::vector<std::vector<double>> scalars;
  const Expr* range_vector = nullptr;
  for (const ExprPtr& arg : call.args) {
    if (arg->type() == ValueType::matrix) {
      range_vector = arg.get();
    } else {
      scalars.push_back(eval_scalar(*arg));
    }
  }
  const Ranged ranged = eval_ranged(*range_vector);
  std::vector<double> arguments(scalars.size());
  Matrix matrix;
  for (std::size_t each = 0; each < ranged.cursors.size() && !failed(); ++each) {
    Cursor& cursor = *ranged.cursors[each];
    Series series{cursor.labels(), {}, !ranged.points.empty() && ranged.points[each].drop_name};
    Window window(cursor, state_.budget);
    for (std::size_t step = 0; step < steps_ && state_.budget.work(1); ++step) {
      const std::int64_t end = anchor(ranged.shift, time(step));
      window.move(end - ranged.range, end);
      window.now = time(step);
      for (std::size_t arg = 0; arg < scalars.size(); ++arg) arguments[arg] = scalars[arg][step];
      window.arguments = arguments;
      if (const auto value = function(window)) series.points.push_back({window.now, *value});
    }
    if (series.points.empty()) continue;
    state_.budget.hold(series.points.size());
    const std::string_view name = cursor.labels().get(kMetricName);
    if (traits.counter && !sounds_like_counter(name))
      state_.annotations.possibly_no_counter(name, range_vector->span);
    if (!traits.keep_name || series.drop_name) drop_name(series);
    matrix.push_back(std::move(series));
  }
  if (!delayed_names() && has_equal_labels(matrix))
    fail("vector cannot contain metrics with the same labelset");
  return matrix;
}

}  // namespace rules
