// Holidays as people and programs write them, and what is said of what is no holiday.
#include "exporter/ticket/holidays.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>

#include "exporter/sla/ical_time.h"
#include "tests/exporter/ticket/case_calendars.h"

namespace exporter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string text_of(std::chrono::local_days day) {
  return format_utc_day(Seconds(day.time_since_epoch()));
}
std::vector<std::string> text_of(const Holidays& holidays, std::string_view year = "") {
  std::vector<std::string> texts;
  for (const auto day : holidays.days) {
    if (text_of(day).starts_with(year)) texts.push_back(text_of(day));
  }
  return texts;
}

std::string calendar_file(std::string_view events) {
  return fmt::format("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test\n{}END:VCALENDAR\n", events);
}
std::string event(std::string_view lines, std::string_view uid = "u1") {
  return fmt::format("BEGIN:VEVENT\nUID:{}\nDTSTAMP:20261101T000000Z\n{}\nEND:VEVENT\n", uid,
                     lines);
}
Holidays read(std::string_view events) {
  const auto holidays = read_holidays(calendar_file(events), "geneva.ics");
  EXPECT_TRUE(holidays) << (holidays ? "" : holidays.error());
  return holidays.value_or(Holidays());
}
std::string refusal(std::string_view events) {
  const auto holidays = read_holidays(calendar_file(events), "geneva.ics");
  return holidays ? "" : holidays.error();
}

TEST(HolidayList, HasDaysAndRanges) {
  EXPECT_THAT(text_of(parse_holidays("2026-12-25").value()), ElementsAre("2026-12-25"));
  const Holidays range = parse_holidays("2026-12-30 .. 2027-01-02").value();
  EXPECT_THAT(text_of(range), ElementsAre("2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"));
  EXPECT_EQ(local_day(2027, 1, 2), range.known_until);
}

TEST(HolidayList, HasDaysOfEveryYear) {
  const Holidays christmas = parse_holidays("12-25").value();
  EXPECT_EQ(130U, christmas.days.size());
  EXPECT_EQ("1970-12-25", text_of(christmas.days.front()));
  EXPECT_EQ("2099-12-25", text_of(christmas.days.back()));
  EXPECT_EQ(std::nullopt, christmas.known_until);
}

TEST(HolidayList, HasRangesOfEveryYearAlsoOverItsEnd) {
  const Holidays range = parse_holidays("12-31..01-02").value();
  EXPECT_THAT(text_of(range, "1970"), ElementsAre("1970-01-01", "1970-01-02", "1970-12-31"));
  EXPECT_THAT(text_of(range, "2026"), ElementsAre("2026-01-01", "2026-01-02", "2026-12-31"));
  EXPECT_THAT(text_of(range, "2099"), ElementsAre("2099-01-01", "2099-01-02", "2099-12-31"));
  EXPECT_THAT(text_of(range, "2100"), ElementsAre());
}

TEST(HolidayList, HasTheLeapDayInLeapYears) {
  const Holidays leap = parse_holidays("02-29").value();
  EXPECT_EQ(32U, leap.days.size());  // 1972 to 2096
  const Holidays to = parse_holidays("02-28..02-29").value();
  EXPECT_THAT(text_of(to, "2027"), ElementsAre("2027-02-28"));
  EXPECT_THAT(text_of(to, "2028"), ElementsAre("2028-02-28", "2028-02-29"));
  const Holidays from = parse_holidays("02-29..03-01").value();
  EXPECT_THAT(text_of(from, "2027"), ElementsAre("2027-03-01"));
}

TEST(HolidayList, IsSortedAndHasEachDayOnce) {
  Holidays all;
  for (const char* item : {"2026-12-25", "12-25", "2026-12-24..2026-12-26"}) {
    all.add(parse_holidays(item).value());
  }
  EXPECT_TRUE(std::ranges::is_sorted(all.days));
  EXPECT_THAT(text_of(all, "2026"), ElementsAre("2026-12-24", "2026-12-25", "2026-12-26"));
  EXPECT_EQ(local_day(2026, 12, 26), all.known_until);
}

TEST(HolidayList, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "is no day; expected one such as 2026-12-25, or 12-25 for every year"},
      {"25.12.2026", "is no day"},
      {"2026-12-25T00:00", "is no day"},
      {"2026-1-6", "is no day"},
      {"2026-02-29", "\"2026-02-29\" does not exist in the calendar"},
      {"13-01", "does not exist"},
      {"04-31", "does not exist"},
      {"1969-12-25", "years go from 1970 to 2099"},
      {"2026-12-25..2026-12-24", "ends before it begins"},
      {"2026-12-25..12-26", "give both ends of a range a year, or neither"},
      {"1970-01-01..2099-12-31", "has more than 20000 days"},
  };
  for (const auto& [item, error] : cases) {
    const auto holidays = parse_holidays(item);
    ASSERT_FALSE(holidays) << item;
    EXPECT_THAT(holidays.error(), HasSubstr(error)) << item;
  }
}

TEST(HolidayFile, HasWholeDaysWhoseEndIsTheDayAfter) {
  EXPECT_THAT(text_of(read(event("DTSTART;VALUE=DATE:20261225"))), ElementsAre("2026-12-25"));
  EXPECT_THAT(text_of(read(event("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261226"))),
              ElementsAre("2026-12-25"));
  const Holidays long_one = read(event("DTSTART;VALUE=DATE:20261231\nDTEND;VALUE=DATE:20270103"));
  EXPECT_THAT(text_of(long_one), ElementsAre("2026-12-31", "2027-01-01", "2027-01-02"));
  EXPECT_EQ(local_day(2027, 1, 2), long_one.known_until);
  EXPECT_THAT(text_of(read(event("DTSTART;VALUE=DATE:20261224\nDURATION:P2D"))),
              ElementsAre("2026-12-24", "2026-12-25"));
}

TEST(HolidayFile, TakesMidnightToMidnightForWholeDays) {
  EXPECT_THAT(text_of(read(event("DTSTART:20261225T000000\nDTEND:20261227T000000"))),
              ElementsAre("2026-12-25", "2026-12-26"));
  EXPECT_THAT(text_of(read(event("DTSTART;TZID=Europe/Zurich:20261225T000000\nDURATION:PT24H"))),
              ElementsAre("2026-12-25"));
}

TEST(HolidayFile, RepeatsUntilItsRuleEnds) {
  const Holidays bounded =
      read(event("DTSTART;VALUE=DATE:20260801\nRRULE:FREQ=YEARLY;UNTIL=20280801"));
  EXPECT_THAT(text_of(bounded), ElementsAre("2026-08-01", "2027-08-01", "2028-08-01"));
  EXPECT_EQ(local_day(2028, 8, 1), bounded.known_until);
  const Holidays counted = read(
      event("DTSTART;VALUE=DATE:20260801\nDTEND;VALUE=DATE:20260803\nRRULE:FREQ=YEARLY;COUNT=2"));
  EXPECT_THAT(text_of(counted),
              ElementsAre("2026-08-01", "2026-08-02", "2027-08-01", "2027-08-02"));
}

TEST(HolidayFile, KnowsWhatHasNoEndUpTo2099) {
  const Holidays endless = read(event("DTSTART;VALUE=DATE:20200801\nRRULE:FREQ=YEARLY"));
  EXPECT_EQ(80U, endless.days.size());
  EXPECT_EQ("2099-08-01", text_of(endless.days.back()));
  EXPECT_EQ(std::nullopt, endless.known_until);
  // Days that are listed by date say how far the file goes.
  const Holidays mixed = read(event("DTSTART;VALUE=DATE:20200801\nRRULE:FREQ=YEARLY") +
                              event("DTSTART;VALUE=DATE:20270326", "good-friday"));
  EXPECT_EQ(local_day(2027, 3, 26), mixed.known_until);
}

TEST(HolidayFile, LeavesOutWhatIsExcludedCancelledOrMoved) {
  const std::string yearly = "DTSTART;VALUE=DATE:20260801\nRRULE:FREQ=YEARLY;COUNT=3";
  EXPECT_THAT(text_of(read(event(yearly + "\nEXDATE;VALUE=DATE:20270801"))),
              ElementsAre("2026-08-01", "2028-08-01"));
  EXPECT_TRUE(read(event("DTSTART;VALUE=DATE:20261225\nSTATUS:CANCELLED")).days.empty());
  const std::string moved = "DTSTART;VALUE=DATE:20270802\nRECURRENCE-ID;VALUE=DATE:20270801";
  EXPECT_THAT(text_of(read(event(yearly) + event(moved))),
              ElementsAre("2026-08-01", "2027-08-02", "2028-08-01"));
  EXPECT_THAT(text_of(read(event(yearly) + event(moved + "\nSTATUS:CANCELLED"))),
              ElementsAre("2026-08-01", "2028-08-01"));
  EXPECT_TRUE(read(event(yearly + "\nSTATUS:CANCELLED") + event(moved)).days.empty());
}

TEST(HolidayFile, TakesTheLatestVersionOfAnEvent) {
  const std::string newer = event("DTSTART;VALUE=DATE:20261228\nSEQUENCE:3");
  const std::string older = event("DTSTART;VALUE=DATE:20261225\nSEQUENCE:2");
  EXPECT_THAT(text_of(read(newer + older)), ElementsAre("2026-12-28"));
  EXPECT_THAT(text_of(read(older + newer)), ElementsAre("2026-12-28"));
}

TEST(HolidayFile, AddsDaysOfRdate) {
  EXPECT_THAT(text_of(read(event("DTSTART;VALUE=DATE:20260403\nRDATE;VALUE=DATE:20270326"))),
              ElementsAre("2026-04-03", "2027-03-26"));
}

TEST(HolidayFile, RefusesTimesOfDay) {
  const std::string half = refusal(event("DTSTART:20261224T120000\nDTEND:20261224T180000", "half"));
  EXPECT_THAT(half, HasSubstr("geneva.ics:4: event half: DTSTART has a time of day"));
  EXPECT_THAT(half, HasSubstr("DTSTART;VALUE=DATE:20261224"));
  EXPECT_THAT(half, HasSubstr("an override for a short day"));
  EXPECT_THAT(refusal(event("DTSTART:20261225T000000Z\nDTEND:20261226T000000Z")),
              HasSubstr("DTSTART has a time of day"));
  EXPECT_THAT(refusal(event("DTSTART;VALUE=DATE:20261225\nDURATION:PT12H")),
              HasSubstr("DURATION is no number of days"));
  EXPECT_THAT(refusal(event("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=HOURLY;COUNT=4")),
              HasSubstr("RRULE recurs within a day"));
}

TEST(HolidayFile, NamesFileLineAndEventOfMistakes) {
  const std::string good = event("DTSTART;VALUE=DATE:20261225");
  EXPECT_THAT(refusal(good + event("SUMMARY:nothing", "u2")),
              HasSubstr("geneva.ics:9: event u2: DTSTART is missing"));
  EXPECT_THAT(refusal(event("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261225")),
              HasSubstr("it must end after it begins"));
  EXPECT_THAT(refusal("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\n"),
              HasSubstr("event without UID: UID is missing"));
  EXPECT_THAT(refusal(event("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY")),
              HasSubstr("more than 20000 days"));
  EXPECT_THAT(read_holidays("Christmas", "x.ics").error(), HasSubstr("x.ics:1: no iCalendar file"));
  EXPECT_THAT(read_holiday_file("/nowhere/x.ics").error(), HasSubstr("cannot be read"));
}

TEST(HolidayFile, WaitsWhileAnotherThreadIsAtACalendar) {
  auto alone = hold_libical();
  auto reading = std::async(std::launch::async, [] { return read_holidays("", "x.ics"); });
  EXPECT_EQ(reading.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  alone.unlock();
  EXPECT_FALSE(reading.get());
}

TEST(HolidayFile, ClosesTheCalendarOnThoseDays) {
  CalendarTerms terms = calendar_of("geneva", "Europe/Zurich", {"mon-fri 08:00-17:00"});
  terms.holidays = read(event("DTSTART;VALUE=DATE:20261225")).days;
  const auto hours = OpeningHours::compile(terms);
  EXPECT_FALSE(hours.open_at(utc("2026-12-25T10:00+01:00")));
  EXPECT_TRUE(hours.open_at(utc("2026-12-24T10:00+01:00")));
}

}  // namespace
}  // namespace exporter
