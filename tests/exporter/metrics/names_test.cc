// Walks the table of metric names: conventions, and agreement with the documentation.
#include "exporter/metrics/names.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace exporter {
namespace {

std::set<std::string> split(std::string_view list) {
  std::set<std::string> parts;
  std::stringstream stream{std::string(list)};
  for (std::string part; std::getline(stream, part, ',');) parts.insert(part);
  return parts;
}

std::string openmetrics_name(const MetricName& m) {
  std::string name(m.name);
  if (m.kind == MetricKind::counter) name.resize(name.size() - std::strlen("_total"));
  if (m.kind == MetricKind::info) name.resize(name.size() - std::strlen("_info"));
  return name;
}

TEST(MetricNamesTest, FollowTheConventionsOfTheFamily) {
  const std::set<std::string_view> units = {"", "seconds", "bytes", "ratio"};
  for (const MetricName& m : kMetricNames) {
    SCOPED_TRACE(m.name);
    EXPECT_TRUE(std::regex_match(std::string(m.name), std::regex("(sla|probe|process)(_[a-z]+)+")));
    EXPECT_EQ(m.name.ends_with("_total"), m.kind == MetricKind::counter);
    EXPECT_EQ(m.name.ends_with("_info"), m.kind == MetricKind::info);
    EXPECT_TRUE(units.contains(m.unit));
    if (!m.unit.empty()) EXPECT_TRUE(openmetrics_name(m).ends_with("_" + std::string(m.unit)));
    EXPECT_TRUE(m.help.size() > 10 && m.help.ends_with('.')) << "help is a sentence";
  }
}

TEST(MetricNamesTest, NameTheirUnitWhereTheNameHasOne) {
  for (const MetricName& m : kMetricNames) {
    for (const std::string_view unit : {"seconds", "bytes", "ratio"}) {
      if (m.name == "probe_failed_due_to_bytes") continue;  // inherited, and a flag
      if (!openmetrics_name(m).ends_with("_" + std::string(unit))) continue;
      EXPECT_EQ(m.unit, unit) << m.name;
    }
  }
}

TEST(MetricNamesTest, AreUniqueInBothFormats) {
  std::set<std::string> text, open;
  for (const MetricName& m : kMetricNames) {
    EXPECT_TRUE(text.insert(std::string(m.name)).second) << m.name;
    EXPECT_TRUE(open.insert(openmetrics_name(m)).second) << m.name;
  }
}

TEST(MetricNamesTest, UseAllowedLabelsOnly) {
  for (const MetricName& m : kMetricNames) {
    if (m.kind == MetricKind::info) continue;  // they describe; their labels are not joined on
    for (const std::string& label : split(m.labels)) {
      const bool of_opened = m.name == "sla_ticket_opened_total" &&
                             std::ranges::find(kOpenedLabels, label) != kOpenedLabels.end();
      EXPECT_TRUE(of_opened || std::ranges::find(kAllowedLabels, label) != kAllowedLabels.end())
          << m.name << " has " << label;
    }
  }
}

TEST(MetricNamesTest, NeverUseWhatBelongsToThePrometheusOperator) {
  for (const MetricName& m : kMetricNames) {
    for (const std::string& label : split(m.labels)) {
      for (const char* taken : {"service", "region", "customer", "job", "instance", "namespace"}) {
        EXPECT_NE(label, taken) << m.name;
      }
    }
  }
}

TEST(MetricNamesTest, AreTheOnesTheDocumentationDescribes) {
  std::ifstream file(SLA_SOURCE_DIR "/docs/metrics.md");
  ASSERT_TRUE(file) << "docs/metrics.md is missing";
  std::set<std::string> documented, existing;
  const std::regex row(R"(^\| `([a-z_]+)` \|.*)");
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (std::regex_match(line, match, row)) documented.insert(match[1]);
  }
  for (const MetricName& m : kMetricNames) existing.insert(std::string(m.name));
  EXPECT_EQ(documented, existing);
}

TEST(MetricNamesTest, AreFoundByName) {
  EXPECT_EQ(find_metric("sla_service_state")->kind, MetricKind::gauge);
  EXPECT_EQ(find_metric("sla_service"), nullptr);
  static_assert(metric("probe_success").name == "probe_success");
}

}  // namespace
}  // namespace exporter
