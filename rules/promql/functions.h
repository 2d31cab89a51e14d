// The functions of the query language: one table says what each takes and gives, and who computes
// it. The parser asks it for names and types, the evaluation for the work.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "rules/promql/ast.h"
#include "rules/promql/value.h"

namespace rules {

class Evaluation;
class Window;

// Of one value; applied to every sample of the argument, which loses its name.
using ValueFunction = double (*)(double);
// Of the samples of a window; nothing when there are too few.
using WindowFunction = std::optional<double> (*)(Window&);
// Anything else: evaluates its arguments itself.
using CallFunction = Matrix (*)(Evaluation&, const Expr& call);

enum class Support { full, experimental, native_histograms };

struct Function {
  std::string_view name;
  std::array<ValueType, 5> arg_types{};
  std::size_t arg_count = 0;
  int variadic = 0;  // how many of the last may be left out or added; -1: any number more
  ValueType returns = ValueType::vector;
  Support support = Support::full;
  std::variant<std::monostate, ValueFunction, WindowFunction, CallFunction> run;

  std::span<const ValueType> args() const { return {arg_types.data(), arg_count}; }
};

std::span<const Function> functions();
const Function* find_function(std::string_view name);  // null: no such function

}  // namespace rules
