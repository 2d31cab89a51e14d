// Binary operations: which samples of two vectors belong together and what they come to.
#pragma once

#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/evaluation.h"

namespace rules {

double scalar_operation(BinaryOp op, double left, double right);

// Arithmetic, comparisons and set operations of two vectors.
Matrix match_vectors(Evaluation& evaluation, const BinaryNode& binary, const Matrix& left,
                     const Matrix& right);

// A vector and a scalar, whichever is on the left.
Matrix vector_with_scalar(Evaluation& evaluation, const BinaryNode& binary, Matrix vector,
                          const std::vector<double>& scalars);

}  // namespace rules
