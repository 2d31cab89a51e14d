// The table, in the order of the alphabet. A function that Prometheus keeps behind a flag is a line
// too, so that a query that uses it hears why it is refused.
#include "rules/promql/functions.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <numbers>

#include "rules/promql/calls.h"
#include "rules/promql/window.h"

namespace rules {
namespace {

using enum ValueType;
using Types = std::initializer_list<ValueType>;

constexpr Function function(std::string_view name, Types args, ValueType returns,
                            decltype(Function::run) run, int variadic = 0,
                            Support support = Support::full) {
  Function made{
      .name = name, .variadic = variadic, .returns = returns, .support = support, .run = run};
  for (const ValueType arg : args) made.arg_types[made.arg_count++] = arg;
  return made;
}

constexpr Function of_value(std::string_view name, ValueFunction run) {
  return function(name, {vector}, vector, run);
}
constexpr Function of_window(std::string_view name, WindowFunction run) {
  return function(name, {matrix}, vector, run);
}
constexpr Function of_call(std::string_view name, Types args, CallFunction run, int variadic = 0) {
  return function(name, args, vector, run, variadic);
}
constexpr Function experimental(std::string_view name, Types args, ValueType returns = vector,
                                int variadic = 0) {
  return function(name, args, returns, std::monostate{}, variadic, Support::experimental);
}
constexpr Function of_native(std::string_view name) {
  return function(name, {vector}, vector, std::monostate{}, 0, Support::native_histograms);
}

double sign(double value) { return value > 0 ? 1 : value < 0 ? -1 : value; }
double radians(double value) { return value * std::numbers::pi / 180; }
double degrees(double value) { return value * 180 / std::numbers::pi; }

constexpr std::array kFunctions = {
    of_value("abs", [](double value) { return std::fabs(value); }),
    of_call("absent", {vector}, calls::absent),
    of_call("absent_over_time", {matrix}, calls::absent_over_time),
    of_value("acos", [](double value) { return std::acos(value); }),
    of_value("acosh", [](double value) { return std::acosh(value); }),
    of_value("asin", [](double value) { return std::asin(value); }),
    of_value("asinh", [](double value) { return std::asinh(value); }),
    of_value("atan", [](double value) { return std::atan(value); }),
    of_value("atanh", [](double value) { return std::atanh(value); }),
    of_window("avg_over_time", windows::average),
    of_value("ceil", [](double value) { return std::ceil(value); }),
    of_window("changes", windows::changes),
    of_call("clamp", {vector, scalar, scalar}, calls::clamp),
    of_call("clamp_max", {vector, scalar}, calls::clamp_max),
    of_call("clamp_min", {vector, scalar}, calls::clamp_min),
    of_value("cos", [](double value) { return std::cos(value); }),
    of_value("cosh", [](double value) { return std::cosh(value); }),
    of_window("count_over_time", windows::count),
    of_call("day_of_month", {vector}, calls::day_of_month, 1),
    of_call("day_of_week", {vector}, calls::day_of_week, 1),
    of_call("day_of_year", {vector}, calls::day_of_year, 1),
    of_call("days_in_month", {vector}, calls::days_in_month, 1),
    of_value("deg", degrees),
    of_window("delta", windows::delta),
    of_window("deriv", windows::derivative),
    experimental("double_exponential_smoothing", {matrix, scalar, scalar}),
    experimental("end", {}, scalar),
    of_value("exp", [](double value) { return std::exp(value); }),
    of_call("first_over_time", {matrix}, calls::first_over_time),
    of_value("floor", [](double value) { return std::floor(value); }),
    of_native("histogram_avg"),
    of_native("histogram_count"),
    of_call("histogram_fraction", {scalar, scalar, vector}, calls::histogram_fraction),
    of_call("histogram_quantile", {scalar, vector}, calls::histogram_quantile),
    experimental("histogram_quantiles", {vector, string, scalar, scalar}, vector, 9),
    of_native("histogram_stddev"),
    of_native("histogram_stdvar"),
    of_native("histogram_sum"),
    of_call("hour", {vector}, calls::hour, 1),
    of_window("idelta", windows::idelta),
    of_call("increase", {matrix}, calls::increase),
    experimental("info", {vector, vector}, vector, 1),
    of_window("irate", windows::irate),
    of_call("label_join", {vector, string, string, string}, calls::label_join, -1),
    of_call("label_replace", {vector, string, string, string, string}, calls::label_replace),
    of_call("last_over_time", {matrix}, calls::last_over_time),
    of_value("ln", [](double value) { return std::log(value); }),
    of_value("log10", [](double value) { return std::log10(value); }),
    of_value("log2", [](double value) { return std::log2(value); }),
    experimental("mad_over_time", {matrix}),
    experimental("max_of", {scalar, scalar}, scalar),
    of_window("max_over_time", windows::maximum),
    experimental("min_of", {scalar, scalar}, scalar),
    of_window("min_over_time", windows::minimum),
    of_call("minute", {vector}, calls::minute, 1),
    of_call("month", {vector}, calls::month, 1),
    function("pi", {}, scalar, CallFunction(calls::pi)),
    function("predict_linear", {matrix, scalar}, vector, WindowFunction(windows::predict_linear)),
    of_window("present_over_time", windows::present),
    of_call("quantile_over_time", {scalar, matrix}, calls::quantile_over_time),
    of_value("rad", radians),
    experimental("range", {}, scalar),
    of_call("rate", {matrix}, calls::rate),
    of_window("resets", windows::resets),
    of_call("round", {vector, scalar}, calls::round, 1),
    function("scalar", {vector}, scalar, CallFunction(calls::scalar)),
    of_value("sgn", sign),
    of_value("sin", [](double value) { return std::sin(value); }),
    of_value("sinh", [](double value) { return std::sinh(value); }),
    of_call("sort", {vector}, calls::sort),
    experimental("sort_by_label", {vector, string}, vector, -1),
    experimental("sort_by_label_desc", {vector, string}, vector, -1),
    of_call("sort_desc", {vector}, calls::sort_desc),
    of_value("sqrt", [](double value) { return std::sqrt(value); }),
    experimental("start", {}, scalar),
    experimental("start_timestamp", {vector}),
    of_window("stddev_over_time", windows::deviation),
    of_window("stdvar_over_time", windows::variance),
    experimental("step", {}, scalar),
    of_window("sum_over_time", windows::sum),
    of_value("tan", [](double value) { return std::tan(value); }),
    of_value("tanh", [](double value) { return std::tanh(value); }),
    function("time", {}, scalar, CallFunction(calls::time)),
    of_call("timestamp", {vector}, calls::timestamp),
    experimental("ts_of_first_over_time", {matrix}),
    experimental("ts_of_last_over_time", {matrix}),
    experimental("ts_of_max_over_time", {matrix}),
    experimental("ts_of_min_over_time", {matrix}),
    of_call("vector", {scalar}, calls::vector),
    of_call("year", {vector}, calls::year, 1),
};

static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name), "found by binary search");

}  // namespace

std::span<const Function> functions() { return kFunctions; }

const Function* find_function(std::string_view name) {
  const auto found = std::ranges::lower_bound(kFunctions, name, {}, &Function::name);
  return found != kFunctions.end() && found->name == name ? &*found : nullptr;
}

}  // namespace rules
