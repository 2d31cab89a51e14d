// One walk over the tree, children first, with Prometheus' words for what does not fit.
#include "rules/promql/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "rules/promql/functions.h"
#include "rules/promql/matcher.h"
#include "rules/promql/quote.h"

namespace rules {
namespace {

class Checker {
 public:
  explicit Checker(std::string_view query) : query_(query) {}

  void check(Expr& expr) {
    if (error_) return;
    std::visit([&](auto& node) { check(expr, node); }, expr.node);
  }

  std::optional<ParseError> error() { return std::move(error_); }

 private:
  void fail(Span span, std::string message) {
    if (!error_) error_ = ParseError{std::move(message), span, position_text(query_, span.begin)};
  }

  void expect(Expr& expr, ValueType wanted, std::string_view context) {
    check(expr);
    if (expr.type() == wanted) return;
    fail(expr.span, fmt::format("expected type {} in {}, got {}", type_name(wanted), context,
                                type_name(expr.type())));
  }

  void check(Expr&, NumberNode&) {}
  void check(Expr&, StringNode&) {}
  void check(Expr&, ParenNode& paren) { check(*paren.expr); }

  void check(Expr& expr, SelectorNode& selector) {
    // A selector that matches everything is a slip of the pen.
    const bool narrows = std::ranges::any_of(selector.matchers, [](const Matcher& matcher) {
      return !CompiledMatcher(matcher).matches("");
    });
    if (!narrows) fail(expr.span, "vector selector must contain at least one non-empty matcher");
  }

  void check(Expr& expr, SubqueryNode& subquery) {
    check(*subquery.expr);
    const ValueType type = subquery.expr->type();
    if (type == ValueType::vector) return;
    constexpr std::string_view kShort[] = {"none", "scalar", "vector", "matrix", "string"};
    fail(expr.span, fmt::format("subquery is only allowed on instant vector, got {} instead",
                                kShort[static_cast<std::size_t>(type)]));
  }

  void check(Expr& expr, UnaryNode& unary) {
    check(*unary.expr);
    const ValueType type = unary.expr->type();
    if (type == ValueType::scalar || type == ValueType::vector) return;
    fail(expr.span, fmt::format("unary expression only allowed on expressions of type scalar or "
                                "instant vector, got {}",
                                quote(type_name(type))));
  }

  void check(Expr&, AggregateNode& aggregate) {
    expect(*aggregate.expr, ValueType::vector, "aggregation expression");
    if (!aggregate.parameter) return;
    const bool text = aggregate.op == AggregateOp::count_values;
    expect(*aggregate.parameter, text ? ValueType::string : ValueType::scalar,
           "aggregation parameter");
  }

  void check(Expr& expr, CallNode& call) {
    check_count(expr, call);
    const auto types = call.function->args();
    for (std::size_t each = 0; each < call.args.size() && !error_ && !types.empty(); ++each) {
      Expr& arg = *call.args[each];
      check(arg);
      const ValueType wanted = types[std::min(each, types.size() - 1)];
      if (arg.type() != wanted)
        fail(arg.span,
             fmt::format("expected type {} in call to function {}, got {}", type_name(wanted),
                         quote(call.function->name), type_name(arg.type())));
    }
  }

  void check_count(const Expr& expr, const CallNode& call) {
    const int wanted = static_cast<int>(call.function->arg_count);
    const int given = static_cast<int>(call.args.size());
    const int variadic = call.function->variadic;
    const auto complain = [&](std::string_view how, int count) {
      fail(expr.span, fmt::format("expected {}{} argument(s) in call to {}, got {}", how, count,
                                  quote(call.function->name), given));
    };
    if (variadic == 0 && given != wanted) complain("", wanted);
    if (variadic != 0 && given < wanted - 1) complain("at least ", wanted - 1);
    if (variadic > 0 && given > wanted - 1 + variadic) complain("at most ", wanted - 1 + variadic);
  }

  // Where the operator and its modifiers stand.
  Span op_span(const BinaryNode& binary) const {
    Span span{binary.left->span.end, binary.right->span.begin};
    const auto blank = [&](std::size_t at) {
      return std::string_view(" \t\r\n").find(query_[at]) != std::string_view::npos;
    };
    while (span.begin < span.end && blank(span.begin)) ++span.begin;
    return span;
  }

  void check(Expr& expr, BinaryNode& binary) {
    check(*binary.left);
    check(*binary.right);
    if (error_) return;
    const ValueType left = binary.left->type(), right = binary.right->type();
    if (binary.return_bool && !is_comparison(binary.op))
      fail(op_span(binary), "bool modifier can only be used on comparison operators");
    if (is_comparison(binary.op) && !binary.return_bool && left == ValueType::scalar &&
        right == ValueType::scalar)
      fail(op_span(binary), "comparisons between scalars must use BOOL modifier");
    for (const auto& [operand, type] :
         {std::pair(&binary.left, left), std::pair(&binary.right, right)}) {
      if (type != ValueType::scalar && type != ValueType::vector)
        fail((*operand)->span,
             "binary expression must contain only scalar and instant vector types");
    }
    check_matching(expr, binary, left == ValueType::vector && right == ValueType::vector);
  }

  void check_matching(const Expr& expr, BinaryNode& binary, bool vectors) {
    Matching& matching = binary.matching;
    for (const std::string& label : matching.labels) {
      const bool both = std::ranges::find(matching.include, label) != matching.include.end();
      if (both && matching.on)
        fail(op_span(binary),
             fmt::format("label {} must not occur in ON and GROUP clause at once", quote(label)));
    }
    if (!vectors) {
      if (!matching.labels.empty())
        fail(expr.span, "vector matching only allowed between instant vectors");
      if (is_set_operator(binary.op))
        fail(expr.span, fmt::format("set operator {} not allowed in binary scalar expression",
                                    quote(op_text(binary.op))));
      matching = Matching{};
      return;
    }
    if (!is_set_operator(binary.op)) return;
    if (matching.card == Matching::Card::one_to_many ||
        matching.card == Matching::Card::many_to_one)
      fail(expr.span,
           fmt::format("no grouping allowed for {} operation", quote(op_text(binary.op))));
    matching.card = Matching::Card::many_to_many;
  }

  std::string_view query_;
  std::optional<ParseError> error_;
};

}  // namespace

std::optional<ParseError> check_types(Expr& expr, std::string_view query) {
  Checker checker(query);
  checker.check(expr);
  return checker.error();
}

}  // namespace rules
