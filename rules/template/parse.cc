// From words to a tree, by recursive descent with a limit on its depth.
#include <algorithm>
#include <charconv>
#include <set>

#include "rules/template/go_text.h"
#include "rules/template/token.h"
#include "rules/template/tree.h"
#include "rules/template/utf8.h"

namespace rules::templates {
namespace {

using Kind = Token::Kind;

constexpr int kDeepest = 100;
constexpr std::string_view kKeywords[] = {"block", "break", "continue", "define",   "else", "end",
                                          "if",    "nil",   "range",    "template", "with"};

bool is_keyword(const std::string& word) {
  return std::find(std::begin(kKeywords), std::end(kKeywords), word) != std::end(kKeywords);
}

// What Go reads as an integer or as a float; base prefixes and underscores included.
bool number_value(std::string text, Value& value) {
  std::erase(text, '_');
  const bool negative = text.starts_with('-');
  const std::size_t sign = negative || text.starts_with('+') ? 1 : 0;
  std::string_view digits = std::string_view(text).substr(sign);
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char prefix = static_cast<char>(digits[1] | 32);
    base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : prefix == 'o' ? 8 : 10;
    if (base != 10) digits.remove_prefix(2);
    const bool octal = base == 10 && digits.find_first_not_of("01234567") == std::string_view::npos;
    if (octal) base = 8;
  }
  std::uint64_t whole = 0;
  const char* end = digits.end();
  const auto read = std::from_chars(digits.begin(), end, whole, base);
  if (!digits.empty() && read.ec == std::errc() && read.ptr == end && whole >> 63 == 0) {
    value = negative ? -static_cast<std::int64_t>(whole) : static_cast<std::int64_t>(whole);
    return true;
  }
  if (digits.find_first_not_of("0123456789") == std::string_view::npos) return false;
  double number = 0;
  const auto format = base == 16 ? std::chars_format::hex : std::chars_format::general;
  const bool begins =
      !digits.empty() && (digits[0] == '.' || (digits[0] >= '0' && digits[0] <= '9'));
  const auto real = std::from_chars(digits.begin(), end, number, format);
  if (!begins || base == 2 || real.ec != std::errc() || real.ptr != end) return false;
  value = negative ? -number : number;
  return true;
}

class Parser {
 public:
  explicit Parser(Tree& tree) : tree_(tree), tokens_(tokens_of(tree.text)) {}

  std::optional<Error> run() {
    variables_ = {"$", "$labels", "$externalLabels", "$externalURL", "$value"};
    std::vector<Node> body;
    const std::string end = list(body, 0);
    if (!failure_ && !end.empty()) fail("unexpected {{" + end + "}}");
    tree_.main = std::move(body);
    return failure_;
  }

 private:
  const Token& peek() const { return tokens_[next_]; }
  // The last token stays.
  const Token& take() {
    const Token& token = tokens_[next_];
    if (next_ + 1 < tokens_.size()) ++next_;
    return token;
  }
  void skip_space() {
    while (peek().kind == Kind::space) take();
  }
  bool is_symbol(std::string_view text) const {
    return peek().kind == Kind::symbol && peek().text == text;
  }
  bool is_word(std::string_view text) const {
    return peek().kind == Kind::identifier && peek().text == text;
  }

  void fail(std::string message) { fail(std::move(message), peek().at); }
  void fail(std::string message, std::size_t at) {
    if (failure_) return;
    if (peek().kind == Kind::error) {
      message = peek().text;
      at = peek().at;
    }
    failure_ = tree_.error(at, std::move(message));
  }
  void unexpected(const std::string& where) {
    const Token& token = peek();
    if (token.kind == Kind::end) return fail("unexpected EOF");
    fail("unexpected " + quoted(token.text) + " in " + where);
  }

  // Nodes up to an {{end}} or {{else ...}} of the list's owner, whose word is returned with the
  // tokens standing behind it; empty at the end of the text.
  std::string list(std::vector<Node>& nodes, int depth) {
    if (depth > kDeepest) fail("nested too deep");
    while (!failure_ && peek().kind != Kind::end) {
      if (peek().kind == Kind::text) {
        Node node;
        node.at = peek().at;
        node.text = take().text;
        nodes.push_back(std::move(node));
        continue;
      }
      if (peek().kind != Kind::open) {
        unexpected("input");
        break;
      }
      take();
      skip_space();
      if (is_word("end") || is_word("else")) return take().text;
      action(nodes, depth);
    }
    return "";
  }

  void close(const char* where) {
    skip_space();
    if (peek().kind != Kind::close) return unexpected(where);
    take();
  }

  void action(std::vector<Node>& nodes, int depth) {
    const std::size_t at = peek().at;
    const std::string word = peek().kind == Kind::identifier ? peek().text : "";
    if (word == "define") return define(depth);
    Node node;
    node.at = at;
    if (word == "if" || word == "with" || word == "range") {
      take();
      node.kind = word == "if"     ? Node::Kind::if_
                  : word == "with" ? Node::Kind::with
                                   : Node::Kind::range;
      control(node, word, depth);
    } else if (word == "template" || word == "block") {
      take();
      call(node, word == "block", depth);
    } else if (word == "break" || word == "continue") {
      take();
      node.kind = word == "break" ? Node::Kind::break_ : Node::Kind::continue_;
      if (loops_ == 0) fail("{{" + word + "}} outside {{range}}", at);
      close(word.c_str());
    } else {
      node.kind = Node::Kind::action;
      node.pipe = pipeline("command", depth);
      close("command");
    }
    nodes.push_back(std::move(node));
  }

  // if, with and range: the body, and what happens otherwise. "else if" is an if within the else.
  void control(Node& node, const std::string& word, int depth) {
    const std::size_t scope = variables_.size();
    node.pipe = pipeline(word.c_str(), depth, word == "range");
    close(word.c_str());
    loops_ += word == "range" ? 1 : 0;
    std::string end = list(node.body, depth + 1);
    loops_ -= word == "range" ? 1 : 0;
    if (end == "else") {
      skip_space();
      if (word != "range" && is_word(word)) {
        Node other;
        other.kind = node.kind;
        other.at = take().at;
        if (depth + 1 > kDeepest) return fail("nested too deep");
        control(other, word, depth + 1);
        node.otherwise.push_back(std::move(other));
        variables_.resize(scope);
        return;
      }
      close("else");
      end = list(node.otherwise, depth + 1);
    }
    variables_.resize(scope);
    if (end != "end") return end.empty() ? unexpected(word) : fail("expected end; found {{else}}");
    close("end");
  }

  void define(int depth) {
    const std::size_t at = take().at;
    skip_space();
    if (depth > 0) return fail("unexpected {{define}}", at);
    if (peek().kind != Kind::string) return unexpected("define clause");
    const std::string name = take().text;
    close("define clause");
    body_of(name, depth);
  }

  // A template of its own, which sees none of the variables here.
  void body_of(const std::string& name, int depth) {
    std::vector<std::string> variables = {"$"};
    std::swap(variables, variables_);
    const int loops = std::exchange(loops_, 0);
    std::vector<Node> body;
    const std::string end = list(body, depth + 1);
    std::swap(variables, variables_);
    loops_ = loops;
    if (end != "end")
      return end.empty() ? unexpected("define clause") : fail("unexpected {{else}}");
    close("end");
    if (!defined_.insert(name).second)
      return fail("template: multiple definition of template " + quoted(name));
    tree_.templates.insert_or_assign(name, std::move(body));
  }

  void call(Node& node, bool block, int depth) {
    node.kind = Node::Kind::call;
    skip_space();
    const char* where = block ? "block clause" : "template clause";
    if (peek().kind != Kind::string) return unexpected(where);
    node.text = take().text;
    skip_space();
    if (peek().kind != Kind::close || block) node.pipe = pipeline(where, depth);
    close(where);
    if (block) body_of(node.text, depth);
  }

  Pipe pipeline(const char* where, int depth, bool range = false) {
    Pipe pipe;
    skip_space();
    pipe.at = peek().at;
    declarations(pipe, range);
    while (!failure_) {
      skip_space();
      pipe.commands.push_back(command(where, depth));
      pipe.end = pipe.commands.back().end;
      if (!is_symbol("|")) break;
      take();
    }
    for (std::size_t i = 1; i < pipe.commands.size() && !failure_; ++i) {
      const Expression& first = pipe.commands[i].parts[0];
      using Is = Expression::Kind;
      if (first.kind == Is::constant || first.kind == Is::nil ||
          (first.kind == Is::dot && first.fields.empty())) {
        fail("non executable command in pipeline stage " + std::to_string(i + 1), first.at);
      }
    }
    if (!pipe.assigns) {
      for (const std::string& name : pipe.variables) variables_.push_back(name);
    }
    return pipe;
  }

  // $x := and $x = in front of a pipeline; for a range $i, $x := too.
  void declarations(Pipe& pipe, bool range) {
    const std::size_t begin = next_;
    std::vector<std::string> names;
    while (peek().kind == Kind::variable && names.size() < 2) {
      names.push_back(take().text);
      skip_space();
      if (!is_symbol(",")) break;
      if (!range) return fail("too many declarations in command");
      take();
      skip_space();
    }
    if (names.empty() || (!is_symbol(":=") && !is_symbol("="))) {
      next_ = begin;
      return;
    }
    pipe.assigns = take().text == "=";
    for (const std::string& name : names) {
      if (pipe.assigns) check_variable(name, tokens_[begin].at);
    }
    pipe.variables = std::move(names);
  }

  void check_variable(const std::string& name, std::size_t at) {
    if (std::find(variables_.begin(), variables_.end(), name) == variables_.end()) {
      fail("undefined variable " + quoted(name), at);
    }
  }

  Command command(const char* where, int depth) {
    Command command;
    command.at = peek().at;
    while (!failure_) {
      skip_space();
      if (peek().kind == Kind::close || is_symbol("|") || is_symbol(")")) break;
      command.parts.push_back(operand(where, depth));
      command.end = command.parts.back().end;
      const bool apart = peek().kind == Kind::space || peek().kind == Kind::close ||
                         is_symbol("|") || is_symbol(")");
      if (!apart) unexpected("operand");
    }
    if (command.parts.empty() && !failure_) fail(std::string("missing value for ") + where);
    if (command.parts.empty()) command.parts.emplace_back();
    return command;
  }

  Expression operand(const char* where, int depth) {
    Expression expression = term(where, depth);
    while (!failure_ && peek().kind == Kind::field) {
      using Is = Expression::Kind;
      if (expression.kind == Is::constant || expression.kind == Is::nil) {
        fail("unexpected . after term " +
             quoted(tree_.text.substr(expression.at, expression.end - expression.at)));
      }
      expression.fields.push_back(take().text.substr(1));
      expression.end = end_of_last();
    }
    return expression;
  }

  std::size_t end_of_last() const { return peek().at; }

  Expression term(const char* where, int depth) {
    Expression result;
    result.at = peek().at;
    using Is = Expression::Kind;
    const Token token = peek();
    if (is_symbol("(")) {
      if (depth > kDeepest) fail("nested too deep");
      take();
      result.kind = Is::pipe;
      result.pipe = std::make_unique<Pipe>(pipeline("parenthesized pipeline", depth + 1));
      skip_space();
      if (!is_symbol(")")) unexpected("parenthesized pipeline");
    } else if (token.kind == Kind::variable) {
      result.kind = Is::variable;
      result.name = token.text;
      check_variable(token.text, token.at);
    } else if (token.kind == Kind::field) {
      result.fields.push_back(token.text.substr(1));
    } else if (token.kind == Kind::identifier) {
      word(result, token);
    } else if (token.kind != Kind::dot) {
      constant(result, token, where);
    }
    if (!failure_) take();
    result.end = end_of_last();
    return result;
  }

  void word(Expression& result, const Token& token) {
    using Is = Expression::Kind;
    result.kind = Is::constant;
    if (token.text == "true" || token.text == "false") {
      result.constant = token.text == "true";
    } else if (token.text == "nil") {
      result.kind = Is::nil;
    } else if (is_keyword(token.text)) {
      unexpected("operand");
    } else {
      result.kind = Is::function;
      result.name = token.text;
      if (!is_function(token.text)) fail("function " + quoted(token.text) + " not defined");
    }
  }

  void constant(Expression& result, const Token& token, const char* where) {
    result.kind = Expression::Kind::constant;
    if (token.kind == Kind::string) {
      result.constant = token.text;
    } else if (token.kind == Kind::letter) {
      result.constant = static_cast<std::int64_t>(first_letter(token.text));
    } else if (token.kind != Kind::number) {
      unexpected(where);
    } else if (!number_value(token.text, result.constant)) {
      const bool large = token.text.find_first_not_of("+-0123456789_") == std::string::npos;
      fail((large ? "integer overflow: " : "bad number syntax: ") + quoted(token.text));
    }
  }

  Tree& tree_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  std::vector<std::string> variables_;
  std::set<std::string> defined_;
  int loops_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Error Tree::error(std::size_t at, std::string message) const {
  const std::string_view before = std::string_view(text).substr(0, at);
  const std::size_t newline = before.rfind('\n');
  const auto line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t column = newline == std::string_view::npos ? at + 1 : at - newline;
  return {name, line, column, std::move(message)};
}

std::expected<Tree, Error> parse_tree(std::string name, std::string_view text) {
  Tree tree;
  tree.name = std::move(name);
  tree.text = text;
  if (text.size() > kMostText) return std::unexpected(tree.error(0, "the template is too long"));
  if (auto failure = Parser(tree).run()) return std::unexpected(*std::move(failure));
  return tree;
}

}  // namespace rules::templates
