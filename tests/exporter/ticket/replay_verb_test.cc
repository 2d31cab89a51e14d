// slatool tickets replay: the worked cases once more through the command line and a configuration
// file, and what it says of files that are wrong.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "exporter/ticket/event_json.h"
#include "exporter/tool/verbs.h"
#include "tests/exporter/ticket/case_file.h"
#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

using testing::HasSubstr;

class ReplayVerb : public ToolTest {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  int replay(const std::string& events, const std::string& now = "2026-01-14T12:00:00Z") {
    return call({"tickets", "replay", "--config.file",
                 SLA_SOURCE_DIR "/tests/testdata/tickets/cases.yml", "--now", now, events});
  }
  std::vector<nlohmann::json> printed() const {
    std::vector<nlohmann::json> lines;
    std::istringstream text(out_);
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
};

void expect_clock(const CaseRow& row, const nlohmann::json& clock) {
  SCOPED_TRACE(row.at("id"));
  const std::pair<const char*, const char*> texts[] = {{"ticket", "ticket"},
                                                       {"level", "level"},
                                                       {"from_utc", "start"},
                                                       {"expect_due_utc", "due"},
                                                       {"expect_breach_after_utc", "breach_after"},
                                                       {"expect_state", "state"}};
  for (const auto& [column, key] : texts) EXPECT_EQ(row.at(column), clock[key].get<std::string>());
  if (!clock["end"].is_null()) EXPECT_EQ(row.at("to_utc"), clock["end"].get<std::string>());
  EXPECT_EQ(row.at("expect_business_s"), std::to_string(clock["business_seconds"].get<int>()));
  std::string pauses;
  for (const auto& pause : clock["pauses"]) pauses += pause.get<std::string>();
  EXPECT_EQ(row.at("pauses_utc"), pauses);
}

TEST_F(ReplayVerb, PrintsTheClocksOfTheWorkedCases) {
  const auto rows = case_rows(SLA_SOURCE_DIR, "ticket");
  if (rows.empty()) GTEST_SKIP() << "no cases at " << case_file_path(SLA_SOURCE_DIR);
  std::vector<nlohmann::json> clocks;
  for (const CaseRow& row : rows) {
    if (!row.at("events").empty()) {
      EXPECT_TRUE(clocks.empty()) << "before " << row.at("id");
      std::string lines;
      for (const TicketEvent& event : case_events(row)) lines += event_json(event) + "\n";
      ASSERT_EQ(0, replay(write("events.jsonl", lines), row.at("now_utc"))) << error_;
      clocks = printed();
    }
    if (row.at("expect_state") == "no_clock") continue;
    ASSERT_FALSE(clocks.empty()) << row.at("id");
    expect_clock(row, clocks.front());
    clocks.erase(clocks.begin());
  }
  EXPECT_TRUE(clocks.empty());
}

const std::string kOpened =
    R"({"source":"d","ticket":"1","seq":1,"at":"2026-01-14T09:00:00Z","type":"opened",)"
    R"("actor":"customer","calendar":"EU_FIX"})"
    "\n";

TEST_F(ReplayVerb, PrintsAllThatIsKnownOfAClock) {
  ASSERT_EQ(0, replay(write("events.jsonl", kOpened))) << error_;
  EXPECT_EQ(
      R"({"ticket":"1","level":"first","instance":1,"kind":"first","start":"2026-01-14T09:00:00Z",)"
      R"("end":null,"business_seconds":10800,"due":"2026-01-14T13:00:00Z",)"
      R"("breach_after":"2026-01-14T13:00:00Z","state":"at_risk","pauses":[]})"
      "\n",
      out_);
}

TEST_F(ReplayVerb, APauseThatLastsHasNoEnd) {
  const std::string csv =
      "source,ticket,seq,at,type,actor,level,calendar\r\n"
      "d,1,2,2026-01-14T10:00:00Z,waiting,,,\r\n"
      "d,1,1,2026-01-14T09:00:00Z,opened,customer,second,\"EU_FIX\"\r\n";
  ASSERT_EQ(0, replay(write("events.csv", csv))) << error_;
  ASSERT_EQ(1u, printed().size());
  EXPECT_EQ("paused", printed()[0]["state"].get<std::string>());
  EXPECT_EQ(R"(["2026-01-14T10:00:00Z/.."])", printed()[0]["pauses"].dump());
}

TEST_F(ReplayVerb, EventsInAnyOrderAndTwiceMakeTheSameClocks) {
  const std::string reaction =
      R"({"source":"d","ticket":"1","seq":2,"at":"2026-01-14T10:00:00Z","type":"reaction"})"
      "\n";
  ASSERT_EQ(0, replay(write("events.jsonl", kOpened + reaction)));
  const std::string in_order = out_;
  EXPECT_THAT(in_order, HasSubstr("met:reply"));
  ASSERT_EQ(0, replay(write("events.jsonl", reaction + kOpened + "\n" + kOpened + reaction)));
  EXPECT_EQ(in_order, out_);
}

TEST_F(ReplayVerb, WhatHappensAfterNowIsLeftOut) {
  ASSERT_EQ(0, replay(write("events.jsonl", kOpened), "2026-01-14T08:00:00Z"));
  EXPECT_EQ("", out_);
  EXPECT_EQ("events after --now, left out: 1\n", error_);
}

TEST_F(ReplayVerb, BadLinesAreNamedAndNothingIsPrinted) {
  const std::string events = write("events.jsonl", kOpened + "\n{\"source\":\"d\"}\n" +
                                                       R"({"source":"d","ticket":"1","seq":3,)"
                                                       R"("at":0,"type":"routed","level":"x"})");
  EXPECT_EQ(1, replay(events));
  EXPECT_EQ("", out_);
  EXPECT_EQ(events + ":3: \"ticket\" is missing\n" + events +
                ":4: no level \"x\" in the configuration; it has first, second, legal\n",
            error_);
}

TEST_F(ReplayVerb, TheLineOfACsvRecordIsTheOneItBeginsOn) {
  const std::string events =
      write("events.csv", "source,ticket,seq,at,type\nd,\"1\n2\",1,0,note\nd,1,x,0,note\n");
  EXPECT_EQ(1, replay(events));
  EXPECT_THAT(error_, HasSubstr(events + ":2: \"ticket\" holds a control character"));
  EXPECT_THAT(error_, HasSubstr(events + ":4: \"seq\" must be a whole number"));
}

TEST_F(ReplayVerb, AnUnknownCalendarIsRemarkedOnOnce) {
  const std::string line =
      R"({"source":"d","ticket":"1","seq":1,"at":"2026-01-14T09:00:00Z","type":"opened",)"
      R"("actor":"customer","calendar":"asia"})"
      "\n";
  ASSERT_EQ(0, replay(write("events.jsonl", line + line)));
  EXPECT_THAT(error_, HasSubstr(":1: no calendar \"asia\""));
  EXPECT_THAT(error_, testing::Not(HasSubstr(":2:")));
  EXPECT_EQ(1u, printed().size());
}

TEST_F(ReplayVerb, AMissingFileAConfigurationWithoutLevelsAndAWrongInstantAreRefused) {
  EXPECT_EQ(1, replay((folder_ / "none.jsonl").string()));
  EXPECT_THAT(error_, HasSubstr("none.jsonl: cannot be read"));
  const std::string config = write("sla.yml", "services: {}\n");
  const std::string events = write("events.jsonl", kOpened);
  EXPECT_EQ(1, call({"tickets", "replay", "--config.file", config, "--now", "2026-01-14T12:00Z",
                     events}));
  EXPECT_THAT(error_, HasSubstr("there are no levels; write them under support:"));
  EXPECT_EQ(2, replay(events, "noon"));
  EXPECT_THAT(error_, HasSubstr("--now"));
}

}  // namespace
}  // namespace exporter::tool
