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
#include <regex>
#include <set>

#include "exporter/config/rule_file.h"
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
// A sanitizer multiplies the time and needs fewer days to look at all of the code.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSlow = true;
#else
constexpr bool kSlow = false;
#endif
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

// Statistics of a small sample are the same each time; new ones are for those who ask for them.
std::uint64_t new_seed() {
  const char* given = std::getenv("SLA_SEED");
  if (given != nullptr) return std::strtoull(given, nullptr, 10);
  return kFull ? std::random_device{}() : 1;
}

// How often each alert fired, and how often it did so within a day of having resolved.
struct Tally {
  std::map<std::string, int> fired, again;
  int pages = 0;
  double months = 0;           // of services
  double bad = 0, judged = 0;  // slots
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

void print(const std::string& what, const Tally& tally) {
  fmt::print(
      "{}: {:.0f} service-months, {:.3f} % of slots bad, {:.4f} pages per service and month;", what,
      tally.months, tally.bad / tally.judged * 100, tally.pages / tally.months);
  for (const auto& [alert, times] : tally.fired) {
    fmt::print(" {} {} ({} again within a day)", alert, times, tally.again.at(alert));
  }
  fmt::print("\n");
  std::fflush(stdout);
}

// Thirty days of services of which single attempts fail by chance; at the small size ten.
Tally chance_failures(seconds every, double chance, int services, int batches, std::uint64_t seed) {
  const WallTime begin = at_day(11, kFull ? 10 : 1), end = begin + (kFull ? 720h : 240h);
  const std::string what =
      fmt::format("{:.1f} % of attempts fail, every {} s", chance * 100, every.count());
  Tally tally;
  for (int batch = 0; batch < batches; ++batch) {
    World world{.services = {}, .seed = seed + static_cast<std::uint64_t>(batch)};
    for (int i = 0; i < services; ++i) {
      world.services.push_back(
          {.name = fmt::format("service-{:03}", i), .every = every, .chance = chance});
    }
    RuleSimulation simulation(world, kRules, begin);
    simulation.take_shortcuts();
    const std::vector<AlertEvent>& events = events_of(simulation, end);
    count(events, tally);
    for (const AlertEvent& event : events) {
      if (!event.fires || event.alert != "ErrorBudgetBurnFast") continue;
      const int hour = simulation.bad_slots(event.service, time_of(event.at), 1h);
      const int six = simulation.bad_slots(event.service, time_of(event.at), 6h);
      EXPECT_TRUE(hour >= 3 || six >= 6) << text_of(event) << " after " << hour << " and " << six;
    }
    tally.months += services * std::chrono::duration<double>(end - begin) / (30 * 24h);
    for (const auto& view : simulation.snapshot()->services) {
      tally.bad += static_cast<double>(view->slots_total[1]);
      tally.judged += static_cast<double>(view->slots_total[0] + view->slots_total[1]);
    }
    if (batch % 5 == 4 || batch + 1 == batches) print(what, tally);
  }
  return tally;
}

// Four percent: everything but an outage happens.
TEST(ShippedRules, EvaluatingOnlyWhatCouldHoldChangesNothing) {
  std::vector<std::string> lives[2];
  World world{.services = {{.name = "smtp", .every = 60s, .chance = 0.04},
                           {.name = "website", .every = 300s, .chance = 0.04}},
              .seed = new_seed()};
  SCOPED_TRACE(fmt::format("SLA_SEED={}", world.seed));
  for (auto& life : lives) {
    RuleSimulation simulation(world, kRules, at_day(11, 29) + 12h);
    if (&life == &lives[1]) simulation.take_shortcuts();
    for (const AlertEvent& event : events_of(simulation, at_day(12, 1) + 6h))
      life.push_back(text_of(event));
  }
  EXPECT_EQ(lives[0], lives[1]);
  EXPECT_FALSE(lives[0].empty());
}

void expect_that_chance_wakes_nobody(seconds every, int services) {
  const std::uint64_t seed = new_seed();
  SCOPED_TRACE(fmt::format("SLA_SEED={}", seed));
  const int batches = kFull ? 1000 / services : 1;
  const Tally tally = chance_failures(every, 0.005, services, batches, seed);
  // The promise is one page in ten months. A small sample may be unlucky by four standard
  // deviations.
  const double promised = 0.1 * tally.months;
  EXPECT_LE(tally.pages, kFull ? promised : promised + 4 * std::sqrt(promised) + 1);
  for (const auto& [alert, again] : tally.again) EXPECT_LE(again, kFull ? 3 : 1) << alert;
}

TEST(ShippedRules, ChanceFailuresWakeNobodyAtACadenceOfAMinute) {
  expect_that_chance_wakes_nobody(60s, 10);
}
TEST(ShippedRules, ChanceFailuresWakeNobodyAtACadenceOfFiveMinutes) {
  expect_that_chance_wakes_nobody(300s, 25);
}

// A service that fails more often than agreed, month after month, is one page and not many.
TEST(ShippedRules, AServiceThatFailsAgainAndAgainIsOnePage) {
  const std::uint64_t seed = new_seed();
  SCOPED_TRACE(fmt::format("SLA_SEED={}", seed));
  for (const seconds every : {60s, 300s}) {
    for (const double chance : {0.02, 0.06, 0.15}) {
      if (!kFull && (every == 60s || chance != 0.06)) continue;
      const Tally tally = chance_failures(every, chance, kFull ? 10 : 2, 1, seed);
      EXPECT_LE(tally.pages, 6 * tally.months + 4);
      for (const auto& [alert, again] : tally.again) EXPECT_LE(again, tally.months + 2) << alert;
    }
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

// Outages of a minute to two days, and so far apart that each is an incident; one of them lasts
// over the turn of the month.
std::vector<Stretch> random_outages(WallTime begin, WallTime end, std::mt19937_64& random) {
  const WallTime turn = at_day(12, 1);
  const auto uniform = [&random](double from, double to) {
    return std::uniform_real_distribution<double>(from, to)(random);
  };
  const auto milliseconds = [](double minutes) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(minutes * 60'000));
  };
  std::vector<Stretch> outages;
  // Whatever the seed, the first one begins within two days and is long enough to be judged.
  WallTime at = begin + milliseconds(uniform(30, 2 * 1440));
  while (at < end - 3h) {
    const double shortest = outages.empty() ? std::log(15) : 0;
    Stretch outage{at, at + milliseconds(std::exp(uniform(shortest, std::log(2880))))};
    const bool late = outage.from < turn && outage.to > turn - 3h;
    if (late) outage = {turn - milliseconds(uniform(5, 170)), turn + milliseconds(uniform(5, 600))};
    outages.push_back(outage);
    at = outage.to + milliseconds(uniform(400, 4 * 1440));
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

void expect_pages_in_outages(seconds every, std::optional<std::int64_t> scrape_every, int services,
                             std::uint64_t seed) {
  const WallTime begin = at_day(11, kFull ? 10 : kSlow ? 28 : 24);
  const WallTime end = at_day(12, kFull ? 10 : kSlow ? 2 : 4);
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
    expect_pages_in_outages(every, {}, kFull ? 20 : 2, seed);
    if (kFull || every == 300s) expect_pages_in_outages(every, 15'000, kFull ? 10 : 1, seed);
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

// The metrics of an expression, and each with every label it is selected by: name,
// namelabel="value".
std::set<std::string> asked_for(const std::string& expr) {
  static const std::regex selector(R"re((sla_[a-z_]+)(?:\{([^}]*)\}|[\s)\[]))re");
  static const std::regex matcher(R"re([a-z_]+="[^"]*")re");
  std::set<std::string> asked;
  for (std::sregex_iterator at(expr.begin(), expr.end(), selector), end; at != end; ++at) {
    const std::string name = (*at)[1].str(), in_braces = (*at)[2].str();
    if (name == "sla_service" || name == "sla_agreement") continue;
    asked.insert(name);
    std::sregex_iterator each(in_braces.begin(), in_braces.end(), matcher);
    for (; each != end; ++each) asked.insert(name + each->str());
  }
  return asked;
}

// Neither may the rules ask for anything that the simulation does not have.
TEST(ShippedRules, AskForNothingThatTheSimulationLacks) {
  const WallTime begin = at_day(11, 30);
  World world{.services = {{.name = "smtp", .depends_on = {"website"}}, {.name = "website"}}};
  RuleSimulation simulation(world, kRules, begin);
  events_of(simulation, begin + 25h);
  std::set<std::string> known;
  for (const rules::Labels& labels : fakes::exposed_labels(*simulation.snapshot())) {
    known.emplace(labels.get(rules::kMetricName));
    for (const auto& [name, value] : labels.pairs()) {
      known.insert(fmt::format("{}{}=\"{}\"", labels.get(rules::kMetricName), name, value));
    }
  }
  const auto file = read_rule_file(kRules);
  ASSERT_TRUE(file);
  std::size_t asked = 0;
  for (const rules::RuleGroup& group : file->groups) {
    for (const rules::Rule& rule : group.rules) {
      const std::set<std::string> wanted = asked_for(rules::base_of(rule).expr_text);
      asked += wanted.size();
      EXPECT_TRUE(std::ranges::includes(known, wanted)) << rules::base_of(rule).name;
    }
  }
  EXPECT_GT(asked, 30u);
}

// Every series that an exporter shows of a snapshot, by name and labels.
std::map<std::string, double> page_of(const std::shared_ptr<const Snapshot>& snapshot) {
  std::map<std::string, double> page;
  const ExporterStats stats;
  std::vector<prometheus::MetricFamily> families;
  for (const auto& collectable : make_collectables(snapshot, stats, nullptr)) {
    std::ranges::move(collectable->Collect(), std::back_inserter(families));
  }
  for (const prometheus::MetricFamily& family : families) {
    const MetricName& name = *find_metric(family.name);
    for (const prometheus::ClientMetric& metric : family.metric) {
      std::vector<rules::Labels::Pair> pairs = {
          {std::string(rules::kMetricName), std::string(name.name)}};
      for (const auto& label : metric.label) pairs.emplace_back(label.name, label.value);
      page[rules::Labels(std::move(pairs)).text()] = value_of(metric, name.kind);
    }
  }
  return page;
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
    std::map<std::string, double> sampled;
    std::set<std::string> names;
    const std::vector<rules::Labels> labels = fakes::exposed_labels(*snapshot);
    const auto values = fakes::exposed_values(*snapshot);
    ASSERT_EQ(labels.size(), values.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      names.insert(labels[i].text());
      if (values[i]) sampled[labels[i].text()] = *values[i];
    }
    std::map<std::string, double> page = page_of(snapshot);
    std::erase_if(page, [&names](const auto& shown) { return !names.contains(shown.first); });
    EXPECT_EQ(page, sampled);
  }
}

}  // namespace
}  // namespace exporter
