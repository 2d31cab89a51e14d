// The functions that evaluate their arguments themselves; functions.cc says which is which.
#pragma once

#include "rules/promql/ast.h"
#include "rules/promql/value.h"

namespace rules {

class Evaluation;

namespace calls {

// functions_vector.cc
Matrix clamp(Evaluation& evaluation, const Expr& call);
Matrix clamp_min(Evaluation& evaluation, const Expr& call);
Matrix clamp_max(Evaluation& evaluation, const Expr& call);
Matrix round(Evaluation& evaluation, const Expr& call);
Matrix scalar(Evaluation& evaluation, const Expr& call);
Matrix vector(Evaluation& evaluation, const Expr& call);
Matrix sort(Evaluation& evaluation, const Expr& call);
Matrix sort_desc(Evaluation& evaluation, const Expr& call);
Matrix absent(Evaluation& evaluation, const Expr& call);
Matrix absent_over_time(Evaluation& evaluation, const Expr& call);
Matrix time(Evaluation& evaluation, const Expr& call);
Matrix timestamp(Evaluation& evaluation, const Expr& call);
Matrix pi(Evaluation& evaluation, const Expr& call);
Matrix rate(Evaluation& evaluation, const Expr& call);
Matrix increase(Evaluation& evaluation, const Expr& call);
Matrix first_over_time(Evaluation& evaluation, const Expr& call);
Matrix last_over_time(Evaluation& evaluation, const Expr& call);
Matrix quantile_over_time(Evaluation& evaluation, const Expr& call);

// functions_label.cc
Matrix label_replace(Evaluation& evaluation, const Expr& call);
Matrix label_join(Evaluation& evaluation, const Expr& call);

// functions_histogram.cc
Matrix histogram_quantile(Evaluation& evaluation, const Expr& call);
Matrix histogram_fraction(Evaluation& evaluation, const Expr& call);

// functions_date.cc: of the argument, or of the time of evaluation without one
Matrix year(Evaluation& evaluation, const Expr& call);
Matrix month(Evaluation& evaluation, const Expr& call);
Matrix day_of_month(Evaluation& evaluation, const Expr& call);
Matrix day_of_week(Evaluation& evaluation, const Expr& call);
Matrix day_of_year(Evaluation& evaluation, const Expr& call);
Matrix days_in_month(Evaluation& evaluation, const Expr& call);
Matrix hour(Evaluation& evaluation, const Expr& call);
Matrix minute(Evaluation& evaluation, const Expr& call);

}  // namespace calls

}  // namespace rules
