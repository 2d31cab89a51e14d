// Active alerts first, the firing ones before the others, because that is what one comes for at
// night; then the groups in the order of their files. Every value goes through escape_html().
#include "exporter/web/rules_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "exporter/sla/zone.h"
#include "exporter/web/html.h"
#include "exporter/web/rule_state.h"
#include "rules/promql/number.h"

namespace exporter {
namespace {

// A shape and a class for each word, as on the landing page.
struct Look {
  std::string_view word, style, shape;
};
constexpr Look kLooks[] = {
    {"firing", "bad", "&#9650;"},    {"pending", "unknown", "&#9671;"},
    {"inactive", "good", "&#9679;"}, {"unknown", "quiet", "&#9675;"},
    {"ok", "good", "&#9679;"},       {"err", "bad", "&#9650;"},
};

std::string state_cell(std::string_view word) {
  for (const Look& look : kLooks) {
    if (look.word == word)
      return fmt::format("<td class=\"{} whole\">{} {}</td>", look.style, look.shape, word);
  }
  return fmt::format("<td>{}</td>", escape_html(word));
}

// Digits enough for a time in seconds.
std::string value_text(double value) {
  constexpr int kDigits = 10;
  return rules::format_significant(value, kDigits);
}

std::string instant_text(std::optional<std::int64_t> milliseconds) {
  if (!milliseconds) return "never";
  const auto at = std::chrono::milliseconds(*milliseconds);
  return format_utc(Seconds(std::chrono::floor<std::chrono::seconds>(at)));
}

std::string milliseconds_text(double seconds) { return fmt::format("{:.1f} ms", seconds * 1000); }

std::string count_text(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 || noun.ends_with('s') ? "" : "s");
}

std::string annotation_item(std::string_view name, std::string_view value) {
  std::string text = escape_html(value);
  if (!safe_link(value).empty()) text = fmt::format("<a href=\"{0}\">{0}</a>", text);
  return fmt::format("<li><span class=\"quiet\">{}</span> {}</li>", escape_html(name), text);
}

// What it says before where it leads.
std::string annotations_list(const rules::NamedTexts& annotations) {
  std::string texts, links;
  for (const auto& [name, value] : annotations) {
    std::string& items = safe_link(value).empty() ? texts : links;
    items += annotation_item(name, value);
  }
  if (texts.empty() && links.empty()) return "";
  return fmt::format("<ul class=\"plain\">{}{}</ul>", texts, links);
}

std::string alert_row(const rules::Alert& alert) {
  const std::string name(alert.labels.get("alertname"));
  return fmt::format(
      "<tr>{}<th scope=\"row\">{}<div class=\"quiet\"><code>{}</code></div></th><td "
      "class=\"whole\">{}</td>"
      "<td class=\"number\">{}</td><td>{}</td></tr>\n",
      state_cell(rules::state_name(alert.state)), escape_html(name),
      escape_html(alert.labels.without("alertname").text()), instant_text(alert.active_at),
      value_text(alert.value), annotations_list(alert.annotations));
}

using Alerts = std::vector<const rules::Alert*>;

Alerts alerts_in(const RulesView& view, rules::AlertState wanted) {
  Alerts found;
  for (const auto& group : view.groups) {
    for (const rules::RuleState& state : group->state.rules) {
      for (const auto& [labels, alert] : state.alerts) {
        if (is_active(alert) && alert.state == wanted) found.push_back(&alert);
      }
    }
  }
  return found;
}

std::string alerts_section(const RulesView& view) {
  const Alerts firing = alerts_in(view, rules::AlertState::firing);
  const Alerts pending = alerts_in(view, rules::AlertState::pending);
  if (firing.empty() && pending.empty()) return "<h2>Active alerts</h2>\n<p>None.</p>\n";
  std::string rows;
  for (const rules::Alert* alert : firing) rows += alert_row(*alert);
  for (const rules::Alert* alert : pending) rows += alert_row(*alert);
  return fmt::format(
      "<h2>Active alerts</h2>\n<div class=\"scroll\"><table>\n<caption>{} firing, {} "
      "pending.</caption>\n<thead><tr><th scope=\"col\">State</th><th scope=\"col\">Alert</th>"
      "<th scope=\"col\">Since</th><th scope=\"col\" class=\"number\">Value</th>"
      "<th scope=\"col\">What it says</th></tr></thead>\n<tbody>\n{}</tbody></table></div>\n",
      firing.size(), pending.size(), rows);
}

// "for 5m, kept firing for 10m"
std::string timing_text(const rules::AlertingRule& rule) {
  std::string text;
  if (rule.hold > 0) text = "for " + rules::format_duration(rule.hold);
  if (rule.keep_firing_for > 0) {
    text += (text.empty() ? "" : ", ");
    text += "kept firing for " + rules::format_duration(rule.keep_firing_for);
  }
  return text.empty() ? "" : fmt::format(" <span class=\"quiet\">{}</span>", text);
}

// "0.5", or "3 series, 0 to 2.5".
std::string recorded_text(const GroupView& view, const rules::RuleState& state) {
  std::vector<double> values;
  for (const rules::Labels& labels : state.series) {
    const auto found =
        std::ranges::lower_bound(view.written, labels, {}, &rules::VectorSample::labels);
    if (found != view.written.end() && found->labels == labels) {
      values.push_back(found->sample.value);
    }
  }
  if (values.empty()) return count_text(state.series.size(), "series");
  if (values.size() == 1) return value_text(values[0]);
  const auto [least, most] = std::ranges::minmax(values);
  return fmt::format("{}, {} to {}", count_text(state.series.size(), "series"), value_text(least),
                     value_text(most));
}

// What came of the last evaluation: alerts by their values, or what was recorded.
std::string result_text(const GroupView& view, const rules::RuleState& state, bool alerting) {
  if (!alerting) return recorded_text(view, state);
  std::size_t active = 0;
  double value = 0;
  for (const auto& [labels, alert] : state.alerts) {
    if (!is_active(alert)) continue;
    ++active;
    value = alert.value;
  }
  if (active == 0) return "&ndash;";
  return active == 1 ? value_text(value) : count_text(active, "alert");
}

std::string rule_row(const GroupView& view, std::size_t number) {
  const rules::Rule& rule = view.group->rules[number];
  const rules::RuleBase& base = rules::base_of(rule);
  const rules::RuleState& state = state_of_rule(view, number);
  const auto* alerting = std::get_if<rules::AlertingRule>(&rule);
  std::string error;
  if (!state.last_error.empty())
    error = fmt::format("<div class=\"bad\">{}</div>", escape_html(state.last_error));
  return fmt::format(
      "<tr>{}<th scope=\"row\">{}{}<div class=\"quiet\"><code>{}</code></div>{}</th>"
      "<td class=\"number\">{}</td><td class=\"whole\">{}</td><td class=\"number\">{}</td></tr>\n",
      state_cell(state.health == rules::RuleHealth::bad ? "err"
                 : alerting != nullptr                  ? state_text(state)
                                                        : rules::health_name(state.health)),
      escape_html(base.name), alerting != nullptr ? timing_text(*alerting) : "",
      escape_html(base.expr_text), error, result_text(view, state, alerting != nullptr),
      instant_text(state.last_evaluation), milliseconds_text(seconds_of_rule(view, number)));
}

std::string group_section(const GroupView& view) {
  std::string rows;
  for (std::size_t number = 0; number < view.group->rules.size(); ++number)
    rows += rule_row(view, number);
  return fmt::format(
      "<h2>Group {}</h2>\n<div class=\"scroll\"><table>\n<caption>{}, every {}; last evaluated {} "
      "in {}.</caption>\n<thead><tr><th scope=\"col\">State</th><th scope=\"col\">Rule</th>"
      "<th scope=\"col\" class=\"number\">Result</th><th scope=\"col\">Evaluated</th>"
      "<th scope=\"col\" "
      "class=\"number\">Took</th></tr></thead>\n<tbody>\n{}</tbody></table></div>\n",
      escape_html(view.group->name), escape_html(view.group->file),
      rules::format_duration(view.interval), instant_text(view.last_evaluation),
      milliseconds_text(view.seconds), rows);
}

std::string body_of(const RulesView* view) {
  if (view == nullptr || view->groups.empty())
    return "<p>No rules are evaluated here. <code>alerting</code> in sla.yml names rule "
           "files.</p>\n";
  std::string body = alerts_section(*view);
  for (const auto& group : view->groups) body += group_section(*group);
  return body;
}

}  // namespace

std::string rules_page(const RulesView* view) {
  return html_page("Rules", "",
                   {{"./", "Overview"},
                    {"graph", "Query"},
                    {"metrics", "Metrics"},
                    {"api/v1/rules", "Rules as JSON"},
                    {"api/v1/alerts", "Alerts as JSON"}},
                   body_of(view));
}

Route rules_page_route(std::function<std::shared_ptr<const RulesView>()> rules) {
  const auto handler = [rules = std::move(rules)](const WebRequest&) {
    WebResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = rules_page(rules().get());
    return response;
  };
  return {{"GET"}, "/rules", handler, true};
}

}  // namespace exporter
