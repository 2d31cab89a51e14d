// Alerts with the real template engine.
#include "rules/group/templates.h"

#include <gtest/gtest.h>

#include "tests/rules/group/timeline.h"

namespace rules {
namespace {

TEST(Templates, SeeLabelsValueAndWhatARuleBeforeThemRecorded) {
  AlertingRule rule = alert_rule("Down", "x > 0");
  rule.labels = {{"place", "{{ $externalLabels.place }}-{{ $labels.a }}"}};
  rule.annotations = {
      {"summary", "{{ $value }} {{ with query \"y\" }}{{ . | first | value }}{{ end }}"},
      {"url", "{{ $externalURL }}/{{ .Labels.a }}"}};
  Bench bench(group_of(recording_rule("y", "x * 2"), std::move(rule)));
  bench.settings_.expand = template_expander();
  bench.settings_.external_labels = {{"place", "geneva"}};
  bench.settings_.external_url = "https://sla.example.com";
  bench.load({R"(x{a="1"} 5)"}).run(0);
  const auto& [labels, alert] = *bench.rule(1).alerts.begin();
  EXPECT_EQ(labels.get("place"), "geneva-1");
  EXPECT_EQ(alert.annotations,
            (NamedTexts{{"summary", "5 10"}, {"url", "https://sla.example.com/1"}}));
}

TEST(Templates, ThatFailShowTheirErrorAndTheAlertFires) {
  AlertingRule rule = alert_rule("Down", "x > 0");
  rule.annotations = {{"query", "{{ query \"up{\" }}"}, {"time", "{{ $labels.a | toTime }}"}};
  Bench bench(group_of(std::move(rule)));
  bench.settings_.expand = template_expander();
  bench.load({R"(x{a="one"} 5)"}).run(0);
  const Alert& alert = bench.rule().alerts.begin()->second;
  EXPECT_EQ(alert.state, AlertState::firing);
  for (const auto& [name, text] : alert.annotations) {
    EXPECT_TRUE(text.starts_with("<error expanding template: template: __alert_Down:1:")) << text;
  }
}

TEST(Templates, AreCheckedBeforeTheyAreUsed) {
  EXPECT_EQ(template_error("{{ $labels.a }}", "Down"), std::nullopt);
  EXPECT_EQ(template_error("{{ $labels.a ", "Down"),
            "template: __alert_Down:1:14: unclosed action");
}

}  // namespace
}  // namespace rules
