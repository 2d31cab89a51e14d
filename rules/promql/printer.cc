// What print() writes parses to an equal tree: parentheses are nodes, so none has to be invented.
#include "rules/promql/printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rules/promql/functions.h"
#include "rules/promql/matcher.h"
#include "rules/promql/number.h"
#include "rules/promql/quote.h"

namespace rules {
namespace {

constexpr std::size_t kLongestLine = 100;

std::string label_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ", ";
    out += is_label_name(name) ? name : quote(name);
  }
  return out;
}

std::string shift_text(const Shift& shift) {
  std::string out;
  if (shift.at == Shift::At::start) out += " @ start()";
  if (shift.at == Shift::At::end) out += " @ end()";
  if (shift.at == Shift::At::time)
    out += fmt::format(" @ {:.3f}", static_cast<double>(shift.time) / 1000);
  if (shift.offset != 0) out += " offset " + format_duration(shift.offset);
  return out;
}

std::string print_node(const NumberNode& number) {
  if (!number.duration) return format_number(number.value);
  return format_duration(static_cast<std::int64_t>(std::round(number.value * 1000)));
}

std::string print_node(const StringNode& string) { return quote(string.value); }

std::string print_node(const SelectorNode& selector) {
  std::vector<std::string> matchers;
  for (const Matcher& matcher : selector.matchers) {
    const bool is_name = matcher.name == kMetricName && matcher.kind == Matcher::Kind::equal &&
                         matcher.value == selector.name && !matcher.value.empty();
    if (!is_name) matchers.push_back(text(matcher));
  }
  std::ranges::sort(matchers);
  std::string out = selector.name;
  if (!matchers.empty()) out += fmt::format("{{{}}}", fmt::join(matchers, ","));
  if (selector.range) out += fmt::format("[{}]", format_duration(*selector.range));
  return out + shift_text(selector.shift);
}

std::string subquery_suffix(const SubqueryNode& subquery) {
  return fmt::format("[{}:{}]{}", format_duration(subquery.range),
                     subquery.step ? format_duration(*subquery.step) : "",
                     shift_text(subquery.shift));
}

std::string print_node(const SubqueryNode& subquery) {
  return print(*subquery.expr) + subquery_suffix(subquery);
}

std::string print_node(const CallNode& call) {
  std::string args;
  for (const ExprPtr& arg : call.args) {
    if (!args.empty()) args += ", ";
    args += print(*arg);
  }
  return fmt::format("{}({})", call.function->name, args);
}

std::string aggregate_head(const AggregateNode& aggregate) {
  std::string out(op_text(aggregate.op));
  if (aggregate.without) return out + fmt::format(" without ({}) ", label_list(aggregate.grouping));
  if (aggregate.grouping.empty()) return out;
  return out + fmt::format(" by ({}) ", label_list(aggregate.grouping));
}

std::string print_node(const AggregateNode& aggregate) {
  std::string out = aggregate_head(aggregate) + '(';
  if (aggregate.parameter) out += print(*aggregate.parameter) + ", ";
  return out + print(*aggregate.expr) + ')';
}

std::string binary_head(const BinaryNode& binary) {
  const Matching& matching = binary.matching;
  const bool grouped =
      matching.card == Matching::Card::many_to_one || matching.card == Matching::Card::one_to_many;
  std::string out(op_text(binary.op));
  if (binary.return_bool) out += " bool";
  if (!matching.labels.empty() || matching.on || grouped)
    out += fmt::format(" {} ({})", matching.on ? "on" : "ignoring", label_list(matching.labels));
  if (grouped) {
    const bool left = matching.card == Matching::Card::many_to_one;
    out += fmt::format(" group_{} ({})", left ? "left" : "right", label_list(matching.include));
  }
  return out;
}

// The left side as it may stand before the operator. A sign binds looser than a power: +Inf ^ 2
// would be +(Inf ^ 2).
std::string unsigned_before_power(const BinaryNode& binary, std::string left) {
  const auto* number = std::get_if<NumberNode>(&binary.left->node);
  const bool infinite = number != nullptr && std::isinf(number->value) && number->value > 0;
  if (binary.op == BinaryOp::pow && infinite) std::erase(left, '+');
  return left;
}

std::string print_node(const BinaryNode& binary) {
  return fmt::format("{} {} {}", unsigned_before_power(binary, print(*binary.left)),
                     binary_head(binary), print(*binary.right));
}

std::string print_node(const UnaryNode& unary) {
  return (unary.negative ? "-" : "+") + print(*unary.expr);
}

std::string print_node(const ParenNode& paren) { return fmt::format("({})", print(*paren.expr)); }

// Splits what does not fit on a line. A level deeper is two blanks further in.
class Pretty {
 public:
  std::string print_at(const Expr& expr, std::size_t level) const {
    const bool fits = print(expr).size() <= kLongestLine;
    return std::visit(Overloaded{[&](const UnaryNode& unary) {
                                   std::string inner = print_at(*unary.expr, level);
                                   inner.erase(0, inner.find_first_not_of(' '));
                                   return indent(level) + (unary.negative ? "-" : "+") + inner;
                                 },
                                 [&](const SubqueryNode& subquery) {
                                   // As in Prometheus, a subquery that fits stands without
                                   // indentation.
                                   if (fits) return print(expr);
                                   return print_at(*subquery.expr, level) +
                                          subquery_suffix(subquery);
                                 },
                                 [&](const auto& node) {
                                   return fits ? indent(level) + print(expr) : split(node, level);
                                 }},
                      expr.node);
  }

 private:
  static std::string indent(std::size_t level) { return std::string(2 * level, ' '); }

  std::string split(const AggregateNode& aggregate, std::size_t level) const {
    std::string out = indent(level) + aggregate_head(aggregate) + "(\n";
    if (aggregate.parameter) out += print_at(*aggregate.parameter, level + 1) + ",\n";
    return out + print_at(*aggregate.expr, level + 1) + "\n" + indent(level) + ")";
  }

  std::string split(const BinaryNode& binary, std::size_t level) const {
    return fmt::format("{}\n{}{}\n{}",
                       unsigned_before_power(binary, print_at(*binary.left, level + 1)),
                       indent(level), binary_head(binary), print_at(*binary.right, level + 1));
  }

  std::string split(const CallNode& call, std::size_t level) const {
    std::string args;
    for (const ExprPtr& arg : call.args) {
      if (!args.empty()) args += ",\n";
      args += print_at(*arg, level + 1);
    }
    return fmt::format("{}{}(\n{}\n{})", indent(level), call.function->name, args, indent(level));
  }

  std::string split(const ParenNode& paren, std::size_t level) const {
    return fmt::format("{}(\n{}\n{})", indent(level), print_at(*paren.expr, level + 1),
                       indent(level));
  }

  // Selectors and literals are never split.
  template <typename Leaf>
  std::string split(const Leaf& leaf, std::size_t level) const {
    return indent(level) + print_node(leaf);
  }
};

}  // namespace

std::string print(const Expr& expr) {
  return std::visit([](const auto& node) { return print_node(node); }, expr.node);
}

std::string print_pretty(const Expr& expr) { return Pretty().print_at(expr, 0); }

}  // namespace rules
