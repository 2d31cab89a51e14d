// What the nodes of a query say about themselves.
#include "rules/promql/ast.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <tuple>

#include "rules/promql/functions.h"

namespace rules {
namespace {

struct BinaryOpFacts {
  std::string_view text;
  int precedence;
};

// By BinaryOp. Set operators bind loosest, powers tightest.
constexpr std::array<BinaryOpFacts, 16> kBinaryOps = {{{"+", 4},
                                                       {"-", 4},
                                                       {"*", 5},
                                                       {"/", 5},
                                                       {"%", 5},
                                                       {"^", 6},
                                                       {"atan2", 5},
                                                       {"==", 3},
                                                       {"!=", 3},
                                                       {"<", 3},
                                                       {"<=", 3},
                                                       {">", 3},
                                                       {">=", 3},
                                                       {"and", 2},
                                                       {"or", 1},
                                                       {"unless", 2}}};

// By AggregateOp.
constexpr std::array<std::string_view, 12> kAggregateOps = {
    "sum",    "avg",    "count", "min",     "max",          "group",
    "stddev", "stdvar", "topk",  "bottomk", "count_values", "quantile"};

bool same(const ExprPtr& left, const ExprPtr& right) {
  return left && right ? *left == *right : !left && !right;
}

std::vector<Matcher> sorted(std::vector<Matcher> matchers) {
  std::ranges::sort(matchers, {}, [](const Matcher& matcher) {
    return std::tie(matcher.name, matcher.kind, matcher.value);
  });
  return matchers;
}

}  // namespace

std::string_view type_name(ValueType type) {
  constexpr std::array<std::string_view, 5> kNames = {"none", "scalar", "instant vector",
                                                      "range vector", "string"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string position_text(std::string_view query, std::size_t at) {
  const std::string_view before = query.substr(0, std::min(at, query.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t line_break = before.rfind('\n');
  const std::size_t line_begin = line_break == before.npos ? 0 : line_break + 1;
  return fmt::format("{}:{}", line, before.size() - line_begin + 1);
}

std::string_view op_text(BinaryOp op) { return kBinaryOps[static_cast<std::size_t>(op)].text; }
int precedence(BinaryOp op) { return kBinaryOps[static_cast<std::size_t>(op)].precedence; }
bool is_comparison(BinaryOp op) { return op >= BinaryOp::eq && op <= BinaryOp::ge; }
bool is_set_operator(BinaryOp op) { return op >= BinaryOp::land; }

std::string_view op_text(AggregateOp op) { return kAggregateOps[static_cast<std::size_t>(op)]; }
bool takes_parameter(AggregateOp op) { return op >= AggregateOp::topk; }

bool NumberNode::operator==(const NumberNode& other) const {
  const bool both_nan = std::isnan(value) && std::isnan(other.value);
  return duration == other.duration && (both_nan || value == other.value);
}

bool SelectorNode::operator==(const SelectorNode& other) const {
  return name == other.name && range == other.range && shift == other.shift &&
         sorted(matchers) == sorted(other.matchers);
}

bool SubqueryNode::operator==(const SubqueryNode& other) const {
  return range == other.range && step == other.step && shift == other.shift &&
         same(expr, other.expr);
}

bool CallNode::operator==(const CallNode& other) const {
  return function == other.function && std::ranges::equal(args, other.args, same);
}

bool AggregateNode::operator==(const AggregateNode& other) const {
  return op == other.op && without == other.without && grouping == other.grouping &&
         same(expr, other.expr) && same(parameter, other.parameter);
}

bool BinaryNode::operator==(const BinaryNode& other) const {
  return op == other.op && return_bool == other.return_bool && matching == other.matching &&
         same(left, other.left) && same(right, other.right);
}

bool UnaryNode::operator==(const UnaryNode& other) const {
  return negative == other.negative && same(expr, other.expr);
}

bool ParenNode::operator==(const ParenNode& other) const { return same(expr, other.expr); }

Expr::Expr(Node content, Span where) : node(std::move(content)), span(where) {
  for_each_child(*this, [&](const Expr& child) { depth = std::max(depth, child.depth + 1); });
}

ValueType Expr::type() const {
  return std::visit(Overloaded{[](const NumberNode&) { return ValueType::scalar; },
                               [](const StringNode&) { return ValueType::string; },
                               [](const SelectorNode& selector) {
                                 return selector.range ? ValueType::matrix : ValueType::vector;
                               },
                               [](const SubqueryNode&) { return ValueType::matrix; },
                               [](const CallNode& call) { return call.function->returns; },
                               [](const AggregateNode&) { return ValueType::vector; },
                               [](const BinaryNode& binary) {
                                 const bool scalars = binary.left->type() == ValueType::scalar &&
                                                      binary.right->type() == ValueType::scalar;
                                 return scalars ? ValueType::scalar : ValueType::vector;
                               },
                               [](const auto& wrapper) { return wrapper.expr->type(); }},
                    node);
}

const Expr& bare(const Expr& expr) {
  const Expr* inner = &expr;
  while (const auto* paren = std::get_if<ParenNode>(&inner->node)) inner = paren->expr.get();
  return *inner;
}

}  // namespace rules
