// Functions of instant vectors and scalars, and window functions that need a word more than their
// window.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "rules/promql/calls.h"
#include "rules/promql/evaluation.h"
#include "rules/promql/steps.h"
#include "rules/promql/window.h"

namespace rules {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const CallNode& node_of(const Expr& call) { return std::get<CallNode>(call.node); }
const Expr& arg(const Expr& call, std::size_t at) { return *node_of(call).args[at]; }

// As Go's Min and Max: not a number when either is not.
double smaller(double left, double right) {
  return std::isnan(left) || std::isnan(right) ? kNaN : std::min(left, right);
}
double larger(double left, double right) {
  return std::isnan(left) || std::isnan(right) ? kNaN : std::max(left, right);
}

// Every value becomes change(value, step); nothing drops the sample.
template <typename Change>
Matrix changed(Evaluation& evaluation, Matrix matrix, Change change) {
  for (Series& series : matrix) {
    std::vector<Sample> kept;
    std::size_t step = 0;
    for (const Sample& point : series.points) {
      while (evaluation.time(step) < point.at) ++step;
      if (const auto value = change(point.value, step)) kept.push_back({point.at, *value});
    }
    series.points = std::move(kept);
    evaluation.drop_name(series);
  }
  std::erase_if(matrix, [](const Series& series) { return series.points.empty(); });
  return evaluation.merge_equal(std::move(matrix));
}

Matrix clamp_between(Evaluation& evaluation, Matrix matrix, const std::vector<double>& lowest,
                     const std::vector<double>& highest) {
  return changed(evaluation, std::move(matrix),
                 [&](double value, std::size_t step) -> std::optional<double> {
                   if (highest[step] < lowest[step]) return std::nullopt;
                   return larger(lowest[step], smaller(highest[step], value));
                 });
}

// The labels that a series would have if it were there: those the selector says are equal.
Labels labels_of_absent(const Expr& expr) {
  const auto* selector = std::get_if<SelectorNode>(&bare(expr).node);
  if (selector == nullptr) return {};
  Labels labels;
  std::set<std::string_view> seen;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.name == kMetricName) continue;
    const bool first = matcher.kind == Matcher::Kind::equal && seen.insert(matcher.name).second;
    labels = labels.with(matcher.name, first ? matcher.value : "");
  }
  return labels;
}

// One, at the steps at which no series has a value.
Matrix where_absent(Evaluation& evaluation, const Matrix& matrix, const Expr& expr) {
  Series series{labels_of_absent(expr), {}, false};
  StepReader reader(matrix);
  for (std::size_t step = 0; step < evaluation.steps(); ++step) {
    const std::int64_t time = evaluation.time(step);
    if (!evaluation.budget().work(1)) return {};
    if (reader.at(time).empty()) series.points.push_back({time, 1});
  }
  Matrix result;
  if (!series.points.empty()) result.push_back(std::move(series));
  return result;
}

template <typename Before>
Matrix sorted_by_value(Evaluation& evaluation, const Expr& call, Before before) {
  Matrix matrix = evaluation.eval(arg(call, 0));
  if (!evaluation.is_instant()) {
    evaluation.annotations().sorted_in_range(call.span);
    return matrix;
  }
  std::ranges::sort(matrix, [&](const Series& left, const Series& right) {
    const double one = left.points.front().value, other = right.points.front().value;
    if (before(one, other)) return true;
    if (std::isnan(one) != std::isnan(other)) return std::isnan(other);
    return !before(other, one) && left.labels < right.labels;
  });
  return matrix;
}

}  // namespace

namespace calls {

Matrix clamp(Evaluation& evaluation, const Expr& call) {
  Matrix matrix = evaluation.eval(arg(call, 0));
  const auto lowest = evaluation.eval_scalar(arg(call, 1));
  const auto highest = evaluation.eval_scalar(arg(call, 2));
  return clamp_between(evaluation, std::move(matrix), lowest, highest);
}

Matrix clamp_min(Evaluation& evaluation, const Expr& call) {
  Matrix matrix = evaluation.eval(arg(call, 0));
  const std::vector<double> highest(evaluation.steps(), kInfinity);
  return clamp_between(evaluation, std::move(matrix), evaluation.eval_scalar(arg(call, 1)),
                       highest);
}

Matrix clamp_max(Evaluation& evaluation, const Expr& call) {
  Matrix matrix = evaluation.eval(arg(call, 0));
  const std::vector<double> lowest(evaluation.steps(), -kInfinity);
  return clamp_between(evaluation, std::move(matrix), lowest, evaluation.eval_scalar(arg(call, 1)));
}

// To the nearest multiple, halves up. By the inverse, which is exact for 0.1 and its like.
Matrix round(Evaluation& evaluation, const Expr& call) {
  Matrix matrix = evaluation.eval(arg(call, 0));
  std::vector<double> nearest(evaluation.steps(), 1);
  if (node_of(call).args.size() > 1) nearest = evaluation.eval_scalar(arg(call, 1));
  return changed(evaluation, std::move(matrix), [&](double value, std::size_t step) {
    const double inverse = 1 / nearest[step];
    return std::optional(std::floor(value * inverse + 0.5) / inverse);
  });
}

Matrix scalar(Evaluation& evaluation, const Expr& call) {
  const Matrix matrix = evaluation.eval(arg(call, 0));
  if (!evaluation.budget().hold(evaluation.steps())) return {};
  std::vector<double> values;
  values.reserve(evaluation.steps());
  StepReader reader(matrix);
  for (std::size_t step = 0; step < evaluation.steps(); ++step) {
    const auto& present = reader.at(evaluation.time(step));
    values.push_back(present.size() == 1 ? present.front().value : kNaN);
  }
  return evaluation.scalar(std::move(values));
}

Matrix vector(Evaluation& evaluation, const Expr& call) { return evaluation.eval(arg(call, 0)); }

Matrix sort(Evaluation& evaluation, const Expr& call) {
  return sorted_by_value(evaluation, call, [](double left, double right) { return left < right; });
}

Matrix sort_desc(Evaluation& evaluation, const Expr& call) {
  return sorted_by_value(evaluation, call, [](double left, double right) { return left > right; });
}

Matrix absent(Evaluation& evaluation, const Expr& call) {
  const Matrix matrix = evaluation.eval(arg(call, 0));
  return where_absent(evaluation, matrix, arg(call, 0));
}

Matrix absent_over_time(Evaluation& evaluation, const Expr& call) {
  // Names are kept: series that differ by name alone must not meet here.
  const Matrix present =
      evaluation.eval_windows(node_of(call), windows::present, {.keep_name = true});
  return where_absent(evaluation, present, arg(call, 0));
}

Matrix time(Evaluation& evaluation, const Expr&) {
  if (!evaluation.budget().hold(evaluation.steps())) return {};
  std::vector<double> values;
  values.reserve(evaluation.steps());
  for (std::size_t step = 0; step < evaluation.steps(); ++step)
    values.push_back(static_cast<double>(evaluation.time(step)) / 1000);
  return evaluation.scalar(std::move(values));
}

// When the sample was taken if it comes from a selector; of anything computed, when it was
// computed.
Matrix timestamp(Evaluation& evaluation, const Expr& call) {
  const auto* selector = std::get_if<SelectorNode>(&bare(arg(call, 0)).node);
  Matrix matrix = selector != nullptr ? evaluation.eval_selector(*selector, true)
                                      : evaluation.eval(arg(call, 0));
  return changed(evaluation, std::move(matrix), [&](double value, std::size_t step) {
    return std::optional(selector != nullptr ? value
                                             : static_cast<double>(evaluation.time(step)) / 1000);
  });
}

Matrix pi(Evaluation& evaluation, const Expr&) {
  if (!evaluation.budget().hold(evaluation.steps())) return {};
  return evaluation.scalar(std::vector<double>(evaluation.steps(), std::numbers::pi));
}

Matrix rate(Evaluation& evaluation, const Expr& call) {
  return evaluation.eval_windows(node_of(call), windows::rate, {.counter = true});
}

Matrix increase(Evaluation& evaluation, const Expr& call) {
  return evaluation.eval_windows(node_of(call), windows::increase, {.counter = true});
}

Matrix first_over_time(Evaluation& evaluation, const Expr& call) {
  return evaluation.eval_windows(node_of(call), windows::first, {.keep_name = true});
}

Matrix last_over_time(Evaluation& evaluation, const Expr& call) {
  return evaluation.eval_windows(node_of(call), windows::last, {.keep_name = true});
}

Matrix quantile_over_time(Evaluation& evaluation, const Expr& call) {
  Matrix matrix = evaluation.eval_windows(node_of(call), windows::quantile, {});
  if (matrix.empty()) return matrix;
  for (const double quantile : evaluation.eval_scalar(arg(call, 0)))
    if (!(quantile >= 0 && quantile <= 1))
      evaluation.annotations().invalid_quantile(quantile, arg(call, 0).span);
  return matrix;
}

}  // namespace calls
}  // namespace rules
