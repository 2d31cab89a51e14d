// Endpoints without a server: what is asked for, what is refused, and what limits a query. How the
// answers compare with a real Prometheus' is tests/integration/api_prometheus_test.py.
#include "exporter/web/api.h"

#include "tests/exporter/web/api_fixture.h"

namespace exporter {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(ApiTest, AnswersAnInstantQueryAtTheTimeItIsTold) {
  load({{"__name__", "up"}}, {1, 2, 3});
  EXPECT_EQ(text("query", {{"query", "up"}}),
            R"({"status":"success","data":{"resultType":"vector","result":[{"metric":)"
            R"({"__name__":"up"},"value":[1700000000,"3"]}]}})");
  EXPECT_THAT(text("query", {{"query", "up"}, {"time", "1699999940"}}),
              HasSubstr(R"([1699999940,"2"])"));
  EXPECT_THAT(text("query", {{"query", "up"}, {"lookback_delta", "30s"}, {"time", "1699999930"}}),
              HasSubstr(R"("result":[])"));
  EXPECT_EQ(error("query", {{"query", "up"}, {"lookback_delta", "x"}}),
            "bad_data: error parsing lookback delta duration: cannot parse \"x\" to a valid "
            "duration");
}

TEST_F(ApiTest, SaysWhatAQueryShouldKnowBesideItsResult) {
  load({{"__name__", "load"}}, {1, 2, 3});
  const WebResponse response = ask("query", {{"query", "rate(load[5m])"}});
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_THAT(response.body,
              HasSubstr(R"(}]},"infos":["PromQL info: metric might not be a counter)"));
  EXPECT_THAT(response.body, HasSubstr("(1:6)\"]}"));
  EXPECT_THAT(
      text("query", {{"query", "quantile(2, load)"}}),
      HasSubstr(R"("warnings":["PromQL warning: quantile value should be between 0 and 1)"));
}

TEST_F(ApiTest, CutsListsAtTheirLimitAndSaysSo) {
  for (const char* job : {"a", "b", "c"}) load({{"__name__", "up"}, {"job", job}}, {1, 1, 1});
  const std::string remark = R"("warnings":["results truncated due to limit"])";
  for (const auto& [path, query] : std::vector<std::pair<std::string, Form>>{
           {"query", {{"query", "up"}}},
           {"query_range",
            {{"query", "up"}, {"start", "1699999940"}, {"end", "1700000000"}, {"step", "60"}}},
           {"series", {{"match[]", "up"}}},
           {"label/job/values", {}}}) {
    Form limited = query;
    limited.emplace("limit", "2");
    EXPECT_THAT(text(path, limited), HasSubstr(remark)) << path;
    EXPECT_THAT(text(path, limited), Not(HasSubstr("\"c\""))) << path;
    limited = query;
    limited.emplace("limit", "3");
    EXPECT_THAT(text(path, limited), Not(HasSubstr("warnings"))) << path;
    limited = query;
    limited.emplace("limit", "-1");
    EXPECT_EQ(error(path, limited),
              "bad_data: invalid parameter \"limit\": limit must be non-negative")
        << path;
  }
  EXPECT_THAT(text("labels", {{"limit", "1"}}), HasSubstr(R"(["__name__"],"warnings")"));
  EXPECT_EQ(error("labels", {{"limit", "x"}}),
            "bad_data: invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax");
}

TEST_F(ApiTest, ListsWhatHasSamplesInTheWindow) {
  load({{"__name__", "old"}, {"job", "a"}}, {1}, kNow - 7'200'000);
  load({{"__name__", "new"}, {"host", "b"}}, {1}, kNow);
  EXPECT_EQ(text("labels"), R"({"status":"success","data":["__name__","host","job"]})");
  EXPECT_EQ(text("labels", {{"start", "1700000000"}}),
            R"({"status":"success","data":["__name__","host"]})");
  EXPECT_EQ(text("label/__name__/values", {{"end", "1699999999"}}),
            R"({"status":"success","data":["old"]})");
  EXPECT_EQ(text("series", {{"match[]", "{job=\"a\"}"}, {"match[]", "old"}}),
            R"({"status":"success","data":[{"__name__":"old","job":"a"}]})")
      << "once, though both match";
  EXPECT_EQ(ask("label/job").status, 404);

  source_->add({{"__name__", "old"}, {"job", "a"}}, {kNow, 1});
  EXPECT_EQ(text("series", {{"match[]", "old"}, {"start", "1699995000"}, {"end", "1699999000"}}),
            R"({"status":"success","data":[]})")
      << "samples before and after are not samples in between";
}

TEST_F(ApiTest, RefusesMoreSamplesThanOneQueryMayHold) {
  limits_.max_samples = 100;
  const Form query{{"query", "sum_over_time(vector(1)[1h:1s])"}};
  EXPECT_EQ(ask("query", query).status, 422);
  EXPECT_EQ(error("query", query),
            "execution: query processing would load too many samples into memory in query "
            "execution");
}

TEST_F(ApiTest, EndsAQueryWhenItsTimeIsOver) {
  const Form query{{"query", "quantile_over_time(0.5, vector(1)[100000s:1s])"}, {"timeout", "1ms"}};
  EXPECT_EQ(ask("query", query).status, 503);
  EXPECT_EQ(error("query", query), "timeout: query timed out in expression evaluation");
  limits_.timeout = std::chrono::milliseconds(1);
  Form longer{{"query", "quantile_over_time(0.5, vector(1)[100000s:1s])"}, {"timeout", "1h"}};
  EXPECT_EQ(ask("query", longer).status, 503) << "a request may ask for less time, never for more";
}

TEST_F(ApiTest, EndsAQueryNobodyWaitsFor) {
  *gone_ = true;
  load({{"__name__", "up"}}, {1});
  EXPECT_EQ(error("query", {{"query", "1"}}),
            "canceled: query was canceled in expression evaluation");
  EXPECT_THAT(error("series", {{"match[]", "up"}}), HasSubstr("canceled"));
}

TEST_F(ApiTest, SaysThatThereAreNoSeriesYet) {
  source_ = nullptr;
  for (const auto& [path, query] : std::vector<std::pair<std::string, Form>>{
           {"query", {{"query", "1"}}}, {"series", {{"match[]", "up"}}}, {"labels", {}}}) {
    EXPECT_EQ(ask(path, query).status, 503) << path;
    EXPECT_THAT(error(path, query), HasSubstr("unavailable: no series are kept here yet")) << path;
  }
  rules_ = nullptr;
  EXPECT_EQ(text("rules"), R"({"status":"success","data":{"groups":[]}})");
  EXPECT_EQ(text("alerts"), R"({"status":"success","data":{"alerts":[]}})");
}

TEST_F(ApiTest, KnowsTheMetricsByTheirTable) {
  EXPECT_EQ(text("metadata", {{"metric", "sla_slot_seconds"}}),
            R"({"status":"success","data":{"sla_slot_seconds":[{"type":"gauge","unit":"seconds",)"
            R"("help":"Length of a slot, the unit of account."}]}})");
  EXPECT_EQ(text("metadata", {{"metric", "none"}}), R"({"status":"success","data":{}})");
  EXPECT_EQ(nlohmann::json::parse(text("metadata", {{"limit", "3"}})).at("data").size(), 3U);
  EXPECT_EQ(error("metadata", {{"limit", "x"}}), "bad_data: limit must be a number");
}

TEST_F(ApiTest, HasNoExemplarsButJudgesTheQuestion) {
  EXPECT_EQ(text("query_exemplars", {{"query", "up"}}), R"({"status":"success","data":[]})");
  EXPECT_THAT(error("query_exemplars", {{"query", "sum("}}),
              HasSubstr("bad_data: 1:5: parse error"));
  EXPECT_EQ(error("query_exemplars", {{"query", "up"}, {"start", "2"}, {"end", "1"}}),
            "bad_data: end timestamp must not be before start timestamp");
}

TEST_F(ApiTest, SaysWhichPrometheusItIsLike) {
  const auto data = nlohmann::json::parse(text("status/buildinfo")).at("data");
  EXPECT_EQ(data.at("version"), "3.0.0+sla.exporter.1.2.3");
  EXPECT_FALSE(data.contains("features")) << "only a Mimir has them";
}

TEST_F(ApiTest, TakesFormsOnlyWherePrometheusDoes) {
  for (const Route& route : api_routes(context())) {
    const bool by_post = std::ranges::find(route.methods, "POST") != route.methods.end();
    const bool expected = route.path.starts_with("/api/v1/query") ||
                          route.path == "/api/v1/series" || route.path == "/api/v1/labels" ||
                          route.path == "/api/v1/format_query";
    EXPECT_EQ(by_post, expected) << route.path;
    EXPECT_TRUE(route.slow) << route.path;
  }
}

}  // namespace
}  // namespace exporter
