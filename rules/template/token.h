// The words of a template: texts between actions, and what stands within {{ }}. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rules::templates {

struct Token {
  enum class Kind {
    text,
    open,   // {{
    close,  // }}
    identifier,
    field,     // .Name
    variable,  // $ or $name
    dot,
    number,
    letter,  // 'x'
    string,  // its value
    symbol,  // | ( ) , = :=
    space,
    error,  // its text says why
    end,
  };
  Kind kind;
  std::string text;
  std::size_t at;  // where it begins
};

// Ends with a token of kind `end` or `error`. Comments are gone and trimmed space is too.
std::vector<Token> tokens_of(std::string_view text);

// The value of a quoted or raw string, or false.
bool unquote(std::string_view quoted, std::string& value);

}  // namespace rules::templates
