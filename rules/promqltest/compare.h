// Whether a result is what a case expects.
#pragma once

#include <optional>
#include <string>

#include "rules/promql/engine.h"
#include "rules/promqltest/script.h"

namespace rules::promqltest {

// What is wrong with it, if anything.
std::optional<std::string> compare_value(const EvalCommand& expected, const Value& value);
std::optional<std::string> compare_annotations(const EvalCommand& expected,
                                               const Annotations& annotations,
                                               std::string_view query);

}  // namespace rules::promqltest
