// Which hours and which target a clock is measured by, and what is refused before it can matter.
#include "exporter/ticket/support_rules.h"

#include <gmock/gmock.h>

#include "tests/exporter/ticket/case_calendars.h"

namespace exporter {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

LevelTerms level_of(std::string name, std::string_view target, std::string calendar = {}) {
  LevelTerms level;
  level.name = std::move(name);
  level.react_within = parse_target(target).value();
  level.calendar = std::move(calendar);
  return level;
}

SupportTerms two_regions() {
  SupportTerms terms;
  terms.calendars = {calendar_of("europe", "UTC+01:00", {"mon-fri 08:00-17:00"}),
                     calendar_of("america", "UTC-06:00", {"mon-fri 09:00-17:00"})};
  terms.levels = {level_of("first", "4 business hours"), level_of("second", "8 business hours"),
                  level_of("legal", "5 business days", "europe")};
  return terms;
}

std::string error_of(SupportTerms terms) {
  const auto rules = SupportRules::compile(std::move(terms));
  return rules ? "" : rules.error();
}

TEST(SupportRules, CountOnTheCalendarOfTheTicket) {
  const auto rules = SupportRules::compile(two_regions()).value();
  const ClockRule rule = rules->rule(rules->lowest(), "", "america");
  EXPECT_EQ("america", rule.calendar);
  EXPECT_EQ(hours(40), rule.hours->week_open());
  EXPECT_EQ(hours(4), rule.target);
}

TEST(SupportRules, CountOnAllCalendarsWhereTheRegionIsUnknown) {
  const auto rules = SupportRules::compile(two_regions()).value();
  for (const char* calendar : {"", "asia", "all"}) {
    const ClockRule rule = rules->rule(rules->lowest(), "", calendar);
    EXPECT_EQ("all", rule.calendar);
    EXPECT_EQ(hours(80), rule.hours->week_open());
  }
}

TEST(SupportRules, CountOnTheOnlyCalendarWhereTheRegionIsUnknown) {
  SupportTerms terms = two_regions();
  terms.calendars.pop_back();
  terms.levels[2].calendar = "";
  const auto rules = SupportRules::compile(terms).value();
  const ClockRule rule = rules->rule(*rules->level("legal"), "", "");
  EXPECT_EQ("europe", rule.calendar);
  EXPECT_EQ(hours(45), rule.target);
  EXPECT_EQ(hours(45), rules->hours("all")->week_open());
}

TEST(SupportRules, CountOnTheCalendarThatALevelNames) {
  const auto rules = SupportRules::compile(two_regions()).value();
  const ClockRule rule = rules->rule(*rules->level("legal"), "", "america");
  EXPECT_EQ("europe", rule.calendar);
  EXPECT_EQ(hours(45), rule.target);
}

TEST(SupportRules, CountRealTimeAtAnyHour) {
  SupportTerms terms = two_regions();
  terms.levels[0] = level_of("first", "2 real hours");
  const auto rules = SupportRules::compile(terms).value();
  const ClockRule rule = rules->rule(rules->lowest(), "", "europe");
  EXPECT_EQ(hours(2), rule.target);
  EXPECT_EQ("europe", rule.calendar);
  EXPECT_EQ(hours(48), rule.hours->elapsed(utc("2026-01-17T00:00Z"), utc("2026-01-19T00:00Z")));
}

TEST(SupportRules, GiveAPrivateAgreementItsOwnTargets) {
  SupportTerms terms = two_regions();
  terms.private_targets["acme"]["first"] = parse_target("1 business hour").value();
  const auto rules = SupportRules::compile(terms).value();
  EXPECT_EQ(hours(1), rules->rule(rules->lowest(), "acme", "europe").target);
  EXPECT_EQ(hours(4), rules->rule(rules->lowest(), "other", "europe").target);
  EXPECT_EQ(hours(8), rules->rule(*rules->level("second"), "acme", "europe").target);
}

TEST(SupportRules, KnowTheOrderOfLevels) {
  const auto rules = SupportRules::compile(two_regions()).value();
  EXPECT_EQ(0, rules->rank("first"));
  EXPECT_EQ(2, rules->rank("legal"));
  EXPECT_EQ(-1, rules->rank("third"));
  EXPECT_EQ(nullptr, rules->level("third"));
  EXPECT_EQ(nullptr, rules->hours("asia"));
}

TEST(SupportRules, UniteTheCalendarsThatAUnionLists) {
  SupportTerms terms = two_regions();
  terms.calendars.push_back({});
  terms.calendars.back().name = "both";
  terms.calendars.back().union_of = {"europe", "america"};
  const auto rules = SupportRules::compile(terms).value();
  EXPECT_EQ(hours(80), rules->hours("both")->week_open());
  EXPECT_EQ(hours(80), rules->hours("all")->week_open());
}

TEST(SupportRules, RefuseBusinessDaysOnUnions) {
  SupportTerms terms = two_regions();
  terms.levels[2].calendar = "";
  EXPECT_THAT(error_of(terms), HasSubstr("name one for the level, such as `calendar: europe`"));
  terms.levels[2].calendar = "all";
  EXPECT_THAT(error_of(terms), HasSubstr("name one for the level, such as `calendar: europe`"));
  terms.calendars.push_back({});
  terms.calendars.back().name = "both";
  terms.calendars.back().union_of = {"europe", "america"};
  terms.levels[2].calendar = "both";
  EXPECT_THAT(error_of(terms), HasSubstr("calendar \"both\": a union has no business day"));
}

TEST(SupportRules, RefuseBusinessDaysOfNoCertainLength) {
  SupportTerms terms = two_regions();
  terms.calendars[0] = calendar_of("europe", "UTC", {"mon-wed 08:00-09:00"});
  terms.calendars[0].week[1][0].to += std::chrono::seconds(1);
  EXPECT_THAT(error_of(terms), HasSubstr("no whole number of seconds"));
  terms.calendars[0] = calendar_of("europe", "UTC", {});
  EXPECT_THAT(error_of(terms), HasSubstr("never open in an ordinary week"));
}

TEST(SupportRules, RefuseBusinessDaysOfPrivateAgreementsToo) {
  SupportTerms terms = two_regions();
  terms.private_targets["acme"]["first"] = parse_target("1 business day").value();
  EXPECT_THAT(error_of(terms), HasSubstr("private agreement \"acme\": level \"first\""));
  terms.private_targets = {{"acme", {{"third", {}}}}};
  EXPECT_THAT(error_of(terms), HasSubstr("\"third\", which does not exist"));
}

TEST(SupportRules, RefuseWhatDoesNotExist) {
  SupportTerms terms = two_regions();
  terms.levels[0].calendar = "asia";
  EXPECT_EQ(
      "level \"first\" names the calendar \"asia\", which does not exist; there are: europe, "
      "america",
      error_of(terms));
  terms = two_regions();
  terms.calendars.push_back({});
  terms.calendars.back().name = "both";
  terms.calendars.back().union_of = {"europe", "asia"};
  EXPECT_THAT(error_of(terms), HasSubstr("is a union of \"asia\", which does not exist"));
  terms.calendars.back().union_of = {"europe", "both"};
  EXPECT_THAT(error_of(terms), HasSubstr("which is a union itself"));
  terms = two_regions();
  terms.calendars[0].timezone = "GMT+1";
  EXPECT_THAT(error_of(terms), HasSubstr("calendar \"europe\": time zone \"GMT+1\" is ambiguous"));
  terms = two_regions();
  terms.calendars[0].name = "all";
  EXPECT_THAT(error_of(terms), HasSubstr("no calendar can be named \"all\""));
}

TEST(SupportRules, RefuseBusinessTimeWithoutCalendars) {
  SupportTerms terms;
  terms.levels = {level_of("first", "4h")};
  EXPECT_THAT(error_of(terms), HasSubstr("there are no calendars"));
  terms.levels = {level_of("first", "4 real hours")};
  const auto rules = SupportRules::compile(terms).value();
  EXPECT_EQ(hours(4), rules->rule(rules->lowest(), "", "").target);
}

TEST(SupportRules, RefuseTargetsOfNoSense) {
  SupportTerms terms = two_regions();
  terms.levels[0].react_within.amount = -1;
  EXPECT_THAT(error_of(terms), HasSubstr("between nothing and ten years"));
  terms.levels[0].react_within = {.unit = ReactionTarget::Unit::business_days,
                                  .amount = std::int64_t{1} << 60};
  EXPECT_THAT(error_of(terms), HasSubstr("between nothing and ten years"));
}

}  // namespace
}  // namespace exporter
