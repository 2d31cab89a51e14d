// Calls, aggregations, and what stands between an operator and its right side.
#include <fmt/format.h>

#include "rules/promql/functions.h"
#include "rules/promql/parser_state.h"
#include "rules/promql/quote.h"

namespace rules {

ExprPtr Parser::call() {
  const Token name = take();
  const Span name_span{name.at, name.end()};
  // limitk and limit_ratio are aggregations in Prometheus and nothing here.
  if (name.text == "limitk" || name.text == "limit_ratio") {
    return fail(name_span, fmt::format("{}() is experimental and must be enabled with "
                                       "--enable-feature=promql-experimental-functions",
                                       name.text));
  }
  const Function* const function = find_function(name.text);
  if (function == nullptr) return fail(name_span, "unknown function with name " + quote(name.text));
  if (function->support == Support::experimental)
    return fail(name_span, fmt::format("function {} is not enabled", quote(name.text)));
  if (function->support == Support::native_histograms)
    return fail(name_span,
                fmt::format("function {} needs native histograms, which are not supported",
                            quote(name.text)));
  auto args = arguments();
  if (!args) return nullptr;
  const Span span{name.at, last_end_};
  return checked_depth(std::make_unique<Expr>(CallNode{function, *std::move(args)}, span));
}

// The parenthesis and everything to its end.
std::optional<std::vector<ExprPtr>> Parser::arguments() {
  take();
  std::vector<ExprPtr> args;
  while (!next_is(TokenKind::right_paren)) {
    ExprPtr arg = expression(1);
    if (!arg) return std::nullopt;
    args.push_back(std::move(arg));
    if (next_is(TokenKind::right_paren)) break;
    const Token comma = peek();
    if (!accept(TokenKind::comma)) {
      unexpected();
      return std::nullopt;
    }
    if (next_is(TokenKind::right_paren)) {
      fail({comma.at, comma.end()}, "trailing commas not allowed in function call args");
      return std::nullopt;
    }
  }
  take();
  return args;
}

ExprPtr Parser::aggregate() {
  const Token op = take();
  AggregateNode node{.op = op.aggregator};
  const auto modifier_next = [&] { return peek().is("by") || peek().is("without"); };
  const bool in_front = modifier_next();
  if (in_front && !aggregate_modifier(node)) return nullptr;
  if (!next_is(TokenKind::left_paren)) return unexpected();
  auto args = arguments();
  if (!args) return nullptr;
  if (!in_front && modifier_next() && !aggregate_modifier(node)) return nullptr;
  return make_aggregate(op, std::move(node), *std::move(args));
}

ExprPtr Parser::make_aggregate(const Token& op, AggregateNode node, std::vector<ExprPtr> args) {
  const Span span{op.at, last_end_};
  if (args.empty()) return fail(span, "no arguments for aggregate expression provided");
  const std::size_t wanted = takes_parameter(node.op) ? 2 : 1;
  if (args.size() != wanted) {
    return fail(span, fmt::format("wrong number of arguments for aggregate expression provided, "
                                  "expected {}, got {}",
                                  wanted, args.size()));
  }
  node.expr = std::move(args.back());
  if (wanted == 2) node.parameter = std::move(args.front());
  return checked_depth(std::make_unique<Expr>(std::move(node), span));
}

bool Parser::aggregate_modifier(AggregateNode& node) {
  node.without = take().is("without");
  return grouping(node.grouping);
}

// (label, "another label", ...)
bool Parser::grouping(std::vector<std::string>& names) {
  if (!accept(TokenKind::left_paren)) {
    unexpected("grouping opts", "\"(\"");
    return false;
  }
  while (!next_is(TokenKind::right_paren)) {
    if (!grouping_label(names)) return false;
    if (next_is(TokenKind::right_paren)) break;
    if (!accept(TokenKind::comma)) {
      unexpected("grouping opts", "\",\" or \")\"");
      return false;
    }
  }
  take();
  return true;
}

bool Parser::grouping_label(std::vector<std::string>& names) {
  const Token token = peek();
  if (!token.is_word() && token.kind != TokenKind::string) {
    unexpected("grouping opts", "label");
    return false;
  }
  take();
  const bool quoted = token.kind == TokenKind::string;
  std::string name = quoted ? unquote(token.text).value_or("") : token.text;
  if (!is_utf8(name)) {
    fail({token.at, token.end()}, "invalid label name for grouping: " + quote(name));
    return false;
  }
  names.push_back(std::move(name));
  return true;
}

// bool, on or ignoring, group_left or group_right: in this order.
bool Parser::binary_modifiers(BinaryNode& node) {
  if (peek().is("bool")) {
    take();
    node.return_bool = true;
  }
  if (peek().is("on") || peek().is("ignoring")) {
    node.matching.on = take().is("on");
    if (!grouping(node.matching.labels)) return false;
    if (peek().is("group_left") || peek().is("group_right")) {
      const bool left = take().is("group_left");
      node.matching.card = left ? Matching::Card::many_to_one : Matching::Card::one_to_many;
      if (next_is(TokenKind::left_paren) && !grouping(node.matching.include)) return false;
    }
  }
  if (peek().is("fill") || peek().is("fill_left") || peek().is("fill_right")) {
    fail({peek().at, peek().end()}, "binop fill modifiers are experimental and not enabled");
    return false;
  }
  return true;
}

}  // namespace rules
