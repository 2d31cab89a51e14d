// slatool calendar: the output scripts rely on, and what is said of questions without an answer.
#include <fstream>

#include "tests/exporter/ticket/case_file.h"
#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

using testing::HasSubstr;

class CalendarVerb : public ToolTest {
 protected:
  CalendarVerb() {
    std::ofstream(file()) << R"(agreement: {provider: Maxony, timezone: "UTC+01:00"}
services: {}
support:
  calendars:
    europe: {timezone: "UTC+01:00", open: ["mon-fri 08:00-17:00"], holidays: ["2026-12-25"]}
    america: {timezone: "UTC-06:00", open: ["mon-fri 09:00-17:00"]}
    both: {union: [europe, america]}
  levels:
    first: {react_within: 4 business hours}
)";
  }
  std::string file() const { return folder_.string() + "/sla.yml"; }
  int calendar(std::string verb, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"calendar", std::move(verb), "--config.file", file()});
    return call(std::move(arguments));
  }
};

TEST_F(CalendarVerb, PrintsOneIntegerOfElapsedSeconds) {
  EXPECT_EQ(0, calendar("elapsed", {"--calendar", "europe", "--from", "2026-01-16T15:30:00Z",
                                    "--to", "2026-01-19T08:15:00Z"}))
      << error_;
  EXPECT_EQ("6300\n", out_);
}

TEST_F(CalendarVerb, TakesSeveralCalendarsForTheirUnion) {
  for (const char* name : {"europe,america", "all", "both"}) {
    EXPECT_EQ(0, calendar("elapsed", {"--calendar", name, "--from", "2026-01-14T06:00:00Z", "--to",
                                      "2026-01-15T06:00:00Z"}))
        << error_;
    EXPECT_EQ("57600\n", out_) << name;
  }
}

TEST_F(CalendarVerb, LeavesPausesOutOnceHoweverTheyAreGiven) {
  EXPECT_EQ(0, calendar("elapsed", {"--calendar", "europe", "--from", "2026-01-14T08:00:00Z",
                                    "--to", "2026-01-14T14:00:00Z", "--pause",
                                    "2026-01-14T10:00:00Z/2026-01-14T11:30:00Z", "--pause",
                                    "2026-01-14T09:00:00Z/2026-01-14T10:30:00Z"}))
      << error_;
  EXPECT_EQ("12600\n", out_);
}

TEST_F(CalendarVerb, PrintsDueAndBreachInTwoLines) {
  EXPECT_EQ(0, calendar("due", {"--calendar", "europe", "--from", "2026-01-16T12:00:00Z",
                                "--target", "4h"}))
      << error_;
  EXPECT_EQ("due 2026-01-16T16:00:00Z\nbreach_after 2026-01-19T07:00:00Z\n", out_);
  EXPECT_EQ(0, calendar("due", {"--calendar", "europe", "--from", "2026-01-14T09:00:00Z",
                                "--target", "5 business days"}));
  EXPECT_EQ("due 2026-01-21T09:00:00Z\nbreach_after 2026-01-21T09:00:00Z\n", out_);
  EXPECT_EQ(0, calendar("due", {"--calendar", "europe", "--from", "2026-01-16T20:00:00Z",
                                "--target", "2 real hours"}));
  EXPECT_EQ("due 2026-01-16T22:00:00Z\nbreach_after 2026-01-16T22:00:00Z\n", out_);
}

// A question about a worked case, on the calendars that the cases name.
std::vector<std::string> question(const CaseRow& row, const std::string& verb) {
  std::vector<std::string> arguments = {
      "calendar",      verb,
      "--config.file", SLA_SOURCE_DIR "/tests/testdata/tickets/cases.yml",
      "--calendar",    row.at("calendar"),
      "--from",        row.at("from_utc")};
  std::istringstream pauses(row.at("pauses_utc"));
  for (std::string pause; std::getline(pauses, pause, ';');) {
    arguments.insert(arguments.end(), {"--pause", pause.substr(pause.find_first_not_of(' '))});
  }
  return arguments;
}

TEST_F(CalendarVerb, AnswersTheWorkedCases) {
  const auto elapsed = case_rows(SLA_SOURCE_DIR, "elapsed");
  const auto deadlines = case_rows(SLA_SOURCE_DIR, "deadline");
  if (elapsed.empty()) GTEST_SKIP() << "no cases at " << case_file_path(SLA_SOURCE_DIR);
  EXPECT_GE(elapsed.size(), 30u);
  EXPECT_GE(deadlines.size(), 18u);
  for (const CaseRow& row : elapsed) {
    auto arguments = question(row, "elapsed");
    arguments.insert(arguments.end(), {"--to", row.at("to_utc")});
    EXPECT_EQ(0, call(std::move(arguments))) << row.at("id") << error_;
    EXPECT_EQ(row.at("expect_business_s") + "\n", out_) << row.at("id");
  }
  for (const CaseRow& row : deadlines) {
    auto arguments = question(row, "due");
    arguments.insert(arguments.end(), {"--target", row.at("target_s") + "s"});
    EXPECT_EQ(0, call(std::move(arguments))) << row.at("id") << error_;
    EXPECT_EQ("due " + row.at("expect_due_utc") + "\nbreach_after " +
                  row.at("expect_breach_after_utc") + "\n",
              out_)
        << row.at("id");
  }
}

TEST_F(CalendarVerb, RefusesBusinessDaysOnUnions) {
  for (const char* name : {"all", "both", "europe,america"}) {
    EXPECT_EQ(2, calendar("due", {"--calendar", name, "--from", "2026-01-14T09:00:00Z", "--target",
                                  "5 business days"}));
    EXPECT_THAT(error_, HasSubstr("no business day of one length")) << name;
  }
}

TEST_F(CalendarVerb, SaysWhatIsWrongWithAQuestion) {
  const auto refusal = [&](std::vector<std::string> arguments) {
    EXPECT_EQ(2, calendar("due", std::move(arguments)));
    return error_;
  };
  EXPECT_THAT(refusal({"--calendar", "asia", "--from", "2026-01-14T09:00:00Z", "--target", "4h"}),
              HasSubstr("there is no calendar \"asia\", but europe, america, both, and all"));
  EXPECT_THAT(refusal({"--calendar", "europe", "--from", "yesterday", "--target", "4h"}),
              HasSubstr("--from: "));
  EXPECT_THAT(refusal({"--calendar", "europe", "--from", "2026-01-14T09:00:00Z", "--target", "4"}),
              HasSubstr("--target: \"4\" is no target"));
  EXPECT_THAT(refusal({"--calendar", "europe", "--from", "2026-01-14T09:00:00Z", "--target", "4h",
                       "--pause", "2026-01-14T09:00:00Z"}),
              HasSubstr("two times with a slash between"));
  EXPECT_EQ(1, calendar("due", {"--calendar", "europe", "--from", "2099-12-31T23:00:00Z",
                                "--target", "4h"}));
  EXPECT_THAT(error_, HasSubstr("never"));
}

TEST_F(CalendarVerb, ListsCalendarsAtAnInstant) {
  EXPECT_EQ(0, calendar("list", {"--at", "2026-12-25T10:00:00Z"})) << error_;
  EXPECT_THAT(out_,
              HasSubstr("europe                    45:00  closed 2026-12-28T07:00:00Z 2026-12-25"));
  EXPECT_THAT(out_, HasSubstr("america                   40:00  closed 2026-12-25T15:00:00Z -"));
  EXPECT_THAT(out_, HasSubstr("all                       80:00  closed 2026-12-25T15:00:00Z -"));
}

}  // namespace
}  // namespace exporter::tool
