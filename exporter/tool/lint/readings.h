// What an expression reads: every selector in it, with the window it looks at and how far that
// reaches back, subqueries around it included. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rules/promql/ast.h"

namespace exporter::lint {

struct Reading {
  const rules::Expr* expr = nullptr;   // the selector
  std::optional<std::int64_t> window;  // its own, or that of the innermost subquery around it
  std::int64_t reach = 0;              // milliseconds before the evaluation
  bool fixed = false;                  // @ a time, which comes no nearer
  bool absent = false;                 // asked only whether it is there at all

  const rules::SelectorNode& selector() const { return std::get<rules::SelectorNode>(expr->node); }
};

std::vector<Reading> readings(const rules::Expr& expr);

}  // namespace exporter::lint
