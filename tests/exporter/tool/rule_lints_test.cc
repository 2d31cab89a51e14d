// slatool check rules --lint: each lint finds what it is about, says where, and stays silent
// otherwise.
#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "exporter/config/rule_file.h"
#include "exporter/tool/lint/lint.h"
#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RuleLints : public ToolTest {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  // A group with these rules, each a line in braces.
  std::string rules_of(const std::vector<std::string>& lines, const std::string& group = "") {
    std::string text = "groups:\n  - name: g\n" + group + "    rules:\n";
    for (const std::string& line : lines) text += "      - {" + line + "}\n";
    return write("some.rules.yml", text);
  }
  // Services of one minute and of five; one of them with a check of its own cadence.
  std::string config(const std::string& more = "") {
    return write("sla.yml", R"(agreement: {provider: Test}
defaults: {objective: 99%, every: 1m}
services:
  api: {checks: [{module: http_2xx, target: "https://www.example.com/"}]}
  web: {every: 5m, objective: 90%, checks: [{module: http_2xx, target: "https://www.example.com/"}]}
  mail:
    checks:
      - {name: first, module: http_2xx, target: "https://www.example.com/"}
      - {name: second, module: http_2xx, target: "https://www.example.com/", every: 10m, counts: false}
)" + more);
  }
  // The exit code under --lint-fatal.
  int lint(const std::string& lint, const std::string& file,
           const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"check", "rules", "--lint", lint, "--lint-fatal"};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(file);
    return call(std::move(words));
  }
  // How often a lint found something.
  std::size_t found(const std::string& lint) const {
    std::size_t count = 0;
    const std::string mark = "[" + lint + "]\n";
    for (std::size_t at = error_.find(mark); at != error_.npos; at = error_.find(mark, at + 1))
      ++count;
    return count;
  }
};

TEST_F(RuleLints, AreSilentUnlessAskedFor) {
  const std::string file = rules_of({"alert: A, expr: 'rate(nothing_total[1s]) > 2', for: 1h"});
  for (const char* none : {"all", "duplicate-rules", "none"}) {
    EXPECT_EQ(lint(none, file), 0) << none;
    EXPECT_EQ(error_, "") << none;
  }
  EXPECT_EQ(call({"check", "rules", file}), 0);
  EXPECT_EQ(error_, "");
}

TEST_F(RuleLints, FailOnlyWhenTheyAreFatal) {
  const std::string file = rules_of({"alert: A, expr: nothing"});
  EXPECT_EQ(call({"check", "rules", "--lint", "unknown-metric", file}), 0);
  EXPECT_THAT(error_, HasSubstr("  FAILED:\n" + file +
                                ":4:9: group \"g\", rule 1, \"A\": nothing matches no metric"));
  EXPECT_THAT(out_, Not(HasSubstr("SUCCESS")));
  EXPECT_EQ(lint("unknown-metric", file), 3);
  EXPECT_EQ(
      call({"check", "rules", "--lint-fatal", "--lint", "sla", file, write("bad.yml", "a: b\n")}),
      1);
}

TEST_F(RuleLints, HaveAHelpAndALineInTheDocumentEach) {
  EXPECT_EQ(call({"check", "rules", "--help"}), 0);
  std::ifstream page(std::string(SLA_SOURCE_DIR) + "/docs/slatool.md");
  const std::string document{std::istreambuf_iterator<char>(page), {}};
  for (const lint::Lint& each : lint::lints()) {
    EXPECT_THAT(out_, HasSubstr(each.name));
    EXPECT_THAT(document, HasSubstr(fmt::format("\n- `{}`: ", each.name)));
  }
}

TEST_F(RuleLints, FindWindowsThatHoldASingleProbe) {
  const std::string file =
      rules_of({"record: a, expr: 'avg_over_time(probe_success[1m])'",
                "record: b, expr: 'max_over_time(sum(probe_success)[90s:30s])'",
                "record: c, expr: 'avg_over_time(probe_success[2m])'"});
  EXPECT_EQ(lint("short-window", file), 3);
  EXPECT_THAT(error_, HasSubstr("\"a\": probe_success[1m] looks at 1m, but a service makes a value "
                                "every 1m: 2m or longer holds at least 2 [short-window]"));
  EXPECT_EQ(found("short-window"), 2u);
}

TEST_F(RuleLints, KnowTheCadencesOfTheConfiguration) {
  const std::string file =
      rules_of({"record: all, expr: 'rate(sla_slots_total[5m])'",
                "record: web, expr: 'rate(sla_slots_total{sla_service=\"web\"}[9m])'",
                "record: api, expr: 'rate(sla_slots_total{sla_service=~\"api|mail\"}[2m])'",
                "record: first, expr: 'max_over_time(probe_success{sla_service=\"mail\", "
                "check=\"first\"}[2m])'",
                "record: second, expr: 'max_over_time(probe_success{sla_service=\"mail\"}[10m])'"});
  EXPECT_EQ(lint("short-window", file, {"--config.file", config()}), 3);
  EXPECT_THAT(
      error_,
      AllOf(HasSubstr("\"all\": sla_slots_total[5m] looks at 5m, but service \"web\" makes a value "
                      "every 5m"),
            HasSubstr("\"web\": "),
            HasSubstr("but check \"second\" of service \"mail\" makes a value every 10m: 20m or")));
  EXPECT_EQ(found("short-window"), 3u) << error_;
  EXPECT_EQ(lint("short-window", rules_of({"record: all, expr: 'rate(sla_slots_total[10m])'"}),
                 {"--config.file", config()}),
            0)
      << error_;
}

TEST_F(RuleLints, JudgeWindowsOverRecordsByTheirGroup) {
  const std::string record = "record: a:b, expr: sum(probe_success)";
  const std::string look = "record: c, expr: 'max_over_time(a:b[5m])'";
  EXPECT_EQ(lint("short-window", rules_of({record, look}, "    interval: 3m\n")), 3);
  EXPECT_THAT(error_, HasSubstr("but group \"g\" makes a value every 3m"));
  EXPECT_EQ(lint("short-window", rules_of({record, look}, "    interval: 2m\n")), 0) << error_;
  EXPECT_EQ(lint("short-window", rules_of({"record: c, expr: 'max_over_time(foreign[1s])'"})), 0)
      << "of whom nothing is known";
}

TEST_F(RuleLints, FindRangesBeyondWhatIsKept) {
  const std::string file =
      rules_of({"record: a, expr: 'avg_over_time(probe_success[8d])'",
                "record: b, expr: 'avg_over_time(probe_success[3d] offset 5d)'",
                "record: c, expr: 'max_over_time(sum(sla_slots_total offset 11d)[30d:1h])'",
                "record: d, expr: 'avg_over_time(probe_success[7d])'",
                "record: e, expr: 'rate(sla_slots_total[40d])'",
                "record: f, expr: 'avg_over_time(probe_success[7d] offset -1d)'",
                "record: g, expr: 'avg_over_time(probe_success[30d] @ 0)'"});
  EXPECT_EQ(lint("long-range", file), 3);
  EXPECT_THAT(
      error_,
      HasSubstr(
          "\"a\": probe_success[8d] looks back 8d, but its samples are kept for 1w [long-range]"));
  EXPECT_THAT(error_, HasSubstr("looks back 41d, but its samples are kept for 40d"));
  EXPECT_EQ(found("long-range"), 3u) << error_;
  EXPECT_EQ(lint("long-range", file, {"--retention", "41d"}), 0) << error_;
  EXPECT_EQ(lint("long-range", file, {"--retention", "6d"}), 3);
  EXPECT_EQ(found("long-range"), 6u) << error_;
  EXPECT_EQ(lint("long-range", file, {"--retention", "six"}), 2);
  const std::string kept = config("retention: {samples: 41d, probe_samples: 8d}\n");
  EXPECT_EQ(lint("long-range", file, {"--config.file", kept}), 0) << error_;
}

TEST_F(RuleLints, FindAlertsThatMustHoldLongerThanTheirWindow) {
  const std::string file =
      rules_of({"alert: A, expr: 'avg_over_time(probe_success[5m]) < 1', for: 6m",
                "alert: B, expr: 'avg_over_time(probe_success[5m]) < 1 and "
                "avg_over_time(probe_success[1h]) < 1', for: 6m",
                "alert: C, expr: 'avg_over_time(probe_success[5m]) < 1', for: 5m",
                "alert: D, expr: probe_success == 0, for: 1h",
                "alert: E, expr: 'absent_over_time(probe_success[5m])', for: 1h"});
  EXPECT_EQ(lint("long-for", file), 3);
  EXPECT_THAT(error_,
              HasSubstr("rule 1, \"A\": it must hold for 6m, but its longest window is 5m"));
  EXPECT_EQ(found("long-for"), 1u) << error_;
}

TEST_F(RuleLints, FindGroupsFasterThanWhatTheyRead) {
  const std::vector<std::string> alert = {
      "alert: A, expr: 'sla_service_state{sla_service=\"web\"} == 1'"};
  EXPECT_EQ(lint("fast-interval", rules_of(alert, "    interval: 30s\n")), 3);
  EXPECT_THAT(error_, HasSubstr(":2:5: group \"g\": it is evaluated every 30s, but what it reads "
                                "is new only every 1m [fast-interval]"));
  EXPECT_EQ(lint("fast-interval", rules_of(alert, "    interval: 1m\n")), 0) << error_;
  EXPECT_EQ(lint("fast-interval", rules_of(alert)), 0) << error_;
  // Nobody knows how often others bring samples, and a constant has none.
  EXPECT_EQ(
      lint("fast-interval", rules_of({alert[0], "alert: B, expr: up == 0"}, "    interval: 5s\n")),
      0)
      << error_;
  EXPECT_EQ(lint("fast-interval", rules_of({"alert: B, expr: vector(1)"}, "    interval: 5s\n")), 0)
      << error_;
  const std::string fast = config(
      "  fast: {every: 20s, timeout: 1s, confirm: {retries: 0}, checks: [{module: http_2xx, "
      "target: 'https://www.example.com/'}]}\n");
  EXPECT_EQ(lint("fast-interval",
                 rules_of({"alert: A, expr: 'sla_service_state == 1'"}, "    interval: 20s\n"),
                 {"--config.file", fast}),
            0)
      << error_ << out_;
}

TEST_F(RuleLints, FindMetricsThatNobodyMakes) {
  const std::string file = rules_of({"record: a:b, expr: sum(probe_succes) / count(probe_succes)",
                                     "record: b, expr: '{__name__=~\"nothing_.*\"}'",
                                     "record: c, expr: 'count(ALERTS{alertname=\"Gone\"})'",
                                     "record: d, expr: sla_exporter_loop_lag_seconds"});
  EXPECT_EQ(lint("unknown-metric", file), 3);
  EXPECT_THAT(error_, HasSubstr("probe_succes matches no metric of the exporter and no record of "
                                "these files; did you mean \"probe_success\"?"));
  EXPECT_THAT(error_, HasSubstr("matches no alert of these files"));
  EXPECT_EQ(found("unknown-metric"), 4u) << error_;
}

TEST_F(RuleLints, KnowEveryMetricRecordAndAlert) {
  const std::string other = write(
      "other.yml",
      "groups: [{name: o, rules: [{record: x:y, expr: vector(1)}, {alert: Other, expr: x:y}]}]\n");
  const std::string file =
      rules_of({"record: a:b, expr: sum(probe_success)", "record: c, expr: 'a:b + x:y'",
                "record: d, expr: 'count({__name__=~\"probe_.*|a:b\"})'",
                "record: e, expr: 'ALERTS{alertname=~\"Oth.*\"} or ALERTS_FOR_STATE or "
                "ALERTS{alertname!=\"Other\"}'",
                "record: f, expr: 'rate(sla_exporter_loop_lag_seconds_bucket[5m])'",
                "record: g, expr: '{sla_service=\"api\"}'", "alert: A, expr: c"});
  EXPECT_EQ(lint("unknown-metric", file, {other}), 0) << error_;

  // Also when the other file is only the configuration's.
  const auto judged = read_rule_file(file), others = read_rule_file(other);
  ASSERT_TRUE(judged && others);
  const lint::Lint* const unknown = lint::find_lint("unknown-metric");
  lint::Input input{.files = {&*judged}, .config = nullptr, .retention = {}, .target = {}};
  EXPECT_EQ(lint::run(input, {unknown}).size(), 2u) << "x:y and Other";
  Config with;
  with.alerting.rule_files = {std::shared_ptr<const rules::RuleFile>(&*others, [](const auto*) {})};
  input.config = std::make_shared<const Config>(std::move(with));
  EXPECT_EQ(lint::run(input, {unknown}).size(), 0u);
}

TEST_F(RuleLints, FindComparisonsThatNothingCanMeet) {
  const std::vector<std::string> never = {
      "probe_success > 1",
      "probe_success == 2",
      "probe_success < 0",
      "2 < avg by (check) (probe_success)",
      "1 - avg_over_time(probe_success[1h]) > 14.4 * 0.1",
      "sum by (sla_service) (rate(sla_slots_total{verdict=\"bad\"}[1h])) / sum by (sla_service) "
      "(rate(sla_slots_total[1h])) >= 1.2",
      "sum(increase(sla_slots_total{verdict=\"bad\"}[1h])) / "
      "sum(increase(sla_slots_total{verdict=~\"good|bad\"}[1h])) > (14.4 * (1 - 0.9))",
      "sla_month_slots > 0 and on (sla_service) sla_month_availability_ratio > 1",
      "rate(sla_slots_total[1h]) < 0",
      "count(probe_success) < 0",
      "absent(probe_success) > 1",
      "error:ratio > 1.44",
      "clamp(process_threads, 2, 5) > 5",
      "ALERTS == 0",
      "-probe_success > 0"};
  std::vector<std::string> lines = {"record: 'error:ratio', expr: '1 - max(probe_success)'"};
  for (const std::string& expr : never) lines.push_back("alert: A, expr: '" + expr + "'");
  EXPECT_EQ(lint("unreachable-threshold", rules_of(lines)), 3);
  EXPECT_EQ(found("unreachable-threshold"), never.size()) << error_;
  EXPECT_THAT(error_, HasSubstr("\"A\": error:ratio > 1.44 can never be true: error:ratio is from "
                                "0 to 1 [unreachable-threshold]"));
}

TEST_F(RuleLints, LeaveComparisonsAloneThatMayBeMet) {
  const std::vector<std::string> may = {
      "probe_success < 1",
      "probe_success >= 1",
      "probe_success == 0",
      "1 - avg_over_time(probe_success[1h]) > 14.4 * 0.01",
      "sum(probe_success) > 2",
      "sla_error_budget_remaining_ratio < -1",
      "process_threads > 100",
      "foreign > 1e9",
      "sum(rate(sla_slots_total{verdict=\"bad\"}[1h])) / "
      "sum(rate(sla_slots_total{verdict=\"good\"}[1h])) > 2",
      "sum(rate(sla_slots_total{verdict=\"bad\"}[1h])) / sum(rate(sla_slots_total[5m])) > 2",
      "sum by (check) (rate(sla_slots_total[1h])) / sum(rate(sla_slots_total[1h])) > 2",
      "probe_success > bool 1",
      "1 - sla_objective_ratio < 1",
      "probe_duration_seconds > 5",
      "own > 2",
      "rate(process_threads[5m]) < 0",
      "predict_linear(probe_success[1h], 3600) > 2",
      "vector(1) > 2"};
  std::vector<std::string> lines = {"record: own, expr: own + own"};
  for (const std::string& expr : may) lines.push_back("alert: A, expr: '" + expr + "'");
  EXPECT_EQ(lint("unreachable-threshold", rules_of(lines)), 0) << error_;
}

TEST_F(RuleLints, WeighThresholdsByTheObjectivesAgreed) {
  const std::string burn =
      "1 - avg by (sla_service) (avg_over_time(probe_success[1h])) > on (sla_service) 14.4 * (1 - "
      "sla_objective_ratio)";
  EXPECT_EQ(lint("unreachable-threshold", rules_of({"alert: A, expr: '" + burn + "'"})), 0)
      << error_;
  EXPECT_EQ(lint("unreachable-threshold", rules_of({"alert: A, expr: '" + burn + "'"}),
                 {"--config.file", config()}),
            3);
  EXPECT_THAT(error_, HasSubstr("can never be true for service \"web\" (90%): "));
  EXPECT_EQ(found("unreachable-threshold"), 1u);
  const std::string others =
      "1 - avg by (sla_service) (avg_over_time(probe_success{sla_service!=\"web\"}[1h])) > on "
      "(sla_service) 14.4 * (1 - sla_objective_ratio)";
  EXPECT_EQ(lint("unreachable-threshold", rules_of({"alert: A, expr: '" + others + "'"}),
                 {"--config.file", config()}),
            0)
      << error_;
}

TEST_F(RuleLints, TakeNoTimeForExpressionsThatAreDeep) {
  std::string deep = "probe_success";
  for (int i = 0; i < 100; ++i) deep = "probe_success / (probe_success + (" + deep + "))";
  std::vector<std::string> lines = {"record: r0, expr: vector(1)"};
  for (int i = 1; i < 200; ++i)
    lines.push_back(fmt::format("record: r{0}, expr: r{1} / (r{1} + r{1} + r{0})", i, i - 1));
  lines.push_back("alert: A, expr: '" + deep + " > 2 and r199 > 2'");
  EXPECT_EQ(lint("unreachable-threshold", rules_of(lines)), 3) << error_.substr(0, 1000);
}

TEST_F(RuleLints, WantAnAlertThatAlwaysFires) {
  const std::string down = "alert: Down, expr: probe_success == 0";
  EXPECT_EQ(lint("no-watchdog", rules_of({down})), 3);
  EXPECT_THAT(error_, HasSubstr("some.rules.yml:4:9: no alert fires always"));
  EXPECT_EQ(lint("no-watchdog", rules_of({down, "alert: Never, expr: vector(1) > 2"})), 3);
  EXPECT_EQ(lint("no-watchdog", rules_of({down, "alert: Watchdog, expr: vector(1)"})), 0) << error_;
  EXPECT_EQ(lint("no-watchdog", rules_of({"record: a, expr: vector(1)"})), 0)
      << "without alerts there is nothing to guard";

  // A heartbeat shows the same without an alert.
  const auto file = read_rule_file(rules_of({down}));
  ASSERT_TRUE(file);
  Config beating;
  beating.alerting.heartbeat.url = "https://watch.example.com/beat";
  const lint::Input input{.files = {&*file},
                          .config = std::make_shared<const Config>(std::move(beating)),
                          .retention = {},
                          .target = {}};
  EXPECT_TRUE(lint::run(input, {lint::find_lint("no-watchdog")}).empty());
}

TEST_F(RuleLints, WantAnAlertOnMissingSeries) {
  const std::string down = "alert: Down, expr: probe_success == 0";
  EXPECT_EQ(lint("no-absent", rules_of({down})), 3);
  EXPECT_THAT(error_, HasSubstr("no alert uses absent()"));
  EXPECT_EQ(lint("no-absent", rules_of({down, "record: a, expr: absent(probe_success)"})), 3)
      << "a record tells nobody";
  EXPECT_EQ(lint("no-absent", rules_of({down, "alert: Gone, expr: absent(probe_success)"})), 0)
      << error_;
  EXPECT_EQ(lint("no-absent", rules_of({"alert: Watchdog, expr: vector(1)"})), 0) << error_;
}

TEST_F(RuleLints, FindWhatTheTargetDoesNotKnow) {
  const std::vector<std::string> rule = {
      "alert: A, expr: 'max(first_over_time(probe_success[300]) offset 1_0) + 5m', "
      "keep_firing_for: 5m, labels: {a.b: c}, annotations: {at: '{{ now }}'}",
      "record: a.b, expr: '{\"a.b\", \"c.d\"=\"e\"} + on (\"f.g\") histogram_fraction(0, 1, "
      "a_bucket)'"};
  EXPECT_EQ(lint("none", rules_of({rule[0]}, "    query_offset: 1m\n    labels: {team: web}\n"),
                 {"--target", "2.41"}),
            1)
      << "offset behind a call";
  const std::string first =
      "alert: A, expr: 'max(first_over_time(probe_success[300] offset 1_0)) + 5m', "
      "keep_firing_for: 5m, labels: {a.b: c}, annotations: {at: '{{ now }}'}";
  const std::string file =
      rules_of({first, rule[1]}, "    query_offset: 1m\n    labels: {team: web}\n");
  const auto count = [&](const std::string& target) {
    EXPECT_EQ(lint("none", file, {"--target", target}), 3) << target;
    return found("newer-feature");
  };
  // Labels of the group are those of its rules too, but named once.
  EXPECT_EQ(count("2.41"), 15u) << error_;
  EXPECT_THAT(
      error_,
      AllOf(HasSubstr("group \"g\": query_offset needs Prometheus 2.53, and 2.41 is the target "
                      "[newer-feature]"),
            HasSubstr("\"A\": keep_firing_for needs Prometheus 2.42"),
            HasSubstr("\"A\": first_over_time() at 1:5 of the expression needs Prometheus 3.14"),
            HasSubstr("a number as a duration at 1:35 of the expression needs Prometheus 2.54")));
  EXPECT_EQ(count("2.42.0"), 14u) << error_;
  EXPECT_EQ(count("3"), 3u) << error_;
  EXPECT_EQ(count("3.13"), 1u) << error_;
  EXPECT_EQ(lint("none", file, {"--target", "3.14"}), 0) << error_;
  for (const char* bad : {"three", "2.", "-1", "1.2.3.4", "3.x"}) {
    EXPECT_EQ(lint("none", file, {"--target=" + std::string(bad)}), 2) << bad;
  }
}

TEST_F(RuleLints, FindNothingNewInWhatIsOld) {
  const std::string file = rules_of(
      {"alert: A, expr: 'sum by (sla_service) (rate(sla_slots_total{verdict=\"bad\", "
       "check!=\"\"}[5m] offset -1m)) > 2 * 1e3', annotations: {a: '{{ $value }} now'}",
       "record: a:b, expr: 'max_over_time(label_replace(probe_success, \"a\", \"b\", \"c\", "
       "\"(.*)\")[1h:5m] @ 1.5)'"});
  EXPECT_EQ(lint("none", file, {"--target", "2.42"}), 0) << error_;
}

TEST_F(RuleLints, SayWhatIsWrongWithTheConfiguration) {
  const std::string file = rules_of({"alert: A, expr: probe_success == 0"});
  EXPECT_EQ(lint("sla", file, {"--config.file", write("bad-sla.yml", "nothing: here\n")}), 1);
  EXPECT_THAT(error_, HasSubstr("unknown key"));
}

}  // namespace
}  // namespace exporter::tool
