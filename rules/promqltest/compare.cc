// Numbers are compared with a relative tolerance: implementations may add in another order.
#include "rules/promqltest/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/promql/number.h"

namespace rules::promqltest {
namespace {

bool close(double left, double right) {
  constexpr double kTolerance = 1e-6;
  constexpr double kSmallest = std::numeric_limits<double>::min();
  if (is_stale_nan(left) || is_stale_nan(right)) return is_stale_nan(left) && is_stale_nan(right);
  if (std::isnan(left) && std::isnan(right)) return true;
  if (left == right) return true;
  const double sum = std::fabs(left) + std::fabs(right);
  const double difference = std::fabs(left - right);
  if (left == 0 || right == 0 || sum < kSmallest) return difference < kTolerance * kSmallest;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

const SeriesLine* find(const EvalCommand& expected, const Labels& labels) {
  const auto found = std::ranges::find(expected.series, labels, &SeriesLine::labels);
  return found == expected.series.end() ? nullptr : &*found;
}

std::vector<Sample> points_of(const SeriesLine& line, const Range& range) {
  std::vector<Sample> points;
  for (std::size_t at = 0; at < line.values.size(); ++at)
    if (line.values[at])
      points.push_back(
          {range.start + static_cast<std::int64_t>(at) * range.step, *line.values[at]});
  return points;
}

std::string text_of(const std::vector<Sample>& points) {
  std::string out;
  for (const Sample& point : points)
    out += fmt::format(" {}@{}", format_short(point.value),
                       format_short(static_cast<double>(point.at) / 1000));
  return out.empty() ? " nothing" : out;
}

std::optional<std::string> compare_series(const EvalCommand& expected, const Series& series,
                                          const Range& range) {
  const SeriesLine* const line = find(expected, series.labels);
  if (line == nullptr)
    return fmt::format("unexpected series {} in result, has{}", series.labels.text(),
                       text_of(series.points));
  const std::vector<Sample> wanted = points_of(*line, range);
  const bool equal =
      std::ranges::equal(wanted, series.points, [](const Sample& left, const Sample& right) {
        return left.at == right.at && close(left.value, right.value);
      });
  if (equal) return std::nullopt;
  return fmt::format("expected{} for {}, got{}", text_of(wanted), series.labels.text(),
                     text_of(series.points));
}

std::optional<std::string> missing(const EvalCommand& expected, std::size_t found) {
  if (found == expected.series.size()) return std::nullopt;
  return fmt::format("expected {} series, got {}", expected.series.size(), found);
}

std::optional<std::string> compare_matrix(const EvalCommand& expected, const Matrix& matrix) {
  if (expected.ordered) return "expected an ordered result, but the query returned a matrix";
  const Range range = expected.range_vector.value_or(expected.range.value_or(Range{}));
  const auto before = [](const Series& left, const Series& right) {
    return left.labels < right.labels;
  };
  if (!std::ranges::is_sorted(matrix, before)) return "the result is not sorted by labels";
  for (const Series& series : matrix)
    if (auto wrong = compare_series(expected, series, range)) return wrong;
  return missing(expected, matrix.size());
}

std::optional<std::string> compare_vector(const EvalCommand& expected, const Vector& vector) {
  for (std::size_t at = 0; at < vector.size(); ++at) {
    const auto& [labels, sample] = vector[at];
    const SeriesLine* const line = find(expected, labels);
    if (line == nullptr)
      return fmt::format("unexpected series {} in result, has value {}", labels.text(),
                         format_short(sample.value));
    const double wanted = line->values.front().value_or(0);
    if (!close(wanted, sample.value))
      return fmt::format("expected {} for {}, got {}", format_short(wanted), labels.text(),
                         format_short(sample.value));
    if (expected.ordered && line != &expected.series[std::min(at, expected.series.size() - 1)])
      return fmt::format("{} is in the wrong place of an ordered result", labels.text());
  }
  return missing(expected, vector.size());
}

std::optional<std::string> compare_notes(const std::vector<Expectation>& expected, bool none,
                                         const std::vector<std::string>& plain,
                                         const std::vector<std::string>& positioned,
                                         std::string_view kind) {
  if (none && !plain.empty())
    return fmt::format("unexpected {}: {}", kind, fmt::join(positioned, "; "));
  if (expected.empty()) return std::nullopt;
  if (plain.empty()) return fmt::format("expected {}, got none", kind);
  // A text may be expected with its position or without.
  const auto meets = [&](const Expectation& each, std::size_t at) {
    return each.met_by(plain[at]) || each.met_by(positioned[at]);
  };
  for (const Expectation& each : expected) {
    bool met = false;
    for (std::size_t at = 0; at < plain.size(); ++at) met |= meets(each, at);
    if (!met)
      return fmt::format("no {} is as expected, got: {}", kind, fmt::join(positioned, "; "));
  }
  for (std::size_t at = 0; at < plain.size(); ++at)
    if (!std::ranges::any_of(expected, [&](const Expectation& each) { return meets(each, at); }))
      return fmt::format("unexpected {}: {}", kind, positioned[at]);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> compare_value(const EvalCommand& expected, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (expected.text == *text) return std::nullopt;
    return fmt::format("expected the text '{}', got '{}'", expected.text.value_or(""), *text);
  }
  const auto* scalar = std::get_if<Scalar>(&value);
  if (expected.scalar && scalar == nullptr) return "expected a scalar, got series";
  if (scalar != nullptr) {
    if (!expected.scalar) return "expected series, got a scalar";
    if (close(*expected.scalar, scalar->sample.value)) return std::nullopt;
    return fmt::format("expected {}, got {}", format_short(*expected.scalar),
                       format_short(scalar->sample.value));
  }
  if (expected.text) return "expected a text, got series";
  if (const auto* vector = std::get_if<Vector>(&value)) return compare_vector(expected, *vector);
  return compare_matrix(expected, std::get<Matrix>(value));
}

std::optional<std::string> compare_annotations(const EvalCommand& expected,
                                               const Annotations& annotations,
                                               std::string_view query) {
  if (auto wrong = compare_notes(expected.warnings, expected.no_warnings, annotations.warnings(),
                                 annotations.warnings(query), "warnings"))
    return wrong;
  return compare_notes(expected.infos, expected.no_infos, annotations.infos(),
                       annotations.infos(query), "infos");
}

}  // namespace rules::promqltest
