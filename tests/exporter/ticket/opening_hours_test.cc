// What a window, a holiday and an override mean, one hazard a test; tables of instants are in
// business_cases_test.cc, the proofs against a count second by second in naive_hours_test.cc.
#include "exporter/ticket/opening_hours.h"

#include <gtest/gtest.h>

#include "tests/exporter/ticket/case_calendars.h"

namespace exporter {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(OpeningHours, CountsTheWorkingWeekAsWritten) {
  const auto europe = OpeningHours::compile(calendar_of("e", "UTC+01:00", {"mon-fri 08:00-17:00"}));
  EXPECT_EQ(hours(45), europe.week_open());
  EXPECT_EQ(hours(9), europe.business_day());
  const auto america =
      OpeningHours::compile(calendar_of("a", "UTC-06:00", {"sun-thu 21:00-17:00"}));
  EXPECT_EQ(hours(100), america.week_open());
  EXPECT_EQ(hours(20), america.business_day());
  const OpeningHours* parts[] = {&europe, &america};
  EXPECT_FALSE(OpeningHours::unite(parts).business_day());
}

TEST(OpeningHours, CountsTheWeekOfAUnionOnce) {
  const auto europe = OpeningHours::compile(calendar_of("e", "UTC+01:00", {"mon-fri 08:00-17:00"}));
  const auto america =
      OpeningHours::compile(calendar_of("a", "UTC-06:00", {"mon-fri 09:00-17:00"}));
  const OpeningHours* parts[] = {&europe, &america};
  EXPECT_EQ(hours(80), OpeningHours::unite(parts).week_open());
  EXPECT_EQ(hours(7 * 24), OpeningHours::always().week_open());
}

TEST(OpeningHours, CountsTheWeekThatRunsOverItsEnd) {
  // Saturday evening to Sunday evening lies over the end of any week one could cut.
  for (const char* zone : {"UTC", "UTC+14:00", "UTC-12:00", "Asia/Kathmandu"}) {
    for (const char* open : {"sat 20:00-20:00", "wed 21:00-21:00", "thu 00:00-24:00"}) {
      const auto calendar = OpeningHours::compile(calendar_of("w", zone, {open}));
      EXPECT_EQ(hours(24), calendar.week_open()) << zone << " " << open;
      EXPECT_EQ(hours(24), calendar.business_day()) << zone << " " << open;
    }
  }
}

TEST(OpeningHours, HasNoBusinessDayWhereTheWeekDoesNotDivide) {
  CalendarTerms terms = calendar_of("odd", "UTC", {"mon-wed 08:00-09:00"});
  terms.week[1][0].to += seconds(1);
  EXPECT_FALSE(OpeningHours::compile(terms).business_day());
  EXPECT_FALSE(OpeningHours::compile(calendar_of("never", "UTC", {})).business_day());
  EXPECT_FALSE(OpeningHours::always().business_day());
}

TEST(OpeningHours, CountsOverlappingWindowsOnce) {
  const auto calendar = OpeningHours::compile(
      calendar_of("o", "UTC", {"daily 08:00-12:00", "daily 10:00-14:00", "daily 09:00-10:00"}));
  EXPECT_EQ(hours(6), calendar.elapsed(utc("2026-03-02T00:00Z"), utc("2026-03-03T00:00Z")));
  EXPECT_EQ(hours(42), calendar.week_open());
}

TEST(OpeningHours, TakesTheLocalDayOfAHolidayOutOfANightThatBeganBefore) {
  CalendarTerms terms = calendar_of("a", "UTC-06:00", {"mon-fri 21:00-17:00"});
  terms.holidays = {local_day(2026, 11, 26)};  // a Thursday
  const auto calendar = OpeningHours::compile(terms);
  EXPECT_TRUE(calendar.open_at(utc("2026-11-25T23:59:59-06:00")));
  EXPECT_FALSE(calendar.open_at(utc("2026-11-26T00:00:00-06:00")));
  EXPECT_FALSE(calendar.open_at(utc("2026-11-26T22:00:00-06:00")));
  // What began on the holiday is open again when the holiday is over.
  EXPECT_TRUE(calendar.open_at(utc("2026-11-27T00:00:00-06:00")));
  EXPECT_EQ(hours(17),
            calendar.elapsed(utc("2026-11-26T00:00-06:00"), utc("2026-11-27T20:00-06:00")));
}

TEST(OpeningHours, ReplacesWhatBeginsOnADayAlsoWhereThatIsAHoliday) {
  CalendarTerms terms = calendar_of("n", "UTC", {"daily 20:00-06:00"});
  terms.holidays = {local_day(2026, 12, 24)};
  terms.overrides[local_day(2026, 12, 24)] = parse_day_windows("08:00-12:00, 23:00-01:00").value();
  terms.overrides[local_day(2026, 12, 26)] = {};
  const auto calendar = OpeningHours::compile(terms);
  EXPECT_FALSE(calendar.open_at(utc("2026-12-24T05:00Z")));  // the night before, cut by the holiday
  EXPECT_TRUE(calendar.open_at(utc("2026-12-24T08:00Z")));
  EXPECT_FALSE(calendar.open_at(utc("2026-12-24T20:00Z")));
  EXPECT_TRUE(calendar.open_at(utc("2026-12-25T00:59:59Z")));
  EXPECT_FALSE(calendar.open_at(utc("2026-12-25T01:00Z")));
  EXPECT_TRUE(calendar.open_at(utc("2026-12-26T05:00Z")));  // began on the 25th
  EXPECT_FALSE(calendar.open_at(utc("2026-12-26T20:00Z")));
  EXPECT_FALSE(calendar.open_at(utc("2026-12-27T05:00Z")));
}

TEST(OpeningHours, FindsTheNextChange) {
  const auto calendar =
      OpeningHours::compile(calendar_of("e", "UTC+01:00", {"mon-fri 08:00-17:00"}));
  EXPECT_EQ(utc("2026-01-16T16:00Z"), calendar.next_change(utc("2026-01-16T07:00Z")));
  EXPECT_EQ(utc("2026-01-19T07:00Z"), calendar.next_change(utc("2026-01-16T16:00Z")));
  EXPECT_EQ(utc("2026-01-19T07:00Z"), calendar.next_change(utc("2026-01-19T06:59:59Z")));
  EXPECT_EQ(std::nullopt, OpeningHours::always().next_change(utc("2026-01-16T07:00Z")));
  const auto never = OpeningHours::compile(calendar_of("n", "UTC", {}));
  EXPECT_EQ(std::nullopt, never.next_change(utc("2026-01-16T07:00Z")));
  const auto daily =
      OpeningHours::compile(calendar_of("d", "Europe/Berlin", {"daily 00:00-24:00"}));
  EXPECT_EQ(std::nullopt, daily.next_change(utc("2026-01-16T07:00Z")));
}

TEST(OpeningHours, IsClosedBefore1970AndAfter2099) {
  const auto always = OpeningHours::always();
  const auto daily = OpeningHours::compile(calendar_of("d", "Asia/Tokyo", {"daily 00:00-24:00"}));
  const Seconds begin = utc("1970-01-01T00:00Z"), end = utc("2100-01-01T00:00Z");
  for (const OpeningHours* calendar : {&always, &daily}) {
    EXPECT_FALSE(calendar->open_at(begin - seconds(1)));
    EXPECT_TRUE(calendar->open_at(begin));
    EXPECT_TRUE(calendar->open_at(end - seconds(1)));
    EXPECT_FALSE(calendar->open_at(end));
    EXPECT_EQ(end - begin, calendar->elapsed(begin - hours(5), end + hours(5)));
    EXPECT_EQ(seconds(0), calendar->elapsed(Seconds::min(), begin));
    EXPECT_EQ(seconds(0), calendar->elapsed(end, Seconds::max()));
    EXPECT_EQ(std::nullopt, calendar->due(end - hours(1), hours(2)));
    EXPECT_EQ(end, calendar->due(end - hours(1), hours(1)).value().due);
    EXPECT_EQ(end, calendar->due(end - hours(1), hours(1)).value().breach_after);
  }
}

TEST(OpeningHours, IsNeverDueWhereItNeverOpens) {
  const auto never = OpeningHours::compile(calendar_of("n", "UTC", {}));
  EXPECT_EQ(std::nullopt, never.due(utc("2026-01-16T07:00Z"), seconds(1)));
  EXPECT_EQ(seconds(0), never.elapsed(utc("2020-01-01T00:00Z"), utc("2030-01-01T00:00Z")));
  // Nothing at all is due at once, and can never be late.
  const auto due = never.due(utc("2026-01-16T07:00Z"), seconds(0));
  EXPECT_EQ(utc("2026-01-16T07:00Z"), due.value().due);
  EXPECT_EQ(utc("2100-01-01T00:00Z"), due.value().breach_after);
}

TEST(OpeningHours, TakesAPauseUnderWayAsOneThatEndsFarAway) {
  const auto calendar =
      OpeningHours::compile(calendar_of("e", "UTC+01:00", {"mon-fri 08:00-17:00"}));
  const Seconds from = utc("2026-01-14T08:00Z");
  const Span pauses[] = {{utc("2026-01-14T10:00Z"), Seconds::max()}};
  EXPECT_EQ(hours(2), calendar.elapsed(from, utc("2026-01-20T08:00Z"), pauses));
  EXPECT_EQ(utc("2026-01-14T09:00Z"), calendar.due(from, hours(1), pauses).value().due);
  EXPECT_EQ(std::nullopt, calendar.due(from, hours(3), pauses));
  // Used up to the second when the pause began: in time for as long as it lasts.
  EXPECT_EQ(utc("2026-01-14T10:00Z"), calendar.due(from, hours(2), pauses).value().due);
  EXPECT_LE(utc("2100-01-01T00:00Z"), calendar.due(from, hours(2), pauses).value().breach_after);
}

TEST(OpeningHours, CountsInNoTimeThatRunsBackwards) {
  const auto always = OpeningHours::always();
  EXPECT_EQ(seconds(0), always.elapsed(utc("2026-01-14T10:00Z"), utc("2026-01-14T09:00Z")));
}

TEST(OpeningHours, OpensAtTheJumpWhereClocksSkipTheBoundary) {
  const auto gap = OpeningHours::compile(calendar_of("g", "Europe/Berlin", {"daily 02:30-06:00"}));
  const Seconds jump = utc("2026-03-29T01:00Z");
  EXPECT_FALSE(gap.open_at(jump - seconds(1)));
  EXPECT_TRUE(gap.open_at(jump));
  const auto inside =
      OpeningHours::compile(calendar_of("i", "Europe/Berlin", {"daily 02:10-02:50"}));
  EXPECT_EQ(seconds(0), inside.elapsed(utc("2026-03-29T00:00Z"), utc("2026-03-29T12:00Z")));
}

TEST(OpeningHours, TakesTheFirstOfABoundaryThatComesTwice) {
  const auto late = OpeningHours::compile(calendar_of("l", "Europe/Berlin", {"daily 22:00-02:30"}));
  EXPECT_TRUE(late.open_at(utc("2026-10-25T00:29:59Z")));
  EXPECT_FALSE(late.open_at(utc("2026-10-25T00:30:00Z")));
  EXPECT_FALSE(late.open_at(utc("2026-10-25T01:15:00Z")));  // 02:15 for the second time
}

TEST(OpeningHours, SkipsTheDayThatSamoaNeverHad) {
  // Apia went from the end of 29 December 2011 to 31 December.
  const auto apia = OpeningHours::compile(calendar_of("s", "Pacific/Apia", {"daily 09:00-17:00"}));
  // The 28th, 29th and 31st, and New Year's Day.
  EXPECT_EQ(hours(8 * 4), apia.elapsed(utc("2011-12-28T10:00Z"), utc("2012-01-01T10:00Z")));
}

TEST(OpeningHours, HasTheSameHoursFarBeyond2038) {
  const auto berlin =
      OpeningHours::compile(calendar_of("b", "Europe/Berlin", {"mon-fri 08:00-17:00"}));
  EXPECT_TRUE(berlin.open_at(utc("2095-07-04T06:00:00Z")));  // a Monday in summer
  EXPECT_FALSE(berlin.open_at(utc("2095-07-04T05:59:59Z")));
  EXPECT_TRUE(berlin.open_at(utc("2095-01-03T07:00:00Z")));
  EXPECT_FALSE(berlin.open_at(utc("2095-01-03T06:59:59Z")));
}

}  // namespace
}  // namespace exporter
