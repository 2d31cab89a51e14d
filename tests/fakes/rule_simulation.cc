#include "tests/fakes/rule_simulation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "exporter/log.h"
#include "exporter/monitor.h"
#include "tests/fakes/fake_loop.h"

namespace exporter::fakes {

using std::chrono::seconds;
using namespace std::chrono_literals;
using probes::Outcome;
using probes::Reason;
using probes::Task;
using probes::TimePoint;
using probes::WallTime;

std::int64_t milliseconds_of(WallTime at) {
  return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

WallTime time_of(std::int64_t milliseconds) {
  return WallTime(std::chrono::milliseconds(milliseconds));
}

namespace {

Service service_of(const Script& script) {
  Service service;
  service.name = script.name;
  service.terms.every = script.every;
  service.labels = {{"team", "ops"}};
  service.depends_on = script.depends_on;
  Check check;
  check.service = script.name;
  check.name = "check";
  check.target = script.name;
  check.module = std::make_shared<probes::Module>();
  check.every = script.every;
  check.timeout = 10s;
  check.confirm.after = 10s;
  service.checks.push_back(std::move(check));
  return service;
}

std::shared_ptr<const Config> config_of(const World& world) {
  auto config = std::make_shared<Config>();
  AgreementTerms terms;
  terms.provider = "Maxony";
  for (const Script& script : world.services) {
    config->services.push_back(service_of(script));
    terms.objectives[script.name] = Objective{990'000};
  }
  config->agreements.push_back(std::move(terms));
  config->windows = world.windows;
  return config;
}

// Whether anything of a group could hold, from the snapshot alone: wide of every threshold.
class CouldHold {
 public:
  bool operator()(const std::string& group, const Snapshot& snapshot, std::int64_t at) {
    recent_.resize(snapshot.services.size());
    bool any = false;
    for (std::size_t i = 0; i < recent_.size(); ++i) {
      const ServiceView& view = *snapshot.services[i];
      recent_[i].follow(view.slots_total[1], at);
      any = any || service(group, view, recent_[i], at);
    }
    const auto is_down = [](const auto& facts) { return facts->up == false; };
    return any || (group == "sla-down" && std::ranges::any_of(snapshot.facts, is_down));
  }

 private:
  static constexpr std::int64_t kHour = 3'600'000;
  struct Recent {
    std::uint64_t seen = 0;
    std::deque<std::int64_t> bad;  // when, in the last three days
    void follow(std::uint64_t total, std::int64_t at) {
      for (; seen < total; ++seen) bad.push_back(at);
      while (!bad.empty() && bad.front() < at - 73 * kHour) bad.pop_front();
    }
    double since(std::int64_t at) const {
      return static_cast<double>(bad.end() - std::ranges::lower_bound(bad, at));
    }
  };

  static bool service(const std::string& group, const ServiceView& view, const Recent& recent,
                      std::int64_t at) {
    const bool spent = view.current.remaining <= 0;
    const double slots_an_hour = 3600.0 / static_cast<double>(view.every.count());
    const auto bad = [&](int hours) { return recent.since(at - (hours * kHour + kHour / 10)); };
    const auto burn = [&](int hours) { return bad(hours) / (hours * slots_an_hour) * 100; };
    if (group == "sla-burn-fast") {
      return spent || (burn(1) > 13 && bad(1) >= 3) || (burn(6) > 5.4 && bad(6) >= 6);
    }
    if (group == "sla-burn-slow") {
      return spent || view.exhaustion || burn(24) > 2.8 || burn(72) > 1.3;
    }
    const auto decided = [](const MonthFigures& month) {
      return month.state == MonthState::missed || month.state == MonthState::unproven;
    };
    if (group != "sla-month") return false;
    return decided(view.current) || (view.previous && decided(*view.previous));
  }

  std::vector<Recent> recent_;
};

}  // namespace

RuleSimulation::RuleSimulation(const World& world, const std::filesystem::path& rule_file,
                               WallTime begin)
    : world_(world),
      config_(config_of(world)),
      random_(world.seed),
      watch_({rule_file}, milliseconds_of(begin), world.scrape_every),
      begin_(begin) {
  setup_log(LogLevel::error, LogFormat::logfmt);
  ledger_.keep_outcomes = false;
  for (const Script& script : world_.services) scripts_[script.name] = &script;
}

void RuleSimulation::take_shortcuts() { watch_.skip_unless(CouldHold()); }

const std::vector<AlertEvent>& RuleSimulation::run(WallTime end) {
  WallTime at = begin_;
  for (const Stretch& killed : world_.killed) {
    live(at, killed.from);
    while (time_of(watch_.next()) < killed.to) watch_.look(nullptr);
    at = killed.to;
  }
  live(at, end);
  return watch_.events();
}

int RuleSimulation::bad_slots(const std::string& service, WallTime at, seconds within) const {
  int bad = 0;
  for (const auto& [slot, row] : ledger_.rows.at(service)) {
    const WallTime end = slot + row.every;
    if (end > at - within && end <= at && row.verdict == Verdict::bad) ++bad;
  }
  return bad;
}

void RuleSimulation::live(WallTime from, WallTime to) {
  ::fakes::FakeLoop loop(from);
  InlineExecutor inline_executor;
  ExporterStats stats;
  Monitor monitor({.loop = loop,
                   .prober =
                       [this, &loop](probes::ProbeRequest request, TimePoint deadline) {
                         return probe(this, &loop, request.target, deadline);
                       },
                   .ledger = ledger_,
                   .accounting = inline_executor,
                   .stats = stats});
  const auto opened = monitor.open(config_);
  ASSERT_TRUE(opened) << opened.error();
  monitor.start();
  while (time_of(watch_.next()) < to) {
    loop.run_until_wall(time_of(watch_.next()));
    snapshot_ = monitor.snapshot();
    watch_.look(snapshot_.get());
  }
  loop.stop();
  loop.run();
}

Task<Outcome> RuleSimulation::probe(RuleSimulation* simulation, probes::Loop* loop,
                                    std::string target, TimePoint deadline) {
  Outcome outcome = simulation->answer(target, loop->wall_now());
  TimePoint end = outcome.reason == Reason::timeout ? deadline : loop->now() + 30ms;
  co_await sleep_until(*loop, end);
  co_return outcome;
}

Outcome RuleSimulation::answer(const std::string& target, WallTime at) {
  const Script& script = *scripts_.at(target);
  const auto now = [at](const Stretch& stretch) { return stretch.contains(at); };
  if (std::ranges::any_of(script.unseen, now)) {
    return Outcome::unknown(Reason::local, "no descriptors");
  }
  if (std::ranges::any_of(script.outages, now)) {
    return Outcome::down(Reason::timeout, "no answer");
  }
  const bool fails = std::bernoulli_distribution(script.chance)(random_);
  return fails ? Outcome::down(Reason::status, "503") : Outcome::up();
}

}  // namespace exporter::fakes
