// The version of the time zone data as one of the terms: named in every record, a change like any
// other where the zone depends on it, and nothing to speak of where it does not.
#include "exporter/sla/freeze.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporter/sla/canonical.h"
#include "tests/fakes/book_bench.h"

namespace exporter {
namespace {

using namespace std::chrono;
using fakes::BookBench;
using fakes::instant;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const Seconds kCommissioned = instant("2026-10-10T12:00:00Z");
const Seconds kNovember = instant("2026-11-10T12:00:00Z");
const Seconds kDecember = instant("2026-12-01T12:00:00Z");

Config config_in(const std::string& zone) {
  Config config = fakes::make_config({{.name = "web", .every = 300s}});
  config.agreements[0].timezone = zone;
  return config;
}

// Commissioned in October under `version`, and running in November.
void start(BookBench& bench, const std::string& version) {
  bench.tzdata_version = version;
  bench.restart(kCommissioned);
  bench.step(kCommissioned + days(20));
  bench.step(kNovember);
  bench.step(kNovember + 1min);  // with the statement of October
}

std::vector<std::string> versions_recorded(const BookBench& bench) {
  std::vector<std::string> versions;
  for (const TermsRecord& record : bench.ledger.terms) versions.push_back(record.tzdata_version);
  return versions;
}

std::string version_in_statement(const BookBench& bench, int year, unsigned month) {
  for (const Statement& statement : bench.ledger.statements) {
    if (statement.year != year || statement.month != month) continue;
    return nlohmann::json::parse(statement.json)["terms"]["tzdata_version"];
  }
  return "no statement";
}

class ZoneDataOfTerms : public testing::TestWithParam<std::string> {};

TEST_P(ZoneDataOfTerms, IsNamedInTheRecordAndInTheStatement) {
  BookBench bench(config_in(GetParam()));
  start(bench, "2026a");
  EXPECT_THAT(versions_recorded(bench), ElementsAre("2026a"));
  EXPECT_EQ(version_in_statement(bench, 2026, 10), "2026a");
  ASSERT_THAT(bench.snapshot().agreements, SizeIs(1));
  EXPECT_EQ(bench.snapshot().agreements[0]->terms.tzdata_version, "2026a");
}

TEST_P(ZoneDataOfTerms, StaysAsItIsWhenTheProgramStartsAgain) {
  BookBench bench(config_in(GetParam()));
  start(bench, "2026a");
  for (int i = 1; i <= 3; ++i) {
    EXPECT_THAT(bench.restart(kNovember + hours(i)), Not(Contains(HasSubstr("tzdata"))));
  }
  EXPECT_THAT(bench.reload(kNovember + hours(4)), SizeIs(0));
  EXPECT_THAT(versions_recorded(bench), ElementsAre("2026a"));
}

// Written by a version of this program that did not record it.
TEST_P(ZoneDataOfTerms, MayBeMissingInALedgerFromBefore) {
  BookBench bench(config_in(GetParam()));
  start(bench, "");
  bench.tzdata_version = "2026a";
  bench.restart(kNovember + 1h);
  EXPECT_EQ(bench.snapshot().agreements[0]->terms.tzdata_version, "");
  const MonthFigures november = bench.month("web");
  EXPECT_EQ(november.expected, (november.end - november.begin) / 300s);
  bench.step(kDecember);
  bench.step(kDecember + 1min);
  EXPECT_THAT(bench.restart(kDecember + 1h), Not(Contains(HasSubstr("tzdata"))));
  EXPECT_EQ(bench.month("web").expected, 31 * 288);
  EXPECT_EQ(version_in_statement(bench, 2026, 11), "");
}

INSTANTIATE_TEST_SUITE_P(Zones, ZoneDataOfTerms,
                         testing::Values("UTC", "UTC+01:00", "Europe/Berlin", "America/Chicago"),
                         [](const auto& test) {
                           std::string name;
                           for (const char c : test.param) name += std::isalnum(c) ? c : '_';
                           return name;
                         });

TEST(ZoneDataUpgrade, IsNoChangeOfTermsForAFixedOffset) {
  BookBench bench(config_in("UTC+01:00"));
  start(bench, "2026a");
  const std::string hash = bench.snapshot().agreements[0]->terms.hash;
  bench.tzdata_version = "2026b";
  EXPECT_THAT(bench.restart(kNovember + 1h), Not(Contains(HasSubstr("agreement"))));
  bench.step(kDecember);
  bench.step(kDecember + 1min);
  EXPECT_THAT(bench.restart(kDecember + 1h), Not(Contains(HasSubstr("agreement"))));
  EXPECT_THAT(versions_recorded(bench), ElementsAre("2026a"));
  EXPECT_EQ(bench.snapshot().agreements[0]->terms.hash, hash);
}

TEST(ZoneDataUpgrade, WaitsForTheNextMonthWhereTheZoneDependsOnItAndSaysSoOnce) {
  BookBench bench(config_in("Europe/Berlin"));
  start(bench, "2026a");
  const std::string hash = bench.snapshot().agreements[0]->terms.hash;
  bench.tzdata_version = "2026b";
  EXPECT_THAT(bench.restart(kNovember + 1h),
              Contains(AllOf(HasSubstr("tzdata 2026a -> 2026b"),
                             HasSubstr("the month that begins at 2026-12-01T00:00:00+01:00"))));
  EXPECT_THAT(bench.restart(kNovember + 2h), Not(Contains(HasSubstr("tzdata"))));
  EXPECT_THAT(bench.reload(kNovember + 3h), SizeIs(0));
  EXPECT_EQ(bench.snapshot().agreements[0]->terms.hash, hash) << "frozen";
  EXPECT_EQ(bench.month("web").expected, 30 * 288);

  bench.step(kDecember);
  bench.step(kDecember + 1min);
  EXPECT_EQ(bench.snapshot().agreements[0]->terms.tzdata_version, "2026b");
  EXPECT_NE(bench.snapshot().agreements[0]->terms.hash, hash);
  EXPECT_EQ(version_in_statement(bench, 2026, 11), "2026a");
  EXPECT_THAT(bench.restart(kDecember + 1h), Not(Contains(HasSubstr("tzdata"))));
  EXPECT_THAT(versions_recorded(bench), ElementsAre("2026a", "2026b"));
}

TEST(ZoneDataUpgrade, TakenBackWithinTheMonthLeavesTheTermsAsTheyWere) {
  BookBench bench(config_in("Europe/Berlin"));
  start(bench, "2026a");
  const std::string version = bench.snapshot().agreements[0]->terms.tzdata_version;
  bench.tzdata_version = "2026b";
  bench.restart(kNovember + 1h);
  bench.tzdata_version = "2026a";
  bench.restart(kNovember + 2h);
  bench.step(kDecember);
  bench.step(kDecember + 1min);
  EXPECT_EQ(bench.snapshot().agreements[0]->terms.tzdata_version, version);
  EXPECT_EQ(bench.month("web").expected, 31 * 288);
}

TEST(ZoneDataUpgrade, DoesNotHurryAChangeThatWaits) {
  BookBench bench(config_in("America/Chicago"));
  start(bench, "2026a");
  bench.config.agreements[0].objectives["web"] = Objective{999'000};
  bench.reload(kNovember + 1h);
  bench.tzdata_version = "2026b";
  bench.restart(kNovember + 2h);
  EXPECT_EQ(bench.view("web").objective.parts_per_million, 990'000);
  EXPECT_EQ(bench.month("web").allowed, 86);
  bench.step(kDecember);
  bench.step(kDecember + 1min);
  EXPECT_EQ(bench.view("web").objective.parts_per_million, 999'000);
  EXPECT_EQ(bench.snapshot().agreements[0]->terms.tzdata_version, "2026b");
}

TEST(ZoneDataUpgrade, GoesWithTheNextChangeOfAFixedOffsetsTerms) {
  BookBench bench(config_in("UTC-06:00"));
  start(bench, "2026a");
  bench.tzdata_version = "2026b";
  bench.restart(kNovember + 1h);
  bench.config.agreements[0].objectives["web"] = Objective{999'000};
  EXPECT_THAT(bench.reload(kNovember + 2h),
              Contains(AllOf(HasSubstr("objective of web"), Not(HasSubstr("tzdata")))));
  EXPECT_THAT(versions_recorded(bench), ElementsAre("2026a", "2026b"));
}

}  // namespace
}  // namespace exporter
