// Whether the parts of a query fit together: types of arguments and operands, what modifiers need.
#pragma once

#include <optional>
#include <string_view>

#include "rules/promql/parser.h"

namespace rules {

// Also settles what only the types tell: the cardinality of set operators. The first error found.
std::optional<ParseError> check_types(Expr& expr, std::string_view query);

}  // namespace rules
