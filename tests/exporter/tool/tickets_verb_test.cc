// slatool tickets month, correct and verify, without an exporter that runs.
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "exporter/sla/zone.h"
#include "exporter/sources/desk.h"
#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Seconds at(std::string_view text) { return parse_instant(text).value(); }

// In November 2020: ticket 1 answered within an hour, 2 after six hours, 3 never; a level of 4
// hours.
class TicketsVerb : public ToolTest {
 protected:
  TicketsVerb() {
    TermsRecord terms;
    terms.from = at("2020-11-01T00:00:00Z");
    terms.terms.timezone = "UTC+01:00";
    EXPECT_TRUE(open(false)->commit({.terms = {terms}}, terms.from).has_value());
    config_.agreements = {AgreementTerms{.timezone = "UTC+01:00"}};
    CalendarTerms europe;
    europe.name = "europe";
    europe.timezone = "UTC+01:00";
    for (std::size_t day = 1; day <= 5; ++day) {
      europe.week[day] = {{std::chrono::hours(8), std::chrono::hours(17)}};
    }
    config_.support.terms.calendars = {europe};
    LevelTerms first;
    first.name = "first";
    first.react_within = {ReactionTarget::Unit::business_seconds, 4 * 3600};
    config_.support.terms.levels = {first};
    config_.support.sources = {TicketSource{.name = "rt"}};
  }

  void read_tickets(std::string_view until) {
    InlineExecutor executor;
    Desk desk(folder_, executor);
    ASSERT_TRUE(desk.configure(config_, at("2020-11-02T00:00:00Z")).has_value());
    SourceBatch batch;
    for (const char* ticket : {"1", "2", "3"}) {
      batch.events.push_back({.source = "rt",
                              .ticket = ticket,
                              .seq = 1,
                              .at = at("2020-11-23T07:00:00Z"),
                              .type = TicketEventType::opened,
                              .actor = TicketActor::customer,
                              .calendar = "europe"});
    }
    for (const auto& [ticket, time] :
         {std::pair("1", "2020-11-23T08:00:00Z"), std::pair("2", "2020-11-23T13:00:00Z")}) {
      batch.events.push_back({.source = "rt",
                              .ticket = ticket,
                              .seq = 2,
                              .at = at(time),
                              .type = TicketEventType::reaction,
                              .actor = TicketActor::agent});
    }
    batch.read_until = at(until);
    ASSERT_TRUE(desk.commit("rt", batch, at(until)).has_value());
  }
  json month() {
    EXPECT_EQ(slatool({"tickets", "month", "--month", "2020-11", "--format", "json"}), 0) << error_;
    return json::parse(out_);
  }
  int correct(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"tickets", "correct"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), {"--by", "anna", "--why", "a call"});
    return slatool(std::move(arguments));
  }

  Config config_;
};

TEST_F(TicketsVerb, PrintsAMonthWithItsMissesAsJson) {
  read_tickets("2020-11-30T23:00:00Z");
  const json value = month();
  const json& level = value["levels"].at(0);
  EXPECT_EQ(level["state"], "ended");
  EXPECT_EQ(level["agreement"], "published");
  EXPECT_EQ(level["met"], 1);
  EXPECT_EQ(level["missed"], 2);
  EXPECT_EQ(level["missed_without_reaction"], 1);
  EXPECT_EQ(level["met_by_kind"]["reply"], 1);
  EXPECT_DOUBLE_EQ(level["compliance"].get<double>(), 1.0 / 3);
  EXPECT_EQ(level["share_of_target"].at(0)["clocks"], 1);  // one hour of four
  EXPECT_EQ(level["share_of_target"].at(4)["clocks"], 1);  // six hours of four
  ASSERT_EQ(value["misses"].size(), 2u);
  EXPECT_EQ(value["misses"].at(0)["ticket"], "2");
  EXPECT_EQ(value["misses"].at(0)["business_seconds"], 6 * 3600);
  EXPECT_EQ(value["misses"].at(1)["result"], "breached_open");
}

TEST_F(TicketsVerb, SaysWhyAMonthIsUnproven) {
  read_tickets("2020-11-30T22:59:59Z");
  ASSERT_EQ(slatool({"tickets", "month", "--month", "2020-11"}), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("unproven: source rt was read until 2020-11-30T22:59:59Z, and the "
                              "month ended at 2020-11-30T23:00:00Z"));
  EXPECT_THAT(out_, HasSubstr("published, level first: 33.33 % (1 met, 2 missed"));
  EXPECT_THAT(out_, HasSubstr("rt 3: published first first"));
}

TEST_F(TicketsVerb, PrintsSheets) {
  read_tickets("2020-11-30T23:00:00Z");
  ASSERT_EQ(slatool({"tickets", "month", "--month", "2020-11", "--format", "csv"}), 0);
  EXPECT_THAT(out_, HasSubstr("month,agreement,level,state,met,missed"));
  EXPECT_THAT(out_, HasSubstr("2020-11,\"published\",\"first\","));
  EXPECT_THAT(out_, HasSubstr(",1,2,0.333333,0.333333,1,0,0,0,1,0,0,0,1,0,0,1,0,0,0,1,0,0\n"));
  ASSERT_EQ(slatool({"tickets", "month", "--month", "2020-11", "--format", "csv", "--misses"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"rt\",\"2\",1,first,\"europe\",2020-11-23T07:00:00Z,"));
}

TEST_F(TicketsVerb, SignsCorrectionsThatChangeTheMonth) {
  read_tickets("2020-11-30T23:00:00Z");
  ASSERT_EQ(
      correct({"reacted-at", "--ticket", "2", "--level", "first", "--at", "2020-11-23T09:30"}), 0)
      << error_;
  EXPECT_THAT(out_, HasSubstr("is recorded; the events stay as they are"));
  ASSERT_EQ(correct({"void", "--ticket", "3", "--source", "rt", "--level", "first"}), 0) << error_;
  const json level = month()["levels"].at(0);
  EXPECT_EQ(level["met"], 2);
  EXPECT_EQ(level["missed"], 0);
  ASSERT_EQ(slatool({"tickets", "verify"}), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("5 events, 3 corrections and terms: all is well"));
}

TEST_F(TicketsVerb, RefusesCorrectionsThatSayTooLittle) {
  read_tickets("2020-11-30T23:00:00Z");
  EXPECT_EQ(correct({"reacted-at", "--ticket", "2", "--level", "first"}), 2);
  EXPECT_THAT(error_, HasSubstr("--at"));
  EXPECT_EQ(correct({"void", "--ticket", "2"}), 2);
  EXPECT_THAT(error_, HasSubstr("--level"));
  EXPECT_EQ(correct({"forget", "--ticket", "2", "--level", "first"}), 2);
  EXPECT_EQ(correct({"void", "--ticket", "9", "--level", "first"}), 1);
  EXPECT_THAT(error_, HasSubstr("no event of ticket 9 of rt is known"));
}

TEST_F(TicketsVerb, SignsThatWaitingTermsHoldFromNowOn) {
  read_tickets("2020-11-30T23:00:00Z");
  const std::vector<std::string> terms_now = {"tickets", "terms-now", "--by",
                                              "anna",    "--why",     "the new contract"};
  EXPECT_EQ(slatool(terms_now), 1);
  EXPECT_THAT(error_, HasSubstr("no terms of reaction times wait for the next month"));
  {
    InlineExecutor executor;
    Desk desk(folder_, executor);
    config_.support.terms.levels[0].react_within.amount = 3600;
    ASSERT_TRUE(desk.configure(config_, at("2099-11-02T00:00:00Z")).has_value());
  }
  EXPECT_EQ(slatool(terms_now), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("on, signed by anna: the new contract"));
  EXPECT_EQ(slatool(terms_now), 1);
  EXPECT_EQ(slatool({"tickets", "verify"}), 0) << out_;
  EXPECT_EQ(slatool({"tickets", "terms-now", "--by", "anna"}), 2);
}

TEST_F(TicketsVerb, FindsAChangedRow) {
  read_tickets("2020-11-30T23:00:00Z");
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open((folder_ / "tickets.db").c_str(), &handle), SQLITE_OK);
  sqlite3_exec(handle, "UPDATE events SET at = at - 7200 WHERE ticket = '2' AND seq = 2", nullptr,
               nullptr, nullptr);
  sqlite3_close(handle);
  EXPECT_EQ(slatool({"tickets", "verify"}), 1);
  EXPECT_THAT(out_, HasSubstr("event 2 of ticket 2 of rt is not what was recorded"));
}

TEST_F(TicketsVerb, SaysSoWhereNoTicketWasEverRead) {
  EXPECT_EQ(slatool({"tickets", "month", "--month", "2020-11"}), 1);
  EXPECT_EQ(correct({"void", "--ticket", "1", "--level", "first"}), 1);
  EXPECT_THAT(error_, HasSubstr("no ticket was ever read there"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "tickets.db"));
}

}  // namespace
}  // namespace exporter::tool
