// An evaluation of expressions at the steps of one range; an instant is a range of one step. A
// subquery is evaluated by another Evaluation with steps of its own and the same state.
//
// The first failure stays in the state, ends loops soon and makes every result empty: whoever calls
// eval() goes on with what it gets and need not ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/budget.h"
#include "rules/promql/engine.h"
#include "rules/promql/functions.h"

namespace rules {

struct QueryState {
  const Source& source;
  const QueryOptions& options;
  Range range;  // of the whole query: what start() and end() stand for
  Budget budget;
  Annotations annotations;
  std::optional<std::string> error;
};

class Evaluation {
 public:
  Evaluation(QueryState& state, Range range);

  Matrix eval(const Expr& expr);
  // One value for each step.
  std::vector<double> eval_scalar(const Expr& expr);
  // The series of a range vector as they are within it; only of a single step.
  Matrix eval_range_vector(const Expr& expr);

  std::size_t steps() const { return steps_; }
  std::int64_t time(std::size_t step) const {
    return range_.start + static_cast<std::int64_t>(step) * range_.step;
  }
  bool is_instant() const { return steps_ == 1; }
  bool delayed_names() const { return state_.options.delayed_name_removal; }
  Annotations& annotations() { return state_.annotations; }
  Budget& budget() { return state_.budget; }
  bool failed();
  void fail(std::string message);

  // The instant a selector means at a step.
  std::int64_t anchor(const Shift& shift, std::int64_t at) const;

  // A series that loses its metric's name, now or when the query is done.
  void drop_name(Series& series) const;
  // Series that are equal now are joined; it fails where both have a value.
  Matrix merge_equal(Matrix matrix);
  Matrix scalar(std::vector<double> values) const;

  // The newest sample of each series at each step. With `times`, when it was taken instead of its
  // value, in seconds.
  Matrix eval_selector(const SelectorNode& selector, bool times);

  struct WindowTraits {
    bool keep_name = false;  // acts like an offset: the series is still what it was
    bool counter = false;    // says so when a name does not sound like a counter's
  };
  // A function of a range vector and maybe scalars, applied at each step.
  Matrix eval_windows(const CallNode& call, WindowFunction function, WindowTraits traits);

 private:
  Matrix eval_node(const Expr& expr);
  Matrix eval_call(const Expr& expr, const CallNode& call);
  Matrix eval_unary(const UnaryNode& unary);
  Matrix eval_binary(const BinaryNode& binary);
  std::vector<std::unique_ptr<Cursor>> select(const SelectorNode& selector, std::int64_t reach);
  Matrix eval_subquery(const SubqueryNode& subquery);
  // The series of a range vector, to be read in windows.
  struct Ranged {
    std::int64_t range = 0;
    Shift shift;
    Matrix points;  // of a subquery; the cursors read them
    std::vector<std::unique_ptr<Cursor>> cursors;
  };
  Ranged eval_ranged(const Expr& expr);

  QueryState& state_;
  Range range_;
  std::size_t steps_ = 0;
};

}  // namespace rules
