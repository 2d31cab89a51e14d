// Maintenance calendars: what counts, zones, recurrences and their exceptions, and messages that
// say where and what to do.
#include "exporter/sla/icalendar.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/book_bench.h"

namespace exporter {
namespace {

using namespace std::chrono;
using fakes::instant;
using testing::HasSubstr;

CalendarQuestion question(std::string_view from = "2026-11-01T00:00Z",
                          std::string_view to = "2027-02-01T00:00Z") {
  return {.file = "maintenance.ics",
          .zone = *Zone::parse("UTC+01:00"),
          .services = {"website", "smtp", "api"},
          .agreements = {"published", "acme"},
          .within = {instant(from), instant(to)}};
}

std::string event(std::string_view lines) {
  return fmt::format("BEGIN:VEVENT\nUID:u1\nDTSTAMP:20261101T000000Z\n{}\nEND:VEVENT\n", lines);
}
std::string calendar(std::string_view events) {
  return fmt::format("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test\n{}END:VCALENDAR\n", events);
}

std::vector<MaintenanceWindow> read(std::string_view events,
                                    const CalendarQuestion& asked = question()) {
  auto windows = read_calendar(calendar(events), asked);
  EXPECT_TRUE(windows) << (windows ? "" : windows.error());
  return windows ? *windows : std::vector<MaintenanceWindow>();
}

std::vector<std::string> starts(std::string_view events,
                                const CalendarQuestion& asked = question()) {
  std::vector<std::string> result;
  for (const MaintenanceWindow& window : read(events, asked)) {
    result.push_back(format_utc(window.from));
  }
  return result;
}

std::string refusal(std::string_view text) {
  const auto windows = read_calendar(text, question());
  EXPECT_FALSE(windows) << text;
  return windows ? "" : windows.error();
}

using Texts = std::vector<std::string>;

TEST(ICalendar, ReadsAnEventWithAllThatCounts) {
  const auto windows =
      read(event("DTSTART:20261206T010000Z\nDTEND:20261206T030000Z\n"
                 "SUMMARY:New mail hub\nX-SLA-SERVICES:smtp,api\n"
                 "X-SLA-AGREEMENTS:acme\nX-SLA-ANNOUNCED:2026-12-01T09:00+01:00"));
  ASSERT_EQ(windows.size(), 1u);
  EXPECT_EQ(windows[0], (MaintenanceWindow{.id = "ical:u1",
                                           .services = {"smtp", "api"},
                                           .agreements = {"acme"},
                                           .from = instant("2026-12-06T01:00Z"),
                                           .to = instant("2026-12-06T03:00Z"),
                                           .announced = instant("2026-12-01T08:00Z"),
                                           .summary = "New mail hub"}));
}

TEST(ICalendar, TimesAreReadInTheirZone) {
  EXPECT_EQ(starts(event("DTSTART:20261206T020000\nDURATION:PT1H")), Texts{"2026-12-06T01:00:00Z"});
  EXPECT_EQ(starts(event("DTSTART;TZID=America/Chicago:20261206T020000\nDURATION:PT1H")),
            Texts{"2026-12-06T08:00:00Z"});
  EXPECT_EQ(starts(event("DTSTART;TZID=/example.org/Tz/Europe/Berlin:20261206T020000\n"
                         "DURATION:PT1H")),
            Texts{"2026-12-06T01:00:00Z"});
  const auto day = read(event("DTSTART;VALUE=DATE:20261206"));
  EXPECT_EQ(day[0].from, instant("2026-12-05T23:00Z"));
  EXPECT_EQ(day[0].to, instant("2026-12-06T23:00Z"));
}

TEST(ICalendar, AZoneOfTheFileServesWhereTheNameIsNoIanaZone) {
  const std::string zone =
      "BEGIN:VTIMEZONE\nTZID:Hall Clock\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
      "TZOFFSETFROM:+0200\nTZOFFSETTO:+0200\nEND:STANDARD\nEND:VTIMEZONE\n";
  EXPECT_EQ(starts(zone + event("DTSTART;TZID=Hall Clock:20261206T020000\nDURATION:PT1H")),
            Texts{"2026-12-06T00:00:00Z"});
  EXPECT_THAT(refusal(calendar(event("DTSTART;TZID=Hall Clock:20261206T020000\nDURATION:PT1H"))),
              HasSubstr("neither an IANA zone nor a VTIMEZONE"));
}

TEST(ICalendar, RecurringEventsKeepTheirWallTimeOverDaylightSaving) {
  const auto asked = question("2027-03-20T00:00Z", "2027-04-06T00:00Z");
  EXPECT_EQ(starts(event("DTSTART;TZID=Europe/Berlin:20261101T030000\nDURATION:PT1H\n"
                         "RRULE:FREQ=WEEKLY;BYDAY=SU"),
                   asked),
            (Texts{"2027-03-21T02:00:00Z", "2027-03-28T01:00:00Z", "2027-04-04T01:00:00Z"}));
}

TEST(ICalendar, RulesEndWithUntilInTheirOwnZone) {
  // UNTIL is the UTC instant of the third occurrence, which counts.
  EXPECT_EQ(starts(event("DTSTART;TZID=America/Chicago:20261201T200000\nDURATION:PT1H\n"
                         "RRULE:FREQ=DAILY;UNTIL=20261204T020000Z")),
            (Texts{"2026-12-02T02:00:00Z", "2026-12-03T02:00:00Z", "2026-12-04T02:00:00Z"}));
  EXPECT_EQ(starts(event("DTSTART:20261201T200000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2")),
            (Texts{"2026-12-01T20:00:00Z", "2026-12-02T20:00:00Z"}));
}

TEST(ICalendar, ExceptionsAndAdditionsAreHeeded) {
  EXPECT_EQ(starts(event("DTSTART;TZID=Europe/Berlin:20261201T030000\nDURATION:PT1H\n"
                         "RRULE:FREQ=DAILY;COUNT=5\n"
                         "EXDATE;TZID=Europe/Berlin:20261202T030000\n"
                         "EXDATE:20261203T020000Z\nEXDATE;VALUE=DATE:20261204\n"
                         "RDATE;TZID=Europe/Berlin:20261224T120000")),
            (Texts{"2026-12-01T02:00:00Z", "2026-12-05T02:00:00Z", "2026-12-24T11:00:00Z"}));
}

TEST(ICalendar, AnOccurrenceCanBeMovedOrCancelled) {
  const std::string series =
      event("DTSTART:20261201T030000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3");
  const std::string moved =
      event("RECURRENCE-ID:20261202T030000Z\nDTSTART:20261202T200000Z\nDURATION:PT2H");
  const auto windows = read(series + moved);
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_EQ(windows[1].from, instant("2026-12-02T20:00Z"));
  EXPECT_EQ(windows[1].id, "ical:u1/2026-12-02T03:00:00Z");  // keeps its name
  EXPECT_EQ(windows[2].id, "ical:u1/2026-12-03T03:00:00Z");
  const std::string longer =
      event("RECURRENCE-ID:20261202T030000Z\nDTSTART:20261202T030000Z\nDURATION:PT4H");
  const auto kept = read(series + longer);
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[1].to - kept[1].from, 4h) << "it begins as before and lasts longer";
  const std::string cancelled = event(
      "RECURRENCE-ID:20261202T030000Z\nDTSTART:20261202T030000Z\nDURATION:PT1H\n"
      "STATUS:CANCELLED");
  EXPECT_EQ(starts(series + cancelled), (Texts{"2026-12-01T03:00:00Z", "2026-12-03T03:00:00Z"}));
  EXPECT_EQ(starts(event("DTSTART:20261201T030000Z\nDURATION:PT1H\nSTATUS:CANCELLED")), Texts{});
}

TEST(ICalendar, TheHighestSequenceOfAnEventCounts) {
  EXPECT_EQ(starts(event("SEQUENCE:2\nDTSTART:20261202T030000Z\nDURATION:PT1H") +
                   event("SEQUENCE:1\nDTSTART:20261201T030000Z\nDURATION:PT1H")),
            Texts{"2026-12-02T03:00:00Z"});
}

TEST(ICalendar, DaysOfADurationAreCalendarDays) {
  const auto asked = question("2027-03-01T00:00Z", "2027-05-01T00:00Z");
  const auto windows =
      read(event("DTSTART;TZID=Europe/Berlin:20270327T120000\nDURATION:P1D"), asked);
  EXPECT_EQ(windows[0].to - windows[0].from, 23h);  // clocks go forward that night
  const auto exact =
      read(event("DTSTART;TZID=Europe/Berlin:20270327T120000\nDURATION:PT24H"), asked);
  EXPECT_EQ(exact[0].to - exact[0].from, 24h);
}

TEST(ICalendar, OnlyWindowsThatTouchTheHorizonAreGiven) {
  const auto asked = question("2026-12-02T00:00Z", "2026-12-04T00:00Z");
  EXPECT_EQ(starts(event("DTSTART:20200101T233000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"), asked),
            (Texts{"2026-12-01T23:30:00Z", "2026-12-02T23:30:00Z", "2026-12-03T23:30:00Z"}));
}

TEST(ICalendar, CategoriesNameServicesWhenTheyCan) {
  const std::string when = "DTSTART:20261206T010000Z\nDURATION:PT1H\n";
  EXPECT_EQ(read(event(when + "CATEGORIES:Maintenance,smtp"))[0].services, Texts{"smtp"});
  EXPECT_EQ(read(event(when))[0].services, Texts{});
  EXPECT_THAT(refusal(calendar(event(when + "CATEGORIES:smpt"))),
              HasSubstr("CATEGORIES names no service (website, smtp, api)"));
}

TEST(ICalendar, ErrorsSayWhereAndWhatToDo) {
  const std::string ok = "DTSTART:20261206T010000Z\nDURATION:PT1H";
  struct Row {
    std::string text, message;
  };
  for (const Row& row : {
           Row{"", "maintenance.ics:1: no iCalendar file"},
           {"hello", "no iCalendar file"},
           {calendar("BEGIN:VEVENT\n" + ok + "\nEND:VEVENT\n"),
            "maintenance.ics:4: event without UID: UID is missing"},
           {calendar(event("DURATION:PT1H")), "event u1: DTSTART is missing"},
           {calendar(event("DTSTART:20261206T010000Z")), "must end after it begins"},
           {calendar(event("DTSTART:20261206T010000Z\nDTEND:20261206T010000Z")),
            "must end after it begins"},
           {calendar(event(ok + "\nX-SLA-SERVICES:fax")),
            "X-SLA-SERVICES names \"fax\", which does not exist; there are: website, smtp, api"},
           {calendar(event(ok + "\nX-SLA-AGREEMENTS:nobody")), "there are: published, acme"},
           {calendar(event(ok + "\nX-SLA-ANNOUNCED:yesterday")), "X-SLA-ANNOUNCED"},
           {calendar(event(ok + "\nRRULE:FREQ=MINUTELY")), "more often than hourly"},
           {calendar(event("RECURRENCE-ID;RANGE=THISANDFUTURE:20261206T010000Z\n" + ok)),
            "THISANDFUTURE is not supported"},
           {calendar(event(ok + "\nRDATE;VALUE=PERIOD:20261207T010000Z/PT1H")),
            "RDATE with periods is not supported"},
           {std::string(kMaxCalendarBytes + 1, ' '), "larger than 4 MiB"},
           {calendar(event(ok) + event(ok + "\nRRULE:FREQ=SECONDLY")),
            "maintenance.ics:10: event u1"},
       }) {
    EXPECT_THAT(refusal(row.text), HasSubstr(row.message)) << row.text.substr(0, 500);
  }
  auto missing = question();
  missing.file = "/nonexistent/maintenance.ics";
  EXPECT_THAT(read_calendar_file(missing).error(), HasSubstr("cannot be read"));
}

TEST(ICalendar, RulesThatNeverEndAreBounded) {
  EXPECT_THAT(refusal(calendar(event("DTSTART:19700101T000000Z\nDURATION:PT1H\n"
                                     "RRULE:FREQ=HOURLY"))),
              HasSubstr("begin it later"));
  // A day that no month has.
  EXPECT_THAT(refusal(calendar(event("DTSTART:20261206T010000Z\nDURATION:PT1H\n"
                                     "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"))),
              HasSubstr("RRULE cannot be read"));
}

TEST(ICalendar, TruncatedAndBinaryTextIsRefusedOrReadButNeverCrashes) {
  const std::string whole = calendar(
      event("DTSTART;TZID=Europe/Berlin:20261201T030000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    static_cast<void>(read_calendar(std::string_view(whole).substr(0, size), question()));
    std::string damaged = whole;
    damaged[size] = static_cast<char>(0xff);
    static_cast<void>(read_calendar(damaged, question()));
    damaged[size] = '\0';
    static_cast<void>(read_calendar(damaged, question()));
  }
  EXPECT_TRUE(read_calendar(whole, question()));
}

}  // namespace
}  // namespace exporter
