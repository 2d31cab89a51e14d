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

void append_shift(std::string& out, const Shift& shift) {
  if (shift.at == Shift::At::start) out += " @ start()";
  if (shift.at == Shift::At::end) out += " @ end()";
  if (shift.at == Shift::At::time)
    out += fmt::format(" @ {:.3f}", static_cast<double>(shift.time) / 1000);
  if (shift.offset != 0) out += " offset " + format_duration(shift.offset);
}

void append(std::string& out, const Expr& expr);

void append(std::string& out, const NumberNode& number) {
  if (!number.duration) {
    out += format_number(number.value);
  } else {
    out += format_duration(static_cast<std::int64_t>(std::round(number.value * 1000)));
  }
}

void append(std::string& out, const StringNode& string) { out += quote(string.value); }

void append(std::string& out, const SelectorNode& selector) {
  std::vector<std::string> matchers;
  for (const Matcher& matcher : selector.matchers) {
    const bool is_name = matcher.name == kMetricName && matcher.kind == Matcher::Kind::equal &&
                         matcher.value == selector.name && !matcher.value.empty();
    if (!is_name) matchers.push_back(text(matcher));
  }
  std::ranges::sort(matchers);
  out += selector.name;
  if (!matchers.empty()) out += fmt::format("{{{}}}", fmt::join(matchers, ","));
  if (selector.range) out += fmt::format("[{}]", format_duration(*selector.range));
  append_shift(out, selector.shift);
}

std::string subquery_suffix(const SubqueryNode& subquery) {
  std::string out = fmt::format("[{}:{}]", format_duration(subquery.range),
                                subquery.step ? format_duration(*subquery.step) : "");
  append_shift(out, subquery.shift);
  return out;
}

void append(std::string& out, const SubqueryNode& subquery) {
  append(out, *subquery.expr);
  out += subquery_suffix(subquery);
}

void append(std::string& out, const CallNode& call) {
  out += call.function->name;
  out += '(';
  for (const ExprPtr& arg : call.args) {
    if (&arg != &call.args.front()) out += ", ";
    append(out, *arg);
  }
  out += ')';
}

std::string aggregate_head(const AggregateNode& aggregate) {
  std::string out(op_text(aggregate.op));
  if (aggregate.without) return out + fmt::format(" without ({}) ", label_list(aggregate.grouping));
  if (aggregate.grouping.empty()) return out;
  return out + fmt::format(" by ({}) ", label_list(aggregate.grouping));
}

void append(std::string& out, const AggregateNode& aggregate) {
  out += aggregate_head(aggregate) + '(';
  if (aggregate.parameter) {
    append(out, *aggregate.parameter);
    out += ", ";
  }
  append(out, *aggregate.expr);
  out += ')';
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

// A sign binds looser than a power: +Inf ^ 2 would be +(Inf ^ 2).
bool loses_sign(const BinaryNode& binary) {
  const auto* number = std::get_if<NumberNode>(&binary.left->node);
  return binary.op == BinaryOp::pow && number != nullptr && std::isinf(number->value);
}

void append(std::string& out, const BinaryNode& binary) {
  const std::size_t begin = out.size();
  append(out, *binary.left);
  if (loses_sign(binary)) out.erase(begin, 1);
  out += ' ' + binary_head(binary) + ' ';
  append(out, *binary.right);
}

void append(std::string& out, const UnaryNode& unary) {
  out += unary.negative ? '-' : '+';
  append(out, *unary.expr);
}

void append(std::string& out, const ParenNode& paren) {
  out += '(';
  append(out, *paren.expr);
  out += ')';
}

void append(std::string& out, const Expr& expr) {
  std::visit([&](const auto& node) { append(out, node); }, expr.node);
}

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
    std::string left = print_at(*binary.left, level + 1);
    if (loses_sign(binary)) left.erase(left.find_first_not_of(' '), 1);
    return fmt::format("{}\n{}{}\n{}", left, indent(level), binary_head(binary),
                       print_at(*binary.right, level + 1));
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
    std::string out = indent(level);
    append(out, leaf);
    return out;
  }
};

}  // namespace

std::string print(const Expr& expr) {
  std::string out;
  append(out, expr);
  return out;
}

std::string print_pretty(const Expr& expr) { return Pretty().print_at(expr, 0); }

}  // namespace rules
