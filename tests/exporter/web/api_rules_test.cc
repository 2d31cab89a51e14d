// Rules and alerts as the API shows them, and what of them can be asked for.
#include "tests/exporter/web/api_fixture.h"
#include "tests/exporter/web/sample_rules.h"

namespace exporter {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ApiRulesTest : public ApiTest {
 protected:
  ApiRulesTest() { rules_ = sample_rules(); }

  json data(const std::string& path, Form query = {}) {
    return json::parse(text(path, std::move(query))).at("data");
  }
  // "group/rule" of all that is listed.
  std::vector<std::string> listed(Form query = {}) {
    std::vector<std::string> names;
    for (const json& group : data("rules", std::move(query)).at("groups")) {
      for (const json& rule : group.at("rules"))
        names.push_back(group.at("name").get<std::string>() + "/" +
                        rule.at("name").get<std::string>());
    }
    return names;
  }
};

TEST_F(ApiRulesTest, ShowsAGroupAsPrometheusDoes) {
  const std::string body = text("rules", {{"rule_name[]", "job:up:sum"}});
  EXPECT_EQ(
      body,
      R"json({"status":"success","data":{"groups":[{"name":"mail","file":"rules/mail.yml",)json"
      R"json("rules":[{"name":"job:up:sum","query":"sum by (job) (up)",)json"
      R"json("labels":{"team":"mail"},"health":"ok","evaluationTime":0.001,)json"
      R"json("lastEvaluation":"2023-11-14T22:13:20Z","type":"recording"}],"interval":30,)json"
      R"json("limit":5,"evaluationTime":0.0125,)json"
      R"json("lastEvaluation":"2023-11-14T22:13:20Z"}]}})json");
}

TEST_F(ApiRulesTest, ShowsAnAlertingRuleWithItsActiveAlerts) {
  const std::string body = text("rules", {{"rule_name[]", "Down"}});
  EXPECT_THAT(body,
              HasSubstr(R"([{"state":"firing","name":"Down","query":"up == 0","duration":300,)"
                        R"("keepFiringFor":90,"labels":{"severity":"page"},)"
                        R"("annotations":{"summary":"it <is> down"},"alerts":[{"labels":)"
                        R"({"alertname":"Down","job":"b","severity":"page"},"annotations":)"
                        R"({"runbook_url":"https://wiki.example.com/down","summary":"it <is> )"
                        R"(down"},"state":"pending","activeAt":"2023-11-14T22:11:49.5Z",)"
                        R"("value":"0e+00"},{)"));
  EXPECT_EQ(data("alerts").at("alerts").size(), 2U) << "what is over is no alert";
  EXPECT_EQ(data("alerts").at("alerts").at(1).at("value"), "1.25e+01");
}

TEST_F(ApiRulesTest, ShowsErrorsAndWhatWasNeverEvaluated) {
  const json groups = data("rules").at("groups");
  const json broken = groups.at(0).at("rules").at(2);
  EXPECT_EQ(broken.at("health"), "err");
  EXPECT_EQ(broken.at("lastError"), "query <timed out>");
  const json quiet = groups.at(1).at("rules").at(0);
  EXPECT_EQ(quiet.at("state"), "unknown");
  EXPECT_EQ(quiet.at("health"), "unknown");
  EXPECT_EQ(quiet.at("lastEvaluation"), "0001-01-01T00:00:00Z");
  EXPECT_FALSE(quiet.contains("lastError"));
}

TEST_F(ApiRulesTest, ListsWhatIsAskedFor) {
  EXPECT_THAT(listed(), ElementsAre("mail/job:up:sum", "mail/Down", "mail/Broken", "later/Quiet"));
  EXPECT_THAT(listed({{"type", "record"}}), ElementsAre("mail/job:up:sum"));
  EXPECT_THAT(listed({{"type", "Alert"}, {"rule_group[]", "later"}}), ElementsAre("later/Quiet"));
  EXPECT_THAT(listed({{"rule_name[]", "Down"}, {"rule_name[]", "Quiet"}}),
              ElementsAre("mail/Down", "later/Quiet"));
  EXPECT_THAT(listed({{"file[]", "other.yml"}}), IsEmpty());
  EXPECT_THAT(listed({{"match[]", "{severity=\"page\"}"}, {"match[]", "{team=~\"m.*\"}"}}),
              ElementsAre("mail/job:up:sum", "mail/Down"));
  EXPECT_TRUE(data("rules", {{"exclude_alerts", "true"}, {"rule_name[]", "Down"}})
                  .at("groups")
                  .at(0)
                  .at("rules")
                  .at(0)
                  .at("alerts")
                  .is_null());
}

TEST_F(ApiRulesTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(error("rules", {{"type", "x"}}),
            "bad_data: invalid parameter \"type\": not supported value \"x\"");
  EXPECT_THAT(error("rules", {{"exclude_alerts", "maybe"}}),
              HasSubstr("strconv.ParseBool: parsing \"maybe\": invalid syntax"));
  EXPECT_THAT(error("rules", {{"match[]", "{"}}), HasSubstr("bad_data: 1:2: parse error"));
}

TEST_F(ApiRulesTest, IsReadInPages) {
  const json first = data("rules", {{"group_limit", "1"}});
  EXPECT_EQ(first.at("groups").size(), 1U);
  const auto token = first.at("groupNextToken").get<std::string>();
  const json second = data("rules", {{"group_limit", "1"}, {"group_next_token", token}});
  EXPECT_EQ(second.at("groups").at(0).at("name"), "later");
  EXPECT_FALSE(second.contains("groupNextToken"));
  EXPECT_THAT(error("rules", {{"group_next_token", token}}),
              HasSubstr("group_limit needs to be present"));
  EXPECT_THAT(error("rules", {{"group_limit", "0"}}), HasSubstr("needs to be greater than 0"));
  EXPECT_THAT(error("rules", {{"group_limit", "1"}, {"group_next_token", "ab"}}),
              HasSubstr("invalid group_next_token 'ab'. were rule groups changed?"));
}

}  // namespace
}  // namespace exporter
