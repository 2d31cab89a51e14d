// Calendar functions, in UTC. A value is seconds since the epoch.
#include <chrono>
#include <cmath>

#include "rules/promql/calls.h"
#include "rules/promql/evaluation.h"

namespace rules {
namespace {

namespace chrono = std::chrono;

struct Moment {
  chrono::year_month_day date;
  chrono::weekday weekday;
  chrono::sys_days day;
  chrono::hh_mm_ss<chrono::seconds> time;
};

// Years beyond what the calendar of the standard library can tell are shown at its edge.
constexpr double kFarthest = 1e12;

Moment moment_of(double seconds) {
  const double bounded =
      std::isnan(seconds) ? 0 : std::fmax(-kFarthest, std::fmin(kFarthest, seconds));
  const chrono::sys_seconds at{chrono::seconds(static_cast<std::int64_t>(bounded))};
  const auto day = chrono::floor<chrono::days>(at);
  return {chrono::year_month_day(day), chrono::weekday(day), day,
          chrono::hh_mm_ss<chrono::seconds>(at - day)};
}

template <typename Field>
Matrix field_of_time(Evaluation& evaluation, const Expr& call_expr, Field field) {
  const auto& call = std::get<CallNode>(call_expr.node);
  const auto number = [&](double seconds) {
    return static_cast<double>(field(moment_of(seconds)));
  };
  if (call.args.empty()) {
    if (!evaluation.budget().hold(evaluation.steps())) return {};
    std::vector<double> values;
    values.reserve(evaluation.steps());
    for (std::size_t step = 0; step < evaluation.steps(); ++step) {
      const std::int64_t whole_seconds = evaluation.time(step) / 1000;
      values.push_back(number(static_cast<double>(whole_seconds)));
    }
    return evaluation.scalar(std::move(values));
  }
  Matrix matrix = evaluation.eval(*call.args[0]);
  for (Series& series : matrix) {
    for (Sample& point : series.points) point.value = number(point.value);
    evaluation.drop_name(series);
  }
  return evaluation.merge_equal(std::move(matrix));
}

}  // namespace

namespace calls {

Matrix year(Evaluation& evaluation, const Expr& call) {
  return field_of_time(evaluation, call,
                       [](const Moment& moment) { return static_cast<int>(moment.date.year()); });
}

Matrix month(Evaluation& evaluation, const Expr& call) {
  return field_of_time(evaluation, call, [](const Moment& moment) {
    return static_cast<unsigned>(moment.date.month());
  });
}

Matrix day_of_month(Evaluation& evaluation, const Expr& call) {
  return field_of_time(evaluation, call, [](const Moment& moment) {
    return static_cast<unsigned>(moment.date.day());
  });
}

Matrix day_of_week(Evaluation& evaluation, const Expr& call) {
  return field_of_time(evaluation, call,
                       [](const Moment& moment) { return moment.weekday.c_encoding(); });
}

Matrix day_of_year(Evaluation& evaluation, const Expr& call) {
  return field_of_time(evaluation, call, [](const Moment& moment) {
    const chrono::sys_days first{moment.date.year() / chrono::January / 1};
    return (moment.day - first).count() + 1;
  });
}

Matrix days_in_month(Evaluation& evaluation, const Expr& call) {
  return field_of_time(evaluation, call, [](const Moment& moment) {
    const chrono::year_month_day_last last{moment.date.year() / moment.date.month() / chrono::last};
    return static_cast<unsigned>(last.day());
  });
}

Matrix hour(Evaluation& evaluation, const Expr& call) {
  return field_of_time(evaluation, call,
                       [](const Moment& moment) { return moment.time.hours().count(); });
}

Matrix minute(Evaluation& evaluation, const Expr& call) {
  return field_of_time(evaluation, call,
                       [](const Moment& moment) { return moment.time.minutes().count(); });
}

}  // namespace calls
}  // namespace rules
