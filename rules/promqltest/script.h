// Scripts that load samples, run queries on them and say what should come out: Prometheus' test
// language. Reading a script is pure; running it is in runner.h.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/promql/engine.h"
#include "rules/promqltest/series_line.h"

namespace rules::promqltest {

struct ClearCommand {};

struct LoadCommand {
  std::int64_t step = 0;
  std::vector<SeriesLine> series;
};

// A text that must be met exactly, or a regular expression that must be found in it, or anything.
struct Expectation {
  std::optional<std::string> message, regex;
  bool met_by(std::string_view text) const;
};

struct EvalCommand {
  std::size_t line = 0;
  std::string query;
  std::optional<Range> range;  // else at this instant
  std::int64_t at = 0;

  bool ordered = false;
  std::optional<Expectation> fail;
  std::vector<Expectation> warnings, infos;
  bool no_warnings = false, no_infos = false;
  std::optional<std::string> text;
  std::optional<double> scalar;
  std::optional<Range> range_vector;  // an instant query whose result has these times
  std::vector<SeriesLine> series;
};

using Command = std::variant<ClearCommand, LoadCommand, EvalCommand>;

struct ScriptError {
  std::size_t line = 0;
  std::string message;
};

std::expected<std::vector<Command>, ScriptError> parse_script(std::string_view text);

}  // namespace rules::promqltest
