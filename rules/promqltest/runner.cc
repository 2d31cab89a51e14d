// The commands in their order, and for each instant case the variations of it.
#include "rules/promqltest/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "rules/promql/functions.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "rules/promqltest/compare.h"
#include "rules/promqltest/memory_source.h"

namespace rules::promqltest {
namespace {

constexpr std::int64_t kMinute = 60'000;

// Functions whose result changes with the time of evaluation, whatever their arguments.
constexpr std::array<std::string_view, 11> kTimeDependent = {
    "day_of_month", "day_of_week", "day_of_year",    "days_in_month", "hour", "minute",
    "month",        "time",        "predict_linear", "timestamp",     "year"};

QueryOptions suite_options() {
  QueryOptions options;
  options.max_samples = 10'000;
  options.delayed_name_removal = true;
  return options;
}

bool depends_on_time(const Expr& expr) {
  const auto* call = std::get_if<CallNode>(&expr.node);
  bool depends = call != nullptr &&
                 std::ranges::find(kTimeDependent, call->function->name) != kTimeDependent.end();
  for_each_child(expr, [&](const Expr& child) { depends |= depends_on_time(child); });
  return depends;
}

void pin(Shift& shift, std::int64_t time) {
  if (shift.at == Shift::At::time) return;
  shift.at = Shift::At::time;
  shift.time = time;
}

// Puts @ time on all selectors and subqueries. Inside a subquery selectors move with its steps.
void pin_selectors(Expr& expr, std::int64_t time) {
  if (auto* selector = std::get_if<SelectorNode>(&expr.node)) return pin(selector->shift, time);
  if (auto* subquery = std::get_if<SubqueryNode>(&expr.node)) return pin(subquery->shift, time);
  for_each_child(expr, [&](Expr& child) { pin_selectors(child, time); });
}

// Whether start() or end() stand in it, which mean something else in a range query.
bool mentions_edges(std::string_view query) {
  return query.find("start()") != query.npos || query.find("end()") != query.npos;
}

class Runner {
 public:
  Outcome run(const std::vector<Command>& commands) {
    for (const Command& command : commands)
      std::visit([&](const auto& each) { execute(each); }, command);
    return std::move(outcome_);
  }

 private:
  using Wrong = std::optional<std::string>;

  void execute(const ClearCommand&) { source_.clear(); }

  void execute(const LoadCommand& load) {
    for (const SeriesLine& line : load.series)
      for (std::size_t at = 0; at < line.values.size(); ++at)
        if (line.values[at])
          source_.add(line.labels, {static_cast<std::int64_t>(at) * load.step, *line.values[at]});
  }

  void execute(const EvalCommand& command) {
    const Wrong wrong = command.range ? run_range(command) : run_instant(command);
    if (!wrong) {
      ++outcome_.passed;
      return;
    }
    ++outcome_.failed;
    outcome_.failures.push_back({command.line, fmt::format("{}: {}", command.query, *wrong)});
  }

  Wrong run_range(const EvalCommand& command) {
    const auto expr = parse(command.query);
    if (!expr) return judge_failure(command, expr.error().text());
    ++outcome_.evaluations;
    const auto answer = evaluate(**expr, source_, *command.range, options_);
    return judge(command, answer, command.query);
  }

  Wrong run_instant(const EvalCommand& command) {
    const auto expr = parse(command.query);
    if (!expr) return judge_failure(command, expr.error().text());
    if (Wrong wrong = run_at(command, command.query, command.at)) return wrong;
    if (depends_on_time(**expr)) return std::nullopt;
    pin_selectors(**expr, command.at);
    const std::string pinned = print(**expr);
    const std::int64_t time = command.at;
    std::vector<std::int64_t> times = {-10 * time, 0, time / 5, time, 10 * time};
    if (time == 0) times = {-1000, 0, 1000};
    for (const std::int64_t each : times)
      if (Wrong wrong = run_at(command, pinned, each))
        return fmt::format("as {} at {} ms: {}", pinned, each, *wrong);
    return std::nullopt;
  }

  Wrong run_at(const EvalCommand& command, const std::string& query, std::int64_t time) {
    const auto expr = parse(query);
    if (!expr) return judge_failure(command, expr.error().text());
    ++outcome_.evaluations;
    const auto answer = evaluate(**expr, source_, time, options_);
    if (Wrong wrong = judge(command, answer, query)) return wrong;
    if (!answer || command.ordered || command.range_vector || command.text || mentions_edges(query))
      return std::nullopt;
    ++outcome_.evaluations;
    const auto range =
        evaluate(**expr, source_, Range{time - kMinute, time + kMinute, kMinute}, options_);
    if (!range) return "as a range query: " + range.error();
    if (Wrong wrong = compare_value(command, middle_of(*range, *answer, time)))
      return "as a range query: " + *wrong;
    return std::nullopt;
  }

  // What a range query has at one time, in the form of the instant query.
  static Value middle_of(const Answer& range, const Answer& instant, std::int64_t time) {
    Vector vector;
    for (const Series& series : std::get<Matrix>(range.value)) {
      const auto point = std::ranges::find(series.points, time, &Sample::at);
      if (point != series.points.end()) vector.push_back({series.labels, *point});
    }
    if (!std::holds_alternative<Scalar>(instant.value) || vector.empty()) return vector;
    return Scalar{vector.front().sample};
  }

  static Wrong judge(const EvalCommand& command, const std::expected<Answer, std::string>& answer,
                     std::string_view query) {
    if (!answer) return judge_failure(command, answer.error());
    if (command.fail) return "expected to fail, but it did not";
    if (Wrong wrong = compare_annotations(command, answer->annotations, query)) return wrong;
    return compare_value(command, answer->value);
  }

  static Wrong judge_failure(const EvalCommand& command, const std::string& error) {
    if (!command.fail) return "failed: " + error;
    if (command.fail->met_by(error)) return std::nullopt;
    return "failed otherwise than expected: " + error;
  }

  const QueryOptions options_ = suite_options();
  MemorySource source_;
  Outcome outcome_;
};

}  // namespace

Outcome run_script(std::string_view text) {
  const auto commands = parse_script(text);
  if (commands) return Runner().run(*commands);
  Outcome outcome;
  outcome.failed = 1;
  outcome.failures.push_back({commands.error().line, commands.error().message});
  return outcome;
}

}  // namespace rules::promqltest
