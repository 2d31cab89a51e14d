// Cuts a query into tokens. The whole query at once: it is short, and the parser may look ahead.
// The last token is `end`, or `error` where no token could be read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/ast.h"

namespace rules {

enum class TokenKind {
  end,
  error,
  identifier,
  metric_identifier,
  number,
  duration,
  string,
  left_paren,
  right_paren,
  left_brace,
  right_brace,
  left_bracket,
  right_bracket,
  comma,
  colon,
  assign,
  match_regex,
  match_not_regex,
  at,
  trim_lower,
  trim_upper,
  op,
  aggregator,
  keyword,
  context,
};

// Words with a meaning of their own outside braces. The parser knows them by their text in lower
// case; the tables of operators and aggregations are in ast.h.
struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t at = 0;
  std::string text;  // as written; of an error: what is wrong
  BinaryOp op = BinaryOp::add;
  AggregateOp aggregator = AggregateOp::sum;

  std::size_t end() const { return at + text.size(); }
  bool is_word() const;                     // may be a label name
  bool is(std::string_view keyword) const;  // this keyword, in any case
  std::string description() const;          // as in "unexpected identifier \"foo\""
};

std::vector<Token> lex(std::string_view query);

}  // namespace rules
