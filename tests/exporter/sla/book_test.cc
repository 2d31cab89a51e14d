// The book from commissioning to the end of a month, one rule at a time, on a clock that is a
// number.
#include "exporter/sla/book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/book_bench.h"

namespace exporter {
namespace {

using namespace std::chrono;
using fakes::attempts;
using fakes::BookBench;
using fakes::brief;
using fakes::instant;
using testing::Contains;
using testing::HasSubstr;

const Seconds kNoon = instant("2026-11-10T12:00:00Z");

TEST(Book, AccountsAServiceFromItsFirstWholeSlot) {
  BookBench bench;
  bench.start(kNoon + 20s);
  EXPECT_EQ(bench.month().observed_from, kNoon + 60s);
  EXPECT_TRUE(bench.month().partial);
  EXPECT_EQ(bench.month().expected, (instant("2026-12-01T00:00Z") - kNoon) / 60s - 1);
  bench.slot(kNoon + 60s, "u");
  EXPECT_EQ(brief(bench.month()), "1/0/0/0+29518");
}

TEST(Book, ShowsAVerdictOnlyWhenTheSlotIsOver) {
  BookBench bench;
  bench.start(kNoon);
  bench.step(kNoon + 59s, attempts("api", "home", kNoon, "r"));
  EXPECT_EQ(bench.month().counts.bad, 0);
  bench.step(kNoon + 60s);
  EXPECT_EQ(bench.month().counts.bad, 1);
  EXPECT_EQ(bench.view().state, Verdict::bad);
  EXPECT_EQ(bench.view().last_slot, kNoon);
}

TEST(Book, ShowsNothingThatIsNotCommitted) {
  BookBench bench;
  bench.start(kNoon);
  bench.ledger.fails = [](const Batch&) { return true; };
  const auto before = bench.book().snapshot();
  EXPECT_FALSE(bench.book().step(attempts("api", "home", kNoon, "u"), kNoon + 60s));
  EXPECT_EQ(bench.book().snapshot(), before);
  bench.ledger.fails = nullptr;
  bench.step(kNoon + 61s);
  EXPECT_EQ(bench.month().counts.good, 1);
  EXPECT_EQ(bench.ledger.attempts.size(), 1u);
}

TEST(Book, WhatWasNotObservedIsUnknownAndSaysWhy) {
  BookBench bench;
  bench.start(kNoon);
  bench.step(kNoon + 60s);  // the check could not run
  bench.book().mark_unobserved(kNoon + 60s, kNoon + 180s, Cause::suspended);
  bench.step(kNoon + 180s);
  bench.slot(kNoon + 180s, "l");
  bench.slot(kNoon + 240s, "n");
  bench.slot(kNoon + 300s, "xl");
  EXPECT_EQ(brief(bench.month()).substr(0, 7), "0/0/6/0");
  const std::map<Cause, std::uint64_t> causes = {{Cause::overload, 1},
                                                 {Cause::suspended, 2},
                                                 {Cause::local, 1},
                                                 {Cause::connectivity, 1},
                                                 {Cause::unconfirmed, 1}};
  EXPECT_EQ(bench.view().unknown_total, causes);
}

TEST(Book, CountsSlotsThatConfirmationSaved) {
  BookBench bench;
  bench.start(kNoon);
  bench.slots(kNoon, 3, "xu");
  bench.slots(kNoon + 180s, 2, "u");
  bench.slots(kNoon + 300s, 1, "xx");
  EXPECT_EQ(brief(bench.month()).substr(0, 7), "5/1/0/0");
  ASSERT_EQ(bench.snapshot().facts.size(), 1u);
  EXPECT_EQ(bench.snapshot().facts[0]->rescued_total, 3u);
  bench.restart(kNoon + 360s);
  EXPECT_EQ(bench.snapshot().facts[0]->rescued_total, 3u);
}

TEST(Book, ARestartResumesAnOpenSlot) {
  BookBench bench;
  bench.start(kNoon);
  bench.step(kNoon + 30s, attempts("api", "home", kNoon, "u"));
  bench.restart(kNoon + 40s);
  bench.step(kNoon + 60s);
  EXPECT_EQ(brief(bench.month()).substr(0, 7), "1/0/0/0");
}

TEST(Book, ARestartFillsTheGapWithUnknownInOneRun) {
  BookBench bench;
  bench.start(kNoon);
  bench.slots(kNoon, 2, "u");
  // Killed with the outcome of the third slot committed; back two days later.
  bench.step(kNoon + 130s, attempts("api", "home", kNoon + 120s, "r"));
  bench.restart(kNoon + days(2) + 30s);
  const MonthFigures& month = bench.month();
  EXPECT_EQ(month.counts, (SlotCounts{.good = 2, .bad = 1, .unknown = 2 * 1440 - 3}));
  EXPECT_EQ(bench.view().unknown_total.at(Cause::not_running), 2u * 1440 - 3);
  const auto runs = *bench.ledger.verdicts("api", kNoon + 180s, kNoon + days(3));
  ASSERT_EQ(runs.size(), 1u);
  // The slot of the restart is still open: its check may run at once.
  bench.step(kNoon + days(2) + 60s, attempts("api", "home", kNoon + days(2), "u"));
  EXPECT_EQ(bench.month().counts.good, 3);
}

TEST(Book, RefusesAGapOfMoreThanAMonthUntilSomebodyAcceptsIt) {
  BookBench bench;
  bench.start(kNoon);
  bench.slot(kNoon, "u");
  const Seconds later = kNoon + days(32);
  const std::string refusal = bench.start_refused(later);
  EXPECT_THAT(refusal, HasSubstr("slatool ledger accept-gap"));
  EXPECT_THAT(refusal, HasSubstr("service api has no verdict from 2026-11-10T12:01:00Z"));
  bench.ledger.gaps.push_back(
      {.committed = later, .from = kNoon + 60s, .to = later, .by = "anna", .why = "moved house"});
  bench.restart(later + 90s);
  EXPECT_EQ(bench.month().counts.unknown, (later + 60s - instant("2026-12-01T00:00Z")) / 60s);
  EXPECT_EQ(bench.view().previous->counts.good, 1);
}

TEST(Book, ARestartAfterMonthsOfServiceIsNoGap) {
  BookBench bench;
  bench.start(kNoon);
  for (int day = 10; day <= 70; day += 10) bench.step(kNoon + days(day));
  bench.restart(kNoon + days(70) + 90s);
  EXPECT_EQ(bench.view().slots_total[2], 70u * 1440 + 1);
}

TEST(Book, RefusesALastSlotInTheFuture) {
  BookBench bench;
  bench.start(kNoon);
  bench.slots(kNoon, 10, "u");
  EXPECT_THAT(bench.start_refused(kNoon - 1h), HasSubstr("which is in the future"));
  bench.ledger.gaps.push_back({.committed = kNoon,
                               .from = kNoon - 1h,
                               .to = kNoon + 600s,
                               .by = "anna",
                               .why = "clock was wrong"});
  bench.restart(kNoon - 30min);
  bench.step(kNoon);
  EXPECT_EQ(bench.month().counts.good, 10);  // nothing is judged twice
  bench.slot(kNoon + 600s, "u");
  EXPECT_EQ(bench.month().counts.good, 11);
}

TEST(Book, CountersSurviveRestartsAndNeverGoBack) {
  BookBench bench;
  bench.start(kNoon);
  bench.slots(kNoon, 5, "u");
  bench.slots(kNoon + 300s, 2, "xx");
  bench.slots(kNoon + 420s, 1, "l");
  const auto totals = bench.view().slots_total;
  EXPECT_EQ(totals, (std::array<std::uint64_t, 4>{5, 2, 1, 0}));
  const CheckTotals checks = bench.snapshot().checks[0]->totals;
  EXPECT_EQ(checks.by_status, (std::array<std::uint64_t, 4>{5, 0, 4, 1}));
  bench.restart(kNoon + 480s);
  EXPECT_EQ(bench.view().slots_total, totals);
  EXPECT_EQ(bench.snapshot().checks[0]->totals.by_status, checks.by_status);
  EXPECT_EQ(bench.snapshot().checks[0]->totals.by_reason, checks.by_reason);
}

TEST(Book, ACheckShowsItsLastConfirmedOutcome) {
  BookBench bench;
  bench.start(kNoon);
  bench.slot(kNoon, "u");
  auto arrivals = attempts("api", "home", kNoon + 60s, "xx");
  bench.step(kNoon + 70s, {arrivals[0]});
  EXPECT_FALSE(bench.snapshot().checks[0]->failing());
  bench.step(kNoon + 80s, {arrivals[1]});
  EXPECT_TRUE(bench.snapshot().checks[0]->failing());
  bench.restart(kNoon + 90s);
  EXPECT_TRUE(bench.snapshot().checks[0]->failing());
  EXPECT_EQ(bench.snapshot().checks[0]->outcome->reason, probes::Reason::timeout);
}

TEST(Book, AServiceIsUpOrDownByItsLastConfirmedOutcomes) {
  BookBench bench;
  const auto up = [&bench] { return bench.snapshot().facts[0]->up; };
  bench.start(kNoon);
  EXPECT_EQ(up(), std::nullopt);
  bench.step(kNoon + 5s, attempts("api", "home", kNoon, "u"));
  EXPECT_EQ(up(), true);
  auto arrivals = attempts("api", "home", kNoon + 60s, "xx");
  bench.step(kNoon + 70s, {arrivals[0]});
  EXPECT_EQ(up(), true) << "a failure that waits for its confirmation";
  bench.step(kNoon + 80s, {arrivals[1]});
  EXPECT_EQ(up(), false) << "before the slot is over";
  bench.slots(kNoon + 120s, 30, "n");
  EXPECT_EQ(up(), false) << "what nobody could see changed nothing";
  bench.restart(kNoon + 32min);
  EXPECT_EQ(up(), false) << "nor did a restart meanwhile";
  bench.slot(kNoon + 32min, "u");
  EXPECT_EQ(up(), true);
  bench.slot(kNoon + 33min, "r");
  bench.restart(kNoon + 34min);
  EXPECT_EQ(up(), false) << "from the ledger";
}

TEST(Book, AServiceIsUpByTheRulesOfItsVerdict) {
  struct Row {
    int require;
    std::string_view home, faq;
    std::optional<bool> up;
  };
  for (const Row& row : std::vector<Row>{{0, "u", "r", false},
                                         {0, "r", "l", false},
                                         {0, "u", "l", std::nullopt},
                                         {1, "u", "r", true},
                                         {1, "r", "l", std::nullopt},
                                         {1, "r", "r", false},
                                         {0, "g", "u", false}}) {
    BookBench bench(fakes::make_config(
        {{.checks = {"home", "faq"}, .require = row.require, .degraded_is_good = false}}));
    bench.service().checks.push_back(bench.service().checks[0]);
    bench.service().checks.back().name = "extra";
    bench.service().checks.back().counts = false;
    bench.start(kNoon);
    auto arrivals = attempts("api", "home", kNoon, row.home);
    std::ranges::move(attempts("api", "faq", kNoon, row.faq), std::back_inserter(arrivals));
    std::ranges::move(attempts("api", "extra", kNoon, "r"), std::back_inserter(arrivals));
    bench.step(kNoon + 30s, std::move(arrivals));
    EXPECT_EQ(bench.snapshot().facts[0]->up, row.up)
        << row.require << " of " << row.home << " and " << row.faq;
  }
}

TEST(Book, AnOutcomeThatComesAfterItsVerdictChangesNothing) {
  BookBench bench;
  bench.start(kNoon);
  bench.step(kNoon + 60s);
  bench.step(kNoon + 61s, attempts("api", "home", kNoon, "u"));
  EXPECT_EQ(brief(bench.month()).substr(0, 7), "0/0/1/0");
  EXPECT_TRUE(bench.ledger.attempts.begin()->second.extra);  // so that verify agrees
}

TEST(Book, TheMonthTurnsInTheZoneOfTheAgreement) {
  fakes::ServiceSpec spec;
  Config config = fakes::make_config({spec});
  config.agreements[0].timezone = "UTC+01:00";
  BookBench bench(config);
  const Seconds turn = instant("2026-11-30T23:00:00Z");
  bench.start(turn - 3min);
  bench.slots(turn - 3min, 3, "u");
  EXPECT_EQ(bench.month().month, 2026y / December);
  EXPECT_FALSE(bench.month().partial);
  EXPECT_EQ(bench.month().expected, 44'640);
  EXPECT_EQ(brief(*bench.view().previous), "3/0/0/0+0");
  bench.slot(turn, "r");
  EXPECT_EQ(brief(bench.month()), "0/1/0/0+44639");
  EXPECT_EQ(bench.month().allowed, 446);
}

TEST(Book, CostsOfAStepDoNotGrowWithTheLengthOfTheGap) {
  BookBench bench;
  bench.start(kNoon);
  bench.step(kNoon + days(30));
  EXPECT_EQ(bench.ledger.verdicts("api", kNoon, kNoon + days(31))->size(), 1u);
  EXPECT_EQ(bench.view().slots_total[2], 30u * 1440);
}

TEST(Book, ForecastsWhenTheBudgetWillBeGone) {
  BookBench bench;
  bench.start(instant("2026-11-01T00:00:00Z"));
  EXPECT_FALSE(bench.view().exhaustion);
  const Seconds start = instant("2026-11-01T00:00:00Z");
  // One bad slot in ten: 432 of 43,200 are gone after 4,320 slots.
  for (int i = 0; i < 1000; ++i) bench.slot(start + i * 60s, i % 10 == 0 ? "r" : "u");
  ASSERT_TRUE(bench.view().exhaustion);
  const auto error = *bench.view().exhaustion - (start + 4'320 * 60s);
  EXPECT_LT(abs(error), 10min);
}

TEST(Book, TheFirstStartSaysThatNothingWasEverCommitted) {
  BookBench bench;
  EXPECT_THAT(bench.start(kNoon), Contains(HasSubstr("nothing was ever committed")));
  bench.slot(kNoon, "u");
  EXPECT_THAT(bench.restart(kNoon + 120s),
              Contains(HasSubstr("slots from 2026-11-10T12:01:00Z on have no verdict")));
}

// What is due is counted from the last verdict, not from the first slot ever.
TEST(Book, RestartsWhenItIsOlderThanTheLongestGap) {
  BookBench bench(
      fakes::make_config({{.name = "api", .every = std::chrono::hours(1), .checks = {"home"}}}));
  const Seconds begin = instant("2026-02-01T00:00Z");
  bench.start(begin);
  bench.slots(begin, 40 * 24, "u");
  const Seconds now = begin + std::chrono::hours(40 * 24 + 3);
  bench.restart(now);
  EXPECT_EQ(bench.ledger.rows["api"].size(), 40u * 24 + 3);
  EXPECT_EQ(bench.view().slots_total[static_cast<std::size_t>(Verdict::unknown)], 3u);
}

}  // namespace
}  // namespace exporter
