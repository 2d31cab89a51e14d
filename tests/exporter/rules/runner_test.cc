// Groups at work over restarts and reloads, on virtual time.
#include "exporter/rules/runner.h"

#include <gtest/gtest.h>

#include "exporter/config/rule_file.h"
#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "tests/fakes/sample_snapshot.h"

namespace exporter {
namespace {

using rules::AlertState;

constexpr std::int64_t kStart = 1'800'000'000;  // seconds

constexpr const char* kRules = R"(
groups:
- name: services
  interval: 30s
  rules:
  - record: bad:count
    expr: count(sla_service_state{state="bad"} == 1)
  - alert: Down
    expr: sla_service_state{state="bad"} == 1
    for: 5m
    keep_firing_for: 10m
    labels: {severity: page}
    annotations: {summary: "{{ $labels.sla_service }} is down"}
)";

std::shared_ptr<Config> config_with(const std::string& rules) {
  auto config = std::make_shared<Config>(*fakes::sample_snapshot(2)->config);
  if (rules.empty()) return config;
  auto file = read_rule_text(rules, "rules.yml", {});
  EXPECT_TRUE(file) << file.error()[0].text();
  config->alerting.rule_files = {std::make_shared<const rules::RuleFile>(*std::move(file))};
  return config;
}

class RunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::path(::testing::TempDir()) /
             ("runner_" + std::to_string(::getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    begin_life();
  }
  void TearDown() override {
    runner.reset();
    std::filesystem::remove_all(folder);
  }

  // A life that ends without close() is one that was killed.
  void begin_life() {
    runner.reset();
    runner = std::make_unique<RuleRunner>(
        RunnerParts{.samples = {.folder = folder},
                    .stats = stats,
                    .notify = [this](std::vector<rules::Notification> more) {
                      for (auto& each : more) sent.push_back(std::move(each));
                    }});
    ASSERT_TRUE(runner->open());
    EXPECT_EQ(runner->source(), nullptr);
    ASSERT_TRUE(runner->load());
  }

  // Ticks once a second, up to and with `second`; the first service is bad while `down`.
  void run_to(std::int64_t second, bool down) {
    auto base = std::make_shared<Snapshot>(*fakes::sample_snapshot(2));
    base->config = config;
    auto view = std::make_shared<ServiceView>(*base->services[0]);
    view->state = down ? Verdict::bad : Verdict::good;
    base->services[0] = view;
    for (; clock <= second; ++clock) {
      base->at = Seconds(std::chrono::seconds(kStart + clock));
      runner->tick(base, base->at);
    }
  }

  // The same; what was logged meanwhile.
  std::string log_until(std::int64_t second, bool down) {
    testing::internal::CaptureStdout();
    run_to(second, down);
    return testing::internal::GetCapturedStdout();
  }

  const rules::RuleState& rule(std::size_t index) const {
    shown = runner->view();
    return shown->groups.at(0)->state.rules.at(index);
  }
  std::optional<AlertState> alert_state() const {
    const auto& alerts = rule(1).alerts;
    if (alerts.empty()) return std::nullopt;
    return alerts.begin()->second.state;
  }
  double ask(const std::string& query) const {
    const auto expr = rules::parse(query);
    const auto answer = rules::evaluate(**expr, *runner->source(), (kStart + clock - 1) * 1000);
    if (!answer || !std::holds_alternative<rules::Vector>(answer->value)) return -1;
    const auto& vector = std::get<rules::Vector>(answer->value);
    return vector.empty() ? std::nan("") : vector[0].sample.value;
  }

  std::filesystem::path folder;
  RuleStats stats;
  std::shared_ptr<const Config> config = config_with(kRules);
  std::unique_ptr<RuleRunner> runner;
  std::vector<rules::Notification> sent;
  std::int64_t clock = 0;
  mutable std::shared_ptr<const RulesView> shown;
};

TEST_F(RunnerTest, AnAlertGoesItsWay) {
  run_to(100, true);
  EXPECT_EQ(alert_state(), AlertState::pending);
  EXPECT_EQ(ask("bad:count"), 1);
  EXPECT_EQ(ask(R"(ALERTS{alertstate="pending"})"), 1);
  EXPECT_TRUE(sent.empty());
  run_to(360, true);
  EXPECT_EQ(alert_state(), AlertState::firing);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].alert.labels.get("severity"), "page");
  EXPECT_EQ(sent[0].alert.annotations[0].second, "service-1 is down");
  run_to(1100, false);
  EXPECT_EQ(alert_state(), AlertState::inactive);
  EXPECT_TRUE(sent.back().alert.resolved_at);
  EXPECT_EQ(stats.evaluation_failures_total, 0U);
  EXPECT_EQ(stats.iterations_missed_total, 0U);
}

// Killed at any moment of `for`, the alert fires at the very slot at which it would have fired.
TEST_F(RunnerTest, ForSurvivesAKillExactly) {
  run_to(420, true);
  ASSERT_FALSE(sent.empty());
  const std::int64_t fires = sent[0].starts_at;
  for (std::int64_t killed_at : {35, 100, 200, 290}) {
    runner.reset();
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    sent.clear();
    clock = 0;
    begin_life();
    run_to(killed_at, true);
    EXPECT_TRUE(sent.empty());
    clock += 20;  // nobody ran
    begin_life();
    run_to(420, true);
    ASSERT_FALSE(sent.empty()) << "killed at " << killed_at;
    EXPECT_EQ(sent[0].starts_at, fires) << "killed at " << killed_at;
  }
}

TEST_F(RunnerTest, KeepFiringForSurvivesAKillExactly) {
  run_to(400, true);
  run_to(1200, false);
  ASSERT_TRUE(sent.back().alert.resolved_at);
  const std::int64_t resolved = *sent.back().alert.resolved_at;
  runner.reset();
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  sent.clear();
  clock = 0;
  begin_life();
  run_to(400, true);
  run_to(700, false);
  EXPECT_EQ(alert_state(), AlertState::firing);
  clock += 25;
  begin_life();
  run_to(1200, false);
  ASSERT_TRUE(sent.back().alert.resolved_at);
  EXPECT_EQ(*sent.back().alert.resolved_at, resolved);
}

TEST_F(RunnerTest, AReloadKeepsAlertsAndChangesTheRest) {
  run_to(200, true);
  ASSERT_EQ(alert_state(), AlertState::pending);
  std::string changed = kRules;
  changed.replace(changed.find("is down"), 7, "is gone");
  config = config_with(changed);
  run_to(420, true);
  EXPECT_EQ(alert_state(), AlertState::firing);
  EXPECT_EQ(sent[0].alert.annotations[0].second, "service-1 is gone");
  EXPECT_LE(sent[0].starts_at, (kStart + 365) * 1000);
}

TEST_F(RunnerTest, AGroupThatIsGoneLeavesNoSeriesBehind) {
  run_to(100, true);
  config = config_with("");
  run_to(120, true);
  EXPECT_EQ(ask("bad:count"), 1);  // until two intervals later
  run_to(170, true);
  EXPECT_TRUE(std::isnan(ask("bad:count")));
  EXPECT_TRUE(std::isnan(ask("ALERTS")));
  EXPECT_TRUE(runner->view()->groups.empty());
  begin_life();
  EXPECT_TRUE(runner->documents().empty());
}

TEST_F(RunnerTest, AGroupThatIsGoneAfterARestartLeavesNoneEither) {
  run_to(100, true);
  begin_life();
  config = config_with("");
  run_to(300, true);
  EXPECT_TRUE(std::isnan(ask("bad:count")));
}

TEST_F(RunnerTest, EvaluatedElsewhereNothingIsEvaluatedHere) {
  auto elsewhere = std::make_shared<Config>(*config);
  elsewhere->alerting.evaluate_here = false;
  config = elsewhere;
  run_to(500, true);
  EXPECT_TRUE(runner->view()->groups.empty());
  EXPECT_TRUE(sent.empty());
  EXPECT_FALSE(std::isnan(ask("sla_slot_seconds")));
}

TEST_F(RunnerTest, SlotsThatWereMissedAreCountedAndNotCaughtUp) {
  run_to(100, true);
  clock = 400;
  run_to(401, true);
  EXPECT_GE(stats.iterations_missed_total, 8U);
  EXPECT_LE(stats.iterations_total, 6U);
}

TEST_F(RunnerTest, AClockThatWasSetBackIsWaitedForAndThatIsSaidOnce) {
  run_to(420, true);
  ASSERT_FALSE(sent.empty());
  const rules::Notification last = sent.back();
  sent.clear();
  const std::uint64_t evaluations = stats.evaluations_total;
  clock = 100;
  const std::string waiting = log_until(420, false);
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(stats.evaluations_total, evaluations);
  EXPECT_EQ(alert_state(), AlertState::firing);
  // An Alertmanager by the same clock does not end the alert meanwhile.
  EXPECT_GT(last.ends_at, (kStart + clock) * 1000);
  const std::size_t said = waiting.find("the clock was set back");
  ASSERT_NE(said, waiting.npos);
  EXPECT_EQ(waiting.find("the clock was set back", said + 1), waiting.npos);
  EXPECT_NE(waiting.find("seconds=320"), waiting.npos);

  EXPECT_NE(log_until(600, true).find("the clock has caught up"), std::string::npos);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].starts_at, last.starts_at);
  EXPECT_EQ(stats.iterations_missed_total, 0U);
}

TEST_F(RunnerTest, ASmallStepBackIsNotWorthAWord) {
  run_to(420, true);
  const std::uint64_t evaluations = stats.evaluations_total;
  clock = 370;
  EXPECT_EQ(log_until(480, true).find("clock"), std::string::npos);
  EXPECT_GT(stats.evaluations_total, evaluations);
}

TEST_F(RunnerTest, ARuleThatFailsSaysWhyAndKeepsItsAlerts) {
  config = config_with(R"(
groups:
- name: broken
  rules:
  - alert: Broken
    expr: label_replace(sla_slot_seconds, "sla_service", "same", "sla_service", ".*")
)");
  run_to(120, true);
  const auto& broken = rule(0);
  EXPECT_EQ(broken.health, rules::RuleHealth::bad);
  EXPECT_FALSE(broken.last_error.empty());
  EXPECT_GE(stats.evaluation_failures_total, 1U);
}

}  // namespace
}  // namespace exporter
