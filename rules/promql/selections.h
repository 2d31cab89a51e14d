// What a query reads: each of its selectors, and how far before the instant of its evaluation that
// one looks. A store keeps so much whatever else it is told to forget. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/engine.h"

namespace rules {

struct Selection {
  std::vector<Matcher> matchers;
  std::int64_t look_back = 0;  // milliseconds, never negative
};

// In the order of the text. A selector pinned to a moment by `@` counts as if it looked back no
// further than its own window: the moment recedes, and nothing keeps it for ever.
std::vector<Selection> selections(const Expr& expr, const QueryOptions& options = {});

}  // namespace rules
