// Selectors: a name, matchers in braces, and what may follow them: [range], [range:step], offset,
// @.
#include <fmt/format.h>

#include <cmath>

#include "rules/promql/matcher.h"
#include "rules/promql/number.h"
#include "rules/promql/parser_state.h"
#include "rules/promql/quote.h"

namespace rules {
namespace {

constexpr double kLongestSeconds = 9.2e9;  // what Prometheus' 64 bits of nanoseconds hold
constexpr double kFarthestSeconds = 2e15;  // so that no sum of times overflows milliseconds

// Most words of the language may name a metric too, where they could mean nothing else.
bool may_name_metric(const Token& token) {
  if (token.kind == TokenKind::op) return is_set_operator(token.op);
  for (const std::string_view word : {"on", "ignoring", "bool", "group_left", "group_right"})
    if (token.is(word)) return false;
  return token.is_word();
}

std::int64_t to_milliseconds(double seconds) {
  // As Prometheus: to whole nanoseconds by rounding, to milliseconds by cutting off.
  const auto nanoseconds = static_cast<std::int64_t>(std::round(seconds * 1e9));
  return nanoseconds / 1'000'000;
}

}  // namespace

ExprPtr Parser::vector_selector() {
  SelectorNode selector;
  Span span{peek().at, peek().end()};
  if (!next_is(TokenKind::left_brace)) {
    if (!may_name_metric(peek())) return unexpected();
    selector.name = take().text;
  }
  if (next_is(TokenKind::left_brace) && !braces(selector)) return nullptr;
  span.end = last_end_;
  if (!selector.name.empty()) {
    for (const Matcher& each : selector.matchers)
      if (each.name == kMetricName)
        return fail(span, fmt::format("metric name must not be set twice: {} or {}",
                                      quote(selector.name), quote(each.value)));
    selector.matchers.push_back({Matcher::Kind::equal, std::string(kMetricName), selector.name});
  }
  return std::make_unique<Expr>(std::move(selector), span);
}

bool Parser::braces(SelectorNode& selector) {
  take();
  while (!next_is(TokenKind::right_brace)) {
    if (!matcher(selector)) return false;
    if (next_is(TokenKind::right_brace)) break;
    if (!accept(TokenKind::comma)) {
      unexpected("label matching", "\",\" or \"}\"");
      return false;
    }
  }
  take();
  return true;
}

bool Parser::matcher(SelectorNode& selector) {
  const Token name = peek();
  if (name.kind != TokenKind::identifier && name.kind != TokenKind::string) {
    unexpected("label matching", "identifier or \"}\"");
    return false;
  }
  take();
  std::string label = name.kind == TokenKind::string ? unquote(name.text).value_or("") : name.text;
  const bool alone = next_is(TokenKind::comma) || next_is(TokenKind::right_brace);
  if (name.kind == TokenKind::string && alone) {
    // {"a.metric"}: a quoted text alone is the metric's name.
    return add_matcher({Matcher::Kind::equal, std::string(kMetricName), std::move(label)},
                       {name.at, name.end()}, selector);
  }
  return matcher_value(std::move(label), name, selector);
}

bool Parser::matcher_value(std::string name, const Token& name_token, SelectorNode& selector) {
  Matcher::Kind kind = Matcher::Kind::equal;
  const Token op = peek();
  if (op.kind == TokenKind::op && op.op == BinaryOp::ne) {
    kind = Matcher::Kind::not_equal;
  } else if (op.kind == TokenKind::match_regex) {
    kind = Matcher::Kind::regex;
  } else if (op.kind == TokenKind::match_not_regex) {
    kind = Matcher::Kind::not_regex;
  } else if (op.kind != TokenKind::assign) {
    const bool quoted = name_token.kind == TokenKind::string;
    unexpected("label matching", quoted ? "\",\" or \"}\"" : "label matching operator");
    return false;
  }
  take();
  if (!next_is(TokenKind::string)) {
    unexpected("label matching", "string");
    return false;
  }
  const Token value = take();
  return add_matcher({kind, std::move(name), unquote(value.text).value_or("")},
                     {name_token.at, value.end()}, selector);
}

bool Parser::add_matcher(Matcher matcher, Span where, SelectorNode& selector) {
  if (!is_utf8(matcher.name)) {
    fail(where, fmt::format("invalid label name in matcher: {}", quote(matcher.name)));
    return false;
  }
  if (const auto error = regex_error(matcher)) {
    fail(where, "error parsing regexp: " + *error);
    return false;
  }
  selector.matchers.push_back(std::move(matcher));
  return true;
}

// Everything that may follow an operand, in any order.
ExprPtr Parser::modified(ExprPtr expr) {
  while (expr) {
    if (next_is(TokenKind::left_bracket)) {
      expr = checked_depth(bracket(std::move(expr)));
    } else if (peek().is("offset")) {
      if (!offset(*expr)) return nullptr;
    } else if (next_is(TokenKind::at)) {
      if (!at(*expr)) return nullptr;
    } else if (peek().is("anchored") || peek().is("smoothed")) {
      if (!refuse_extended(*expr)) return nullptr;
    } else {
      return expr;
    }
  }
  return expr;
}

bool Parser::refuse_extended(const Expr& expr) {
  const Span span{expr.span.begin, peek().end()};
  fail(span, fmt::format("{} modifier is experimental and not enabled", take().text));
  return false;
}

ExprPtr Parser::bracket(ExprPtr expr) {
  const Token open = take();
  const auto range = positive_duration("number, duration, step(), or range()");
  if (!range) return nullptr;
  if (next_is(TokenKind::colon)) return subquery_of(std::move(expr), *range);
  if (!next_is(TokenKind::right_bracket)) return unexpected("subquery or range", "\":\" or \"]\"");
  return range_of(std::move(expr), *range, open);
}

ExprPtr Parser::range_of(ExprPtr expr, std::int64_t range, const Token& open) {
  const Span brackets{open.at, take().end()};
  auto* selector = std::get_if<SelectorNode>(&expr->node);
  if (selector == nullptr || selector->range)
    return fail(brackets, "ranges only allowed for vector selectors");
  if (selector->shift.offset != 0)
    return fail(brackets, "no offset modifiers allowed before range");
  if (selector->shift.at != Shift::At::evaluation)
    return fail(brackets, "no @ modifiers allowed before range");
  selector->range = range;
  expr->span.end = last_end_;
  return expr;
}

ExprPtr Parser::subquery_of(ExprPtr expr, std::int64_t range) {
  take();
  SubqueryNode node{.range = range};
  if (!next_is(TokenKind::right_bracket)) {
    node.step = positive_duration("number, duration, step(), range(), or \"]\"");
    if (!node.step) return nullptr;
  }
  if (!next_is(TokenKind::right_bracket)) return unexpected("subquery selector", "\"]\"");
  take();
  const Span span{expr->span.begin, last_end_};
  node.expr = std::move(expr);
  return std::make_unique<Expr>(std::move(node), span);
}

// A duration or a number of seconds. Arithmetic on durations is a feature behind a flag.
std::optional<std::int64_t> Parser::positive_duration(std::string_view expected) {
  const Token first = peek();
  const bool sign =
      first.kind == TokenKind::op && (first.op == BinaryOp::sub || first.op == BinaryOp::add);
  const bool expression = first.kind == TokenKind::context || first.kind == TokenKind::left_paren;
  if (sign) take();
  if (expression) {
    fail({first.at, first.end()}, "experimental duration expression is not enabled");
    return std::nullopt;
  }
  if (!next_is(TokenKind::number) && !next_is(TokenKind::duration)) {
    unexpected("subquery or range selector", expected);
    return std::nullopt;
  }
  const ExprPtr literal = number();
  if (!literal) return std::nullopt;
  if (next_is(TokenKind::op)) {
    fail({first.at, last_end_}, "experimental duration expression is not enabled");
    return std::nullopt;
  }
  const double seconds = std::get<NumberNode>(literal->node).value;
  const Span span{first.at, last_end_};
  if (!(std::fabs(seconds) <= kLongestSeconds)) {
    fail(span, "duration out of range");
    return std::nullopt;
  }
  const bool negative = sign && first.op == BinaryOp::sub;
  const std::int64_t milliseconds = negative ? 0 : to_milliseconds(seconds);
  if (milliseconds <= 0) {
    fail(span, "duration must be greater than 0");
    return std::nullopt;
  }
  return milliseconds;
}

Shift* Parser::shift_of(Expr& expr, std::string_view modifier) {
  if (auto* selector = std::get_if<SelectorNode>(&expr.node)) return &selector->shift;
  if (auto* subquery = std::get_if<SubqueryNode>(&expr.node)) return &subquery->shift;
  return fail(expr.span,
              fmt::format("{} modifier must be preceded by an instant vector selector or "
                          "range vector selector or a subquery",
                          modifier));
}

bool Parser::offset(Expr& expr) {
  take();
  const Token first = peek();
  const bool sign =
      first.kind == TokenKind::op && (first.op == BinaryOp::sub || first.op == BinaryOp::add);
  if (sign) take();
  if (next_is(TokenKind::context) || next_is(TokenKind::left_paren)) {
    fail({peek().at, peek().end()}, "experimental duration expression is not enabled");
    return false;
  }
  if (!next_is(TokenKind::number) && !next_is(TokenKind::duration)) {
    unexpected("offset", "number, duration, step(), or range()");
    return false;
  }
  const ExprPtr literal = number();
  if (!literal) return false;
  double seconds = std::get<NumberNode>(literal->node).value;
  if (sign && first.op == BinaryOp::sub) seconds = -seconds;
  if (!(std::fabs(seconds) <= kLongestSeconds)) {
    fail({first.at, last_end_}, "duration out of range");
    return false;
  }
  Shift* const shift = shift_of(expr, "offset");
  if (shift == nullptr) return false;
  if (shift->offset != 0) {
    fail(expr.span, "offset may not be set multiple times");
    return false;
  }
  shift->offset = to_milliseconds(seconds);
  expr.span.end = last_end_;
  return true;
}

bool Parser::at(Expr& expr) {
  take();
  Shift* const shift = shift_of(expr, "@");
  if (shift == nullptr) return false;
  if (shift->at != Shift::At::evaluation) {
    fail(expr.span, "@ <timestamp> may not be set multiple times");
    return false;
  }
  const bool edge = peek().is("start") || peek().is("end");
  if (!edge) return set_time(*shift, expr) && ((expr.span.end = last_end_), true);
  shift->at = take().is("start") ? Shift::At::start : Shift::At::end;
  if (!accept(TokenKind::left_paren) || !accept(TokenKind::right_paren)) {
    unexpected("@", "timestamp");
    return false;
  }
  expr.span.end = last_end_;
  return true;
}

bool Parser::set_time(Shift& shift, const Expr& expr) {
  const bool sign =
      next_is(TokenKind::op) && (peek().op == BinaryOp::sub || peek().op == BinaryOp::add);
  const bool negative = sign && take().op == BinaryOp::sub;
  if (!next_is(TokenKind::number) && !next_is(TokenKind::duration)) {
    unexpected("@", "timestamp");
    return false;
  }
  const ExprPtr literal = number();
  if (!literal) return false;
  const double value = std::get<NumberNode>(literal->node).value;
  const double seconds = negative ? -value : value;
  if (!(std::fabs(seconds) <= kFarthestSeconds)) {
    fail(expr.span,
         fmt::format("timestamp out of bounds for @ modifier: {}", format_number(seconds)));
    return false;
  }
  shift.at = Shift::At::time;
  shift.time = static_cast<std::int64_t>(std::round(seconds * 1000));
  return true;
}

}  // namespace rules
