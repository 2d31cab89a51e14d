// A query as a tree. Nodes own their children; every node knows the bytes of the query it was read
// from and how deep the tree below it is, which is limited so that no walk can overflow the stack.
// Times and durations are milliseconds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/promql/source.h"

namespace rules {

inline constexpr int kMaxDepth = 500;

struct Function;
struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class ValueType { none, scalar, vector, matrix, string };
std::string_view type_name(ValueType type);  // as in errors: "instant vector"

struct Span {
  std::size_t begin = 0, end = 0;
};
// "line:column" of a byte, both from 1.
std::string position_text(std::string_view query, std::size_t at);

enum class BinaryOp {
  add,
  sub,
  mul,
  div,
  mod,
  pow,
  atan2,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  land,
  lor,
  lunless
};
std::string_view op_text(BinaryOp op);
int precedence(BinaryOp op);  // higher binds tighter; unary minus binds as mul does
bool is_comparison(BinaryOp op);
bool is_set_operator(BinaryOp op);

enum class AggregateOp {
  sum,
  avg,
  count,
  min,
  max,
  group,
  stddev,
  stdvar,
  topk,
  bottomk,
  count_values,
  quantile
};
std::string_view op_text(AggregateOp op);
bool takes_parameter(AggregateOp op);

struct NumberNode {
  double value = 0;
  bool duration = false;  // written as a duration, such as 5m
  bool operator==(const NumberNode& other) const;
};

struct StringNode {
  std::string value;
  bool operator==(const StringNode&) const = default;
};

// offset and @ after a selector or subquery.
struct Shift {
  enum class At { evaluation, time, start, end };
  std::int64_t offset = 0;
  At at = At::evaluation;
  std::int64_t time = 0;  // for At::time
  bool operator==(const Shift&) const = default;
};

struct SelectorNode {
  std::string name;  // in front of the braces; then it is the last of the matchers too
  std::vector<Matcher> matchers;
  std::optional<std::int64_t> range;  // a range vector
  Shift shift;
  bool operator==(const SelectorNode& other) const;  // whatever the order of the matchers
};

struct SubqueryNode {
  ExprPtr expr;
  std::int64_t range = 0;
  std::optional<std::int64_t> step;
  Shift shift;
  bool operator==(const SubqueryNode& other) const;
};

struct CallNode {
  const Function* function = nullptr;
  std::vector<ExprPtr> args;
  bool operator==(const CallNode& other) const;
};

struct AggregateNode {
  AggregateOp op = AggregateOp::sum;
  ExprPtr expr, parameter;
  std::vector<std::string> grouping;
  bool without = false;
  bool operator==(const AggregateNode& other) const;
};

struct Matching {
  enum class Card { one_to_one, many_to_one, one_to_many, many_to_many };
  Card card = Card::one_to_one;
  bool on = false;
  std::vector<std::string> labels, include;
  bool operator==(const Matching&) const = default;
};

struct BinaryNode {
  BinaryOp op = BinaryOp::add;
  ExprPtr left, right;
  bool return_bool = false;
  Matching matching;
  bool operator==(const BinaryNode& other) const;
};

struct UnaryNode {
  bool negative = false;
  ExprPtr expr;
  bool operator==(const UnaryNode& other) const;
};

struct ParenNode {
  ExprPtr expr;
  bool operator==(const ParenNode& other) const;
};

struct Expr {
  using Node = std::variant<NumberNode, StringNode, SelectorNode, SubqueryNode, CallNode,
                            AggregateNode, BinaryNode, UnaryNode, ParenNode>;
  Node node;
  Span span;
  int depth = 1;

  Expr(Node content, Span where);
  ValueType type() const;
  bool operator==(const Expr& other) const { return node == other.node; }  // wherever it stood
};

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

// Calls `visit` for each child, in the order of the text.
template <typename Visit>
void for_each_child(const Expr& expr, Visit visit) {
  const auto one = [&](const ExprPtr& child) {
    if (child) visit(*child);
  };
  std::visit(
      Overloaded{[](const NumberNode&) {}, [](const StringNode&) {}, [](const SelectorNode&) {},
                 [&](const CallNode& call) {
                   for (const ExprPtr& arg : call.args) one(arg);
                 },
                 [&](const AggregateNode& aggregate) {
                   one(aggregate.parameter);
                   one(aggregate.expr);
                 },
                 [&](const BinaryNode& binary) {
                   one(binary.left);
                   one(binary.right);
                 },
                 [&](const auto& wrapper) { one(wrapper.expr); }},
      expr.node);
}

// The expression inside any parentheses.
const Expr& bare(const Expr& expr);

}  // namespace rules
