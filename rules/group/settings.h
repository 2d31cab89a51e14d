// What is the same for every group, and the door to the template engine. Plain values; the
// functions in it are called by the thread that evaluates.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "rules/promql/engine.h"

namespace rules {

// What a template of an alert sees. Lives as long as the call.
struct TemplateInput {
  std::string_view text;
  std::string_view alert;  // its name, for errors
  const Labels& labels;    // of the query's result, before those of the rule
  double value = 0;
  const Labels& external_labels;
  std::string_view external_url;
  std::int64_t at = 0;  // of the evaluation; `query` asks at this instant
  std::function<std::expected<Vector, std::string>(std::string_view expr, std::int64_t at)> query;
};
using ExpandTemplate = std::function<std::expected<std::string, std::string>(const TemplateInput&)>;

struct GroupSettings {
  std::int64_t interval = 60'000;
  std::int64_t query_offset = 0;
  std::int64_t resend_delay = 60'000;
  Labels external_labels;
  std::string external_url;
  ExpandTemplate expand;  // without it every template that has an action is an error
  QueryOptions query;
  std::function<double()> stopwatch;  // seconds that only grow, to say how long rules take
};

}  // namespace rules
