// Zones: what is accepted, what is refused and why, and where months begin, also where midnight is
// skipped, comes twice, or lies beyond 2038.
#include "exporter/sla/zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter {
namespace {

using namespace std::chrono;
using testing::HasSubstr;

Zone zone(std::string_view name) {
  auto parsed = Zone::parse(name);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error());
  return parsed ? *parsed : Zone();
}

Seconds at(std::string_view text) {
  auto parsed = parse_instant(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error());
  return parsed ? *parsed : Seconds();
}

TEST(Zone, AcceptsFixedOffsetsAndPlaceNames) {
  EXPECT_TRUE(zone("UTC").fixed());
  EXPECT_TRUE(zone("UTC+01:00").fixed());
  EXPECT_FALSE(zone("Europe/Berlin").fixed());
  EXPECT_EQ(zone("UTC+01:00").month_begin(2026y / November), at("2026-10-31T23:00Z"));
  EXPECT_EQ(zone("UTC-06:00").month_begin(2026y / November), at("2026-11-01T06:00Z"));
  EXPECT_EQ(zone("UTC+05:45").month_begin(2026y / November), at("2026-10-31T18:15Z"));
}

TEST(Zone, RefusesNamesWhoseSignPosixReadsBackwards) {
  for (const char* name : {"GMT+1", "GMT-6", "Etc/GMT-1", "Etc/GMT+6", "GMT+01:00", "UTC+1",
                           "UTC+25:00", "Etc/UTC+1", "GMT+0"}) {
    const auto parsed = Zone::parse(name);
    ASSERT_FALSE(parsed) << name;
    EXPECT_THAT(parsed.error(), HasSubstr("POSIX reads the sign")) << name;
    EXPECT_THAT(parsed.error(), HasSubstr("UTC+01:00")) << name;
  }
}

TEST(Zone, RefusesWhatIsNoZone) {
  for (const char* name : {"", "Europe/Atlantis", "../../etc/passwd", "/etc/localtime",
                           "file:Europe/Berlin", "libc:localtime", "Europe/Berlin\n"}) {
    const auto parsed = Zone::parse(name);
    ASSERT_FALSE(parsed) << name;
    EXPECT_THAT(parsed.error(), HasSubstr("unknown time zone")) << name;
  }
}

TEST(Zone, MonthsOfBerlinAreAnHourShortInMarchAndLongInOctober) {
  const Zone berlin = zone("Europe/Berlin");
  const auto minutes_of = [&](year_month month) {
    return (berlin.month_begin(month + months(1)) - berlin.month_begin(month)) / minutes(1);
  };
  EXPECT_EQ(minutes_of(2026y / March), 44'580);
  EXPECT_EQ(minutes_of(2026y / October), 44'700);
  EXPECT_EQ(minutes_of(2028y / February), 29 * 1440);
}

TEST(Zone, RulesGoOnAfterTheLastTransitionOfTheZoneFile) {
  const Zone berlin = zone("Europe/Berlin");
  EXPECT_EQ(berlin.month_begin(2090y / July), at("2090-06-30T22:00Z"));
  EXPECT_EQ(berlin.month_begin(2090y / January), at("2089-12-31T23:00Z"));
  EXPECT_EQ(zone("America/Chicago").month_begin(2045y / July), at("2045-07-01T05:00Z"));
  EXPECT_EQ(berlin.month_of(at("2090-06-30T22:00Z")), 2090y / July);
  EXPECT_EQ(berlin.month_of(at("2090-06-30T21:59:59Z")), 2090y / June);
}

TEST(Zone, AMonthWhoseMidnightIsSkippedBeginsAtTheTransition) {
  // Paraguay went from 00:00 to 01:00 on 1 October 2017.
  const Zone asuncion = zone("America/Asuncion");
  EXPECT_EQ(asuncion.month_begin(2017y / October), at("2017-10-01T04:00Z"));
  EXPECT_EQ(asuncion.month_of(at("2017-10-01T03:59:59Z")), 2017y / September);
  EXPECT_EQ(asuncion.month_of(at("2017-10-01T04:00Z")), 2017y / October);
}

TEST(Zone, AMonthThatHasBegunStaysWhereClocksGoBackOverMidnight) {
  // Newfoundland put its clocks back at 00:01 on 1 November 2009, to 23:01 of 31 October.
  const Zone newfoundland = zone("America/St_Johns");
  const Seconds begin = newfoundland.month_begin(2009y / November);
  EXPECT_EQ(begin, at("2009-11-01T02:30Z"));
  for (Seconds t = begin - hours(2); t < begin + hours(3); t += minutes(1)) {
    EXPECT_EQ(newfoundland.month_of(t), t < begin ? 2009y / October : 2009y / November)
        << format_utc(t);
  }
}

TEST(Zone, EveryMonthOfEveryProbedZoneContainsItsOwnBorders) {
  for (const char* name : {"UTC", "UTC+01:00", "Europe/Berlin", "America/Chicago", "Asia/Kathmandu",
                           "Pacific/Apia", "Africa/Casablanca", "Australia/Lord_Howe"}) {
    const Zone z = zone(name);
    for (year_month month = 2000y / January; month < 2100y / January; month += months(1)) {
      const Seconds begin = z.month_begin(month);
      EXPECT_EQ(z.month_of(begin), month) << name << " " << format_month(month);
      EXPECT_EQ(z.month_of(begin - seconds(1)), month - months(1)) << name;
    }
  }
}

TEST(Zone, FormatsWithTheOffsetOfTheMoment) {
  EXPECT_EQ(zone("Europe/Berlin").format(at("2026-07-01T00:00Z")), "2026-07-01T02:00:00+02:00");
  EXPECT_EQ(zone("Europe/Berlin").format(at("2026-12-01T00:00Z")), "2026-12-01T01:00:00+01:00");
  EXPECT_EQ(zone("UTC-06:00").format(at("2026-12-01T00:00Z")), "2026-11-30T18:00:00-06:00");
  EXPECT_EQ(zone("UTC").format(at("2026-12-01T00:00Z")), "2026-12-01T00:00:00+00:00");
  EXPECT_EQ(zone("UTC-06:00").format_short(at("2026-12-01T00:00Z")), "2026-11-30 18:00");
  EXPECT_EQ(format_utc(at("2026-12-01T00:00:07Z")), "2026-12-01T00:00:07Z");
  EXPECT_EQ(format_month(2026y / March), "2026-03");
}

TEST(Instant, ReadsRfc3339WithAndWithoutSecondsAndUnixTime) {
  const Seconds expected = at("2026-12-06T01:00:00Z");
  for (const char* text : {"2026-12-06T02:00+01:00", "2026-12-06 02:00:00+01:00",
                           "2026-12-05T19:00-06:00", "2026-12-06T01:00:00.250Z", "@1796518800"}) {
    EXPECT_EQ(at(text), expected) << text;
  }
}

TEST(Instant, RefusesWhatHasNoOffsetOrIsNoDate) {
  for (const char* text : {"", "2026-12-06", "2026-12-06T02:00", "2026-02-30T02:00Z", "@", "@12x",
                           "2026-12-06T24:00Z", "2026-12-06T02:00+1:00", "2026-12-06T02:00Zx",
                           "2026-12-06T02:60Z", "2026-12-06T02:00:00.Z"}) {
    const auto parsed = parse_instant(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error(), HasSubstr("expected RFC 3339")) << text;
  }
}

TEST(Instant, ReadsMonths) {
  EXPECT_EQ(parse_month("2026-11").value(), 2026y / November);
  for (const char* text : {"", "2026", "2026-13", "2026-00", "2026-1", "2026-11-01"}) {
    EXPECT_FALSE(parse_month(text)) << text;
  }
}

}  // namespace
}  // namespace exporter
