#include "exporter/tool/rule_test_file.h"

#include <fmt/format.h>

#include <set>

#include "exporter/config/files.h"
#include "exporter/config/prometheus_values.h"
#include "exporter/config/values.h"
#include "rules/promql/number.h"
#include "rules/promql/parser.h"

namespace exporter::tool {
namespace {

using config::Errors;
using config::MapReader;
using config::Parsed;
using config::YamlPtr;

// A number as YAML and as PromQL have it.
Parsed<double> parse_value(std::string_view text) {
  std::string plain(text);
  if (const std::size_t dot = plain.find(".inf"); dot != plain.npos) plain.erase(dot, 1);
  if (plain == ".nan" || plain == ".NaN") plain.erase(0, 1);
  if (const auto value = rules::parse_number(plain)) return *value;
  if (const auto value = rules::parse_float(plain)) return *value;
  return std::unexpected(fmt::format("\"{}\" is not a number", text));
}

// Seconds since the epoch, or a date.
Parsed<std::int64_t> parse_start(std::string_view text) {
  if (const auto seconds = rules::parse_float(text)) {
    return static_cast<std::int64_t>(*seconds * 1000);
  }
  const auto at = config::parse_time(text, Zone());
  if (!at) return std::unexpected(at.error());
  return at->time_since_epoch().count() * 1000;
}

// Calls `read` with a reader for each item of a list of maps.
template <class Read>
void each_item(MapReader& map, std::string_view key, const std::string& what, Read read) {
  int number = 0;
  for (const YamlPtr& item : config::listed_items(map, key)) {
    MapReader reader(map.errors(), item, fmt::format("{} {}", what, ++number));
    if (!reader.valid()) continue;
    read(reader);
    reader.finish(MapReader::UserKeys::refused);
  }
}

void read_series(MapReader& map, RuleTest& test) {
  std::string series, values;
  if (!map.text("series", series)) {
    if (!map.has("series")) map.error("series", "the series is missing");
    return;
  }
  map.text("values", values);
  auto labels = rules::parse_labels(series);
  if (!labels) {
    map.error("series", labels.error().text());
    return;
  }
  auto points = rules::promqltest::parse_series_values(values);
  if (!points) {
    map.error("values", points.error());
    return;
  }
  // The same series once more replaces the one before, as in promtool.
  std::erase_if(test.series, [&](const auto& before) { return before.labels == *labels; });
  test.series.push_back({*std::move(labels), *std::move(points)});
}

void read_alert_test(MapReader& map, RuleTest& test) {
  AlertTest alert;
  map.value("eval_time", alert.eval_time, config::parse_prometheus_duration);
  map.text("alertname", alert.alertname);
  each_item(map, "exp_alerts", "expected alert", [&](MapReader& item) {
    rules::NamedTexts labels = config::named_texts(item, "exp_labels");
    labels.emplace_back("alertname", alert.alertname);
    alert.expected.emplace_back(rules::Labels(std::move(labels)),
                                config::named_texts(item, "exp_annotations"));
  });
  test.alert_tests.push_back(std::move(alert));
}

void read_expr_test(MapReader& map, RuleTest& test) {
  ExprTest expr;
  map.text("expr", expr.expr);
  map.value("eval_time", expr.eval_time, config::parse_prometheus_duration);
  each_item(map, "exp_samples", "expected sample", [&](MapReader& item) {
    ExpectedSample sample;
    item.text("labels", sample.labels);
    item.value("value", sample.value, parse_value);
    item.refuse("histogram", "native histograms are not supported");
    expr.expected.push_back(std::move(sample));
  });
  test.expr_tests.push_back(std::move(expr));
}

void read_test(MapReader& map, RuleTestFile& file) {
  RuleTest test;
  map.text("name", test.name);
  map.value("interval", test.interval, config::parse_prometheus_duration);
  if (test.interval == 0) test.interval = file.evaluation_interval;
  map.value("start_timestamp", test.start, parse_start);
  each_item(map, "input_series", "input series", [&](MapReader& item) { read_series(item, test); });
  test.external_labels = rules::Labels(config::named_texts(map, "external_labels"));
  map.text("external_url", test.external_url);
  each_item(map, "alert_rule_test", "alert test",
            [&](MapReader& item) { read_alert_test(item, test); });
  each_item(map, "promql_expr_test", "expression test",
            [&](MapReader& item) { read_expr_test(item, test); });
  file.tests.push_back(std::move(test));
}

RuleTestFile read_root(const YamlPtr& root, Errors& errors) {
  RuleTestFile file;
  MapReader map(errors, root, "the test file");
  if (!map.valid()) return file;
  map.texts("rule_files", file.rule_files);
  map.value("evaluation_interval", file.evaluation_interval, config::parse_prometheus_duration);
  if (file.evaluation_interval == 0) file.evaluation_interval = 60'000;
  map.boolean("fuzzy_compare", file.fuzzy_compare);
  map.texts("group_eval_order", file.group_eval_order);
  std::set<std::string> names;
  for (const std::string& name : file.group_eval_order) {
    if (!names.insert(name).second) {
      map.error("group_eval_order", "group name repeated in evaluation order: " + name);
    }
  }
  each_item(map, "tests", "test", [&](MapReader& item) { read_test(item, file); });
  map.finish(MapReader::UserKeys::refused);
  return file;
}

}  // namespace

std::expected<RuleTestFile, ConfigErrors> read_rule_test(const std::string& path) {
  const auto text = config::real_files().read(path, config::kMaxFileBytes);
  if (!text) return std::unexpected(ConfigErrors{{.file = path, .message = text.error()}});
  Errors errors;
  auto source = std::make_shared<config::SourceFile>(path, std::filesystem::path(path));
  RuleTestFile file;
  if (const YamlPtr root = config::parse_yaml(*text, std::move(source), errors)) {
    file = read_root(root, errors);
  }
  if (!errors.empty()) return std::unexpected(errors.take());
  return file;
}

}  // namespace exporter::tool
