// A tree back as text: on one line as Prometheus writes a query, or over several lines with
// indentation as its format_query answers.
#pragma once

#include <string>

#include "rules/promql/ast.h"

namespace rules {

std::string print(const Expr& expr);
std::string print_pretty(const Expr& expr);

}  // namespace rules
