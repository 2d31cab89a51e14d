// The scheduler on virtual time, with scripted probes: when checks run, how failures are confirmed,
// what restarts, reloads and a lost connection do.
#include "exporter/schedule/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "exporter/sla/slot.h"
#include "tests/fakes/fake_loop.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using probes::Outcome;
using probes::Reason;
using probes::Status;
using probes::Task;
using probes::TimePoint;

// A target that answers as told, after a while.
struct ScriptedTarget {
  Duration latency = 20ms;
  std::function<Outcome(TimePoint)> answer = [](TimePoint) { return Outcome::up(); };
  int attempts = 0;
};

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() { start(); }
  ~SchedulerTest() override { stop(); }

  void start() {
    clock_ = std::make_unique<SlotClock>(read_clocks(loop_));
    canaries_ = std::make_unique<CanaryRounds>(loop_, prober(), stats_);
    RunnerContext context{.loop = loop_,
                          .prober = prober(),
                          .clock = *clock_,
                          .canaries = *canaries_,
                          .stats = stats_,
                          .sink = [this](Arrival arrival) { records_.push_back(arrival.record); }};
    scheduler_ = std::make_unique<Scheduler>(std::move(context));
  }
  void stop() {
    scheduler_->stop();
    loop_.run_ready();
    scheduler_.reset();
    canaries_.reset();
  }

  Prober prober() {
    return [this](probes::ProbeRequest request, TimePoint deadline) {
      return probe(this, std::move(request), deadline);
    };
  }
  static Task<Outcome> probe(SchedulerTest* test, probes::ProbeRequest request,
                             TimePoint deadline) {
    ScriptedTarget& target = test->targets_[request.target];
    ++target.attempts;
    TimePoint begin = test->loop_.now();
    TimePoint end = std::min(deadline, begin + target.latency);
    co_await sleep_until(test->loop_, end);
    Outcome outcome = target.answer(begin);
    outcome.duration = end - begin;
    co_return outcome;
  }

  static Check check(std::string service, std::string name, std::chrono::seconds every) {
    Check check;
    check.service = std::move(service);
    check.name = name;
    check.target = std::move(name);
    check.module = std::make_shared<probes::Module>();
    check.every = every;
    check.timeout = 10s;
    check.confirm.after = 10s;
    return check;
  }
  static Config config_of(std::vector<Check> checks) {
    Config config;
    for (Check& check : checks) {
      Service service;
      service.name = check.service;
      service.terms.every = std::chrono::floor<std::chrono::seconds>(check.every);
      service.checks.push_back(std::move(check));
      config.services.push_back(std::move(service));
    }
    return config;
  }
  static Plan plan_of(const Config& config) {
    Plan plan;
    for (const Service& service : config.services)
      plan.services.push_back({service.name, service.terms});
    return plan;
  }

  std::vector<OutcomeRecord> records_of(const std::string& check) const {
    std::vector<OutcomeRecord> found;
    for (const OutcomeRecord& record : records_) {
      if (record.check == check) found.push_back(record);
    }
    return found;
  }

  fakes::FakeLoop loop_;
  ExporterStats stats_;
  std::map<std::string, ScriptedTarget> targets_;
  std::vector<OutcomeRecord> records_;
  std::unique_ptr<SlotClock> clock_;
  std::unique_ptr<CanaryRounds> canaries_;
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerTest, RunsACheckOnceInEverySlotAtItsPhase) {
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(24h);
  ASSERT_GE(records_.size(), 1439U);
  Seconds slot = records_.front().slot;
  auto phase = check_phase("smtp", "banner", 60s, config.services[0].checks[0].work());
  for (const OutcomeRecord& record : records_) {
    ASSERT_EQ(record.slot, slot);
    ASSERT_EQ(record.attempt, 0);
    ASSERT_TRUE(record.final);
    if (record.slot != records_.front().slot) ASSERT_EQ(record.at, record.slot + phase);
    slot += 60s;
  }
}

TEST_F(SchedulerTest, SpreadsChecksOverTheirSlot) {
  std::vector<Check> checks;
  for (int i = 0; i < 200; ++i)
    checks.push_back(check("service-" + std::to_string(i), "c" + std::to_string(i), 60s));
  Config config = config_of(std::move(checks));
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(3min);
  std::set<std::int64_t> seconds;
  for (const OutcomeRecord& record : records_) seconds.insert((record.at - record.slot) / 1s);
  // W is 31 s, so the phases fill the first 29 s of the minute.
  EXPECT_GE(seconds.size(), 25U);
}

TEST_F(SchedulerTest, ConfirmsWhatThePathCanCause) {
  TimePoint healed = loop_.now() + 10min;
  targets_["banner"].answer = [=](TimePoint at) {
    return at < healed ? Outcome::down(Reason::timeout, "no answer") : Outcome::up();
  };
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(9min);
  ASSERT_GE(records_.size(), 16U);
  for (std::size_t i = 0; i + 1 < records_.size(); i += 2) {
    EXPECT_EQ(records_[i].slot, records_[i + 1].slot);
    EXPECT_EQ(records_[i].attempt, 0);
    EXPECT_FALSE(records_[i].final);
    EXPECT_EQ(records_[i + 1].attempt, 1);
    EXPECT_TRUE(records_[i + 1].final);
    EXPECT_GE(records_[i + 1].at - records_[i].at, 10s);
  }
}

TEST_F(SchedulerTest, TakesARealAnswerOfTheTargetAtItsWord) {
  targets_["banner"].answer = [](TimePoint) {
    return Outcome::down(Reason::status, "the server answered 503");
  };
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(10min);
  for (const OutcomeRecord& record : records_) {
    EXPECT_EQ(record.attempt, 0);
    EXPECT_TRUE(record.final);
    EXPECT_EQ(record.status, Status::down);
  }
}

TEST_F(SchedulerTest, BlamesItselfWhenNoCanaryAnswers) {
  targets_["banner"].answer = [](TimePoint) {
    return Outcome::down(Reason::connect, "connection refused");
  };
  targets_["192.0.2.1:443"].answer = [](TimePoint) {
    return Outcome::down(Reason::timeout, "no answer");
  };
  canaries_->configure({.targets = {"tcp://192.0.2.1:443"}, .require = 1, .timeout = 5s});
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(5min);
  ASSERT_FALSE(records_of("banner").empty());
  for (const OutcomeRecord& record : records_of("banner")) {
    EXPECT_EQ(record.status, Status::unknown);
    EXPECT_EQ(record.reason, Reason::connect);
  }
  EXPECT_FALSE(stats_.connected);
}

TEST_F(SchedulerTest, NoticesThatTheLineIsBackThoughNoCheckFails) {
  TimePoint back = loop_.now() + 10min;
  auto answer = [=](TimePoint at) {
    return at < back ? Outcome::down(Reason::timeout, "no answer") : Outcome::up();
  };
  targets_["banner"].answer = answer;
  targets_["192.0.2.1:443"].answer = answer;
  canaries_->configure({.targets = {"tcp://192.0.2.1:443"}, .require = 1, .timeout = 5s});
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(10min);
  EXPECT_FALSE(stats_.connected);
  loop_.run_for(CanaryRounds::kAskAgain + 1s);
  EXPECT_TRUE(stats_.connected);
  int asked = targets_["192.0.2.1:443"].attempts;
  loop_.run_for(1h);
  EXPECT_EQ(targets_["192.0.2.1:443"].attempts, asked) << "nobody is asked without need";
}

TEST_F(SchedulerTest, IsConnectedOnceNoCanaryIsConfigured) {
  targets_["banner"].answer = [](TimePoint) {
    return Outcome::down(Reason::connect, "connection refused");
  };
  targets_["192.0.2.1:443"].answer = targets_["banner"].answer;
  canaries_->configure({.targets = {"tcp://192.0.2.1:443"}, .require = 1, .timeout = 5s});
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(5min);
  EXPECT_FALSE(stats_.connected);
  canaries_->configure({});
  EXPECT_TRUE(stats_.connected);
  loop_.run_for(1h);
  EXPECT_TRUE(stats_.connected);
}

TEST_F(SchedulerTest, ChargesTheTargetWhenEnoughCanariesAnswer) {
  targets_["banner"].answer = [](TimePoint) {
    return Outcome::down(Reason::connect, "connection refused");
  };
  targets_["192.0.2.3:443"].answer = [](TimePoint) {
    return Outcome::down(Reason::timeout, "no answer");
  };
  canaries_->configure(
      {.targets = {"tcp://192.0.2.1:443", "tcp://192.0.2.2:443", "tcp://192.0.2.3:443"},
       .require = 2,
       .timeout = 5s});
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(5min);
  for (const OutcomeRecord& record : records_of("banner")) EXPECT_EQ(record.status, Status::down);
  EXPECT_TRUE(stats_.connected);
}

TEST_F(SchedulerTest, AsksTheCanariesOnceForChecksThatFailTogether) {
  std::vector<Check> checks;
  for (int i = 0; i < 100; ++i) {
    std::string name = "c" + std::to_string(i);
    targets_[name].answer = [](TimePoint) {
      return Outcome::down(Reason::connect, "connection refused");
    };
    checks.push_back(check("service-" + name, name, 60s));
  }
  canaries_->configure({.targets = {"tcp://192.0.2.1:443"}, .require = 1, .timeout = 5s});
  Config config = config_of(std::move(checks));
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(10min);
  // At most one round in two seconds, though a thousand attempts failed.
  EXPECT_LE(targets_["192.0.2.1:443"].attempts, 300);
  EXPECT_GT(records_.size(), 900U);
}

TEST_F(SchedulerTest, ProbesLongSlotsEveryMinuteAfterAFailureUntilUpAgain) {
  TimePoint broken = loop_.now() + 10min, healed = loop_.now() + 13min;
  targets_["home"].answer = [=](TimePoint at) {
    return at >= broken && at < healed ? Outcome::down(Reason::status, "503") : Outcome::up();
  };
  Config config = config_of({check("website", "home", 300s)});
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(1h);
  int extra = 0;
  bool last_extra_was_up = false;
  for (const OutcomeRecord& record : records_) {
    if (!record.extra) continue;
    ++extra;
    last_extra_was_up = record.status == Status::up;
  }
  EXPECT_GE(extra, 1);
  EXPECT_LE(extra, 4);
  EXPECT_TRUE(last_extra_was_up);
}

TEST_F(SchedulerTest, MakesTheOutstandingConfirmationOfAnOpenSlotAfterARestart) {
  OutcomeRecord open;
  open.service = "smtp";
  open.check = "banner";
  open.slot = slot_of(std::chrono::floor<std::chrono::seconds>(loop_.wall_now()), 60s);
  open.attempt = 0;
  open.final = false;
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config), {{{"smtp", "banner"}, open}});
  loop_.run_for(5s);
  ASSERT_EQ(records_.size(), 1U);
  EXPECT_EQ(records_[0].slot, open.slot);
  EXPECT_EQ(records_[0].attempt, 1);
  EXPECT_TRUE(records_[0].final);
}

TEST_F(SchedulerTest, DoesNotRepeatASlotThatWasFinishedBeforeARestart) {
  OutcomeRecord done;
  done.service = "smtp";
  done.check = "banner";
  done.slot = slot_of(std::chrono::floor<std::chrono::seconds>(loop_.wall_now()), 60s);
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config), {{{"smtp", "banner"}, done}});
  loop_.run_for(3min);
  ASSERT_FALSE(records_.empty());
  EXPECT_EQ(records_.front().slot, done.slot + 60s);
}

TEST_F(SchedulerTest, RebuildsOnlyTheChecksThatChanged) {
  Config config = config_of({check("smtp", "banner", 60s), check("api", "status", 60s)});
  EXPECT_EQ(scheduler_->apply(config, plan_of(config)), 2U);
  EXPECT_EQ(scheduler_->apply(config, plan_of(config)), 0U);
  config.services[1].checks[0].timeout = 5s;
  EXPECT_EQ(scheduler_->apply(config, plan_of(config)), 1U);
  config.services.pop_back();
  EXPECT_EQ(scheduler_->apply(config, plan_of(config)), 0U);
  loop_.run_for(10min);
  EXPECT_TRUE(records_of("status").empty());
  EXPECT_GE(records_of("banner").size(), 9U);
}

TEST_F(SchedulerTest, LetsAnAttemptUnderWayFinishAsItBegan) {
  targets_["banner"].latency = 8s;
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config));
  while (targets_["banner"].attempts == 0) loop_.run_for(100ms);
  Config none;
  scheduler_->apply(none, plan_of(none));
  loop_.run_for(20s);
  EXPECT_EQ(records_.size(), 1U);
  loop_.run_for(5min);
  EXPECT_EQ(records_.size(), 1U);
}

TEST_F(SchedulerTest, RunsAtTheCadenceThatIsInForce) {
  Config config = config_of({check("smtp", "banner", 60s)});
  Plan frozen = plan_of(config);
  frozen.services[0].terms.every = 300s;
  scheduler_->apply(config, frozen);
  loop_.run_for(1h);
  EXPECT_LE(records_.size(), 13U);
  EXPECT_GE(records_.size(), 11U);
}

TEST_F(SchedulerTest, RefusesMoreAttemptsThanDescriptorsAllow) {
  stats_.attempts_running = 20'000;
  Config config = config_of({check("smtp", "banner", 60s)});
  scheduler_->apply(config, plan_of(config));
  loop_.run_for(2min);
  ASSERT_FALSE(records_.empty());
  EXPECT_EQ(records_[0].status, Status::unknown);
  EXPECT_EQ(records_[0].reason, Reason::local);
  EXPECT_EQ(targets_["banner"].attempts, 0);
}

TEST_F(SchedulerTest, SurvivesEveryMomentOfBeingStopped) {
  targets_["banner"].latency = 3s;
  targets_["banner"].answer = [](TimePoint) { return Outcome::down(Reason::timeout, "no answer"); };
  for (int i = 0; i < 90; ++i) {
    Config config = config_of({check("smtp", "banner", 60s)});
    scheduler_->apply(config, plan_of(config));
    loop_.run_for(std::chrono::seconds(i));
    stop();
    EXPECT_EQ(stats_.attempts_running, 0);
    start();
  }
}

}  // namespace
}  // namespace exporter
