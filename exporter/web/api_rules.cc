// Rule groups and alerts, from the view that is published after each evaluation.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/web/api_endpoints.h"
#include "exporter/web/api_json.h"
#include "exporter/web/api_pages.h"
#include "exporter/web/api_params.h"
#include "exporter/web/rule_state.h"
#include "rules/promql/matcher.h"
#include "rules/promql/printer.h"

namespace exporter::api {
namespace {

constexpr double kMilliseconds = 1000;
// Go's time before there is one.
constexpr std::string_view kNever = "\"0001-01-01T00:00:00Z\"";

// What of the groups is asked for.
struct Filter {
  std::vector<std::string> names, groups, files;
  std::vector<std::vector<rules::CompiledMatcher>> matchers;
  bool alerting = true, recording = true, alerts = true;
};

bool admits(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::ranges::find(wanted, name) != wanted.end();
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

Parsed<bool> parse_bool(const std::string& text) {
  for (const std::string_view yes : {"1", "t", "true"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"", "0", "f", "false"}) {
    if (text == no) return false;
  }
  return std::unexpected(fmt::format(
      "error converting exclude_alerts: strconv.ParseBool: parsing \"{}\": invalid syntax", text));
}

std::expected<Filter, Error> filter_of(const WebRequest& request) {
  Filter filter{.names = parameters(request, "rule_name[]"),
                .groups = parameters(request, "rule_group[]"),
                .files = parameters(request, "file[]"),
                .matchers = {}};
  const auto sets = parse_matchers(parameters(request, "match[]"));
  if (!sets) return bad_data(sets.error());
  for (const Matchers& matchers : *sets) filter.matchers.push_back(rules::compile(matchers));

  const std::string type = lower(parameter(request, "type"));
  if (!type.empty() && type != "alert" && type != "record")
    return bad_parameter("type", fmt::format("not supported value \"{}\"", type));
  filter.alerting = type != "record";
  filter.recording = type != "alert";
  const auto exclude = parse_bool(lower(parameter(request, "exclude_alerts")));
  if (!exclude) return bad_parameter("exclude_alerts", exclude.error());
  filter.alerts = !*exclude;
  return filter;
}

bool matches(const Filter& filter, const rules::Rule& rule) {
  const rules::RuleBase& base = rules::base_of(rule);
  const bool alerting = std::holds_alternative<rules::AlertingRule>(rule);
  if (!(alerting ? filter.alerting : filter.recording) || !admits(filter.names, base.name))
    return false;
  if (filter.matchers.empty()) return true;
  const rules::Labels labels(base.labels);
  return std::ranges::any_of(filter.matchers,
                             [&](const auto& set) { return rules::matches_all(set, labels); });
}

void append_when(std::string& out, std::optional<std::int64_t> at) {
  if (at) return append_instant(out, *at);
  out += kNever;
}

void append_alert(std::string& out, const rules::Alert& alert) {
  out += R"({"labels":)";
  append_labels(out, alert.labels);
  out += R"(,"annotations":)";
  append_labels(out, alert.annotations);
  out += fmt::format(R"(,"state":"{}","activeAt":)", rules::state_name(alert.state));
  append_instant(out, alert.active_at);
  if (alert.keep_firing_since) {
    out += R"(,"keepFiringSince":)";
    append_instant(out, *alert.keep_firing_since);
  }
  out += R"(,"value":)";
  append_exponent(out, alert.value);
  out.push_back('}');
}

// Those that are pending or firing; with a comma where the list has begun.
void append_active(std::string& out, const rules::RuleState& state) {
  for (const auto& [labels, alert] : state.alerts) {
    if (!is_active(alert)) continue;
    if (out.back() != '[') out.push_back(',');
    append_alert(out, alert);
  }
}

void append_alerting(std::string& out, const rules::AlertingRule& rule,
                     const rules::RuleState& state, bool with_alerts) {
  out += fmt::format(R"({{"state":"{}","name":)", state_text(state));
  append_escaped(out, rule.name);
  out += R"(,"query":)";
  append_escaped(out, rules::print(*rule.expr));
  out += R"(,"duration":)";
  append_number(out, static_cast<double>(rule.hold) / kMilliseconds);
  out += R"(,"keepFiringFor":)";
  append_number(out, static_cast<double>(rule.keep_firing_for) / kMilliseconds);
  out += R"(,"labels":)";
  append_labels(out, rule.labels);
  out += R"(,"annotations":)";
  append_labels(out, rule.annotations);
  out += R"(,"alerts":)";
  if (!with_alerts) {
    out += "null";
    return;
  }
  out.push_back('[');
  append_active(out, state);
  out.push_back(']');
}

void append_recording(std::string& out, const rules::RecordingRule& rule) {
  out += R"({"name":)";
  append_escaped(out, rule.name);
  out += R"(,"query":)";
  append_escaped(out, rules::print(*rule.expr));
  out += R"(,"labels":)";
  append_labels(out, rule.labels);
}

void append_rule(std::string& out, const GroupView& view, std::size_t number, bool with_alerts) {
  const rules::Rule& rule = view.group->rules[number];
  const rules::RuleState& state = state_of_rule(view, number);
  const auto* alerting = std::get_if<rules::AlertingRule>(&rule);
  if (alerting != nullptr) {
    append_alerting(out, *alerting, state, with_alerts);
  } else {
    append_recording(out, std::get<rules::RecordingRule>(rule));
  }
  out += fmt::format(R"(,"health":"{}")", rules::health_name(state.health));
  if (!state.last_error.empty()) {
    out += R"(,"lastError":)";
    append_escaped(out, state.last_error);
  }
  out += R"(,"evaluationTime":)";
  append_number(out, seconds_of_rule(view, number));
  out += R"(,"lastEvaluation":)";
  append_when(out, state.last_evaluation);
  out += fmt::format(R"(,"type":"{}"}})", alerting != nullptr ? "alerting" : "recording");
}

// The group without its rules' list closed, or nothing when none of its rules is asked for.
std::string group_text(const GroupView& view, const Filter& filter) {
  const rules::RuleGroup& group = *view.group;
  if (!admits(filter.groups, group.name) || !admits(filter.files, group.file)) return "";
  std::string list;
  for (std::size_t number = 0; number < group.rules.size(); ++number) {
    if (!matches(filter, group.rules[number])) continue;
    if (!list.empty()) list.push_back(',');
    append_rule(list, view, number, filter.alerts);
  }
  if (list.empty()) return "";
  std::string out = R"({"name":)";
  append_escaped(out, group.name);
  out += R"(,"file":)";
  append_escaped(out, group.file);
  out += fmt::format(R"(,"rules":[{}],"interval":)", list);
  append_number(out, static_cast<double>(view.interval) / kMilliseconds);
  out += fmt::format(R"(,"limit":{},"evaluationTime":)", group.limit);
  append_number(out, view.seconds);
  out += R"(,"lastEvaluation":)";
  append_when(out, view.last_evaluation);
  out.push_back('}');
  return out;
}

}  // namespace

Answer rules(const ApiContext& context, const WebRequest& request) {
  const auto filter = filter_of(request);
  if (!filter) return std::unexpected(filter.error());
  const auto page = rule_page_of(request);
  if (!page) return std::unexpected(page.error());
  const auto view = context.rules();
  Paging paging(*page);
  Data data;
  data.body += R"({"groups":[)";
  for (const auto& group : view ? view->groups : std::vector<std::shared_ptr<const GroupView>>{}) {
    if (!paging.reached(*group->group)) continue;
    const std::string text = group_text(*group, *filter);
    if (text.empty()) continue;
    if (!paging.take(*group->group)) break;
    if (data.body.back() != '[') data.body.push_back(',');
    data.body += text;
  }
  if (const auto error = paging.error()) return std::unexpected(*error);
  data.body.push_back(']');
  if (!paging.next().empty()) data.body += fmt::format(R"(,"groupNextToken":"{}")", paging.next());
  data.body.push_back('}');
  return data;
}

Answer alerts(const ApiContext& context, const WebRequest&) {
  Data data;
  data.body += R"({"alerts":[)";
  if (const auto view = context.rules()) {
    for (const auto& group : view->groups) {
      for (const rules::RuleState& state : group->state.rules) append_active(data.body, state);
    }
  }
  data.body += "]}";
  return data;
}

}  // namespace exporter::api
