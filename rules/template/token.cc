#include "rules/template/token.h"

#include <fmt/format.h>

#include "rules/template/utf8.h"

namespace rules::templates {
namespace {

using Kind = Token::Kind;

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::size_t kMostTokens = 100'000;

bool is_space(char letter) { return kSpace.find(letter) != std::string_view::npos; }
bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_name(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return is_digit(letter) || (byte | 32) - 'a' < 26u || letter == '_' || byte >= 0x80;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (!failed_ && at_ < text_.size() && tokens_.size() < kMostTokens) {
      if (inside_) {
        action();
      } else {
        outside();
      }
    }
    if (tokens_.size() >= kMostTokens && !failed_) fail("the template is too long");
    if (inside_ && !failed_) fail("unclosed action");
    if (!failed_) tokens_.push_back({Kind::end, "", at_});
    return std::move(tokens_);
  }

 private:
  void fail(std::string why) {
    failed_ = true;
    tokens_.push_back({Kind::error, std::move(why), std::min(at_, text_.size())});
  }
  std::string_view rest() const { return text_.substr(at_); }
  void take(Kind kind, std::size_t size) {
    tokens_.push_back({kind, std::string(text_.substr(at_, size)), at_});
    at_ += size;
  }

  // Text up to the next action, without what the action's "- " trims away.
  void outside() {
    const std::size_t open = std::min(text_.find("{{", at_), text_.size());
    std::string_view text = text_.substr(at_, open - at_);
    if (trims_) text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    trims_ = false;
    const bool trim =
        open + 3 < text_.size() && text_[open + 2] == '-' && is_space(text_[open + 3]);
    if (trim) {
      const std::size_t last = text.find_last_not_of(kSpace);
      text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
    }
    if (!text.empty()) tokens_.push_back({Kind::text, std::string(text), at_});
    at_ = open;
    if (at_ == text_.size()) return;
    const std::size_t inner = open + 2 + (trim ? 2 : 0);
    if (text_.substr(inner).starts_with("/*")) return comment(inner);
    tokens_.push_back({Kind::open, "{{", at_});
    at_ = trim ? open + 3 : open + 2;
    inside_ = true;
    depth_ = 0;
  }

  void comment(std::size_t inner) {
    const std::size_t end = text_.find("*/", inner + 2);
    if (end == std::string_view::npos) return fail("unclosed comment");
    at_ = end + 2;
    if (rest().size() > 3 && is_space(rest()[0]) && rest().substr(1).starts_with("-}}")) {
      trims_ = true;
      at_ += 4;
      return;
    }
    if (!rest().starts_with("}}")) return fail("comment ends before closing delimiter");
    at_ += 2;
  }

  bool closes() {
    const std::string_view left = rest();
    const bool trim = left.size() > 3 && is_space(left[0]) && left.substr(1).starts_with("-}}");
    if (!trim && !left.starts_with("}}")) return false;
    if (depth_ > 0) {
      fail("unclosed left paren");
      return true;
    }
    trims_ = trim;
    tokens_.push_back({Kind::close, "}}", at_});
    at_ += trim ? 4 : 2;
    inside_ = false;
    return true;
  }

  void action() {
    if (closes()) return;
    const char letter = text_[at_];
    if (is_space(letter)) return take(Kind::space, spaces());
    if (letter == '"' || letter == '`') return string(letter);
    if (letter == '\'') return character();
    if (letter == '$') return take(Kind::variable, 1 + name_length(1));
    if (letter == '.') return point();
    if (is_digit(letter) || letter == '+' || letter == '-') return number();
    if (rest().starts_with(":=")) return take(Kind::symbol, 2);
    if (is_name(letter)) return take(Kind::identifier, name_length(0));
    if (std::string_view("|(),=").find(letter) != std::string_view::npos) return symbol(letter);
    fail(fmt::format("unrecognized character in action: U+{:04X}",
                     static_cast<std::uint32_t>(first_letter(rest()))));
  }

  // Space before a "-}}" belongs to the end of the action.
  std::size_t spaces() const {
    std::size_t size = 1;
    while (at_ + size < text_.size() && is_space(text_[at_ + size])) ++size;
    return rest().substr(size).starts_with("-}}") && size > 1 ? size - 1 : size;
  }

  std::size_t name_length(std::size_t from) const {
    std::size_t size = from;
    while (at_ + size < text_.size() && is_name(text_[at_ + size])) ++size;
    return size - from;
  }

  void symbol(char letter) {
    if (letter == '(') ++depth_;
    if (letter == ')' && --depth_ < 0) return fail("unexpected right paren");
    take(Kind::symbol, 1);
  }

  void point() {
    if (rest().size() > 1 && is_digit(rest()[1])) return number();
    const std::size_t size = name_length(1);
    take(size == 0 ? Kind::dot : Kind::field, 1 + size);
  }

  void number() {
    std::size_t size = 1;
    while (at_ + size < text_.size()) {
      const char letter = text_[at_ + size];
      const char before = static_cast<char>(text_[at_ + size - 1] | 32);
      const bool sign = (letter == '+' || letter == '-') && (before == 'e' || before == 'p');
      if (!sign && !is_name(letter) && letter != '.') break;
      ++size;
    }
    take(Kind::number, size);
  }

  void string(char quote) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) {
      if (quote == '"' && text_[end] == '\n') break;
      end += quote == '"' && text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size() || text_[end] != quote) {
      return fail(quote == '"' ? "unterminated quoted string" : "unterminated raw quoted string");
    }
    std::string value;
    if (!unquote(text_.substr(at_, end + 1 - at_), value))
      return fail("invalid syntax in a string");
    tokens_.push_back({Kind::string, std::move(value), at_});
    at_ = end + 1;
  }

  void character() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '\'' && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size() || text_[end] != '\'') {
      return fail("unterminated character constant");
    }
    std::string value;
    const bool fine = unquote(text_.substr(at_, end + 1 - at_), value);
    if (!fine || letters_in(value) != 1) return fail("malformed character constant");
    tokens_.push_back({Kind::letter, std::move(value), at_});
    at_ = end + 1;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool inside_ = false, trims_ = false, failed_ = false;
  int depth_ = 0;
  std::vector<Token> tokens_;
};

constexpr std::string_view kEscapes = "abfnrtv\\'\"";
constexpr std::string_view kEscaped = "\a\b\f\n\r\t\v\\'\"";

// So many digits of a base; false when they are not there.
bool digits(std::string_view& rest, std::size_t count, unsigned base, std::uint32_t& value) {
  value = 0;
  if (rest.size() < count) return false;
  for (const char letter : rest.substr(0, count)) {
    const char small = static_cast<char>(letter | 32);
    const unsigned digit = is_digit(letter)               ? static_cast<unsigned>(letter - '0')
                           : small >= 'a' && small <= 'f' ? static_cast<unsigned>(small - 'a' + 10)
                                                          : 99;
    if (digit >= base) return false;
    value = value * base + digit;
  }
  rest.remove_prefix(count);
  return true;
}

bool unescape(std::string_view& rest, std::string& out) {
  if (rest.empty()) return false;
  const char letter = rest[0];
  std::uint32_t value = 0;
  if (const std::size_t known = kEscapes.find(letter); known != std::string_view::npos) {
    rest.remove_prefix(1);
    out += kEscaped[known];
    return true;
  }
  if (is_digit(letter)) {
    if (!digits(rest, 3, 8, value) || value > 255) return false;
    out += static_cast<char>(value);
    return true;
  }
  rest.remove_prefix(1);
  const std::size_t count = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (count == 0 || !digits(rest, count, 16, value)) return false;
  if (letter == 'x') {
    out += static_cast<char>(value);
    return true;
  }
  if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return false;
  out += utf8(value);
  return true;
}

}  // namespace

std::vector<Token> tokens_of(std::string_view text) { return Lexer(text).run(); }

bool unquote(std::string_view quoted, std::string& value) {
  const char quote = quoted[0];
  std::string_view rest = quoted.substr(1, quoted.size() - 2);
  value.clear();
  if (quote == '`') {
    value = rest;
    std::erase(value, '\r');
    return true;
  }
  while (!rest.empty()) {
    const char letter = rest[0];
    rest.remove_prefix(1);
    if (letter != '\\') {
      value += letter;
    } else if (!unescape(rest, value)) {
      return false;
    }
  }
  return true;
}

}  // namespace rules::templates
