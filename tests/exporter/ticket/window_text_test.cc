// Opening hours and targets as people write them: what is read, what is said of mistakes, and that
// what is printed reads back to the same.
#include "exporter/ticket/window_text.h"

#include <gmock/gmock.h>

namespace exporter {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using Unit = ReactionTarget::Unit;

std::array<std::vector<OpenWindow>, 7> week_of(std::initializer_list<std::string_view> texts) {
  std::array<std::vector<OpenWindow>, 7> week;
  for (const std::string_view text : texts) {
    const auto windows = parse_open_windows(text).value();
    for (const auto& [weekday, window] : windows) week[weekday].push_back(window);
  }
  return week;
}

std::vector<unsigned> days_of(std::string_view text) {
  std::vector<unsigned> days;
  const auto windows = parse_open_windows(text).value();
  for (const auto& [weekday, window] : windows) days.push_back(weekday);
  return days;
}

TEST(WindowText, ReadsWeekdays) {
  EXPECT_THAT(days_of("mon-fri 08:00-17:00"), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(days_of("sun-thu 21:00-17:00"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(days_of("sat,sun 10:00-12:00"), ElementsAre(6, 0));
  EXPECT_THAT(days_of("fri-mon 10:00-12:00"), ElementsAre(5, 6, 0, 1));
  EXPECT_THAT(days_of("Mon - Wed, Friday 10:00-12:00"), ElementsAre(1, 2, 3, 5));
  EXPECT_THAT(days_of("every day 00:00-24:00"), ElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(days_of("daily 00:00-24:00"), ElementsAre(0, 1, 2, 3, 4, 5, 6));
}

TEST(WindowText, ReadsTimes) {
  const auto windows = parse_open_windows("mon 8:00-12:00, 13:30-24:00").value();
  EXPECT_THAT(windows, ElementsAre(WeekdayWindow{1, {hours(8), hours(12)}},
                                   WeekdayWindow{1, {hours(13) + minutes(30), hours(24)}}));
  EXPECT_THAT(parse_day_windows("21:00-17:00").value(),
              ElementsAre(OpenWindow{hours(21), hours(17)}));
  EXPECT_THAT(parse_day_windows("00:00-00:00").value(), ElementsAre(OpenWindow{}));
  EXPECT_TRUE(parse_day_windows("closed").value().empty());
  EXPECT_TRUE(parse_day_windows(" ").value().empty());
}

TEST(WindowText, SaysWhatIsWrongWithOpeningHours) {
  const std::pair<const char*, const char*> cases[] = {
      {"mon-fri 24:00-08:00", "begins at 24:00, which is only an end; write 00:00 of the next day"},
      {"mon-fri 08:00-24:01", "a day ends at 24:00"},
      {"mon-fri 08:00-25:00", "a day ends at 24:00"},
      {"mon-fri 08:60-17:00", "minutes go from 00 to 59"},
      {"mon-fri 08-17", "\"08\" is no time of day; expected one such as 08:00"},
      {"mon-fri 8:0-17:00", "is no time of day"},
      {"mon-fri 08:00", "expected two times such as 08:00-17:00"},
      {"mon-fri 08:00-17:00,", "is no window"},
      {"mon-fri 08:00-17:00 13:00-17:00", "is no time of day"},
      {"mo-fr 08:00-17:00", "unknown weekday \"mo\"; did you mean mon?"},
      {"tues 08:00-17:00", "unknown weekday \"tues\"; did you mean tue?"},
      {"werktags 08:00-17:00", "unknown weekday \"werktags\"; did you mean wed?"},
      {"always 08:00-17:00", "unknown weekday \"always\"; there are mon, tue"},
      {"mon-fri,fri 08:00-17:00", "names fri twice"},
      {"mon, 08:00-17:00", "unknown weekday \"\""},
      {"08:00-17:00", "expected weekdays and times, such as mon-fri 08:00-17:00"},
      {"mon-fri", "expected weekdays and times"},
      {"", "expected weekdays and times"},
  };
  for (const auto& [text, error] : cases) {
    const auto read = parse_open_windows(text);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error(), HasSubstr(error)) << text;
  }
}

TEST(WindowText, PrintsWhatItReads) {
  const std::initializer_list<std::string_view> weeks[] = {
      {"mon-fri 08:00-17:00"},
      {"sun-thu 21:00-17:00"},
      {"mon,fri 08:00-12:00, 13:00-17:00", "sat 10:00-11:30"},
      {"mon,wed,fri-sun 08:00-17:00"},
      {"daily 00:00-24:00"},
      {},
  };
  for (const auto& texts : weeks) {
    const auto week = week_of(texts);
    const std::vector<std::string> printed = format_open_windows(week);
    std::array<std::vector<OpenWindow>, 7> again;
    for (const std::string& text : printed) {
      const auto windows = parse_open_windows(text);
      ASSERT_TRUE(windows) << text << ": " << windows.error();
      for (const auto& [weekday, window] : *windows) again[weekday].push_back(window);
    }
    EXPECT_EQ(week, again) << testing::PrintToString(printed);
  }
  EXPECT_THAT(format_open_windows(week_of({"mon-fri 8:00-17:00", "sun 9:00-10:00"})),
              ElementsAre("mon-fri 08:00-17:00", "sun 09:00-10:00"));
  EXPECT_THAT(format_open_windows(week_of({"daily 00:00-24:00"})),
              ElementsAre("daily 00:00-24:00"));
  EXPECT_EQ("closed", format_day_windows({}));
}

TEST(WindowText, ReadsTargets) {
  const std::tuple<const char*, Unit, std::int64_t> cases[] = {
      {"4 business hours", Unit::business_seconds, 14'400},
      {"1 business hour", Unit::business_seconds, 3'600},
      {"30 business minutes", Unit::business_seconds, 1'800},
      {"5 business days", Unit::business_days, 5},
      {"2 real hours", Unit::real_seconds, 7'200},
      {"3 real days", Unit::real_seconds, 259'200},
      {"4h", Unit::business_seconds, 14'400},
      {"1h30m", Unit::business_seconds, 5'400},
      {"1 hour 30 minutes", Unit::business_seconds, 5'400},
      {"2 real days 6 hours", Unit::real_seconds, 194'400},
      {"5d", Unit::business_days, 5},
      {"0h", Unit::business_seconds, 0},
      {"0 business days", Unit::business_days, 0},
      {" 90 Business Seconds ", Unit::business_seconds, 90},
  };
  for (const auto& [text, unit, amount] : cases) {
    const auto target = parse_target(text);
    ASSERT_TRUE(target) << text << ": " << target.error();
    EXPECT_EQ(unit, target->unit) << text;
    EXPECT_EQ(amount, target->amount) << text;
    EXPECT_EQ(target.value(), parse_target(format_target(*target)).value()) << text;
  }
}

TEST(WindowText, PrintsTargetsInTheLargestUnitThatFits) {
  EXPECT_EQ("4 business hours", format_target(parse_target("240m").value()));
  EXPECT_EQ("90 business minutes", format_target(parse_target("1h30m").value()));
  EXPECT_EQ("24 business hours", format_target(parse_target("24h").value()));
  EXPECT_EQ("1 real day", format_target(parse_target("24 real hours").value()));
  EXPECT_EQ("5 business days", format_target(parse_target("5d").value()));
  EXPECT_EQ("61 real seconds", format_target(parse_target("61 real seconds").value()));
}

TEST(WindowText, SaysWhatIsWrongWithATarget) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "it is empty"},
      {"four hours", "it needs a whole number"},
      {"4", "unknown unit \"\", there are days, hours, minutes and seconds"},
      {"4 weeks", "unknown unit \"weeks\""},
      {"1.5 hours", "unknown unit \"\""},
      {"-4h", "it needs a whole number"},
      {"30m1h", "units go from long to short, each once"},
      {"1h 1h", "units go from long to short"},
      {"2 business days 3 hours", "business days cannot be mixed with hours"},
      {"1 real hour 3 business minutes", "business or real stands once"},
      {"9999999999h", "it needs a whole number"},
      {"99999 business days", "it is longer than ten years"},
  };
  for (const auto& [text, error] : cases) {
    const auto target = parse_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_THAT(target.error(), HasSubstr(error)) << text;
  }
}

}  // namespace
}  // namespace exporter
