// A parsed template: what it says, with the place of everything that can fail. Immutable.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "rules/template/template.h"
#include "rules/template/value.h"

namespace rules::templates {

struct Pipe;

struct Expression {
  enum class Kind { dot, nil, variable, function, constant, pipe };
  Kind kind = Kind::dot;
  std::string name;  // of a variable or function
  Value constant;
  std::vector<std::string> fields;  // .a.b behind it
  std::unique_ptr<Pipe> pipe;       // in parentheses
  std::size_t at = 0, end = 0;      // in the text
};

struct Command {
  std::vector<Expression> parts;  // the first is what is called, when something is
  std::size_t at = 0, end = 0;
};

struct Pipe {
  std::vector<std::string> variables;
  bool assigns = false;  // = and not :=
  std::vector<Command> commands;
  std::size_t at = 0, end = 0;
};

struct Node {
  enum class Kind { text, action, if_, with, range, call, break_, continue_ };
  Kind kind = Kind::text;
  std::string text;  // or the name of the template that is called
  std::optional<Pipe> pipe;
  std::vector<Node> body, otherwise;
  std::size_t at = 0;
};

struct Tree {
  std::string name, text;
  std::vector<Node> main;
  std::map<std::string, std::vector<Node>, std::less<>> templates;  // by {{define}}

  Error error(std::size_t at, std::string message) const;
};

std::expected<Tree, Error> parse_tree(std::string name, std::string_view text);

bool is_function(std::string_view name);

}  // namespace rules::templates
