// What Alertmanager gets of an alert, and what a restart keeps of it.
#include "exporter/alerts/message.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/exporter/alerts/some_alerts.h"

namespace exporter {
namespace {

constexpr std::int64_t kNow = 1'796'515'200'123;  // 2026-12-06T00:00:00.123Z

AlertDress dress(std::vector<Relabel> steps = {}) {
  return {.external_labels = {{"place", "geneva"}, {"severity", "outside"}},
          .relabel = Relabeller(steps),
          .external_url = "https://sla.example/x"};
}

TEST(OutgoingAlerts, TakeExternalLabelsOnlyWhereTheyHaveNone) {
  const auto alert = outgoing_alert(notification("Down", kNow), dress());
  EXPECT_EQ(alert->labels.text(), R"({alertname="Down", place="geneva", severity="page"})");
}

TEST(OutgoingAlerts, AreRelabelledAfterThat) {
  const std::vector<Relabel> rename = {{.source_labels = {"place"}, .target_label = "site"},
                                       {.regex = "place", .action = Relabel::Action::labeldrop}};
  EXPECT_EQ(outgoing_alert(notification("Down", kNow), dress(rename))->labels.text(),
            R"({alertname="Down", severity="page", site="geneva"})");
  const std::vector<Relabel> drop = {
      {.source_labels = {"alertname"}, .regex = "D.*", .action = Relabel::Action::drop}};
  EXPECT_FALSE(outgoing_alert(notification("Down", kNow), dress(drop)));
  const std::vector<Relabel> strip = {{.regex = ".*", .action = Relabel::Action::labeldrop}};
  EXPECT_FALSE(outgoing_alert(notification("Down", kNow), dress(strip)));
}

TEST(OutgoingAlerts, AreWrittenAsPrometheusWritesThem) {
  rules::Notification note = notification("Down", kNow);
  note.expr_text = "sum(a{b=\"c d\"}) > 1";
  const OutgoingAlert alert = *outgoing_alert(note, dress());
  const auto json = nlohmann::json::parse(alerts_json({{alert}}));
  EXPECT_EQ(json, nlohmann::json::parse(R"([{
    "labels": {"alertname": "Down", "place": "geneva", "severity": "page"},
    "annotations": {"summary": "Down is down"},
    "startsAt": "2026-12-05T23:50:00.123Z", "endsAt": "2026-12-06T00:04:00.123Z",
    "generatorURL": "https://sla.example/x/graph?g0.expr=sum%28a%7Bb%3D%22c+d%22%7D%29+%3E+1&g0.tab=1"
  }])"));
  EXPECT_EQ(alerts_json({}), "[]");
}

TEST(OutgoingAlerts, SurviveBytesThatAreNoText) {
  OutgoingAlert alert = outgoing("Down", kNow);
  alert.annotations = {{"summary", "\xff\xfe"}};
  EXPECT_EQ(nlohmann::json::parse(alerts_json({{alert}}))[0]["annotations"]["summary"],
            "\uFFFD\uFFFD");
}

TEST(KeptAlerts, AreReadBackAsTheyWere) {
  for (const bool resolved : {false, true}) {
    const OutgoingAlert alert = outgoing("Down", kNow, resolved);
    EXPECT_EQ(read_kept_alert(kept_alert(alert)), alert);
  }
}

TEST(KeptAlerts, ThatAreNoneAreNotRead) {
  for (
      const char* text :
      {"", "[]", "{}", "x", R"({"labels":{}})",
       R"({"labels":{"a":1},"annotations":{},"starts_at":1,"ends_at":2,"resolved":false,"generator_url":""})",
       R"({"labels":{},"annotations":{},"starts_at":1,"ends_at":2,"resolved":false,"generator_url":""})",
       R"({"labels":{"a":"b"},"annotations":{},"starts_at":"1","ends_at":2,"resolved":false,"generator_url":""})"}) {
    EXPECT_FALSE(read_kept_alert(text)) << text;
  }
}

TEST(AlertTime, HasMillisecondsAndIsUtc) {
  EXPECT_EQ(alert_time(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(alert_time(kNow), "2026-12-06T00:00:00.123Z");
  EXPECT_EQ(alert_time(951'782'399'999), "2000-02-28T23:59:59.999Z");
}

}  // namespace
}  // namespace exporter
