// The parser's own header: one class whose parts stand in three files. parser.cc reads expressions,
// parser_selector.cc what stands in braces and behind a selector, parser_call.cc calls,
// aggregations and the modifiers of operators.
//
// The first error stays and ends the parsing: functions return null or false then.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/promql/lexer.h"
#include "rules/promql/parser.h"

namespace rules {

class Parser {
 public:
  explicit Parser(std::string_view query) : query_(query), tokens_(lex(query)) {}

  ExprPtr query();     // everything up to the end
  ExprPtr selector();  // one selector up to the end
  ParseError error() const;

 private:
  // parser.cc
  ExprPtr expression(int min_precedence);
  ExprPtr operand();
  ExprPtr unary();
  ExprPtr primary();
  bool begins_aggregate() const;
  ExprPtr parenthesised();
  ExprPtr number();
  ExprPtr literal_string();
  ExprPtr binary(ExprPtr left, int level);
  std::optional<double> duration_seconds(const Token& token);
  ExprPtr checked_depth(ExprPtr expr);

  // parser_selector.cc
  ExprPtr vector_selector();
  bool braces(SelectorNode& selector);
  bool matcher(SelectorNode& selector);
  bool matcher_value(std::string name, const Token& name_token, SelectorNode& selector);
  bool add_matcher(Matcher matcher, Span where, SelectorNode& selector);
  ExprPtr modified(ExprPtr expr);
  ExprPtr bracket(ExprPtr expr);
  ExprPtr range_of(ExprPtr expr, std::int64_t range, const Token& open);
  ExprPtr subquery_of(ExprPtr expr, std::int64_t range);
  std::optional<std::int64_t> positive_duration(std::string_view expected);
  bool offset(Expr& expr);
  bool at(Expr& expr);
  bool set_time(Shift& shift, const Expr& expr);
  Shift* shift_of(Expr& expr, std::string_view modifier);
  bool refuse_extended(const Expr& expr);

  // parser_call.cc
  ExprPtr call();
  ExprPtr aggregate();
  ExprPtr make_aggregate(const Token& op, AggregateNode node, std::vector<ExprPtr> args);
  bool aggregate_modifier(AggregateNode& node);
  std::optional<std::vector<ExprPtr>> arguments();
  bool grouping(std::vector<std::string>& names);
  bool grouping_label(std::vector<std::string>& names);
  bool binary_modifiers(BinaryNode& node);

  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
  }
  bool next_is(TokenKind kind) const { return peek().kind == kind; }
  Token take();
  bool accept(TokenKind kind);
  // Complains of the next token.
  std::nullptr_t unexpected(std::string_view context = "", std::string_view expected = "");
  std::nullptr_t fail(Span span, std::string message);

  std::string_view query_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  std::size_t last_end_ = 0;  // of the last token taken
  int depth_ = 0;             // of the calls on the stack
  std::optional<ParseError> error_;
};

}  // namespace rules
