// Open clocks and months by the API: what a script gets, what it can ask for, and how it is
// refused.
#include "tests/exporter/web/api_fixture.h"
#include "tests/exporter/web/sample_tickets.h"

namespace exporter {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ApiTicketsTest : public ApiTest {
 protected:
  ApiTicketsTest() { show(sample_tickets()); }

  void show(std::shared_ptr<const SupportView> view) { snapshot_ = snapshot_with(std::move(view)); }
  json answer(const std::string& path, Form query = {}) {
    return json::parse(text(path, std::move(query)));
  }
  std::vector<std::string> listed(Form query = {}) {
    std::vector<std::string> tickets;
    for (const json& clock : answer("tickets", std::move(query)).at("data").at("clocks"))
      tickets.push_back(clock.at("ticket"));
    return tickets;
  }
};

TEST_F(ApiTicketsTest, ListsOpenClocks) {
  auto view = sample_tickets();
  view->open.resize(1);
  view->open_total = 1;
  show(view);
  EXPECT_EQ(text("tickets"),
            R"json({"status":"success","data":{"at":"2026-11-18T11:06:40Z","openTotal":1,)json"
            R"json("clocks":[{"source":"helpdesk","ticket":"4711","agreement":"published",)json"
            R"json("level":"first","kind":"first","instance":1,"state":"breached",)json"
            R"json("calendar":"europe","start":"2026-11-18T06:06:40Z","businessSeconds":18000,)json"
            R"json("targetSeconds":14400,"remainingSeconds":-3600,)json"
            R"json("due":"2026-11-18T10:06:40Z","inTimeUntil":"2026-11-18T10:06:40Z",)json"
            R"json("breached":"2026-11-18T10:06:40Z","provisional":false}]}})json");
}

TEST_F(ApiTicketsTest, GivesNoDueDateToAPausedClock) {
  const json clock = answer("tickets", {{"state", "paused"}}).at("data").at("clocks").at(0);
  EXPECT_TRUE(clock.at("due").is_null());
  EXPECT_TRUE(clock.at("inTimeUntil").is_null());
  EXPECT_TRUE(clock.at("breached").is_null());
  EXPECT_EQ(clock.at("remainingSeconds"), 3 * 3600);
  EXPECT_EQ(clock.at("provisional"), true);
  EXPECT_EQ(clock.at("kind"), "next");
  EXPECT_EQ(clock.at("instance"), 2);
}

TEST_F(ApiTicketsTest, ListsWhatIsAskedFor) {
  EXPECT_THAT(listed(), ElementsAre("4711", "4712", "4713"));
  EXPECT_THAT(listed({{"level", "second"}}), ElementsAre("4713"));
  EXPECT_THAT(listed({{"state", "at_risk"}, {"state", "breached"}}), ElementsAre("4711", "4712"));
  EXPECT_THAT(listed({{"level", "first"}, {"state", "paused"}}), IsEmpty());
  EXPECT_THAT(listed({{"source", "phones"}}), IsEmpty());
  EXPECT_THAT(listed({{"source", "helpdesk"}, {"agreement", "published"}}),
              ElementsAre("4711", "4712", "4713"));
  EXPECT_THAT(listed({{"agreement", "acme"}}), IsEmpty());
  EXPECT_THAT(listed({{"colour", "red"}}), ElementsAre("4711", "4712", "4713"))
      << "unknown parameters are passed over, as everywhere in this API";
}

TEST_F(ApiTicketsTest, CountsAnUnknownAgreementUnderThePublishedOne) {
  auto view = sample_tickets();
  view->open[0].clock.agreement = "gone";
  show(view);
  EXPECT_THAT(listed({{"agreement", "published"}}), ElementsAre("4711", "4712", "4713"));
}

TEST_F(ApiTicketsTest, CutsAListAndSaysSo) {
  const json cut = answer("tickets", {{"limit", "2"}});
  EXPECT_EQ(cut.at("data").at("clocks").size(), 2U);
  EXPECT_EQ(cut.at("data").at("openTotal"), 5);
  EXPECT_THAT(cut.at("warnings"),
              ElementsAre("results truncated due to limit",
                          "only the 3 clocks that are due next are looked at, of 5"));
  EXPECT_EQ(answer("tickets", {{"limit", "3"}}).at("warnings").size(), 1U);
  auto all = sample_tickets();
  all->open_total = 3;
  show(all);
  EXPECT_FALSE(answer("tickets", {{"limit", "0"}}).contains("warnings"));
}

TEST_F(ApiTicketsTest, ShowsTheMonthsOfEachLevel) {
  const std::string body = text("tickets/month", {{"level", "first"}});
  EXPECT_EQ(body,
            R"json({"status":"success","data":{"at":"2026-11-18T11:06:40Z","levels":[)json"
            R"json({"agreement":"published","level":"first","timezone":"UTC+01:00",)json"
            R"json("targetSeconds":14400,"current":{"month":"2026-11","state":"open","met":)json"
            R"json({"total":18,"reply":10,"note":0,"handed_over":6,"closed":2},"missed":)json"
            R"json({"total":2,"reply":1,"note":0,"handed_over":0,"closed":0,"open":1},)json"
            R"json("compliance":0.9,"strict":0.5,"next":{"met":5,"missed":0}},"previous":)json"
            R"json({"month":"2026-10","state":"unproven","met":)json"
            R"json({"total":12,"reply":12,"note":0,"handed_over":0,"closed":0},"missed":)json"
            R"json({"total":0,"reply":0,"note":0,"handed_over":0,"closed":0,"open":0},)json"
            R"json("compliance":1,"strict":1,"next":{"met":0,"missed":0}}}]}})json");
  const json levels = answer("tickets/month").at("data").at("levels");
  ASSERT_EQ(levels.size(), 3U);
  EXPECT_TRUE(levels.at(1).at("current").at("compliance").is_null()) << "no tickets are not 100 %";
  EXPECT_THAT(answer("tickets/month", {{"agreement", "acme"}}).at("data").at("levels"), IsEmpty());
}

TEST_F(ApiTicketsTest, EscapesWhatHelpDesksSay) {
  auto view = sample_tickets();
  view->open[0].ticket = "</script><b>\"\x01\xff";
  show(view);
  EXPECT_THAT(text("tickets"), testing::Not(HasSubstr("<b>")));
  EXPECT_EQ(listed().front(), "</script><b>\"\x01\xEF\xBF\xBD");
}

TEST_F(ApiTicketsTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(error("tickets", {{"state", "late"}}),
            "bad_data: invalid parameter \"state\": not supported value \"late\"");
  EXPECT_THAT(error("tickets", {{"limit", "-1"}}), HasSubstr("limit must be non-negative"));
  EXPECT_EQ(ask("tickets", {{"limit", "x"}}).status, 400);
}

TEST_F(ApiTicketsTest, SaysThatNoTicketsAreReadHere) {
  show(nullptr);
  for (const std::string path : {"tickets", "tickets/month"}) {
    EXPECT_EQ(ask(path).status, 404);
    EXPECT_EQ(error(path),
              "not_found: no tickets are read here: sla.yml has no section \"support\"");
  }
  snapshot_ = nullptr;
  EXPECT_EQ(ask("tickets").status, 503);
  EXPECT_THAT(error("tickets/month"), HasSubstr("unavailable: no figures were committed yet"));
}

TEST_F(ApiTicketsTest, IsGuardedAsTheRestOfTheApi) {
  int found = 0;
  for (const Route& route : api_routes(context())) {
    if (!route.path.starts_with("/api/v1/tickets")) continue;
    ++found;
    EXPECT_FALSE(route.guards_itself) << route.path;
    EXPECT_EQ(route.methods, std::vector<std::string>{"GET"}) << route.path;
  }
  EXPECT_EQ(found, 2);
}

}  // namespace
}  // namespace exporter
