// The whole program on virtual time: scheduler, book and ledger with scripted targets. Each test is
// a story an operator could tell: an outage, a kill, a stepped clock, a full disk, a reload.
#include "exporter/monitor.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <random>

#include "tests/fakes/fake_loop.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/plain_months.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
namespace plain = ::fakes::plain;
using probes::Outcome;
using probes::Reason;
using probes::Task;
using probes::TimePoint;
using probes::WallTime;

using Answer = std::function<Outcome(const std::string& target, WallTime at)>;

Outcome always_up(const std::string&, WallTime) { return Outcome::up(); }

// One life of the program, from start to kill or stop. The ledger outlives it.
class Life {
 public:
  Life(Ledger& ledger, std::shared_ptr<const Config> config, WallTime start, Answer answer,
       std::filesystem::path reports = {})
      : loop_(start), answer_(std::move(answer)) {
    monitor_ = std::make_unique<Monitor>(
        MonitorParts{.loop = loop_,
                     .prober = [this](probes::ProbeRequest request,
                                      TimePoint) { return probe(this, std::move(request)); },
                     .ledger = ledger,
                     .accounting = inline_,
                     .stats = stats_,
                     .reports = std::move(reports)});
    opened = monitor_->open(std::move(config));
    if (opened) monitor_->start();
  }
  // Killed: nothing is said, nothing is committed.
  ~Life() {
    loop_.stop();
    loop_.run();
  }

  void run_until(WallTime at) { loop_.run_until_wall(at); }
  std::shared_ptr<const Snapshot> snapshot() const { return monitor_->snapshot(); }
  const ServiceView& service(const std::string& name) const {
    for (const auto& view : monitor_->snapshot()->services) {
      if (view->service == name) return *view;
    }
    throw std::runtime_error("no service " + name);
  }
  void stop_in_order() {
    bool done = false;
    monitor_->stop([&] { done = true; });
    loop_.run_for(1s);
    EXPECT_TRUE(done);
  }

  std::expected<void, std::string> opened;
  ::fakes::FakeLoop loop_;
  ExporterStats stats_;
  InlineExecutor inline_;
  std::unique_ptr<Monitor> monitor_;

 private:
  static Task<Outcome> probe(Life* life, probes::ProbeRequest request) {
    TimePoint end = life->loop_.now() + 30ms;
    WallTime began = life->loop_.wall_now();
    co_await sleep_until(life->loop_, end);
    co_return life->answer_(request.target, began);
  }
  Answer answer_;
};

Service service_named(std::string name, std::chrono::seconds every) {
  Service service;
  service.name = std::move(name);
  service.terms.every = every;
  Check check;
  check.service = service.name;
  check.name = "check";
  check.target = service.name;
  check.module = std::make_shared<probes::Module>();
  check.every = every;
  check.timeout = 10s;
  check.confirm.after = 10s;
  service.checks.push_back(std::move(check));
  return service;
}

std::shared_ptr<Config> maxony() {
  auto config = std::make_shared<Config>();
  AgreementTerms terms;
  terms.provider = "Maxony";
  terms.timezone = "UTC+01:00";
  config->services.push_back(service_named("website", 300s));
  for (const char* name : {"applications", "api", "smtp", "sms"})
    config->services.push_back(service_named(name, 60s));
  for (const Service& service : config->services) terms.objectives[service.name] = {};
  config->agreements.push_back(std::move(terms));
  return config;
}

WallTime day(int month, int of_month) {
  return std::chrono::sys_days(std::chrono::year(2026) / month / of_month);
}

std::int64_t total(const SlotCounts& counts) { return counts.ended(); }

TEST(Monitor, AMonthIsCountedToTheSlotAndSaysWhatItDoesNotKnow) {
  fakes::MemoryLedger ledger;
  // The month of UTC+01:00 begins at 23:00 UTC the evening before.
  WallTime begin = day(5, 1) - 1h, end = day(6, 1) - 1h;
  WallTime broken = day(5, 10) + 12h, healed = broken + 3h;
  Answer answer = [=](const std::string& target, WallTime at) {
    bool out = target == "smtp" && at >= broken && at < healed;
    return out ? Outcome::down(Reason::status, "421 too busy") : Outcome::up();
  };
  {
    Life first(ledger, maxony(), begin, answer);
    ASSERT_TRUE(first.opened) << first.opened.error();
    first.run_until(begin + 2h);
    const MonthFigures& smtp = first.service("smtp").current;
    EXPECT_EQ(smtp.expected, 44'640);
    EXPECT_EQ(smtp.counts.good, 120);
    EXPECT_EQ(smtp.allowed, 446);
    EXPECT_EQ(smtp.remaining, 446);
    EXPECT_EQ(smtp.state, MonthState::open);
    EXPECT_EQ(first.service("website").current.expected, 8'928);
    EXPECT_EQ(first.service("website").current.allowed, 89);
  }
  {
    Life second(ledger, maxony(), broken - 1h, answer);
    ASSERT_TRUE(second.opened) << second.opened.error();
    second.run_until(healed + 1h);
    const MonthFigures& smtp = second.service("smtp").current;
    EXPECT_EQ(smtp.counts.bad, 180);
    EXPECT_EQ(smtp.remaining, 266);
    EXPECT_EQ(second.service("api").current.counts.bad, 0);
  }
  Life third(ledger, maxony(), end - 1h, answer);
  ASSERT_TRUE(third.opened) << third.opened.error();
  third.run_until(end + 2min);
  ASSERT_TRUE(third.service("smtp").previous);
  const MonthFigures& smtp = *third.service("smtp").previous;
  EXPECT_EQ(smtp.pending, 0);
  EXPECT_EQ(smtp.counts.bad, 180);
  // Two hours, one, one and one were seen good; a start resumes within its first slot, or in the
  // next.
  EXPECT_GE(smtp.counts.good, 298);
  EXPECT_LE(smtp.counts.good, 300);
  EXPECT_EQ(smtp.counts.unknown, 44'640 - 180 - smtp.counts.good);
  EXPECT_EQ(smtp.state, MonthState::unproven);
  EXPECT_EQ(third.service("smtp").current.expected, 43'200);
}

// Every slot of a month whose clocks are put forward, probed, judged and committed as it ends.
TEST(Monitor, AMonthOfOneServiceIsProbedSlotBySlotAndCountedAsByHand) {
  fakes::MemoryLedger ledger;
  ledger.keep_outcomes = false;
  auto config = std::make_shared<Config>();
  config->services.push_back(service_named("smtp", 60s));
  AgreementTerms terms;
  terms.timezone = "Europe/Berlin";
  terms.objectives["smtp"] = {};
  config->agreements.push_back(std::move(terms));
  const plain::Month march = plain::months(plain::Law::berlin, 2026, 2026)[2];
  const WallTime begin = WallTime(std::chrono::seconds(march.begin));
  plain::Slots by_hand(march.begin, march.end, 60);
  // One slot of a hundred is refused and one more; one a day is our own fault.
  auto answer = [&](const std::string&, WallTime at) {
    const std::int64_t slot = std::chrono::floor<std::chrono::minutes>(at - begin).count();
    const bool bad = slot % 100 == 41 || slot == 30'000;
    const bool unknown = !bad && slot % 1440 == 77;
    const auto verdict = bad       ? plain::Verdict::bad
                         : unknown ? plain::Verdict::unknown
                                   : plain::Verdict::good;
    if (slot < 44'580) by_hand.find(march.begin + slot * 60, verdict);
    if (bad) return Outcome::down(Reason::status, "421 too busy");
    return unknown ? Outcome::unknown(Reason::local, "no descriptors") : Outcome::up();
  };
  Life life(ledger, config, begin, answer);
  ASSERT_TRUE(life.opened) << life.opened.error();
  for (std::int64_t at = march.begin + 60; at < march.end; at += 60) {
    life.run_until(WallTime(std::chrono::seconds(at) + 2s));
    const MonthFigures& shown = life.service("smtp").current;
    ASSERT_EQ(shown.pending, (march.end - at) / 60);
  }
  life.run_until(WallTime(std::chrono::seconds(march.end) + 2s));
  ASSERT_TRUE(life.service("smtp").previous);
  const MonthFigures& shown = *life.service("smtp").previous;
  const plain::Figures want = by_hand.figures(march, march.end);
  EXPECT_EQ(shown.expected, 44'580);
  EXPECT_EQ(shown.counts.good, want.good);
  EXPECT_EQ(shown.counts.bad, want.bad);
  EXPECT_EQ(shown.counts.unknown, want.unknown);
  EXPECT_EQ(shown.allowed, want.allowed);
  EXPECT_EQ(shown.remaining, want.remaining);
  EXPECT_EQ(name_of(shown.state), want.state);
  EXPECT_EQ(want.bad, 447);
  EXPECT_EQ(want.state, "missed");
}

TEST(Monitor, KillsLoseOnlyWhatWasNotObserved) {
  std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  fakes::MemoryLedger ledger;
  WallTime now = day(3, 2) + 7h;
  std::map<std::string, std::array<std::uint64_t, 4>> before;
  for (int life_number = 0; life_number < 40; ++life_number) {
    Life life(ledger, maxony(), now, always_up);
    ASSERT_TRUE(life.opened) << life.opened.error();
    now += std::chrono::milliseconds(random() % (20 * 60 * 1000));
    life.run_until(now);
    if (!life.snapshot()) continue;
    for (const auto& view : life.snapshot()->services) {
      const MonthFigures& month = view->current;
      EXPECT_EQ(month.expected, total(month.counts) + month.pending);
      EXPECT_EQ(month.counts.bad, 0);
      std::array<std::uint64_t, 4>& old = before[view->service];
      for (std::size_t i = 0; i < 4; ++i)
        EXPECT_GE(view->slots_total[i], old[i]) << view->service << " went back";
      old = view->slots_total;
    }
    now += std::chrono::milliseconds(random() % (10 * 60 * 1000));
  }
  // Every slot from the first to the last has exactly one verdict.
  for (const auto& [service, rows] : ledger.rows) {
    std::chrono::seconds every = rows.begin()->second.every;
    Seconds expected = rows.begin()->first;
    for (const auto& [start, row] : rows) {
      EXPECT_EQ(start, expected) << service;
      expected = start + every;
    }
  }
}

TEST(Monitor, CountsAsCommitsOnlySecondsWithSomethingToWrite) {
  fakes::MemoryLedger ledger;
  Life life(ledger, maxony(), day(3, 2), always_up);
  ASSERT_TRUE(life.opened);
  life.run_until(day(3, 2) + 10min);
  // In ten minutes 42 outcomes arrive, slots end ten times, and 600 seconds pass.
  EXPECT_GE(life.stats_.commits_total, 10u);
  EXPECT_LE(life.stats_.commits_total, 60u);
}

TEST(Monitor, ARestartWithinASlotLosesNothing) {
  fakes::MemoryLedger ledger;
  WallTime now = day(3, 2);
  for (int restart = 0; restart < 60; ++restart) {
    Life life(ledger, maxony(), now, always_up);
    ASSERT_TRUE(life.opened);
    now += 73s;
    life.run_until(now);
    life.stop_in_order();
    now += 1s;  // a restart takes a second
  }
  Life last(ledger, maxony(), now, always_up);
  last.run_until(now + 10min);
  const SlotCounts& counts = last.service("website").current.counts;
  // W of a 5-minute check is 31 s: a restart of a second can hit a probe under way, never hide a
  // slot for long.
  EXPECT_GE(counts.good, 14);
  EXPECT_EQ(counts.bad, 0);
}

TEST(Monitor, ASlotThatBeganAMomentBeforeTheProgramWasNotMissedByOverload) {
  fakes::MemoryLedger ledger;
  std::shared_ptr<Config> config = maxony();
  // Its work fills the slot but for a fifth of a second, so it no longer fits at the start.
  config->services[1].checks[0].timeout = 29400ms;
  config->services[1].checks[0].confirm.after = 0s;
  Life life(ledger, config, day(3, 2) + 500ms, always_up);
  ASSERT_TRUE(life.opened) << life.opened.error();
  life.run_until(day(3, 2) + 2min + 2s);
  const ServiceView& service = life.service(config->services[1].name);
  EXPECT_EQ(service.current.counts.good, 1);
  EXPECT_EQ(service.unknown_total, (std::map<Cause, std::uint64_t>{{Cause::not_running, 1}}));
}

TEST(Monitor, AStepOfTheWallClockBecomesUnknownOnlyWhenItHolds) {
  fakes::MemoryLedger ledger;
  WallTime begin = day(4, 7);
  Life life(ledger, maxony(), begin, always_up);
  life.run_until(begin + 1h);
  life.loop_.step_wall(2h);
  life.loop_.run_for(9min);
  EXPECT_EQ(life.service("smtp").current.counts.unknown, 0);
  life.loop_.run_for(30min);
  const ServiceView& smtp = life.service("smtp");
  EXPECT_GE(smtp.current.counts.unknown, 119);
  EXPECT_LE(smtp.current.counts.unknown, 122);
  EXPECT_EQ(smtp.current.counts.bad, 0);
  EXPECT_TRUE(smtp.unknown_total.contains(Cause::clock_step));
}

TEST(Monitor, ASuspendedMachineObservesNothingAndBlamesNobody) {
  fakes::MemoryLedger ledger;
  WallTime begin = day(4, 7);
  Life life(ledger, maxony(), begin, always_up);
  life.run_until(begin + 1h);
  life.loop_.suspend(3h);
  life.loop_.run_for(1h);
  const ServiceView& smtp = life.service("smtp");
  EXPECT_GE(smtp.current.counts.unknown, 179);
  EXPECT_LE(smtp.current.counts.unknown, 181);
  EXPECT_EQ(smtp.current.counts.bad, 0);
  auto suspended = smtp.unknown_total.find(Cause::suspended);
  ASSERT_NE(suspended, smtp.unknown_total.end());
  EXPECT_GE(suspended->second, 179U);
}

TEST(Monitor, AFullDiskDelaysVerdictsAndLosesNone) {
  fakes::MemoryLedger ledger;
  bool full = false;
  ledger.fails = [&](const Batch&) { return full; };
  WallTime begin = day(4, 7);
  Life life(ledger, maxony(), begin, always_up);
  life.run_until(begin + 1h);
  std::uint64_t good_before = life.service("smtp").slots_total[0];
  full = true;
  life.run_until(begin + 2h);
  EXPECT_EQ(life.service("smtp").slots_total[0], good_before) << "shown before it was committed";
  EXPECT_TRUE(life.stats_.storage_full);
  full = false;
  life.run_until(begin + 3h);
  EXPECT_FALSE(life.stats_.storage_full);
  EXPECT_EQ(life.service("smtp").current.counts.unknown, 0);
  EXPECT_GE(life.service("smtp").slots_total[0], 178U);
}

TEST(Monitor, AReloadKeepsTheCadenceOfARunningMonthAndSaysSo) {
  fakes::MemoryLedger ledger;
  WallTime begin = day(4, 1) - 1h, end = day(5, 1) - 1h;
  auto config = maxony();
  auto changed = std::make_shared<Config>(*config);
  changed->services[3].terms.every = 300s;
  changed->services[3].checks[0].every = 300s;
  {
    // Commissioned before the month that is watched, so that its terms are frozen.
    Life life(ledger, config, begin - 2h, always_up);
    life.run_until(begin + 1h);
    std::expected<std::string, std::string> said = std::unexpected("nothing");
    life.monitor_->reload(changed, [&](auto result) { said = std::move(result); });
    life.loop_.run_for(2s);
    ASSERT_TRUE(said) << said.error();
    EXPECT_NE(said->find("smtp"), std::string::npos) << *said;
    life.run_until(begin + 3h);
    EXPECT_EQ(life.service("smtp").every, 60s);
    EXPECT_EQ(life.service("smtp").current.expected, 43'200);
    EXPECT_EQ(life.service("smtp").current.counts.good, 180);
  }
  Life life(ledger, changed, end - 1h, always_up);
  life.run_until(end - 1min);
  EXPECT_EQ(life.service("smtp").every, 60s);
  life.run_until(end + 1h);
  EXPECT_EQ(life.service("smtp").every, 300s);
  EXPECT_EQ(life.service("smtp").current.expected, 8'928);
  EXPECT_EQ(life.service("smtp").current.counts.unknown, 0);
  EXPECT_EQ(life.service("smtp").current.counts.good, 12);
}

TEST(Monitor, WritesTheReportOfAMonthWhenItEndsAndWhenItCloses) {
  std::string name = (std::filesystem::temp_directory_path() / "sla-monitor-XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const std::filesystem::path reports = std::filesystem::path(name) / "reports";
  fakes::MemoryLedger ledger;
  auto config = std::make_shared<Config>();
  config->services.push_back(service_named("website", 300s));
  config->agreements.push_back({.objectives = {{"website", {}}}});
  {
    Life life(ledger, config, day(1, 30), always_up, reports);
    ASSERT_TRUE(life.opened) << life.opened.error();
    life.run_until(day(2, 1) - 1s);
    EXPECT_FALSE(std::filesystem::exists(reports / "published-2026-01-provisional.md"));
    life.run_until(day(2, 1) + 2min);
    EXPECT_TRUE(std::filesystem::exists(reports / "published-2026-01-provisional.md"));
    EXPECT_TRUE(std::filesystem::exists(reports / "published-2026-01-provisional.json"));
  }
  // Written while nothing ran: the next life finds what is missing.
  std::filesystem::remove(reports / "published-2026-01-provisional.md");
  {
    Life life(ledger, config, day(2, 1) + 3min, always_up, reports);
    life.run_until(day(2, 1) + 5min);
    EXPECT_TRUE(std::filesystem::exists(reports / "published-2026-01-provisional.md"));
    life.run_until(day(2, 6) + 2min);
    EXPECT_TRUE(std::filesystem::exists(reports / "published-2026-01-closed.md"));
  }
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace exporter
