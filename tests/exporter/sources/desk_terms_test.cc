// Which terms the desk judges a clock by, and from when changed ones hold.
#include <gmock/gmock.h>

#include "tests/exporter/sources/some_tickets.h"

namespace exporter::desk_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Config with_first_level_hours(Config config, int hours) {
  config.support.terms.levels[0].react_within.amount = hours * 3600;
  return config;
}

using DeskTerms = DeskTest;

TEST_F(DeskTerms, FreezesTermsWhenAMonthStarts) {
  const Seconds december = at("2026-12-10T09:00:00Z");
  LocalDesk local(folder_, config_, kMorning);
  const auto changed = with_first_level_hours(config_, 1);
  const auto said = local.desk.configure(changed, december);
  ASSERT_TRUE(said.has_value());
  EXPECT_THAT(*said, ElementsAre(HasSubstr("take effect with the month that begins at "
                                           "2027-01-01T00:00:00+01:00")));
  ASSERT_TRUE(local.desk.commit(
      "rt",
      batch(
          {opened("old", "2026-12-31T15:30:00Z"), opened("new", "2027-01-04T07:00:00Z"),
           answered("new", 2, "2027-01-04T09:00:00Z"), answered("old", 2, "2027-01-04T09:00:00Z")},
          "2027-01-04T10:00:00Z"),
      at("2027-01-04T10:00:00Z")));
  // 31 December 16:30-17:00, 1 January 08:00-17:00 ...: nine hours and more for the old one.
  ASSERT_EQ(local.view().misses.size(), 2u);
  for (const MissView& miss : local.view().misses) {
    EXPECT_EQ(miss.clock.target, std::chrono::hours(miss.ticket == "old" ? 4 : 1));
  }
  // Nothing is said or changed when the same is configured again, also after a restart.
  EXPECT_THAT(*local.desk.configure(changed, at("2027-01-04T10:00:00Z")), IsEmpty());
  LocalDesk restarted(folder_, changed, at("2027-01-04T10:00:00Z"));
  EXPECT_THAT(restarted.sentences, IsEmpty());
  EXPECT_EQ(text_of(restarted.view()), text_of(local.view()));
}

TEST_F(DeskTerms, BringsWaitingTermsInForceForWhatBeginsOnceAPersonSigns) {
  const Seconds noon = at("2026-12-10T11:00:00Z");
  LocalDesk local(folder_, config_, kMorning);
  EXPECT_THAT(local.desk.take_terms_now("Ada", "asked for", noon).error().message,
              HasSubstr("no terms of reaction times wait"));
  const Config changed = with_first_level_hours(config_, 1);
  ASSERT_TRUE(local.desk.configure(changed, noon));
  EXPECT_THAT(local.desk.take_terms_now("Ada", "", noon).error().message, HasSubstr("--why"));
  ASSERT_TRUE(local.desk.commit("rt", batch({opened("old", "2026-12-10T10:00:00Z")}, ""), noon));
  EXPECT_THAT(*local.desk.take_terms_now("Ada", "the new contract", noon),
              HasSubstr("2026-12-10T11:00:00+00:00 on, signed by Ada: the new contract"));
  ASSERT_TRUE(local.desk.commit("rt", batch({opened("new", "2026-12-10T11:00:00Z")}, ""), noon));
  ASSERT_EQ(local.view().open.size(), 2u);
  for (const OpenClockView& each : local.view().open) {
    EXPECT_EQ(each.clock.target, std::chrono::hours(each.ticket == "old" ? 4 : 1));
  }
  // It is what is configured, so nothing waits any more, also after a restart.
  EXPECT_FALSE(local.desk.take_terms_now("Ada", "again", noon));
  LocalDesk restarted(folder_, changed, noon);
  EXPECT_THAT(restarted.sentences, IsEmpty());
  EXPECT_EQ(text_of(restarted.view()), text_of(local.view()));
}

TEST_F(DeskTerms, TakesTermsAtOnceInTheMonthOfCommissioningAndForgetsWhatWasTakenBack) {
  LocalDesk local(folder_, config_, kMorning);
  EXPECT_THAT(*local.desk.configure(with_first_level_hours(config_, 2), kMorning),
              ElementsAre(HasSubstr("in force from")));
  const Seconds december = at("2026-12-10T09:00:00Z");
  EXPECT_EQ(local.desk.configure(config_, december)->size(), 1u);
  EXPECT_EQ(local.desk.configure(with_first_level_hours(config_, 2), december)->size(), 1u);
  local.desk.tick(at("2027-01-10T09:00:00Z"));
  EXPECT_EQ(level(local.view(), "first").target, std::chrono::hours(2));
}

TEST_F(DeskTerms, JudgesWhatAHelpDeskSaidOfTheFutureByTheTermsOfThen) {
  LocalDesk local(folder_, config_, kMorning);
  // Its clock is a minute ahead.
  ASSERT_TRUE(local.desk.commit("rt", batch({opened("1", "2026-11-23T07:01:00Z")}, ""), kMorning));
  EXPECT_EQ(local.view().open.at(0).clock.target, std::chrono::hours(4));
  const Config changed = with_first_level_hours(config_, 2);
  ASSERT_TRUE(local.desk.configure(changed, kMorning + std::chrono::seconds(30)));
  EXPECT_EQ(local.view().open.at(0).clock.target, std::chrono::hours(2));
  LocalDesk restarted(folder_, changed, kMorning + std::chrono::seconds(30));
  EXPECT_EQ(text_of(restarted.view()), text_of(local.view()));
}

TEST_F(DeskTerms, AddsANewLevelAtOnce) {
  LocalDesk local(folder_, config_, kMorning);
  Config changed = with_first_level_hours(config_, 1);
  LevelTerms legal = changed.support.terms.levels[1];
  legal.name = "legal";
  changed.support.terms.levels.push_back(legal);
  const auto said = local.desk.configure(changed, at("2026-12-10T09:00:00Z"));
  EXPECT_THAT(*said, ElementsAre(HasSubstr("in force from"), HasSubstr("until then")));
  EXPECT_EQ(level(local.view(), "legal").target, std::chrono::hours(8));
  EXPECT_EQ(level(local.view(), "first").target, std::chrono::hours(4));
}

}  // namespace
}  // namespace exporter::desk_test
