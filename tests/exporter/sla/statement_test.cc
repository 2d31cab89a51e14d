// Rules 8, 9 and 14 at the turn of months: statements, what windows exclude, and corrections that
// come in time, late, or while no exporter runs. The figures of docs/accounting.md are checked
// here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporter/sla/book.h"
#include "exporter/sla/canonical.h"
#include "tests/fakes/book_bench.h"

namespace exporter {
namespace {

using namespace std::chrono;
using fakes::attempts;
using fakes::BookBench;
using fakes::brief;
using fakes::instant;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

const Seconds kNovember = instant("2026-11-01T00:00:00Z");
const Seconds kDecember = instant("2026-12-01T00:00:00Z");

// A service of one-hour slots, so that a month is 720 of them and seven may be bad.
Config hourly() { return fakes::make_config({{.every = 3600s}}); }

// November with so many bad hours at its beginning.
void run_november(BookBench& bench, int bad) {
  bench.start(kNovember);
  bench.slots(kNovember, bad, "r");
  bench.slots(kNovember + bad * 3600s, 720 - bad, "u");
}

// "r1 provisional", "r2 closed", ...
std::vector<std::string> statements(const BookBench& bench) {
  std::vector<std::string> texts;
  for (const Statement& each : bench.ledger.statements) {
    texts.push_back("r" + std::to_string(each.revision) +
                    (each.closed ? " closed" : " provisional"));
  }
  return texts;
}

nlohmann::json api_of(const Statement& statement) {
  return nlohmann::json::parse(statement.json).at("services").at("api");
}

Correction good_again(int hours, Seconds committed = {}) {
  Correction correction;
  correction.committed = committed;
  correction.by = "ada";
  correction.why = "the probe was wrong";
  correction.service = "api";
  correction.from = kNovember;
  correction.to = kNovember + hours * 3600s;
  correction.verdict = Verdict::good;
  return correction;
}

TEST(Statement, AMonthIsProvisionalThenClosedAndChained) {
  BookBench bench(hourly());
  run_november(bench, 8);
  bench.step(kDecember + 5min);
  EXPECT_THAT(statements(bench), ElementsAre("r1 provisional"));
  bench.step(kDecember + days(5) - 1s);
  EXPECT_EQ(bench.ledger.statements.size(), 1u);
  bench.step(kDecember + days(5));
  ASSERT_THAT(statements(bench), ElementsAre("r1 provisional", "r1 closed"));
  const auto& [provisional, closed] =
      std::tie(bench.ledger.statements[0], bench.ledger.statements[1]);
  EXPECT_EQ(provisional.previous_hash, "");
  EXPECT_EQ(closed.previous_hash, provisional.hash);
  EXPECT_EQ(closed.hash, statement_hash(closed));
  const auto api = api_of(closed);
  EXPECT_EQ(api.at("expected"), 720);
  EXPECT_EQ(api.at("bad"), 8);
  EXPECT_EQ(api.at("allowed"), 7);
  EXPECT_EQ(api.at("state"), "missed");
}

TEST(Statement, ACorrectionBeforeTheMonthIsClosedIsInItsStatement) {
  BookBench bench(hourly());
  run_november(bench, 8);
  bench.step(kDecember + 5min);
  ASSERT_TRUE(bench.book().correct(good_again(1), kDecember + 1h));
  bench.step(kDecember + days(5));
  ASSERT_THAT(statements(bench), ElementsAre("r1 provisional", "r1 closed"));
  EXPECT_EQ(api_of(bench.ledger.statements[1]).at("bad"), 7);
  EXPECT_EQ(api_of(bench.ledger.statements[1]).at("committed").at("bad"), 8);
  EXPECT_EQ(api_of(bench.ledger.statements[1]).at("state"), "met");
}

TEST(Statement, ALaterCorrectionAppendsARevisionInTheSameCommit) {
  BookBench bench(hourly());
  run_november(bench, 8);
  bench.step(kDecember + days(5));
  const std::string before = bench.ledger.statements.back().json;
  ASSERT_TRUE(bench.book().correct(good_again(2), kDecember + days(20)));
  ASSERT_THAT(statements(bench), ElementsAre("r1 closed", "r2 closed"));
  EXPECT_EQ(bench.ledger.statements[0].json, before);
  EXPECT_EQ(bench.ledger.statements[1].previous_hash, bench.ledger.statements[0].hash);
  EXPECT_EQ(api_of(bench.ledger.statements[1]).at("bad"), 6);
  bench.step(kDecember + days(21));
  EXPECT_EQ(bench.ledger.statements.size(), 2u);
}

TEST(Statement, ACorrectionSignedWhileNothingRanIsRevisedAtTheNextStart) {
  BookBench bench(hourly());
  run_november(bench, 8);
  bench.step(kDecember + days(5));
  // slatool writes into the file itself when no exporter runs.
  ASSERT_TRUE(bench.ledger.commit({.corrections = {good_again(3, kDecember + days(6))}},
                                  kDecember + days(6)));
  bench.restart(kDecember + days(7));
  ASSERT_THAT(statements(bench), ElementsAre("r1 closed", "r2 closed"));
  EXPECT_EQ(api_of(bench.ledger.statements[1]).at("bad"), 5);
  for (int day = 8; day < 11; ++day) bench.restart(kDecember + days(day));
  EXPECT_EQ(bench.ledger.statements.size(), 2u);
}

TEST(Statement, ACorrectionStampedByAFastClockIsRevisedOnce) {
  BookBench bench(hourly());
  run_november(bench, 8);
  bench.step(kDecember + days(5));
  ASSERT_TRUE(bench.ledger.commit({.corrections = {good_again(3, kDecember + days(60))}},
                                  kDecember + days(60)));
  for (int day = 7; day < 11; ++day) bench.restart(kDecember + days(day));
  EXPECT_THAT(statements(bench), ElementsAre("r1 closed", "r2 closed"));
}

TEST(Statement, ACorrectionOfAnotherAgreementRevisesNothing) {
  Config config = hourly();
  config.agreements.push_back(config.agreements[0]);
  config.agreements[1].name = "acme";
  BookBench bench(config);
  run_november(bench, 8);
  bench.step(kDecember + days(5));
  bench.step(kDecember + days(5) + 1s);
  ASSERT_EQ(bench.ledger.statements.size(), 2u);
  Correction correction = good_again(1);
  correction.agreements = {"acme"};
  ASSERT_TRUE(bench.book().correct(correction, kDecember + days(6)));
  ASSERT_EQ(bench.ledger.statements.size(), 3u);
  EXPECT_EQ(bench.ledger.statements[2].agreement, "acme");
}

TEST(Correction, ChangesTheFiguresAndNeverTheVerdictAndTheLaterOneWins) {
  BookBench bench(hourly());
  run_november(bench, 8);
  const Seconds now = kDecember + 1h;
  ASSERT_TRUE(bench.book().correct(good_again(4), now));
  Correction second = good_again(1);
  second.verdict = Verdict::excluded;
  ASSERT_TRUE(bench.book().correct(second, now));
  bench.step(now + 1s);
  EXPECT_EQ(brief(*bench.view().previous), "715/4/0/1+0");
  EXPECT_EQ(bench.view().slots_total[1], 8u);  // as first committed
  const auto runs = *bench.ledger.verdicts("api", kNovember, kNovember + 8h);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].verdict, Verdict::bad);
}

TEST(Correction, IsAboutWhatHasEndedAndIsSigned) {
  BookBench bench(hourly());
  run_november(bench, 8);
  Correction ahead = good_again(1);
  ahead.to = kDecember + days(1);
  EXPECT_THAT(bench.book().correct(ahead, kDecember).error().message, HasSubstr("have ended"));
  Correction unsigned_one = good_again(1);
  unsigned_one.by.clear();
  EXPECT_THAT(bench.book().correct(unsigned_one, kDecember).error().message, HasSubstr("--by"));
}

MaintenanceWindow window(Seconds from, Seconds to) {
  return {.id = "w",
          .services = {},
          .agreements = {},
          .from = from,
          .to = to,
          .announced = {},
          .summary = {}};
}

// The example of the page: slots of five minutes, a window from 02:02 to 02:14.
TEST(Maintenance, ExcludesOnlySlotsThatLieWhollyInside) {
  BookBench bench(fakes::make_config({{.every = 300s}}));
  const Seconds two = instant("2026-11-10T02:00:00Z");
  bench.config.windows = {window(two + 2min, two + 14min)};
  const auto said = bench.start(two - 1h);
  EXPECT_THAT(said, Contains(HasSubstr("is not aligned to the 300 s slots of api")));
  bench.slots(two, 4, "r");
  EXPECT_EQ(bench.month().counts.excluded, 1);  // 02:05; 02:00 and 02:10 stick out
  EXPECT_EQ(bench.month().counts.bad, 3);
  EXPECT_EQ((*bench.ledger.verdicts("api", two, two + 20min))[0].verdict, Verdict::bad);
}

TEST(Maintenance, IsActiveInTheSlotsThatWillBeExcluded) {
  BookBench bench(fakes::make_config({{.every = 300s}}));
  const Seconds two = instant("2026-11-10T02:00:00Z");
  bench.config.windows = {window(two + 2min, two + 14min)};
  bench.start(two - 5min);
  std::string active;  // at the beginning of each slot, and after two minutes of it
  for (Seconds slot = two; slot < two + 20min; slot += 5min) {
    bench.step(slot);
    active += bench.view().in_maintenance ? 'm' : '-';
    bench.step(slot + 2min, attempts("api", "home", slot, "r"));
    active += bench.view().in_maintenance ? 'm' : '-';
  }
  EXPECT_EQ(active, "--mm----");
}

TEST(Maintenance, OverlappingWindowsExcludeASlotOnce) {
  BookBench bench;
  const Seconds two = instant("2026-11-10T02:00:00Z");
  bench.config.windows = {window(two, two + 5min), window(two + 3min, two + 8min),
                          window(two + 1min, two + 2min)};
  bench.config.windows[1].id = "overlaps";
  bench.config.windows[2].id = "inside";
  bench.start(two - 1min);
  bench.slots(two - 1min, 10, "u");
  EXPECT_EQ(brief(bench.month()).substr(0, 7), "2/0/0/8");
}

TEST(Maintenance, AWindowThatComesLateExcludesNoSlotThatHasBegun) {
  BookBench bench;
  const Seconds two = instant("2026-11-10T02:00:00Z");
  bench.start(two - 10min);
  bench.slots(two - 10min, 12, "u");
  bench.config.windows = {window(two, two + 5min)};
  EXPECT_THAT(bench.reload(two + 2min), Contains(HasSubstr("before it was recorded")));
  bench.slots(two + 2min, 3, "r");
  // 02:02 began in the second of the commit; 02:03 and 02:04 begin after it.
  EXPECT_EQ(bench.month().counts.bad, 1);
  EXPECT_EQ(bench.month().counts.excluded, 2);
}

TEST(Maintenance, AWithdrawnWindowKeepsWhatHasBegun) {
  BookBench bench;
  const Seconds two = instant("2026-11-10T02:00:00Z");
  bench.config.windows = {window(two, two + 10min)};
  bench.start(two - 1min);
  bench.slots(two - 1min, 4, "u");
  bench.config.windows.clear();
  EXPECT_THAT(bench.reload(two + 3min + 1s), Contains(HasSubstr("withdrawn")));
  bench.slots(two + 3min, 3, "u");
  EXPECT_EQ(brief(bench.month()).substr(0, 7), "3/0/0/4");  // 02:00 to 02:03 are excluded
}

TEST(Maintenance, CountsOnlyWhenItWasAnnouncedEarlyEnough) {
  const Seconds two = instant("2026-11-10T02:00:00Z");
  struct Row {
    std::optional<Seconds> announced;
    int excluded;
  };
  for (const Row& row : {Row{std::nullopt, 0}, {two - 48h + 1s, 0}, {two - 48h, 5}}) {
    BookBench bench;
    bench.config.agreements[0].notice = 48h;
    bench.config.windows = {window(two, two + 5min)};
    bench.config.windows[0].announced = row.announced;
    bench.start(two - 1min);
    bench.slots(two - 1min, 7, "u");
    EXPECT_EQ(bench.month().counts.excluded, row.excluded);
  }
}

TEST(Maintenance, OfAnAgreementLeavesTheOthersAlone) {
  Config config = fakes::make_config();
  config.agreements.push_back(config.agreements[0]);
  config.agreements[1].name = "acme";
  const Seconds two = instant("2026-11-10T02:00:00Z");
  config.windows = {window(two, two + 5min)};
  config.windows[0].agreements = {"acme"};
  BookBench bench(config);
  bench.start(two);
  bench.slots(two, 5, "r");
  EXPECT_EQ(bench.month("api", "published").counts.bad, 5);
  EXPECT_EQ(bench.month("api", "acme").counts.excluded, 4);  // the first began with the commit
}

TEST(Terms, WaitForTheNextMonthOnceTheyAreFrozen) {
  BookBench bench(hourly());
  run_november(bench, 8);
  bench.config.agreements[0].objectives["api"] = Objective{980'000};
  EXPECT_THAT(bench.reload(kDecember + 1h),
              Contains(HasSubstr("until then the frozen terms hold")));
  bench.step(kDecember + 2h);
  EXPECT_EQ(bench.month().allowed, 7);  // of 744
  bench.step(kDecember + days(31));
  EXPECT_EQ(bench.month().allowed, 14);  // of January's 744, at 98 %
  EXPECT_EQ(bench.view().previous->allowed, 7);
}

TEST(Commissioning, SlotsOfADayBeforeTheServiceWasConfiguredWereNotWatched) {
  BookBench bench;
  const Seconds noon = instant("2026-11-10T12:00:00Z");
  bench.start(noon);
  bench.slots(noon, 10, "u");
  fakes::ServiceSpec late{.name = "sms", .valid_from = noon - 2h};
  bench.config.services.push_back(fakes::make_service(late));
  bench.config.agreements[0].objectives["sms"] = {};
  bench.reload(noon + 10min + 30s);
  bench.step(noon + 11min, attempts("api", "home", noon + 10min, "u"));
  const auto runs = *bench.ledger.verdicts("sms", noon - 2h, noon + 11min);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].count, 131);
  EXPECT_EQ(runs[0].cause, Cause::not_running);
  EXPECT_EQ(bench.month("sms").observed_from, noon - 2h);
  bench.step(noon + 12min);  // neither check ran
  const std::map<Cause, std::uint64_t> of_sms = {{Cause::not_running, 131}, {Cause::overload, 1}};
  const std::map<Cause, std::uint64_t> of_api = {{Cause::overload, 1}};
  EXPECT_EQ(bench.view("sms").unknown_total, of_sms);
  EXPECT_EQ(bench.view("api").unknown_total, of_api);
  const std::string before = brief(bench.month("sms"));
  bench.restart(noon + 12min + 30s);
  EXPECT_EQ(brief(bench.month("sms")), before);
}

TEST(Commissioning, OtherChangesOfTheMonthStayWhereTheyWere) {
  BookBench bench;
  const Seconds noon = instant("2026-11-10T12:00:00Z");
  bench.start(noon);
  bench.step(noon + 1h);
  bench.config.services.push_back(fakes::make_service({.name = "smtp"}));
  bench.config.agreements[0].objectives["smtp"] = {};
  bench.reload(noon + 1h);
  bench.step(noon + 2h);
  // "sms" counts from before the day on which "smtp" was added.
  bench.config.services.push_back(fakes::make_service({.name = "sms", .valid_from = noon + 30min}));
  bench.config.agreements[0].objectives["sms"] = {};
  bench.reload(noon + 2h);
  bench.step(noon + 3h);
  EXPECT_EQ(bench.month("api").observed_from, noon);
  EXPECT_EQ(bench.month("smtp").observed_from, noon + 1h);
  EXPECT_EQ(bench.month("sms").observed_from, noon + 30min);
  EXPECT_EQ(bench.month("sms").counts.unknown, 150);
  EXPECT_EQ(bench.month("smtp").counts.unknown, 120);
}

TEST(Commissioning, MonthsThatAreOverStayAsTheyWereStated) {
  BookBench bench(hourly());
  run_november(bench, 8);
  bench.step(kDecember + days(10));
  ASSERT_THAT(statements(bench), ElementsAre("r1 closed"));
  const fakes::ServiceSpec late{.name = "sms", .every = 3600s, .valid_from = kDecember - days(5)};
  bench.config.services.push_back(fakes::make_service(late));
  bench.config.agreements[0].objectives["sms"] = {};
  bench.reload(kDecember + days(10) + 30min);
  bench.step(kDecember + days(10) + 1h);
  EXPECT_EQ(bench.month("sms").observed_from, kDecember);
  EXPECT_EQ(brief(bench.month("sms")), "0/0/241/0+503");
  EXPECT_FALSE(bench.view("sms").previous);
  EXPECT_EQ(brief(bench.month("api")), "0/0/241/0+503");
  EXPECT_EQ(bench.ledger.statements.size(), 1u);
}

TEST(Commissioning, AServiceThatRanBeforeIsCountedFromTheDayItIsAdded) {
  Config config = fakes::make_config({{.name = "api"}, {.name = "smtp"}});
  config.agreements.push_back(config.agreements[0]);
  config.agreements[1].name = "acme";
  config.agreements[1].objectives.erase("smtp");
  BookBench bench(config);
  const Seconds noon = instant("2026-11-10T12:00:00Z");
  bench.start(noon);
  bench.step(noon + days(1));
  bench.config.agreements[1].objectives["smtp"] = {};
  bench.reload(noon + days(1));
  EXPECT_EQ(bench.month("smtp", "acme").observed_from, noon + days(1));
}

}  // namespace
}  // namespace exporter
