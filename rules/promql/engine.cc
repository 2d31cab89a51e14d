// One evaluation of the whole query, then its result brought into the form that was asked for.
#include "rules/promql/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "rules/promql/evaluation.h"
#include "rules/promql/quote.h"

namespace rules {
namespace {

constexpr std::int64_t kFarthest = std::int64_t{1} << 61;  // so that no sum of times overflows

Vector to_vector(Matrix matrix) {
  Vector vector;
  vector.reserve(matrix.size());
  for (Series& series : matrix)
    if (!series.points.empty()) vector.push_back({std::move(series.labels), series.points.front()});
  return vector;
}

Value instant_value(ValueType type, Matrix matrix, std::int64_t at) {
  if (type == ValueType::matrix) {
    sort_by_labels(matrix);
    return matrix;
  }
  if (type == ValueType::vector) return to_vector(std::move(matrix));
  const bool known = !matrix.empty() && !matrix.front().points.empty();
  return Scalar{known ? matrix.front().points.front() : Sample{at, 0}};
}

// Names that were to go when the query is done go now.
Matrix without_dropped_names(Evaluation& evaluation, Matrix matrix) {
  if (!evaluation.delayed_names()) return matrix;
  for (Series& series : matrix)
    if (series.drop_name) series.labels = without_metadata(series.labels);
  return evaluation.merge_equal(std::move(matrix));
}

std::expected<Matrix, std::string> run(QueryState& state, const Expr& expr) {
  Evaluation evaluation(state, state.range);
  Matrix matrix = without_dropped_names(evaluation, evaluation.eval(expr));
  if (has_equal_labels(matrix))
    evaluation.fail("vector cannot contain metrics with the same labelset");
  if (evaluation.failed()) return std::unexpected(*std::move(state.error));
  return matrix;
}

bool in_reach(std::int64_t at) { return at > -kFarthest && at < kFarthest; }

}  // namespace

std::expected<Answer, std::string> evaluate(const Expr& expr, const Source& source, std::int64_t at,
                                            const QueryOptions& options) {
  if (!in_reach(at)) return std::unexpected("the time is out of bounds");
  if (const auto* text = std::get_if<StringNode>(&bare(expr).node))
    return Answer{text->value, {}, 0};
  QueryState state{source, options, {at, at, 1}, Budget(options.max_samples, options.stop), {}, {}};
  auto matrix = run(state, expr);
  if (!matrix) return std::unexpected(std::move(matrix.error()));
  return Answer{instant_value(expr.type(), *std::move(matrix), at), std::move(state.annotations),
                state.budget.peak()};
}

std::expected<Answer, std::string> evaluate(const Expr& expr, const Source& source,
                                            const Range& range, const QueryOptions& options) {
  if (!in_reach(range.start) || !in_reach(range.end))
    return std::unexpected("the time is out of bounds");
  if (range.step <= 0) return std::unexpected("the step must be greater than 0");
  if (expr.type() != ValueType::vector && expr.type() != ValueType::scalar)
    return std::unexpected(
        fmt::format("invalid expression type {} for range query, must be Scalar or instant Vector",
                    quote(type_name(expr.type()))));
  QueryState state{source, options, range, Budget(options.max_samples, options.stop), {}, {}};
  auto matrix = run(state, expr);
  if (!matrix) return std::unexpected(std::move(matrix.error()));
  sort_by_labels(*matrix);
  return Answer{*std::move(matrix), std::move(state.annotations), state.budget.peak()};
}

}  // namespace rules
