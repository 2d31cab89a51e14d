// The shipped rules in months of monitoring on virtual time: scheduler, book and ledger find what
// scripted services do, a series store samples what the page would show, and the rule files are
// evaluated when they are due. Chance failures must not wake anybody; outages must, in time, and
// must not be called over while they last. At full size (SLA_FULL=1) a thousand service-months.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <set>

#include "exporter/metrics/names.h"
#include "exporter/metrics/page.h"
#include "exporter/sla/zone.h"
#include "tests/fakes/rule_simulation.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using fakes::AlertEvent;
using fakes::RuleSimulation;
using fakes::Script;
using fakes::Stretch;
using fakes::time_of;
using fakes::World;
using probes::WallTime;
using std::chrono::seconds;
using testing::IsEmpty;

const bool kFull = std::getenv("SLA_FULL") != nullptr;
const std::filesystem::path kRules = SLA_SOURCE_DIR "/rules/shipped/availability.yml";

WallTime at_day(int month, int day) {
  return std::chrono::sys_days(std::chrono::year(2026) / month / day);
}

// What happened until `end`, in which no rule failed.
const std::vector<AlertEvent>& events_of(RuleSimulation& simulation, WallTime end) {
  const std::vector<AlertEvent>& events = simulation.run(end);
  EXPECT_THAT(simulation.errors(), IsEmpty());
  return events;
}

std::string text_of(const AlertEvent& event) {
  return fmt::format("{} {} {} {}", format_utc(std::chrono::floor<seconds>(time_of(event.at))),
                     event.alert, event.service, event.fires ? "fires" : "resolves");
}

std::uint64_t new_seed() {
  const char* given = std::getenv("SLA_SEED");
  return given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

// How often each alert fired, and how often it did so within a day of having resolved.
struct Tally {
  std::map<std::string, int> fired, again;
  int pages = 0;
};

void count(const std::vector<AlertEvent>& events, Tally& tally) {
  std::map<std::pair<std::string, std::string>, std::int64_t> resolved;
  for (const AlertEvent& event : events) {
    const auto key = std::pair(event.alert, event.service);
    if (!event.fires) {
      resolved[key] = event.at;
      continue;
    }
    ++tally.fired[event.alert];
    tally.pages += event.severity == "page";
    const auto before = resolved.find(key);
    const bool again =
        before != resolved.end() && time_of(event.at) - time_of(before->second) < 24h;
    tally.again[event.alert] += again;
  }
}

void print(const std::string& what, double months, const Tally& tally) {
  fmt::print("{}: {:.0f} service-months, {:.4f} pages per service and month;", what, months,
             tally.pages / months);
  for (const auto& [alert, times] : tally.fired) {
    fmt::print(" {} {} ({} again within a day)", alert, times, tally.again.at(alert));
  }
  fmt::print("\n");
}

// Months in which nothing happens but that single slots fail by chance.
Tally chance_failures(seconds every, double chance, int services, int batches,
                      std::optional<std::int64_t> scrape_every, std::uint64_t seed) {
  Tally tally;
  for (int batch = 0; batch < batches; ++batch) {
    World world;
    world.seed = seed + static_cast<std::uint64_t>(batch);
    world.scrape_every = scrape_every;
    for (int i = 0; i < services; ++i) {
      world.services.push_back(
          {.name = fmt::format("service-{:03}", i), .every = every, .chance = chance});
    }
    RuleSimulation simulation(world, kRules, at_day(11, 10));
    simulation.take_shortcuts();
    count(events_of(simulation, at_day(12, 10)), tally);
  }
  const std::string how = scrape_every ? fmt::format("scraped every {} s", *scrape_every / 1000)
                                       : std::string("evaluated by the exporter");
  print(fmt::format("{:.1f} % of attempts fail, every {} s, {}", chance * 100, every.count(), how),
        services * batches, tally);
  return tally;
}

// Four percent: everything but an outage happens.
TEST(ShippedRules, SkippingWhatCannotHoldChangesNothing) {
  std::vector<std::string> lives[2];
  World world{.services = {{.name = "smtp", .every = 60s, .chance = 0.04},
                           {.name = "website", .every = 300s, .chance = 0.04}},
              .seed = new_seed()};
  SCOPED_TRACE(fmt::format("SLA_SEED={}", world.seed));
  for (auto& life : lives) {
    RuleSimulation simulation(world, kRules, at_day(11, 28));
    if (&life == &lives[1]) simulation.take_shortcuts();
    for (const AlertEvent& event : events_of(simulation, at_day(12, 3)))
      life.push_back(text_of(event));
  }
  EXPECT_EQ(lives[0], lives[1]);
  EXPECT_FALSE(lives[0].empty());
}

TEST(ShippedRules, ChanceFailuresWakeNobody) {
  const std::uint64_t seed = new_seed();
  SCOPED_TRACE(fmt::format("SLA_SEED={}", seed));
  for (const seconds every : {60s, 300s}) {
    const int services = every == 60s ? 1 : 5;
    const int batches = (kFull ? 1000 : 10) / services;
    const Tally tally = chance_failures(every, 0.005, services, batches, {}, seed);
    // At the small size one page of chance is no evidence.
    const double allowed = std::max(0.1 * services * batches, 3.0);
    EXPECT_LE(tally.pages, allowed);
    for (const auto& [alert, again] : tally.again) EXPECT_EQ(again, 0) << alert;
  }
}

// From its page until it is over, an alert stays; `again` are alerts that resolved meanwhile.
struct Followed {
  std::optional<WallTime> paged;
  std::vector<std::string> called_over;
};

Followed follow(const std::vector<AlertEvent>& events, const std::string& service,
                const Stretch& outage) {
  Followed followed;
  for (const AlertEvent& event : events) {
    const WallTime at = time_of(event.at);
    if (event.service != service || !outage.contains(at) || event.severity != "page") continue;
    if (event.fires && !followed.paged) followed.paged = at;
    if (!event.fires && followed.paged) followed.called_over.push_back(text_of(event));
  }
  return followed;
}

// Outages of a minute to two days, days apart; one of them lasts over the turn of the month.
std::vector<Stretch> random_outages(WallTime begin, WallTime end, std::mt19937_64& random) {
  const WallTime turn = at_day(12, 1);
  const auto uniform = [&random](double from, double to) {
    return std::uniform_real_distribution<double>(from, to)(random);
  };
  const auto milliseconds = [](double minutes) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(minutes * 60'000));
  };
  std::vector<Stretch> outages;
  WallTime at = begin + milliseconds(uniform(30, 3 * 1440));
  while (at < end - 3h) {
    Stretch outage{at, at + milliseconds(std::exp(uniform(0, std::log(2880))))};
    const bool late = outage.from < turn && outage.to > turn - 3h;
    if (late) outage = {turn - milliseconds(uniform(5, 170)), turn + milliseconds(uniform(5, 600))};
    outages.push_back(outage);
    at = outage.to + milliseconds(uniform(90, 4 * 1440));
    if (at < turn && at > turn - 3h) at = turn - 2h;
  }
  return outages;
}

struct OutageFigures {
  int outages = 0, over_the_turn = 0;
  double slowest = 0;  // page, as a share of the time allowed
};

void judge_outage(const std::vector<AlertEvent>& events, const Script& script,
                  const Stretch& outage, OutageFigures& figures) {
  const auto allowed = script.every + 3min;
  if (outage.to - outage.from < allowed) return;
  const std::string what = fmt::format("{} is down from {} to {}", script.name,
                                       format_utc(std::chrono::floor<seconds>(outage.from)),
                                       format_utc(std::chrono::floor<seconds>(outage.to)));
  const Followed followed = follow(events, script.name, outage);
  ASSERT_TRUE(followed.paged) << what;
  EXPECT_LE(*followed.paged - outage.from, allowed) << what;
  EXPECT_THAT(followed.called_over, IsEmpty()) << what;
  ++figures.outages;
  figures.slowest =
      std::max(figures.slowest, std::chrono::duration<double>(*followed.paged - outage.from) /
                                    std::chrono::duration<double>(allowed));
  const WallTime turn = at_day(12, 1);
  if (!outage.contains(turn)) return;
  ++figures.over_the_turn;
  for (const AlertEvent& event : events) {
    const bool at_turn = time_of(event.at) >= turn && time_of(event.at) < turn + 15min;
    if (event.service == script.name && at_turn) EXPECT_TRUE(event.fires) << text_of(event);
  }
}

void live_through_outages(seconds every, std::optional<std::int64_t> scrape_every, int services,
                          std::uint64_t seed) {
  const WallTime begin = at_day(11, 10), end = at_day(12, 10);
  World world{.seed = seed, .scrape_every = scrape_every};
  std::mt19937_64 random(seed);
  for (int i = 0; i < services; ++i) {
    world.services.push_back({.name = fmt::format("service-{:03}", i),
                              .every = every,
                              .outages = random_outages(begin, end, random)});
  }
  RuleSimulation simulation(world, kRules, begin);
  if (!scrape_every) simulation.take_shortcuts();
  const std::vector<AlertEvent>& events = events_of(simulation, end);
  OutageFigures figures;
  for (const Script& script : world.services) {
    for (const Stretch& outage : script.outages) judge_outage(events, script, outage, figures);
  }
  // Nobody is woken by a service that is up.
  for (const AlertEvent& event : events) {
    if (!event.fires || event.alert != "ServiceDown") continue;
    const auto script = std::ranges::find(world.services, event.service, &Script::name);
    const auto near = [&](const Stretch& outage) {
      return time_of(event.at) >= outage.from && time_of(event.at) < outage.to + every;
    };
    EXPECT_TRUE(std::ranges::any_of(script->outages, near)) << text_of(event);
  }
  fmt::print(
      "{} outages, every {} s, {}: the slowest page took {:.0f} % of a cadence and 3 minutes; "
      "{} lasted over the turn of the month\n",
      figures.outages, every.count(), scrape_every ? "scraped" : "evaluated by the exporter",
      figures.slowest * 100, figures.over_the_turn);
  EXPECT_GT(figures.outages, 0);
}

TEST(ShippedRules, OutagesPageInTimeAndAreNotCalledOverWhileTheyLast) {
  const std::uint64_t seed = new_seed();
  SCOPED_TRACE(fmt::format("SLA_SEED={}", seed));
  for (const seconds every : {60s, 300s}) {
    live_through_outages(every, {}, kFull ? 50 : 2, seed);
    if (kFull) live_through_outages(every, 15'000, 10, seed);
  }
}

TEST(ShippedRules, AnOutageGoesOnThroughUnknownAndThroughRestarts) {
  const WallTime noon = at_day(11, 20) + 12h;
  for (const seconds every : {60s, 300s}) {
    World world{.services = {{.name = "smtp",
                              .every = every,
                              .outages = {{noon, noon + 12h}},
                              .unseen = {{noon + 1h, noon + 10h}}}},
                .killed = {{noon + 5h, noon + 5h + 3min}, {noon + 11h, noon + 11h + 3min}}};
    RuleSimulation simulation(world, kRules, noon - 1h);
    const std::vector<AlertEvent>& events = events_of(simulation, noon + 20h);
    const Followed followed = follow(events, "smtp", {noon, noon + 12h});
    ASSERT_TRUE(followed.paged);
    EXPECT_THAT(followed.called_over, IsEmpty());
    EXPECT_EQ(std::ranges::count_if(
                  events, [](const AlertEvent& event) { return event.alert == "ServiceDown"; }),
              2)
        << "once, and over";
  }
}

MaintenanceWindow window_of(WallTime from, WallTime to) {
  MaintenanceWindow window;
  window.id = "window";
  window.from = std::chrono::floor<seconds>(from);
  window.to = std::chrono::floor<seconds>(to);
  return window;
}

TEST(ShippedRules, AMaintenanceWindowIsQuietAndWhatOutlastsItPages) {
  const WallTime two = at_day(11, 20) + 2h;
  for (const seconds every : {60s, 300s}) {
    // One goes down with the window and comes back in it, one does not come back.
    World world{.services = {{.name = "good", .every = every, .outages = {{two + 7s, two + 1h}}},
                             {.name = "late", .every = every, .outages = {{two + 7s, two + 4h}}}},
                .windows = {window_of(two, two + 2h)}};
    RuleSimulation simulation(world, kRules, two - 1h);
    const std::vector<AlertEvent>& events = events_of(simulation, two + 3h);
    std::vector<AlertEvent> pages;
    std::ranges::copy_if(events, std::back_inserter(pages),
                         [](const AlertEvent& event) { return event.severity == "page"; });
    ASSERT_FALSE(pages.empty());
    EXPECT_EQ(pages[0].service, "late");
    EXPECT_GE(time_of(pages[0].at), two + 2h);
    EXPECT_LE(time_of(pages[0].at), two + 2h + every + 3min);
    for (const AlertEvent& event : events) {
      EXPECT_GE(time_of(event.at), two + 2h) << text_of(event);
      EXPECT_EQ(event.service, "late") << text_of(event);
    }
  }
}

TEST(ShippedRules, ADependantIsHeldBackWhileWhatItDependsOnIsDown) {
  const WallTime noon = at_day(11, 20) + 12h;
  const std::vector<Stretch> outage = {{noon, noon + 1h}};
  World world{.services = {{.name = "smtp", .outages = outage, .depends_on = {"website"}},
                           {.name = "website", .outages = outage}}};
  RuleSimulation simulation(world, kRules, noon - 1h);
  std::map<std::string, std::vector<WallTime>> times;  // fires, resolves
  for (const AlertEvent& event : events_of(simulation, noon + 3h)) {
    times[event.alert + " " + event.service].push_back(time_of(event.at));
  }
  ASSERT_EQ(times["ServiceDown smtp"].size(), 2u);
  ASSERT_EQ(times["DependencyDown smtp"].size(), 2u);
  EXPECT_EQ(times.count("DependencyDown website"), 0u);
  // Alertmanager waits half a minute before it sends, and inhibits what it would have sent.
  EXPECT_LE(times["DependencyDown smtp"][0], times["ServiceDown website"][0] + 30s);
  EXPECT_GE(times["DependencyDown smtp"][1], times["ServiceDown smtp"][1]);
}

double value_of(const prometheus::ClientMetric& metric, MetricKind kind) {
  return kind == MetricKind::counter ? metric.counter.value : metric.gauge.value;
}

// The simulation must not see what an exporter does not show.
TEST(ShippedRules, AreSimulatedOnWhatThePageShows) {
  const WallTime begin = at_day(11, 29);
  World world{.services = {{.name = "smtp", .chance = 0.1, .depends_on = {"website"}},
                           {.name = "website", .every = 300s, .outages = {{begin, begin + 8h}}}},
              .windows = {window_of(begin + 60h, begin + 80h)},
              .seed = 7};
  for (const auto length : {1h, 70h}) {
    RuleSimulation simulation(world, kRules, begin);
    events_of(simulation, begin + length);
    const auto snapshot = simulation.snapshot();
    std::map<std::string, double> page, sampled;
    std::set<std::string> names;
    const std::vector<rules::Labels> labels = fakes::exposed_labels(*snapshot);
    const auto values = fakes::exposed_values(*snapshot);
    ASSERT_EQ(labels.size(), values.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      names.insert(labels[i].text());
      if (values[i]) sampled[labels[i].text()] = *values[i];
    }
    ExporterStats stats;
    for (const auto& collectable : make_collectables(snapshot, stats, nullptr)) {
      for (const prometheus::MetricFamily& family : collectable->Collect()) {
        for (const prometheus::ClientMetric& metric : family.metric) {
          std::vector<rules::Labels::Pair> pairs = {
              {std::string(rules::kMetricName), find_metric(family.name)->name.data()}};
          for (const auto& label : metric.label) pairs.emplace_back(label.name, label.value);
          const std::string text = rules::Labels(std::move(pairs)).text();
          if (names.contains(text)) page[text] = value_of(metric, find_metric(family.name)->kind);
        }
      }
    }
    EXPECT_EQ(page, sampled);
  }
}

}  // namespace
}  // namespace exporter
