// What a query comes to. Inside an evaluation everything but text is a matrix: series with a point
// for each step at which they have a value; a scalar is one series without labels and gaps.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "rules/promql/labels.h"
#include "rules/promql/source.h"

namespace rules {

struct Series {
  Labels labels;
  std::vector<Sample> points;
  bool drop_name = false;  // the name is to go when the query is done
};
using Matrix = std::vector<Series>;

struct VectorSample {
  Labels labels;
  Sample sample;
};
using Vector = std::vector<VectorSample>;

struct Scalar {
  Sample sample;
};

using Value = std::variant<Scalar, std::string, Vector, Matrix>;

std::size_t count_samples(const Matrix& matrix);
void sort_by_labels(Matrix& matrix);
// Without the labels that describe the metric itself: its name, type and unit.
Labels without_metadata(const Labels& labels);
bool has_equal_labels(const Matrix& matrix);  // any two of the series

}  // namespace rules
