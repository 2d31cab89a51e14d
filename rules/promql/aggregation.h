// Aggregations: series of a group to one, or to the few that are largest or smallest.
#pragma once

#include "rules/promql/ast.h"
#include "rules/promql/evaluation.h"

namespace rules {

Matrix aggregate(Evaluation& evaluation, const AggregateNode& node);

}  // namespace rules
