// A year in the life of a book, by chance: outages, restarts, failed commits, clock marks, windows,
// corrections, reloads, renames and signed terms in any order. After each stretch the figures shown
// must be those of the naive second opinion, computed from the ledger's rows alone. The seed is
// printed; SLA_SEED replays one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "exporter/sla/slot.h"
#include "exporter/sla/zone.h"
#include "tests/fakes/book_bench.h"
#include "tests/fakes/naive_figures.h"

namespace exporter {
namespace {

using namespace std::chrono;
using fakes::BookBench;
using fakes::instant;
using fakes::naive_month;

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n));
  }
  bool one_in(int n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(below(static_cast<std::int64_t>(values.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

class Life {
 public:
  explicit Life(std::uint64_t seed) : chance_(seed), bench_(first_config()) {
    now_ = instant("2027-01-28T10:00:00Z") + seconds(chance_.below(86'400));
    bench_.start(now_);
  }

  void live(int moves) {
    for (int i = 0; i < moves && !testing::Test::HasFailure(); ++i) {
      move();
      if (i % 4 == 3) compare();
    }
  }

 private:
  Config first_config() {
    Config config = fakes::make_config(
        {{.name = "web", .every = 300s, .checks = {"home", "faq"}}, {.name = "api", .every = 60s}});
    config.agreements[0].timezone =
        chance_.pick<std::string>({"UTC", "UTC+01:00", "Europe/Berlin"});
    AgreementTerms acme = config.agreements[0];
    acme.name = "acme";
    acme.timezone = chance_.pick<std::string>({"America/Chicago", "UTC-06:00", "Asia/Kathmandu"});
    acme.objectives = {{"api", Objective{999'000}}};
    acme.exclude_maintenance = chance_.one_in(2);
    config.agreements.push_back(acme);
    names_ = {{"web", {"web"}}, {"api", {"api"}}};
    return config;
  }

  void move() {
    switch (chance_.below(14)) {
      case 0:
        return restart();
      case 1:
        return reload();
      case 2:
        return correct();
      case 3:
        return window();
      case 4:
        return mark();
      case 5:
        return sign();
      case 6:
        return advance(hours(chance_.below(100)));
      default:
        return advance(minutes(1 + chance_.below(300)));
    }
  }

  // The scheduler: attempts of every check the plan runs, now and then none.
  std::vector<Arrival> run_slots(Seconds until) {
    std::vector<Arrival> arrivals;
    const char* mood = chance_.one_in(3) ? "rx" : "u";
    for (const Plan::Entry& entry : bench_.book().plan().services) {
      const Service& service = bench_.service(entry.service);
      const seconds every = entry.terms.every;
      for (Seconds slot = first_slot(now_, every); slot + every <= until; slot += every) {
        run_slot(service, slot, mood, arrivals);
      }
    }
    return arrivals;
  }

  void run_slot(const Service& service, Seconds slot, const char* mood,
                std::vector<Arrival>& arrivals) {
    for (const Check& check : service.checks) {
      if (chance_.one_in(12)) continue;
      const std::string letters =
          chance_.one_in(4) ? chance_.pick<std::string>({"xu", "xx", "x", "l", "n", "g", "xl"})
                            : std::string(1, mood[0]);
      std::ranges::move(fakes::attempts(service.name, check.name, slot, letters),
                        std::back_inserter(arrivals));
    }
  }

  void advance(seconds by) {
    const Seconds until = now_ + by;
    auto arrivals = run_slots(until);
    // Delivered in any chunking, each chunk at the end of its last slot at the latest.
    std::ranges::sort(arrivals, {}, [](const Arrival& arrival) { return arrival.record.at; });
    std::vector<Arrival> chunk;
    for (Arrival& arrival : arrivals) {
      const Seconds at = std::chrono::ceil<seconds>(arrival.record.at);
      if (!chunk.empty() && chance_.one_in(20)) step(at, std::move(chunk));
      if (chance_.one_in(5000)) bench_.restart(std::max(now_, at));
      now_ = std::max(now_, at);
      chunk.push_back(std::move(arrival));
    }
    step(until, std::move(chunk));
    now_ = until;
  }

  void step(Seconds at, std::vector<Arrival> chunk) {
    if (chance_.one_in(10)) {
      bench_.ledger.fails = [](const Batch&) { return true; };
      static_cast<void>(bench_.book().step(std::move(chunk), at));
      chunk.clear();
      bench_.ledger.fails = nullptr;
    }
    bench_.step(at, std::move(chunk));
  }

  void restart() {
    now_ += seconds(chance_.below(chance_.one_in(5) ? 5 * 86'400 : 600));
    bench_.restart(now_);
  }

  void reload() {
    Config& config = bench_.config;
    switch (chance_.below(8)) {
      case 0:
        config.services[0].terms.every = chance_.pick<seconds>({60s, 120s, 300s, 600s});
        break;
      case 1:
        config.services[0].terms.require = static_cast<int>(chance_.below(3));
        break;
      case 2: {
        auto& checks = config.services[0].checks;
        if (checks.size() > 1 && chance_.one_in(2)) {
          checks.pop_back();
        } else {
          checks.push_back(checks[0]);
          checks.back().name = "more" + std::to_string(chance_.below(3));
          // Names are unique in a configuration.
          const auto same = std::ranges::count(checks, checks.back().name, &Check::name);
          if (same > 1) checks.pop_back();
        }
        break;
      }
      case 3:
        config.agreements[0].objectives["api"] = Objective{990'000 + chance_.below(10) * 1'000};
        break;
      case 4:
        config.agreements[0].unknown_slots = static_cast<UnknownPolicy>(chance_.below(4));
        break;
      case 5:
        config.agreements[1].notice = hours(chance_.below(3));
        break;
      case 6:
        rename();
        break;
      default:
        come_and_go();
    }
    now_ += seconds(chance_.below(90));
    bench_.reload(now_);
  }

  void rename() {
    Config& config = bench_.config;
    Service& web = config.services[0];
    const std::string old = web.name, fresh = "web" + std::to_string(++renames_);
    web.name = fresh;
    web.formerly = {old};
    for (Check& check : web.checks) check.service = fresh;
    auto node = config.agreements[0].objectives.extract(old);
    node.key() = fresh;
    config.agreements[0].objectives.insert(std::move(node));
    names_[fresh] = names_[old];
    names_[fresh].push_back(fresh);
    names_.erase(old);
  }

  void come_and_go() {
    Config& config = bench_.config;
    const auto sms = std::ranges::find(config.services, "sms", &Service::name);
    if (sms == config.services.end()) {
      config.services.push_back(fakes::make_service({.name = "sms", .every = 120s}));
      config.agreements[0].objectives["sms"] = Objective{950'000};
      config.agreements[1].objectives["sms"] = Objective{960'000};
      names_["sms"] = {"sms"};
      return;
    }
    config.services.erase(sms);
    config.agreements[0].objectives.erase("sms");
    config.agreements[1].objectives.erase("sms");
  }

  void correct() {
    Correction correction;
    correction.by = "anna";
    correction.why = "by chance";
    correction.service = bench_.config.services[0].name;
    if (chance_.one_in(2)) correction.service = "api";
    if (chance_.one_in(3)) correction.agreements = {"acme"};
    correction.to = now_ - seconds(chance_.below(10 * 86'400));
    correction.from = correction.to - seconds(1 + chance_.below(86'400));
    correction.verdict = static_cast<Verdict>(chance_.below(4));
    const auto done = bench_.book().correct(correction, now_);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
  }

  void window() {
    MaintenanceWindow window;
    window.id = "w" + std::to_string(++windows_);
    window.from = now_ + seconds(chance_.below(4 * 3600) - 1800);
    window.to = std::max(window.from, now_) + seconds(1 + chance_.below(6 * 3600));
    if (chance_.one_in(2)) window.services = {"api"};
    if (chance_.one_in(3)) window.agreements = {"published"};
    if (chance_.one_in(2)) window.announced = window.from - hours(chance_.below(4));
    switch (chance_.below(4)) {
      case 0:
        bench_.calendar.push_back(window);
        bench_.reload(now_);
        return;
      case 1:
        bench_.calendar.clear();  // all withdrawn
        bench_.reload(now_);
        return;
      case 2:
        if (!bench_.calendar.empty()) {
          bench_.calendar.back().to += 15min;  // moved
          bench_.reload(now_);
          return;
        }
        [[fallthrough]];
      default:
        EXPECT_TRUE(bench_.book().record_windows({window}, now_));
        if (chance_.one_in(2)) return;
        now_ += seconds(chance_.below(3600));
        bench_.step(now_);
        static_cast<void>(bench_.book().withdraw_windows({window.id}, now_));
    }
  }

  void mark() {
    const Seconds from = now_;
    const Seconds to = now_ + seconds(chance_.below(3600));
    bench_.book().mark_unobserved(from, to, Cause::suspended);
    now_ = to;
    bench_.step(now_);
  }

  void sign() {
    static_cast<void>(bench_.book().take_terms_now("published", "anna", "wanted at once", now_));
  }

  void compare() {
    bench_.step(now_);
    for (const auto& view : bench_.book().snapshot()->services) {
      SCOPED_TRACE(view->service + " under " + view->agreement + " at " + format_utc(now_));
      const auto& names = names_.at(view->service);
      compare_month(*view, view->current, names);
      if (view->previous) compare_month(*view, *view->previous, names);
      EXPECT_EQ(view->slots_total, naive_totals(bench_.ledger, view->agreement, names));
    }
  }

  void compare_month(const ServiceView& view, const MonthFigures& shown,
                     const std::vector<std::string>& names) {
    const auto naive =
        naive_month(bench_.ledger, view.agreement, names, static_cast<int>(shown.month.year()),
                    static_cast<int>(static_cast<unsigned>(shown.month.month())));
    EXPECT_EQ(shown.begin, naive.begin);
    EXPECT_EQ(shown.end, naive.end);
    EXPECT_EQ(shown.expected, naive.expected);
    EXPECT_EQ(shown.pending, naive.pending);
    EXPECT_EQ(shown.counts.good, naive.counts.good);
    EXPECT_EQ(shown.counts.bad, naive.counts.bad);
    EXPECT_EQ(shown.counts.unknown, naive.counts.unknown);
    EXPECT_EQ(shown.counts.excluded, naive.counts.excluded);
    EXPECT_EQ(shown.allowed, naive.allowed);
    EXPECT_EQ(shown.remaining, naive.remaining);
    EXPECT_EQ(name_of(shown.state), naive.state);
    EXPECT_EQ(shown.observed_from, naive.observed_from);
  }

  Chance chance_;
  std::map<std::string, std::vector<std::string>> names_;
  BookBench bench_;
  Seconds now_;
  int renames_ = 0, windows_ = 0;
};

std::uint64_t seed_of(int index) {
  const char* given = std::getenv("SLA_SEED");
  if (given) return std::strtoull(given, nullptr, 10) + static_cast<std::uint64_t>(index);
  return std::random_device()() + static_cast<std::uint64_t>(index);
}

class BookLife : public testing::TestWithParam<int> {};

TEST_P(BookLife, ShowsWhatTheRowsOfTheLedgerSay) {
  const std::uint64_t seed = seed_of(GetParam());
  SCOPED_TRACE("SLA_SEED=" + std::to_string(seed - static_cast<std::uint64_t>(GetParam())));
  Life life(seed);
  life.live(40);
  EXPECT_FALSE(HasFailure()) << "the moves above led here";
}

INSTANTIATE_TEST_SUITE_P(Seeds, BookLife, testing::Range(0, 6));

}  // namespace
}  // namespace exporter
