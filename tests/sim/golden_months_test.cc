// Every month of 2024 to 2032 on the virtual clock, in three zones: the golden figures of rule 13,
// the boundaries of rule 12, and agreement with a count that shares no code with ours. The seed is
// printed; SLA_SEED replays one. SLA_FULL lives every month slot by slot instead of one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "exporter/sla/zone.h"
#include "tests/exporter/ledger/ledger_builders.h"
#include "tests/fakes/book_bench.h"
#include "tests/fakes/month_life.h"

namespace exporter {
namespace {

using namespace std::chrono;
using fakes::MonthLife;
using ledger_test::at;

namespace plain = ::fakes::plain;

constexpr int kFirstYear = 2024, kLastYear = 2032;

struct Place {
  std::string timezone;
  plain::Law law;
};
void PrintTo(const Place& place, std::ostream* out) { *out << place.timezone; }

const Place kFixed{"UTC+01:00", plain::Law::plus_one};
const Place kBerlin{"Europe/Berlin", plain::Law::berlin};
const Place kChicago{"America/Chicago", plain::Law::chicago};

// The hour a month has less or more.
std::int64_t extra_hours(const Place& place, int month) {
  if (place.timezone == kFixed.timezone) return 0;
  if (month == 3) return -1;
  const bool autumn = month == (place.timezone == kBerlin.timezone ? 10 : 11);
  return autumn ? 1 : 0;
}

struct Golden {
  double minutes;
  std::int64_t allowed_of_one_minute, allowed_of_five;
};

// By the minutes a month has: 30, 31, 28 and 29 days; 31 days less an hour and with one more; and
// the 30 days of November in America with one more.
const std::map<std::int64_t, Golden> kGolden = {
    {43'200, {432.0, 432, 86}}, {44'640, {446.4, 446, 89}}, {40'320, {403.2, 403, 80}},
    {41'760, {417.6, 417, 83}}, {44'580, {445.8, 445, 89}}, {44'700, {447.0, 447, 89}},
    {43'260, {432.6, 432, 86}}};

std::string name_of_place(const testing::TestParamInfo<Place>& test) {
  std::string name;
  for (const char c : test.param.timezone) {
    if (std::isalnum(static_cast<unsigned char>(c))) name += c;
  }
  return name;
}

std::uint64_t seed_of_life() {
  const char* given = std::getenv("SLA_SEED");
  return given ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

const std::vector<Statement> kNone;

std::vector<Statement> statements_after(const std::vector<Statement>& all, std::size_t seen) {
  return {all.begin() + static_cast<std::ptrdiff_t>(std::min(seen, all.size())), all.end()};
}

// A sanitizer or a build for the debugger takes its own time.
#if !defined(__OPTIMIZE__) || __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr double kMostCpuSeconds = 20.0;
#else
constexpr double kMostCpuSeconds = 1.0;
#endif

void report(const MonthLife& life) {
  const std::string longest = fmt::format("{:.3f}", life.longest_service_month_seconds());
  testing::Test::RecordProperty("service_months", life.months_compared());
  testing::Test::RecordProperty("longest_service_month_cpu_seconds", longest);
  fmt::print("{} months of a service, {} statements; the longest month took {} s of CPU\n",
             life.months_compared(), life.statements_compared(), longest);
  for (const auto& [ending, count] : life.endings()) fmt::print("  {:4} {}\n", count, ending);
  EXPECT_LT(life.longest_service_month_seconds(), kMostCpuSeconds);
}

class GoldenMonths : public testing::TestWithParam<Place> {};

TEST_P(GoldenMonths, HaveTheLengthAndTheBudgetOfRule13) {
  const Place& place = GetParam();
  const auto zone = Zone::parse(place.timezone);
  ASSERT_TRUE(zone);
  const std::vector<plain::Month> months = plain::months(place.law, kFirstYear, kLastYear);
  ASSERT_EQ(months.size(), 108u);
  for (const plain::Month& month : months) {
    SCOPED_TRACE(fmt::format("{}-{:02}", month.year, month.month));
    const std::int64_t minutes = (month.end - month.begin) / 60;
    EXPECT_EQ(minutes, month.days * 1440 + extra_hours(place, month.month) * 60);
    const year_month named = year(month.year) / month.month;
    EXPECT_EQ(zone->month_begin(named), at(month.begin));
    EXPECT_EQ(zone->month_of(at(month.begin)), named);
    EXPECT_EQ(zone->month_of(at(month.end - 1)), named);
    ASSERT_TRUE(kGolden.contains(minutes)) << minutes;
    const Golden& golden = kGolden.at(minutes);
    for (const seconds every : {60s, 300s}) {
      const std::int64_t slots = minutes * 60 / every.count();
      const MonthFigures figures =
          month_figures({}, slots, Objective{990'000}, UnknownPolicy::unproven);
      EXPECT_EQ(figures.allowed,
                every == 60s ? golden.allowed_of_one_minute : golden.allowed_of_five);
      EXPECT_EQ(budget_minutes(Objective{990'000}, figures.eligible, every), golden.minutes);
    }
  }
}

TEST_P(GoldenMonths, AreCountedByTheBookAsByHand) {
  const Place& place = GetParam();
  const std::uint64_t seed = seed_of_life();
  SCOPED_TRACE(fmt::format("SLA_SEED={}", seed));
  fakes::MemoryLedger ledger;
  ledger.keep_outcomes = false;
  MonthLife life(
      {.ledger = ledger,
       .timezone = place.timezone,
       .law = place.law,
       .first_year = kFirstYear,
       .last_year = kLastYear,
       .seed = seed,
       .slow_year = 2028,
       .slow_month = 2,
       .always_slow = std::getenv("SLA_FULL") != nullptr,
       .statements_after =
           [&ledger](std::size_t seen) { return statements_after(ledger.statements, seen); },
       // Rows of months that nobody asks for any more only cost memory.
       .at_midnight =
           [&ledger](Seconds now) {
             for (auto& [service, rows] : ledger.rows) {
               rows.erase(rows.begin(), rows.lower_bound(now - days(100)));
             }
           }});
  life.run();
  EXPECT_EQ(life.months_compared(), 2 * 108);
  // Each month once provisional and once closed, and the closed ones that were corrected again.
  EXPECT_GE(life.statements_compared(), 2u * 108 + 15);
  for (const char* ending :
       {"met with 0 left", "missed with -1 left", "met with 1 left and unknown slots",
        "unproven with 0 left and unknown slots"}) {
    const auto seen = life.endings().find(ending);
    EXPECT_TRUE(seen != life.endings().end() && seen->second >= 2 * 15) << ending;
  }
  report(life);
}

INSTANTIATE_TEST_SUITE_P(Zones, GoldenMonths, testing::Values(kFixed, kBerlin, kChicago),
                         name_of_place);

// On the real ledger, which packs its days as they end.
TEST(GoldenYear, OnTheLedgerOnDiskIsCountedAsByHand) {
  const std::uint64_t seed = seed_of_life();
  SCOPED_TRACE(fmt::format("SLA_SEED={}", seed));
  const ledger_test::Folder folder;
  auto ledger = Ledger::open({.folder = folder.path()});
  ASSERT_TRUE(ledger) << ledger.error().message;
  MonthLife life({.ledger = **ledger,
                  .timezone = kBerlin.timezone,
                  .law = kBerlin.law,
                  .first_year = 2024,
                  .last_year = 2024,
                  .seed = seed,
                  .statements_after =
                      [&ledger](std::size_t seen) {
                        const auto state = (*ledger)->load();
                        EXPECT_TRUE(state);
                        return statements_after(state ? state->statements : kNone, seen);
                      },
                  .at_midnight =
                      [&ledger](Seconds now) {
                        for (int i = 0; i < 100 && *(*ledger)->pack(now, 100ms); ++i) continue;
                      }});
  life.run();
  EXPECT_EQ(life.months_compared(), 2 * 12);
  EXPECT_GE(life.statements_compared(), 2u * 12);
  life.restart();
  life.compare();
  const auto verified = (*ledger)->verify([](std::string_view) {});
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_THAT(verified->problems, testing::IsEmpty());
  EXPECT_GE(verified->verdicts, 12u * 30 * (1440 + 288));
  report(life);
}

// Rule 12, slot by slot: a month that ends with so many bad slots beside what is allowed and so
// many unknown ones.
struct Boundary {
  std::int64_t bad_beside_allowed, unknown;
  UnknownPolicy policy;
  std::string_view ends;
};

constexpr std::array kBoundaries = std::to_array<Boundary>({
    {-1, 0, UnknownPolicy::unproven, "met"},
    {0, 0, UnknownPolicy::unproven, "met"},
    {1, 0, UnknownPolicy::unproven, "missed"},
    {-1, 1, UnknownPolicy::unproven, "met"},
    {-1, 2, UnknownPolicy::unproven, "unproven"},
    {0, 1, UnknownPolicy::unproven, "unproven"},
    {1, 500, UnknownPolicy::unproven, "missed"},
    {-1, 1, UnknownPolicy::bad, "met"},
    {0, 1, UnknownPolicy::bad, "missed"},
    {0, 500, UnknownPolicy::good, "met"},
    {1, 500, UnknownPolicy::good, "missed"},
    {-5, 500, UnknownPolicy::excluded, "met"},  // five allowed ones go with the unknown slots
    {-4, 500, UnknownPolicy::excluded, "missed"},
});

// What a month may hold at one moment, in the words of rule 12.
std::string state_by_hand(std::int64_t bad, std::int64_t unknown, std::int64_t pending,
                          std::int64_t allowed) {
  if (bad > allowed) return "missed";
  if (bad + unknown + pending <= allowed) return "met";
  return pending > 0 ? "open" : "unproven";
}

class MonthBoundary : public testing::TestWithParam<Place> {
 protected:
  // The letters of the month, good ones in between, in an order by chance.
  static std::string letters(std::int64_t slots, std::int64_t bad, std::int64_t unknown,
                             std::uint64_t seed) {
    std::string all(static_cast<std::size_t>(slots), 'u');
    std::fill_n(all.begin(), bad, 'r');
    std::fill_n(all.begin() + bad, unknown, 'l');
    std::ranges::shuffle(all, std::mt19937_64(seed));
    return all;
  }

  void live(const Boundary& boundary, const plain::Month& month, std::uint64_t seed) {
    Config config = fakes::make_config({{.name = "web", .every = 300s}});
    config.agreements[0].timezone = GetParam().timezone;
    config.agreements[0].unknown_slots = boundary.policy;
    fakes::BookBench bench(std::move(config));
    bench.ledger.keep_outcomes = false;
    bench.start(at(month.begin));
    const std::int64_t slots = (month.end - month.begin) / 300, allowed = slots / 100;
    const std::string found =
        letters(slots, allowed + boundary.bad_beside_allowed, boundary.unknown, seed);
    std::int64_t bad = 0, unknown = 0;
    for (std::int64_t i = 0; i < slots && !HasFailure(); ++i) {
      bench.slot(at(month.begin + i * 300),
                 std::string_view(&found[static_cast<std::size_t>(i)], 1), "web");
      bad += found[static_cast<std::size_t>(i)] == 'r';
      unknown += found[static_cast<std::size_t>(i)] == 'l';
      const bool last = i + 1 == slots;
      const ServiceView& view = bench.view("web");
      const MonthFigures& shown = last ? *view.previous : view.current;
      EXPECT_EQ(shown.counts.bad, bad);
      EXPECT_EQ(shown.counts.unknown, unknown);
      EXPECT_EQ(shown.pending, slots - i - 1);
      EXPECT_EQ(shown.remaining, allowed - bad);
      EXPECT_EQ(shown.exhausted(), bad >= allowed);
      if (boundary.policy == UnknownPolicy::unproven) {
        EXPECT_EQ(name_of(shown.state), state_by_hand(bad, unknown, slots - i - 1, allowed));
      }
      if (last) EXPECT_EQ(name_of(shown.state), boundary.ends);
    }
  }
};

TEST_P(MonthBoundary, IsMissedWithTheFirstSlotTooManyAndMetWhenNothingCanChangeIt) {
  const std::uint64_t seed = seed_of_life();
  SCOPED_TRACE(fmt::format("SLA_SEED={}", seed));
  const std::vector<plain::Month> months = plain::months(GetParam().law, 2027, 2028);
  std::size_t turn = 0;
  for (const Boundary& boundary : kBoundaries) {
    // From October 2027 on: changes of the clocks, a year's end and a leap February come by.
    const plain::Month& month = months[9 + turn++ % 6];
    SCOPED_TRACE(fmt::format("{} bad beside allowed, {} unknown, {}-{:02}",
                             boundary.bad_beside_allowed, boundary.unknown, month.year,
                             month.month));
    live(boundary, month, seed + turn);
    EXPECT_FALSE(HasFailure()) << "the slots above led here";
  }
}

INSTANTIATE_TEST_SUITE_P(Zones, MonthBoundary, testing::Values(kFixed, kBerlin, kChicago),
                         name_of_place);

}  // namespace
}  // namespace exporter
