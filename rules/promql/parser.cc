// Expressions by precedence climbing: an operand, then operators that bind at least as tight as
// asked for. A sign binds as a product does, so -a ^ b is -(a ^ b), and ^ groups to the right.
#include "rules/promql/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "rules/promql/checker.h"
#include "rules/promql/number.h"
#include "rules/promql/parser_state.h"
#include "rules/promql/quote.h"

namespace rules {
namespace {

constexpr int kLoosest = 1;

struct DepthGuard {
  explicit DepthGuard(int& count) : depth(count) { ++depth; }
  ~DepthGuard() { --depth; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
  int& depth;
};

}  // namespace

Token Parser::take() {
  Token token = peek();
  last_end_ = token.end();
  if (next_ + 1 < tokens_.size()) ++next_;
  return token;
}

bool Parser::accept(TokenKind kind) {
  if (!next_is(kind)) return false;
  take();
  return true;
}

std::nullptr_t Parser::fail(Span span, std::string message) {
  if (!error_) error_ = ParseError{std::move(message), span, position_text(query_, span.begin)};
  return nullptr;
}

std::nullptr_t Parser::unexpected(std::string_view context, std::string_view expected) {
  const Token& token = peek();
  const Span span{token.at, token.kind == TokenKind::error ? query_.size() : token.end()};
  if (token.kind == TokenKind::error) return fail(span, token.text);
  std::string message = "unexpected " + token.description();
  if (!context.empty()) message += fmt::format(" in {}", context);
  if (!expected.empty()) message += fmt::format(", expected {}", expected);
  return fail(span, std::move(message));
}

ParseError Parser::error() const {
  return error_.value_or(ParseError{"unexpected error", {}, position_text(query_, 0)});
}

ExprPtr Parser::query() {
  if (next_is(TokenKind::end)) return fail({}, "no expression found in input");
  ExprPtr expr = expression(kLoosest);
  if (expr && !next_is(TokenKind::end)) return unexpected();
  return expr;
}

ExprPtr Parser::selector() {
  ExprPtr expr = vector_selector();
  if (expr && !next_is(TokenKind::end)) return unexpected();
  return expr;
}

ExprPtr Parser::checked_depth(ExprPtr expr) {
  if (!expr || expr->depth <= kMaxDepth) return expr;
  return fail(expr->span, fmt::format("expression is nested more than {} levels deep", kMaxDepth));
}

ExprPtr Parser::expression(int min_precedence) {
  const DepthGuard guard(depth_);
  if (depth_ > kMaxDepth) return fail({peek().at, peek().end()}, "expression is nested too deeply");
  ExprPtr left = operand();
  while (left && next_is(TokenKind::op) && precedence(peek().op) >= min_precedence)
    left = binary(std::move(left), precedence(peek().op));
  if (left && (next_is(TokenKind::trim_lower) || next_is(TokenKind::trim_upper)))
    return fail({peek().at, peek().end()},
                "native histograms are not supported: operator " + peek().text);
  return left;
}

ExprPtr Parser::binary(ExprPtr left, int level) {
  const Token op = take();
  BinaryNode node{.op = op.op};
  if (!binary_modifiers(node)) return nullptr;
  // Powers group to the right, everything else to the left.
  node.right = expression(op.op == BinaryOp::pow ? level : level + 1);
  if (!node.right) return nullptr;
  const Span span{left->span.begin, node.right->span.end};
  node.left = std::move(left);
  return checked_depth(std::make_unique<Expr>(std::move(node), span));
}

ExprPtr Parser::operand() {
  const bool sign =
      next_is(TokenKind::op) && (peek().op == BinaryOp::add || peek().op == BinaryOp::sub);
  if (sign) return unary();
  ExprPtr expr = primary();
  return expr ? modified(std::move(expr)) : nullptr;
}

ExprPtr Parser::unary() {
  const Token sign = take();
  const bool negative = sign.op == BinaryOp::sub;
  ExprPtr expr = expression(precedence(BinaryOp::mul) + 1);
  if (!expr) return nullptr;
  if (auto* number = std::get_if<NumberNode>(&expr->node)) {
    if (negative) number->value = -number->value;
    expr->span.begin = sign.at;
    return expr;
  }
  const Span span{sign.at, expr->span.end};
  return checked_depth(std::make_unique<Expr>(UnaryNode{negative, std::move(expr)}, span));
}

ExprPtr Parser::primary() {
  switch (peek().kind) {
    case TokenKind::number:
    case TokenKind::duration:
      return number();
    case TokenKind::string:
      return literal_string();
    case TokenKind::left_paren:
      return parenthesised();
    case TokenKind::aggregator:
      return begins_aggregate() ? aggregate() : vector_selector();
    case TokenKind::context:
    case TokenKind::identifier:
      return peek(1).kind == TokenKind::left_paren ? call() : vector_selector();
    default:
      return vector_selector();
  }
}

// Without parenthesis or modifier behind it, the word is a metric that happens to be named so.
bool Parser::begins_aggregate() const {
  const Token& after = peek(1);
  return after.kind != TokenKind::left_brace && after.kind != TokenKind::right_paren &&
         after.kind != TokenKind::comma && after.kind != TokenKind::op &&
         after.kind != TokenKind::end && after.kind != TokenKind::left_bracket;
}

ExprPtr Parser::parenthesised() {
  const Token open = take();
  ExprPtr inner = expression(kLoosest);
  if (!inner) return nullptr;
  if (!next_is(TokenKind::right_paren)) return unexpected();
  take();
  const Span span{open.at, last_end_};
  return checked_depth(std::make_unique<Expr>(ParenNode{std::move(inner)}, span));
}

ExprPtr Parser::number() {
  const Token token = take();
  const Span span{token.at, token.end()};
  if (token.kind == TokenKind::duration) {
    const auto seconds = duration_seconds(token);
    if (!seconds) return nullptr;
    return std::make_unique<Expr>(NumberNode{*seconds, true}, span);
  }
  const auto value = parse_number(token.text);
  if (!value) {
    return fail(span,
                fmt::format("error parsing number: strconv.ParseFloat: parsing {}: invalid syntax",
                            quote(token.text)));
  }
  return std::make_unique<Expr>(NumberNode{*value, false}, span);
}

std::optional<double> Parser::duration_seconds(const Token& token) {
  const auto milliseconds = parse_duration(token.text);
  if (milliseconds) return static_cast<double>(*milliseconds) / 1000;
  const bool digits_only =
      std::ranges::none_of(token.text, [](char letter) { return letter == '.'; });
  fail({token.at, token.end()}, digits_only && token.text.size() > 10
                                    ? "duration out of range"
                                    : "not a valid duration string: " + quote(token.text));
  return std::nullopt;
}

ExprPtr Parser::literal_string() {
  const Token token = take();
  return std::make_unique<Expr>(StringNode{unquote(token.text).value_or("")},
                                Span{token.at, token.end()});
}

std::expected<ExprPtr, ParseError> parse(std::string_view query) {
  if (query.size() > kMaxQueryBytes)
    return std::unexpected(ParseError{"the query is longer than a mebibyte", {}, "1:1"});
  Parser parser(query);
  ExprPtr expr = parser.query();
  if (!expr) return std::unexpected(parser.error());
  if (auto error = check_types(*expr, query)) return std::unexpected(*std::move(error));
  return expr;
}

std::expected<std::vector<Matcher>, ParseError> parse_selector(std::string_view text) {
  if (text.size() > kMaxQueryBytes)
    return std::unexpected(ParseError{"the selector is longer than a mebibyte", {}, "1:1"});
  Parser parser(text);
  ExprPtr expr = parser.selector();
  if (!expr) return std::unexpected(parser.error());
  if (auto error = check_types(*expr, text)) return std::unexpected(*std::move(error));
  return std::move(std::get<SelectorNode>(expr->node).matchers);
}

std::expected<Labels, ParseError> parse_labels(std::string_view text) {
  if (text.size() > kMaxQueryBytes)
    return std::unexpected(ParseError{"the series is longer than a mebibyte", {}, "1:1"});
  Parser parser(text);
  const ExprPtr expr = parser.selector();
  if (!expr) return std::unexpected(parser.error());
  std::vector<Labels::Pair> pairs;
  for (Matcher& matcher : std::get<SelectorNode>(expr->node).matchers) {
    if (matcher.kind != Matcher::Kind::equal)
      return std::unexpected(ParseError{"labels are written name=\"value\"", expr->span, "1:1"});
    pairs.emplace_back(std::move(matcher.name), std::move(matcher.value));
  }
  return Labels(std::move(pairs));
}

}  // namespace rules
