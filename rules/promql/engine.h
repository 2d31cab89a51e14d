// Answers a query from a source, at one instant or at each step of a range. Pure: the same query on
// the same snapshot has the same answer. Any number of queries may run at once, each on its thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "rules/promql/annotations.h"
#include "rules/promql/ast.h"
#include "rules/promql/source.h"
#include "rules/promql/value.h"

namespace rules {

struct QueryOptions {
  std::int64_t lookback = 5LL * 60 * 1000;  // how old a sample may be and still count
  std::int64_t default_step = 60LL * 1000;  // of subqueries without a step
  std::size_t max_samples = 50'000'000;     // held in memory at a time
  std::function<bool()> stop;               // asked often; true ends the query
  // Prometheus' promql-delayed-name-removal: names are dropped when the query is done and not by
  // the function that loses them. Off by default there and here.
  bool delayed_name_removal = false;
};

struct Answer {
  Value value;
  Annotations annotations;
  std::size_t peak_samples = 0;
};

// An instant query: a Scalar, text, Vector or, for a range vector, a Matrix.
std::expected<Answer, std::string> evaluate(const Expr& expr, const Source& source, std::int64_t at,
                                            const QueryOptions& options = {});

struct Range {
  std::int64_t start = 0, end = 0, step = 1;
};
// A range query: a Matrix ordered by labels. Only of scalars and instant vectors.
std::expected<Answer, std::string> evaluate(const Expr& expr, const Source& source,
                                            const Range& range, const QueryOptions& options = {});

}  // namespace rules
