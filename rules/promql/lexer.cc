// The lexer follows Prometheus' rules of what is a word where: inside braces every word is a label
// name, inside brackets there are only durations, and elsewhere keywords count in any case.
#include "rules/promql/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "rules/promql/quote.h"
#include "rules/promql/utf8.h"

namespace rules {
namespace {

constexpr std::array kKeywords = {
    std::string_view("offset"),  std::string_view("smoothed"),   std::string_view("anchored"),
    std::string_view("by"),      std::string_view("without"),    std::string_view("on"),
    std::string_view("bool"),    std::string_view("group_left"), std::string_view("group_right"),
    std::string_view("fill"),    std::string_view("fill_left"),  std::string_view("fill_right"),
    std::string_view("ignoring")};
constexpr std::array kContextWords = {std::string_view("start"),  std::string_view("end"),
                                      std::string_view("step"),   std::string_view("range"),
                                      std::string_view("max_of"), std::string_view("min_of")};
constexpr std::array<std::pair<char, TokenKind>, 9> kMarks = {{{'(', TokenKind::left_paren},
                                                               {')', TokenKind::right_paren},
                                                               {'{', TokenKind::left_brace},
                                                               {'}', TokenKind::right_brace},
                                                               {'[', TokenKind::left_bracket},
                                                               {']', TokenKind::right_bracket},
                                                               {',', TokenKind::comma},
                                                               {':', TokenKind::colon},
                                                               {'@', TokenKind::at}}};

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_space(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
}
bool is_alpha(char letter) {
  return letter == '_' || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}
bool is_alphanumeric(char letter) { return is_alpha(letter) || is_digit(letter); }

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& letter : out)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return out;
}

std::optional<BinaryOp> operator_named(std::string_view text) {
  for (int each = 0; each <= static_cast<int>(BinaryOp::lunless); ++each)
    if (op_text(static_cast<BinaryOp>(each)) == text) return static_cast<BinaryOp>(each);
  return std::nullopt;
}

std::optional<AggregateOp> aggregator_named(std::string_view text) {
  for (int each = 0; each <= static_cast<int>(AggregateOp::quantile); ++each)
    if (op_text(static_cast<AggregateOp>(each)) == text) return static_cast<AggregateOp>(each);
  return std::nullopt;
}

class Lexer {
 public:
  explicit Lexer(std::string_view query) : query_(query) {}

  std::vector<Token> run() {
    do {
      skip_blanks();
      start_ = at_;
      next();
    } while (tokens_.back().kind != TokenKind::end && tokens_.back().kind != TokenKind::error);
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < query_.size() ? query_[at_ + ahead] : '\0';
  }
  bool at_end() const { return at_ >= query_.size(); }
  std::string_view text() const { return query_.substr(start_, at_ - start_); }

  // The character here as errors show it: 'x'.
  std::string shown() const {
    if (at_end()) return "end of input";
    const Rune rune = decode_rune(query_.substr(at_));
    const std::string quoted = quote(query_.substr(at_, rune.bytes));
    const std::string inside = quoted.substr(1, quoted.size() - 2);
    if (inside == "\\\"") return "'\"'";
    return inside == "'" ? "'\\''" : "'" + inside + "'";
  }

  void emit(TokenKind kind) {
    tokens_.push_back({.kind = kind, .at = start_, .text = std::string(text())});
  }
  void emit_op(BinaryOp op) {
    emit(TokenKind::op);
    tokens_.back().op = op;
  }
  void error(std::string what) {
    tokens_.push_back({.kind = TokenKind::error, .at = start_, .text = std::move(what)});
  }

  void skip_blanks() {
    while (!at_end()) {
      if (is_space(peek())) {
        ++at_;
      } else if (peek() == '#') {
        while (!at_end() && peek() != '\n' && peek() != '\r') ++at_;
      } else {
        return;
      }
    }
  }

  void next() {
    if (in_braces_) return inside_braces();
    if (in_brackets_ && !got_duration_) return before_duration();
    if (at_end()) return end();
    const char letter = peek();
    if (is_digit(letter) || (letter == '.' && is_digit(peek(1)))) return number_or_duration();
    if (letter == '"' || letter == '\'' || letter == '`') return string();
    if (in_brackets_ && (is_alpha(letter) || letter == ':')) return inside_brackets();
    if (is_alpha(letter) || letter == ':') return word();
    if (mark()) return;
    operator_sign();
  }

  void end() {
    if (parens_ != 0) return error("unclosed left parenthesis");
    if (in_brackets_) return error("unclosed left bracket");
    emit(TokenKind::end);
  }

  bool mark() {
    const auto found = std::ranges::find(kMarks, peek(), &std::pair<char, TokenKind>::first);
    if (found == kMarks.end() || peek() == '}') return false;
    const TokenKind kind = found->second;
    if (kind == TokenKind::left_bracket && in_brackets_) {
      error("unexpected left bracket '['");
      return true;
    }
    if (kind == TokenKind::right_bracket && !in_brackets_) {
      error("unexpected right bracket ']'");
      return true;
    }
    if (kind == TokenKind::right_paren && parens_ == 0) {
      start_ = ++at_;  // said of what follows it, as Prometheus does
      error("unexpected right parenthesis ')'");
      return true;
    }
    if (kind == TokenKind::left_paren) ++parens_;
    if (kind == TokenKind::right_paren) --parens_;
    if (kind == TokenKind::left_brace) in_braces_ = true;
    if (kind == TokenKind::right_bracket) in_brackets_ = false;
    if (kind == TokenKind::left_bracket) {
      in_brackets_ = true;
      got_colon_ = got_duration_ = false;
    }
    ++at_;
    emit(kind);
    return true;
  }

  void operator_sign() {
    const char letter = peek();
    ++at_;
    if (letter == '=' && peek() == '~')
      return error(fmt::format("unexpected character after '=': {}", shown()));
    if (letter == '!' && peek() != '=')
      return error(fmt::format("unexpected character after '!': {}", shown()));
    if ((letter == '=' || letter == '!' || letter == '<' || letter == '>') && peek() == '=') ++at_;
    if ((letter == '<' && peek() == '/') || (letter == '>' && peek() == '/' && text() == ">")) {
      ++at_;
      return emit(letter == '<' ? TokenKind::trim_upper : TokenKind::trim_lower);
    }
    if (text() == "=") return emit(TokenKind::assign);
    if (const auto op = operator_named(text())) return emit_op(*op);
    at_ = start_;
    error(fmt::format("unexpected character: {}", shown()));
  }

  // Right after '[' or the colon: a sign, parentheses or the start of a duration.
  void before_duration() {
    const char letter = peek();
    if (at_end()) return error("unexpected end of input in duration expression");
    if (is_digit(letter) || (letter == '.' && is_digit(peek(1)))) {
      got_duration_ = true;
      return number_or_duration();
    }
    if (letter == ':') return error("unexpected colon before duration in duration expression");
    if (std::string_view("()],").find(letter) != std::string_view::npos) {
      mark();
      return;
    }
    if (std::string_view("+-*/%^").find(letter) != std::string_view::npos) return operator_sign();
    if (is_alpha(letter) && context_word()) return;
    at_ = start_;
    error(fmt::format("unexpected character in duration expression: {}", shown()));
  }

  void inside_brackets() {
    if (peek() == ':') {
      if (got_colon_) return error("unexpected colon ':'");
      got_colon_ = true;
      ++at_;
      return emit(TokenKind::colon);
    }
    if (context_word()) return;
    at_ = start_;
    error(fmt::format("unexpected character: {}, expected ':'", shown()));
  }

  // step, range, min_of or max_of: the words of duration expressions.
  bool context_word() {
    while (is_alpha(peek())) ++at_;
    const std::string word = lower(text());
    if (word != "step" && word != "range" && word != "min_of" && word != "max_of") return false;
    got_duration_ = true;
    emit(TokenKind::context);
    return true;
  }

  void inside_braces() {
    if (at_end()) return error("unexpected end of input inside braces");
    const char letter = peek();
    if (is_alpha(letter)) {
      while (is_alphanumeric(peek())) ++at_;
      return emit(TokenKind::identifier);
    }
    if (letter == '"' || letter == '\'' || letter == '`') return string();
    ++at_;
    if (letter == ',') return emit(TokenKind::comma);
    if (letter == '=' || letter == '!') return match_operator(letter);
    if (letter == '}') {
      in_braces_ = false;
      return emit(TokenKind::right_brace);
    }
    at_ = start_;
    if (letter == '{') return error("unexpected left brace '{'");
    error(fmt::format("unexpected character inside braces: {}", shown()));
  }

  void match_operator(char letter) {
    if (peek() == '~') {
      ++at_;
      return emit(letter == '=' ? TokenKind::match_regex : TokenKind::match_not_regex);
    }
    if (letter == '=') return emit(TokenKind::assign);
    if (peek() != '=')
      return error(fmt::format("unexpected character after '!' inside braces: {}", shown()));
    ++at_;
    emit_op(BinaryOp::ne);
  }

  void word() {
    while (is_alphanumeric(peek()) || peek() == ':') ++at_;
    const std::string word = lower(text());
    if (const auto op = operator_named(word)) return emit_op(*op);
    if (const auto aggregator = aggregator_named(word)) {
      emit(TokenKind::aggregator);
      tokens_.back().aggregator = *aggregator;
      return;
    }
    if (word == "inf" || word == "nan") return emit(TokenKind::number);
    if (std::ranges::find(kContextWords, word) != kContextWords.end())
      return emit(TokenKind::context);
    const bool keyword = std::ranges::find(kKeywords, word) != kKeywords.end();
    // So that metrics may go on being named "fill".
    if (keyword && (!word.starts_with("fill") || before_paren())) return emit(TokenKind::keyword);
    emit(text().find(':') == std::string_view::npos ? TokenKind::identifier
                                                    : TokenKind::metric_identifier);
  }

  bool before_paren() const {
    std::size_t ahead = 0;
    while (is_space(peek(ahead))) ++ahead;
    return peek(ahead) == '(';
  }

  void string() {
    const char mark = peek();
    ++at_;
    while (!at_end() && peek() != mark) {
      if (mark != '`' && peek() == '\n') return error("unterminated quoted string");
      const Rune rune = decode_rune(query_.substr(at_));
      if (!rune.valid) return error("invalid UTF-8 rune");
      at_ += rune.bytes;
      if (mark != '`' && rune.code == '\\' && !at_end()) ++at_;
    }
    if (at_end())
      return error(mark == '`' ? "unterminated raw string" : "unterminated quoted string");
    ++at_;
    if (!unquote(text())) return error(fmt::format("invalid escape sequence in {}", text()));
    emit(TokenKind::string);
  }

  void number_or_duration() {
    if (scan_number()) return emit(TokenKind::number);
    if (scan_duration()) return emit(TokenKind::duration);
    if (is_alphanumeric(peek()) || peek() == '.') ++at_;  // what is wrong is shown too
    error(fmt::format("bad number or duration syntax: {}", quote(text())));
  }

  bool take(std::string_view set) {
    if (at_end() || set.find(peek()) == std::string_view::npos) return false;
    ++at_;
    return true;
  }

  // The characters of a number; whether they are one is for the parser. Where it stops at a letter
  // the digits so far may begin a duration.
  bool scan_number() {
    const bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
    const std::string_view digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
    if (hex) at_ += 2;
    bool dot = false, exponent = false;
    while (!at_end()) {
      if (take(digits)) continue;
      if (peek() == '_' && (is_alphanumeric(peek(1)) || hex)) {
        ++at_;
      } else if (peek() == '.' && !dot && !exponent && !hex) {
        dot = true;
        ++at_;
      } else if ((peek() == 'e' || peek() == 'E') && !exponent && !hex && begins_exponent()) {
        exponent = true;
        ++at_;
        take("+-");
      } else {
        break;
      }
    }
    return !is_alphanumeric(peek()) && peek() != '.';
  }

  bool begins_exponent() const {
    const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    return is_digit(peek(1 + sign));
  }

  bool scan_duration() {
    if (!take("smhdwy")) return false;
    take("s");
    while (take("0123456789")) {
      while (take("0123456789")) {
      }
      if (!take("smhdw")) return false;
      take("s");
    }
    return !is_alphanumeric(peek());
  }

  std::string_view query_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0, start_ = 0;
  int parens_ = 0;
  bool in_braces_ = false, in_brackets_ = false, got_colon_ = false, got_duration_ = false;
};

}  // namespace

bool Token::is_word() const {
  if (kind == TokenKind::identifier || kind == TokenKind::metric_identifier) return true;
  if (kind == TokenKind::aggregator || kind == TokenKind::keyword || kind == TokenKind::context)
    return true;
  return kind == TokenKind::op && is_alpha(text.front());
}

bool Token::is(std::string_view keyword) const {
  return (kind == TokenKind::keyword || kind == TokenKind::context) && lower(text) == keyword;
}

std::string Token::description() const {
  switch (kind) {
    case TokenKind::end:
      return "end of input";
    case TokenKind::error:
      return text;
    case TokenKind::identifier:
      return "identifier " + quote(text);
    case TokenKind::metric_identifier:
      return "metric identifier " + quote(text);
    case TokenKind::number:
    case TokenKind::duration:
    case TokenKind::string: {
      const std::string_view name = kind == TokenKind::number     ? "number "
                                    : kind == TokenKind::duration ? "duration "
                                                                  : "string ";
      const bool cut = text.size() > 10;
      return fmt::format("{}{}{}", name, quote(text.substr(0, 10)), cut ? "..." : "");
    }
    case TokenKind::keyword:
      return fmt::format("<{}>", text);
    case TokenKind::aggregator:
      return fmt::format("<aggr:{}>", text);
    case TokenKind::op:
    case TokenKind::at:
    case TokenKind::match_regex:
    case TokenKind::match_not_regex:
    case TokenKind::trim_lower:
    case TokenKind::trim_upper:
      return fmt::format("<op:{}>", text);
    default:
      return quote(text);
  }
}

std::vector<Token> lex(std::string_view query) { return Lexer(query).run(); }

}  // namespace rules
