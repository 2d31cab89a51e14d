// The whole page of a snapshot, in both formats: right values, nothing that cannot occur, nothing
// twice, and names and labels from the table only.
#include "exporter/metrics/page.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "exporter/metrics/names.h"
#include "exporter/metrics/process.h"
#include "exporter/metrics/route.h"
#include "tests/fakes/metrics_checker.h"
#include "tests/fakes/sample_snapshot.h"

namespace exporter {
namespace {

using fakes::MetricsPage;

class MetricsPageTest : public testing::Test {
 protected:
  MetricsPage read(MetricsFormat format = MetricsFormat::text_0_0_4) {
    text_ = render_metrics(make_collectables(snapshot_, stats_, &web_), format);
    auto page = fakes::check_metrics_page(text_, format == MetricsFormat::openmetrics_1_0_0);
    EXPECT_EQ(page.problems, std::vector<std::string>());
    return page;
  }
  CheckView& check(std::size_t i) {
    auto copy = std::make_shared<CheckView>(*snapshot_->checks[i]);
    snapshot_->checks[i] = copy;
    return *copy;
  }
  void measure(std::size_t i, std::vector<probes::Measurement> measurements) {
    auto outcome = std::make_shared<probes::Outcome>(probes::Outcome::up());
    outcome->measurements = std::move(measurements);
    check(i).outcome = outcome;
  }

  std::shared_ptr<Snapshot> snapshot_ = fakes::sample_snapshot(2);
  ExporterStats stats_;
  WebStats web_;
  std::string text_;
};

TEST_F(MetricsPageTest, IsCleanInBothFormats) {
  const auto text = read(MetricsFormat::text_0_0_4);
  const auto open = read(MetricsFormat::openmetrics_1_0_0);
  EXPECT_EQ(text.samples.size(), open.samples.size());
  EXPECT_EQ(open.types.at("sla_service"), "info");
  EXPECT_EQ(open.types.at("sla_slots"), "counter");
  EXPECT_EQ(open.units.at("sla_error_budget_remaining_seconds"), "seconds");
}

TEST_F(MetricsPageTest, ShowsTheSnapshotsFigures) {
  const auto page = read();
  const std::map<std::string, std::string> first = {{"sla_service", "service-1"}};
  const auto with = [&](std::map<std::string, std::string> more) {
    more.insert(first.begin(), first.end());
    return more;
  };
  EXPECT_EQ(page.value("sla_service_state", with({{"state", "bad"}})), 1);
  EXPECT_EQ(page.value("sla_service_state", with({{"state", "good"}})), 0);
  EXPECT_EQ(page.value("sla_service_up", first), 0);
  EXPECT_EQ(page.value("sla_service_up", {{"sla_service", "service-2"}}), 1);
  EXPECT_EQ(page.value("sla_maintenance_active", first), 0);
  EXPECT_EQ(page.value("sla_maintenance_active", {{"sla_service", "service-2"}}), 1);
  EXPECT_EQ(page.value("sla_slots_total", with({{"verdict", "good"}})), 19'990);
  EXPECT_EQ(page.value("sla_slots_rescued_total", first), 3);
  EXPECT_EQ(page.value("sla_objective_ratio", first), 0.99);
  EXPECT_EQ(page.value("sla_month_slots", with({{"month", "current"}, {"verdict", "bad"}})), 10);
  EXPECT_EQ(page.value("sla_month_slots", with({{"month", "previous"}, {"verdict", "bad"}})), 500);
  EXPECT_EQ(page.value("sla_month_state", with({{"month", "previous"}, {"state", "missed"}})), 1);
  EXPECT_EQ(page.value("sla_month_closed", with({{"month", "current"}})), 0);
  EXPECT_EQ(page.value("sla_month_closed", with({{"month", "previous"}})), 1);
  EXPECT_EQ(page.value("sla_check_interval_seconds", with({{"check", "home"}})), 60);
  EXPECT_EQ(page.value("sla_error_budget_slots", first), 431);
  EXPECT_EQ(page.value("sla_error_budget_remaining_slots", first), 421);
  EXPECT_EQ(page.value("sla_error_budget_remaining_seconds", first), 421 * 60);
  EXPECT_EQ(page.value("sla_error_budget_exhaustion_timestamp_seconds", first), 1'795'086'400);
  EXPECT_EQ(page.count("sla_error_budget_exhaustion_timestamp_seconds"), 1u);
}

TEST_F(MetricsPageTest, KeepsTheIdentityOfSlots) {
  const auto page = read();
  for (const char* month : {"current", "previous"}) {
    const std::map<std::string, std::string> key = {{"sla_service", "service-2"}, {"month", month}};
    double sum = page.value("sla_month_pending_slots", key);
    for (const char* verdict : {"good", "bad", "unknown", "excluded"}) {
      auto labels = key;
      labels["verdict"] = verdict;
      sum += page.value("sla_month_slots", labels);
    }
    EXPECT_EQ(page.value("sla_month_expected_slots", key), sum);
  }
}

TEST_F(MetricsPageTest, ShowsTheLastConfirmedOutcomes) {
  const auto page = read();
  const std::map<std::string, std::string> home = {{"sla_service", "service-1"}, {"check", "home"}};
  EXPECT_EQ(page.value("probe_success", home), 0);
  EXPECT_EQ(page.value("probe_duration_seconds", home), 0.123456);
  EXPECT_EQ(page.value("probe_http_status_code", home), 503);
  EXPECT_EQ(page.count("probe_http_duration_seconds"), 4u * 5u);
  EXPECT_EQ(page.value("sla_check_failing_info", {{"reason", "status"}}), 1);
  EXPECT_EQ(page.count("sla_check_failing_info"), 1u);
}

TEST_F(MetricsPageTest, SaysNothingOfATargetAfterAnUnknownOutcome) {
  check(0).outcome = std::make_shared<probes::Outcome>(
      probes::Outcome::unknown(probes::Reason::local, "no route"));
  const auto page = read();
  EXPECT_EQ(page.count("probe_success"), 3u);
  EXPECT_EQ(page.count("sla_check_failing_info"), 0u);
}

TEST_F(MetricsPageTest, CountsADegradedOutcomeAsSuccess) {
  auto outcome = probes::Outcome::degraded(probes::Reason::slow, "took 3 s");
  check(0).outcome = std::make_shared<probes::Outcome>(outcome);
  EXPECT_EQ(read().value("probe_success", {{"sla_service", "service-1"}, {"check", "home"}}), 1);
}

TEST_F(MetricsPageTest, PreCreatesOnlyWhatCanOccur) {
  const auto page = read();
  const std::map<std::string, std::string> home = {{"sla_service", "service-1"}, {"check", "home"}};
  const auto failures = [&](const char* reason) {
    auto labels = home;
    labels["reason"] = reason;
    return page.value("sla_check_failures_total", labels);
  };
  EXPECT_EQ(failures("status"), 10);
  EXPECT_EQ(failures("timeout"), 0);                // possible, not seen
  EXPECT_TRUE(std::isnan(failures("greylisted")));  // impossible for http
  EXPECT_TRUE(std::isnan(failures("none")));
  EXPECT_EQ(page.count("sla_check_runs_total"), 4u * 3u);  // no slow_after, so never degraded
  // One confirmation is the default; without canaries connectivity cannot be the cause.
  EXPECT_EQ(page.value("sla_unknown_slots_total",
                       {{"sla_service", "service-1"}, {"cause", "unconfirmed"}}),
            0);
  EXPECT_TRUE(std::isnan(page.value("sla_unknown_slots_total", {{"cause", "connectivity"}})));
}

TEST_F(MetricsPageTest, SurvivesHostileMeasurements) {
  measure(0, {{"probe_expect_info", {{"banner", "\"} 1\nsla_forged 1"}}, 1},
              {"probe_tls_version_info", {{"version", "TLS 1.2"}}, 1},
              {"probe_tls_version_info", {{"version", "TLS 1.2"}}, 1},
              {"probe_expect_info", {{"sla_service", "x"}, {"bad-name", "y"}}, 1},
              {"probe_of_nobody", {}, 7}});
  const auto page = read();
  EXPECT_EQ(page.value("probe_expect_info", {{"banner", "\"} 1\nsla_forged 1"}}), 1);
  EXPECT_EQ(page.count("sla_forged"), 0u);
  EXPECT_EQ(page.count("probe_of_nobody"), 0u);
}

TEST_F(MetricsPageTest, TakesTheLaterOfTwoEqualMeasurements) {
  measure(0, {{"probe_ip_protocol", {}, 6}, {"probe_ip_protocol", {}, 4}});
  EXPECT_EQ(read().value("probe_ip_protocol", {{"sla_service", "service-1"}, {"check", "home"}}),
            4);
}

TEST_F(MetricsPageTest, GivesServicesTheirOwnersLabels) {
  auto config = std::make_shared<Config>(*snapshot_->config);
  config->services[0].labels = {{"team", "web"}, {"sla_service", "forged"}, {"0bad", "x"}};
  snapshot_->config = config;
  const auto page = read();
  EXPECT_EQ(page.value("sla_service_info", {{"sla_service", "service-1"},
                                            {"team", "web"},
                                            {"runbook_url", "https://wiki.example.com/service-1"}}),
            1);
  EXPECT_EQ(page.value("sla_service_dependency_info",
                       {{"sla_service", "service-2"}, {"to", "service-1"}}),
            1);
  EXPECT_EQ(page.value("sla_agreement_info", {{"sla_agreement", "published"},
                                              {"timezone", "UTC+01:00"},
                                              {"unknown_slots", "unproven"},
                                              {"terms_hash", "abc123"}}),
            1);
}

TEST_F(MetricsPageTest, ShowsTheProgramsOwnFigures) {
  stats_.commits_total = 7;
  stats_.commit_duration.observe(2'000'000);
  stats_.commit_duration.observe(9'000'000'000);
  web_.requests_by_class[4] = 3;
  const auto page = read();
  EXPECT_EQ(page.value("sla_exporter_commits_total"), 7);
  EXPECT_EQ(page.value("sla_exporter_commit_duration_seconds_bucket", {{"le", "0.001"}}), 0);
  EXPECT_EQ(page.value("sla_exporter_commit_duration_seconds_bucket", {{"le", "0.005"}}), 1);
  EXPECT_EQ(page.value("sla_exporter_commit_duration_seconds_bucket", {{"le", "+Inf"}}), 2);
  EXPECT_DOUBLE_EQ(page.value("sla_exporter_commit_duration_seconds_sum"), 9.002);
  EXPECT_EQ(page.value("sla_exporter_http_requests_total", {{"result", "4xx"}}), 3);
  EXPECT_EQ(page.value("sla_exporter_snapshot_timestamp_seconds"), 1'795'000'000);
  EXPECT_EQ(page.count("sla_exporter_last_commit_timestamp_seconds"), 0u);  // not 1970
  EXPECT_GT(page.value("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(page.value("process_start_time_seconds"), 1.6e9);
  EXPECT_GE(page.value("process_open_fds"), 3);
  EXPECT_GE(page.value("sla_exporter_scrape_duration_seconds"), 0);
}

TEST_F(MetricsPageTest, ShowsTheProgramBeforeTheFirstCommit) {
  snapshot_ = nullptr;
  const auto page = read();
  EXPECT_EQ(page.count("sla_service_state"), 0u);
  EXPECT_EQ(page.count("sla_exporter_build_info"), 1u);
}

std::set<std::string> labels_in_table(const MetricName& name) {
  std::set<std::string> labels;
  std::stringstream stream{std::string(name.labels)};
  for (std::string label; std::getline(stream, label, ',');) labels.insert(label);
  return labels;
}

TEST_F(MetricsPageTest, UsesTheTablesNamesInItsOrderWithItsLabels) {
  const auto page = read();
  const MetricName* last = kMetricNames.data();
  for (const MetricsPage::Sample& sample : page.samples) {
    std::string family = sample.name;
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
      if (find_metric(family) == nullptr && family.ends_with(suffix)) {
        family.resize(family.size() - suffix.size());
      }
    }
    const MetricName* name = find_metric(family);
    ASSERT_NE(name, nullptr) << sample.name;
    EXPECT_GE(name, last) << sample.name << " is out of order";
    last = name;
    const auto known = labels_in_table(*name);
    if (known.contains("+")) continue;
    for (const auto& [label, value] : sample.labels) {
      EXPECT_TRUE(known.contains(label)) << sample.name << " has " << label;
    }
  }
}

TEST_F(MetricsPageTest, IsServedInTheFormatAskedFor) {
  const Route route = metrics_route([this] { return snapshot_; }, stats_, [this] { return &web_; });
  WebRequest request;
  EXPECT_EQ(route.handler(request).content_type, "text/plain; version=0.0.4; charset=utf-8");
  request.headers["accept"] = "application/openmetrics-text;version=1.0.0";
  const WebResponse response = route.handler(request);
  EXPECT_EQ(response.content_type,
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores");
  EXPECT_TRUE(response.body.ends_with("# EOF\n"));
  EXPECT_TRUE(route.slow);
}

}  // namespace
}  // namespace exporter
