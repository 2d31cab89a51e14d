// promtool's unit-test files for rules, read strictly into plain values. Times are milliseconds.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "exporter/config/error.h"
#include "rules/group/rule.h"
#include "rules/promqltest/series_line.h"

namespace exporter::tool {

using ExpectedAlert = std::pair<rules::Labels, rules::NamedTexts>;  // labels and annotations

struct AlertTest {
  std::int64_t eval_time = 0;
  std::string alertname;
  std::vector<ExpectedAlert> expected;
};

struct ExpectedSample {
  std::string labels;
  double value = 0;
};

struct ExprTest {
  std::string expr;
  std::int64_t eval_time = 0;
  std::vector<ExpectedSample> expected;
};

struct RuleTest {
  std::string name;
  std::int64_t interval = 0;  // between the values of a series
  std::int64_t start = 0;     // the instant that all times count from
  std::vector<rules::promqltest::SeriesLine> series;
  rules::Labels external_labels;
  std::string external_url;
  std::vector<AlertTest> alert_tests;
  std::vector<ExprTest> expr_tests;
};

struct RuleTestFile {
  std::vector<std::string> rule_files;  // patterns, as written
  std::int64_t evaluation_interval = 60'000;
  bool fuzzy_compare = false;  // the last bit of a value may differ
  std::vector<std::string> group_eval_order;
  std::vector<RuleTest> tests;
};

std::expected<RuleTestFile, ConfigErrors> read_rule_test(const std::string& path);

}  // namespace exporter::tool
