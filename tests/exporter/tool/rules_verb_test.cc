// slatool check rules and test rules: exit codes, and what is printed.
#include <fstream>

#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RulesVerb : public ToolTest {
 protected:
  RulesVerb() {
    write("down.rules.yml", R"(groups:
  - name: down
    rules:
      - {record: "job:up:avg", expr: avg by (job) (up)}
      - {alert: Down, expr: "job:up:avg < 1", for: 1m}
)");
  }

  std::string write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
};

TEST_F(RulesVerb, CountsTheRulesOfAGoodFile) {
  EXPECT_EQ(call({"check", "rules", (folder_ / "down.rules.yml").string()}), 0);
  EXPECT_THAT(out_, HasSubstr("SUCCESS: 2 rules found"));
  EXPECT_EQ(error_, "");
}

TEST_F(RulesVerb, PrintsEveryErrorOfABadFile) {
  const std::string file = write("bad.yml", "groups: [{name: a, rules: [{record: a, for: x}]}]\n");
  EXPECT_EQ(call({"check", "rules", file}), 1);
  EXPECT_THAT(error_, AllOf(HasSubstr("FAILED:\n" + file +
                                      ":1:28: group \"a\", rule 1, \"a\": "
                                      "field 'expr' must be set in rule\n"),
                            HasSubstr(file + ":1:45: for: not a valid duration")));
}

TEST_F(RulesVerb, WarnsOfALintItDoesNotKnow) {
  EXPECT_EQ(
      call({"check", "rules", "--lint", "none,colour", (folder_ / "down.rules.yml").string()}), 0);
  EXPECT_THAT(out_, HasSubstr("WARNING: unknown lint option: \"colour\""));
}

TEST_F(RulesVerb, SaysWhatAnAlertTestExpectedAndFound) {
  const std::string file = write("down.test.yml", R"(rule_files: [down.rules.yml]
tests:
  - name: too early
    interval: 1m
    input_series: [{series: 'up{job="a"}', values: '0x9'}, {series: 'up{job="b"}', values: '0x9'}]
    alert_rule_test:
      - eval_time: 3m
        alertname: Down
        exp_alerts: [{exp_labels: {job: a}}, {exp_labels: {job: c}}]
)");
  EXPECT_EQ(call({"test", "rules", file}), 1);
  EXPECT_THAT(error_, HasSubstr(R"(    name: too early,
    alertname: Down, time: 3m,
        (- expected, + got)
          Labels:{alertname="Down", job="a"} Annotations:{}
        + Labels:{alertname="Down", job="b"} Annotations:{}
        - Labels:{alertname="Down", job="c"} Annotations:{}
)"));
}

TEST_F(RulesVerb, RunsOnlyTheTestsThatRunNames) {
  const std::string file = write("two.test.yml", R"(rule_files: [down.rules.yml]
tests:
  - name: good one
    promql_expr_test: [{expr: vector(1), exp_samples: [{labels: '{}', value: 1}]}]
  - name: bad one
    promql_expr_test: [{expr: vector(1), exp_samples: [{labels: '{}', value: 2}]}]
)");
  EXPECT_EQ(call({"test", "rules", file}), 1);
  EXPECT_EQ(call({"test", "rules", "--run", "^good", file}), 0);
  EXPECT_EQ(call({"test", "rules", "--run", "^good", "--run", "bad", file}), 1);
  EXPECT_EQ(call({"test", "rules", "--run", "(", file}), 2);
  EXPECT_THAT(error_, HasSubstr("missing )"));
}

TEST_F(RulesVerb, KnowsTheNewerFieldsOfPrometheus) {
  const std::string file = write("newer.test.yml", R"(rule_files: [down.rules.yml]
fuzzy_compare: true
tests:
  - start_timestamp: 2026-11-01T00:00:00Z
    interval: 1m
    input_series: [{series: 'up{job="a"}', values: '0.1x9'}]
    promql_expr_test:
      - expr: day_of_month() + month()
        eval_time: 1m
        exp_samples: [{labels: '{}', value: 12}]
      - expr: sum(up) + 0.2
        eval_time: 1m
        exp_samples: [{labels: '{}', value: 0.3}]
    alert_rule_test:
      - {eval_time: 2m, alertname: Down, exp_alerts: [{exp_labels: {job: a}}]}
)");
  EXPECT_EQ(call({"test", "rules", file}), 0) << error_;
}

TEST_F(RulesVerb, WarnsWhenNoRuleFileMatches) {
  const std::string file = write("none.test.yml", "rule_files: [none-*.yml]\ntests: []\n");
  EXPECT_EQ(call({"test", "rules", file}), 0);
  EXPECT_THAT(error_, HasSubstr("WARNING: no file match pattern none-*.yml"));
  EXPECT_THAT(out_, HasSubstr("SUCCESS"));
}

TEST_F(RulesVerb, SaysWhichFileItCannotRead) {
  EXPECT_EQ(call({"test", "rules", (folder_ / "nothing.yml").string()}), 1);
  EXPECT_THAT(error_, HasSubstr("nothing.yml: "));
  EXPECT_EQ(call({"check", "rules", (folder_ / "nothing.yml").string()}), 1);
  EXPECT_THAT(out_, Not(HasSubstr("SUCCESS")));
}

}  // namespace
}  // namespace exporter::tool
