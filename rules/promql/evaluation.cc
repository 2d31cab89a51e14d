// Nodes to matrices. Selectors and literals make them, everything else changes them; functions,
// matching and aggregation stand in files of their own.
#include "rules/promql/evaluation.h"

#include <algorithm>
#include <unordered_map>

#include "rules/promql/aggregation.h"
#include "rules/promql/matching.h"
#include "rules/promql/steps.h"

namespace rules {
namespace {

constexpr const char* kSameLabels = "vector cannot contain metrics with the same labelset";

// Puts the points of two series in order of time; no two may meet.
bool join(std::vector<Sample>& points, const std::vector<Sample>& more) {
  points.insert(points.end(), more.begin(), more.end());
  std::ranges::sort(points, {}, &Sample::at);
  return std::ranges::adjacent_find(points, {}, &Sample::at) == points.end();
}

}  // namespace

Evaluation::Evaluation(QueryState& state, Range range) : state_(state), range_(range) {
  if (range.end < range.start) return;
  const auto span = static_cast<std::uint64_t>(range.end) - static_cast<std::uint64_t>(range.start);
  const std::uint64_t steps = span / static_cast<std::uint64_t>(range.step) + 1;
  steps_ = static_cast<std::size_t>(steps);
  // So many steps could not hold one sample each; no need to walk them to find out.
  if (steps > state.budget.max_samples()) {
    state_.budget.hold(state.budget.max_samples() + 1);
    steps_ = 0;
  }
}

bool Evaluation::failed() {
  if (!state_.error && state_.budget.overrun() == Overrun::samples)
    state_.error = "query processing would load too many samples into memory in query execution";
  if (!state_.error && state_.budget.overrun() == Overrun::stopped)
    state_.error = "query timed out in expression evaluation";
  return state_.error.has_value();
}

void Evaluation::fail(std::string message) {
  if (!state_.error) state_.error = std::move(message);
}

std::int64_t Evaluation::anchor(const Shift& shift, std::int64_t at) const {
  if (shift.at == Shift::At::time) at = shift.time;
  if (shift.at == Shift::At::start) at = state_.range.start;
  if (shift.at == Shift::At::end) at = state_.range.end;
  return at - shift.offset;
}

void Evaluation::drop_name(Series& series) const {
  series.drop_name = true;
  if (!delayed_names()) series.labels = without_metadata(series.labels);
}

Matrix Evaluation::merge_equal(Matrix matrix) {
  if (matrix.size() < 2 || !has_equal_labels(matrix)) return matrix;
  Matrix merged;
  std::unordered_map<Labels, std::size_t, LabelsHash> places;
  for (Series& series : matrix) {
    const auto [found, is_new] = places.try_emplace(series.labels, merged.size());
    if (is_new) {
      merged.push_back(std::move(series));
    } else if (!join(merged[found->second].points, series.points)) {
      fail(kSameLabels);
      return {};
    }
  }
  return merged;
}

Matrix Evaluation::scalar(std::vector<double> values) const {
  Matrix matrix(1);
  matrix[0].points.reserve(values.size());
  for (std::size_t step = 0; step < values.size(); ++step)
    matrix[0].points.push_back({time(step), values[step]});
  return matrix;
}

std::vector<double> Evaluation::eval_scalar(const Expr& expr) {
  std::vector<double> values(steps_);
  const Matrix matrix = eval(expr);
  if (matrix.empty()) return values;
  for (std::size_t step = 0; step < std::min(steps_, matrix[0].points.size()); ++step)
    values[step] = matrix[0].points[step].value;
  return values;
}

Matrix Evaluation::eval(const Expr& expr) {
  const std::size_t held = state_.budget.held();
  state_.budget.work(1);
  if (failed() || steps_ == 0) return {};
  Matrix result = eval_node(expr);
  state_.budget.settle(held + count_samples(result));
  return failed() ? Matrix{} : std::move(result);
}

Matrix Evaluation::eval_node(const Expr& expr) {
  return std::visit(
      Overloaded{
          [&](const NumberNode& number) {
            if (!state_.budget.hold(steps_)) return Matrix{};
            return scalar(std::vector<double>(steps_, number.value));
          },
          [&](const StringNode&) { return Matrix{}; },  // read where they are arguments
          [&](const SelectorNode& selector) {
            return selector.range ? eval_range_vector(expr) : eval_selector(selector, false);
          },
          [&](const SubqueryNode&) { return eval_range_vector(expr); },
          [&](const CallNode& call) { return eval_call(expr, call); },
          [&](const AggregateNode& node) { return aggregate(*this, node); },
          [&](const BinaryNode& binary) { return eval_binary(binary); },
          [&](const UnaryNode& unary) { return eval_unary(unary); },
          [&](const ParenNode& paren) { return eval(*paren.expr); },
      },
      expr.node);
}

Matrix Evaluation::eval_call(const Expr& expr, const CallNode& call) {
  const auto& run = call.function->run;
  if (const auto* function = std::get_if<CallFunction>(&run)) return (*function)(*this, expr);
  if (const auto* function = std::get_if<WindowFunction>(&run))
    return eval_windows(call, *function, {});
  Matrix matrix = eval(*call.args.front());
  const ValueFunction function = std::get<ValueFunction>(run);
  for (Series& series : matrix) {
    for (Sample& point : series.points) point.value = function(point.value);
    drop_name(series);
  }
  return merge_equal(std::move(matrix));
}

Matrix Evaluation::eval_unary(const UnaryNode& unary) {
  Matrix matrix = eval(*unary.expr);
  if (!unary.negative) return matrix;
  for (Series& series : matrix) {
    for (Sample& point : series.points) point.value = -point.value;
    drop_name(series);
  }
  return delayed_names() ? std::move(matrix) : merge_equal(std::move(matrix));
}

Matrix Evaluation::eval_binary(const BinaryNode& binary) {
  const bool left_scalar = binary.left->type() == ValueType::scalar;
  const bool right_scalar = binary.right->type() == ValueType::scalar;
  if (left_scalar && right_scalar) {
    std::vector<double> left = eval_scalar(*binary.left);
    const std::vector<double> right = eval_scalar(*binary.right);
    for (std::size_t step = 0; step < left.size(); ++step)
      left[step] = scalar_operation(binary.op, left[step], right[step]);
    return scalar(std::move(left));
  }
  if (!left_scalar && !right_scalar) {
    const Matrix left = eval(*binary.left);
    const Matrix right = eval(*binary.right);
    return failed() ? Matrix{} : match_vectors(*this, binary, left, right);
  }
  if (left_scalar) {
    const std::vector<double> values = eval_scalar(*binary.left);
    return vector_with_scalar(*this, binary, eval(*binary.right), values);
  }
  Matrix vector = eval(*binary.left);
  return vector_with_scalar(*this, binary, std::move(vector), eval_scalar(*binary.right));
}

}  // namespace rules
