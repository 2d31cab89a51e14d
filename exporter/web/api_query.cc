// Queries: at an instant, over a range, and what may be asked about a query without running it.
#include <fmt/format.h>

#include "exporter/web/api_endpoints.h"
#include "exporter/web/api_json.h"
#include "exporter/web/api_params.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "rules/promql/quote.h"

namespace exporter::api {
namespace {

// A minute's step over a week or an hour's over a year is within it.
constexpr std::int64_t kMaxSteps = 11'000;
constexpr std::int64_t kNanoseconds = 1'000'000;  // in a millisecond

struct Setting {
  std::chrono::nanoseconds time{};
  std::size_t limit = 0;
  rules::QueryOptions options;
};

std::expected<std::chrono::nanoseconds, Error> time_of(const ApiContext& context,
                                                       const WebRequest& request) {
  const std::chrono::nanoseconds most = context.limits.timeout;
  const std::string_view text = parameter(request, "timeout");
  if (text.empty()) return most;
  const auto asked = parse_duration(text);
  if (!asked) return bad_parameter("timeout", asked.error());
  return std::min(most, std::chrono::nanoseconds(*asked));
}

std::expected<Setting, Error> setting_of(const ApiContext& context, const WebRequest& request,
                                         std::size_t limit) {
  Setting setting;
  setting.limit = limit;
  const auto time = time_of(context, request);
  if (!time) return std::unexpected(time.error());
  setting.time = *time;
  setting.options.max_samples = context.limits.max_samples;
  const std::string_view lookback = parameter(request, "lookback_delta");
  if (lookback.empty()) return setting;
  const auto length = parse_duration(lookback);
  if (!length) return bad_data("error parsing lookback delta duration: " + length.error());
  if (*length >= kNanoseconds) setting.options.lookback = *length / kNanoseconds;
  return setting;
}

void truncate(rules::Value& value, std::size_t limit, std::vector<std::string>& warnings) {
  if (limit == 0) return;
  const auto cut = [&](auto& list) {
    if (list.size() <= limit) return;
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(limit), list.end());
    warnings.emplace_back(kTruncated);
  };
  if (auto* matrix = std::get_if<rules::Matrix>(&value)) cut(*matrix);
  if (auto* vector = std::get_if<rules::Vector>(&value)) cut(*vector);
}

// `when` is an instant or a range.
template <class When>
Answer run(const ApiContext& context, const WebRequest& request, Setting setting,
           const rules::Expr& expr, const When& when, std::int64_t at) {
  const auto source = context.source();
  if (!source) return no_series();
  Patience patience(request, setting.time);
  setting.options.stop = [&patience] { return patience.over(); };
  if (patience.over()) return std::unexpected(*patience.error());
  auto answer = rules::evaluate(expr, *source, when, setting.options);
  if (!answer) {
    return std::unexpected(
        patience.error().value_or(Error{ErrorKind::execution, std::move(answer.error())}));
  }
  Data data;
  const std::string_view query = parameter(request, "query");
  data.warnings = answer->annotations.warnings(query);
  data.infos = answer->annotations.infos(query);
  truncate(answer->value, setting.limit, data.warnings);
  append_result(data.body, answer->value, at);
  return data;
}

std::expected<rules::ExprPtr, Error> expr_of(const WebRequest& request) {
  auto expr = rules::parse(parameter(request, "query"));
  if (!expr) return bad_parameter("query", expr.error().text());
  return *std::move(expr);
}

// How often a range is evaluated, less one. Nanoseconds saturate as Go's do.
std::int64_t steps_in(std::int64_t milliseconds, std::int64_t step) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / kNanoseconds;
  return std::min(milliseconds, kMost) * kNanoseconds / step;
}

std::expected<rules::Range, Error> range_of(const WebRequest& request) {
  const auto start = parse_time(parameter(request, "start"));
  if (!start) return bad_parameter("start", start.error());
  const auto end = parse_time(parameter(request, "end"));
  if (!end) return bad_parameter("end", end.error());
  if (*end < *start) return bad_parameter("end", "end timestamp must not be before start time");
  const auto step = parse_duration(parameter(request, "step"));
  if (!step) return bad_parameter("step", step.error());
  // Prometheus would take less than a millisecond, and come to a step of none.
  if (*step < kNanoseconds) {
    return bad_parameter("step",
                         "zero or negative query resolution step widths are not accepted. Try a "
                         "positive integer");
  }
  if (steps_in(*end - *start, *step) > kMaxSteps) {
    return bad_data(
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
        "resolution (?step=XX)");
  }
  return rules::Range{*start, *end, *step / kNanoseconds};
}

}  // namespace

Patience::Patience(const WebRequest& request, std::chrono::nanoseconds time)
    : gone_(request.gone), deadline_(std::chrono::steady_clock::now() + time) {}

bool Patience::over() {
  if (error_) return true;
  if (gone_ && gone_->load(std::memory_order_relaxed)) {
    error_ = Error{ErrorKind::canceled, "query was canceled in expression evaluation"};
  } else if (std::chrono::steady_clock::now() >= deadline_) {
    error_ = Error{ErrorKind::timeout, "query timed out in expression evaluation"};
  }
  return error_.has_value();
}

std::optional<Error> Patience::error() const { return error_; }

Answer query(const ApiContext& context, const WebRequest& request) {
  const auto limit = limit_of(request);
  if (!limit) return std::unexpected(limit.error());
  const auto at = time_or(request, "time", context.now());
  if (!at) return std::unexpected(at.error());
  auto setting = setting_of(context, request, *limit);
  if (!setting) return std::unexpected(setting.error());
  const auto expr = expr_of(request);
  if (!expr) return std::unexpected(expr.error());
  return run(context, request, *std::move(setting), **expr, *at, *at);
}

Answer query_range(const ApiContext& context, const WebRequest& request) {
  const auto limit = limit_of(request);
  if (!limit) return std::unexpected(limit.error());
  const auto range = range_of(request);
  if (!range) return std::unexpected(range.error());
  auto setting = setting_of(context, request, *limit);
  if (!setting) return std::unexpected(setting.error());
  const auto expr = expr_of(request);
  if (!expr) return std::unexpected(expr.error());
  const rules::ValueType type = (*expr)->type();
  if (type != rules::ValueType::vector && type != rules::ValueType::scalar) {
    return bad_parameter(
        "query", fmt::format("invalid expression type {} for range query, must be Scalar or "
                             "instant Vector",
                             rules::quote(rules::type_name(type))));
  }
  return run(context, request, *std::move(setting), **expr, *range, range->start);
}

// There are none; whoever asks is told whether the question was right.
Answer query_exemplars(const ApiContext&, const WebRequest& request) {
  constexpr std::int64_t kEver = std::numeric_limits<std::int64_t>::max();
  const auto start = time_or(request, "start", -kEver);
  if (!start) return std::unexpected(start.error());
  const auto end = time_or(request, "end", kEver);
  if (!end) return std::unexpected(end.error());
  if (*end < *start) return bad_data("end timestamp must not be before start timestamp");
  const auto expr = rules::parse(parameter(request, "query"));
  if (!expr) return bad_data(expr.error().text());
  Data data;
  data.body += "[]";
  return data;
}

Answer format_query(const ApiContext&, const WebRequest& request) {
  const auto expr = expr_of(request);
  if (!expr) return std::unexpected(expr.error());
  Data data;
  append_escaped(data.body, rules::print_pretty(**expr));
  return data;
}

}  // namespace exporter::api
