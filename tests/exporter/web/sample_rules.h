// A view of rule groups with something of everything: rules that hold, wait, fail, and were never
// evaluated.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "exporter/config/rule_file.h"
#include "exporter/rules/view.h"

namespace exporter {

inline constexpr std::int64_t kEvaluated = 1'700'000'000'000;

inline std::shared_ptr<GroupView> evaluated_group(rules::RuleGroup group) {
  auto view = std::make_shared<GroupView>();
  view->interval = group.interval.value_or(60'000);
  view->last_evaluation = kEvaluated;
  view->seconds = 0.0125;
  for (const rules::Rule& rule : group.rules) {
    rules::RuleState state;
    state.key = rules::rule_key(rule);
    state.health = rules::RuleHealth::good;
    state.last_evaluation = kEvaluated;
    view->state.rules.push_back(state);
    view->rule_seconds.push_back(0.001);
  }
  view->group = std::make_shared<const rules::RuleGroup>(std::move(group));
  return view;
}

inline void add_alert(rules::RuleState& state, rules::AlertState kind, rules::Labels labels,
                      double value) {
  rules::Alert alert;
  alert.state = kind;
  alert.labels = labels;
  alert.annotations = {{"runbook_url", "https://wiki.example.com/down"},
                       {"summary", "it <is> down"}};
  alert.value = value;
  alert.active_at = kEvaluated - 90'500;
  state.alerts.emplace(std::move(labels), std::move(alert));
}

// Groups "mail" (a recording rule, an alert that fires and waits, one that fails) and "later" (not
// evaluated yet).
inline std::shared_ptr<RulesView> sample_rules() {
  auto file = read_rule_text(R"yaml(
groups:
- name: mail
  interval: 30s
  limit: 5
  rules:
  - {record: "job:up:sum", expr: sum by (job) (up), labels: {team: mail}}
  - alert: Down
    expr: up == 0
    for: 5m
    keep_firing_for: 90s
    labels: {severity: page}
    annotations: {summary: "it <is> down"}
  - {alert: Broken, expr: "a<b"}
- name: later
  rules:
  - {alert: Quiet, expr: "vector(1)"}
)yaml",
                             "rules/mail.yml");
  EXPECT_TRUE(file.has_value());
  auto mail = evaluated_group(std::move(file->groups[0]));
  mail->state.rules[0].series = {{{"__name__", "job:up:sum"}, {"job", "a"}}};
  add_alert(mail->state.rules[1], rules::AlertState::pending,
            {{"alertname", "Down"}, {"job", "b"}, {"severity", "page"}}, 0);
  add_alert(mail->state.rules[1], rules::AlertState::firing,
            {{"alertname", "Down"}, {"job", "c"}, {"severity", "page"}}, 12.5);
  add_alert(mail->state.rules[1], rules::AlertState::inactive,
            {{"alertname", "Down"}, {"job", "over"}, {"severity", "page"}}, 1);
  mail->state.rules[2].health = rules::RuleHealth::bad;
  mail->state.rules[2].last_error = "query <timed out>";
  auto later = std::make_shared<GroupView>();
  later->group = std::make_shared<const rules::RuleGroup>(std::move(file->groups[1]));
  auto view = std::make_shared<RulesView>();
  view->groups = {std::move(mail), std::move(later)};
  return view;
}

}  // namespace exporter
