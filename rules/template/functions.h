// The functions that templates may call, as tables: Go's own and Prometheus'. Pure: what they know
// of the world is in the environment.
#pragma once

#include <optional>
#include <span>

#include "rules/template/template.h"
#include "rules/template/value.h"

namespace rules::templates {

using Answer = std::expected<Value, std::string>;

struct Call {
  const Environment& environment;
  std::span<const Value> values;

  const std::string& text(std::size_t i) const { return *values[i].get<std::string>(); }
  double number(std::size_t i) const { return *values[i].get<double>(); }
};

// `types` has a letter for each parameter: s a text, f a number, l a list, r a sample, a anything.
// Of a function that takes any number, the last letter is for all that follow, and `least` counts.
struct Function {
  std::string_view name, types;
  std::size_t least;
  bool variadic;
  Answer (*run)(const Call&);
};

std::span<const Function> go_functions();
std::span<const Function> alert_functions();
const Function* find_function(std::string_view name);

// .Format and the like; nothing when the value has no such method.
std::optional<Answer> call_method(const Value& value, std::string_view name,
                                  std::span<const Value> values);

}  // namespace rules::templates
