// Every kind of bad rule file has a file in tests/testdata/rules/bad. Its first lines say, as
// comments, exactly what must be reported: `# expect: LINE:COLUMN: message`.
#include "exporter/config/rule_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "rules/group/templates.h"
#include "rules/promql/printer.h"

namespace exporter {
namespace {

const std::filesystem::path kFolder =
    std::filesystem::path(SLA_SOURCE_DIR) / "tests/testdata/rules/bad";

std::vector<std::string> expectations(const std::filesystem::path& path) {
  std::ifstream in(path);
  const std::string mark = "# expect: ";
  std::vector<std::string> expected;
  for (std::string line; std::getline(in, line) && line.starts_with(mark);) {
    expected.push_back(line.substr(mark.size()));
  }
  return expected;
}

std::vector<std::string> bad_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

class BadRuleFile : public testing::TestWithParam<std::string> {};

TEST_P(BadRuleFile, IsRefusedWithExactlyTheseErrors) {
  const std::filesystem::path path = kFolder / GetParam();
  const RuleFileResult file = read_rule_file(path, rules::template_error);
  ASSERT_FALSE(file.has_value()) << "the file loaded";
  std::vector<std::string> errors;
  for (const ConfigError& error : file.error()) {
    const std::string text = error.text();
    ASSERT_TRUE(text.starts_with(path.string() + ":")) << text;
    errors.push_back(text.substr(path.string().size() + 1));
  }
  EXPECT_EQ(errors, expectations(path));
}

INSTANTIATE_TEST_SUITE_P(Rules, BadRuleFile, testing::ValuesIn(bad_files()), [](const auto& test) {
  std::string name = test.param.substr(0, test.param.size() - 4);
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(BadRuleFiles, CoverAtLeastFortyKinds) { EXPECT_GE(bad_files().size(), 40u); }

rules::RuleFile good(std::string_view text, const TemplateCheck& templates = {}) {
  RuleFileResult file = read_rule_text(text, "rules.yml", templates);
  EXPECT_TRUE(file.has_value()) << file.error()[0].text();
  return file ? *std::move(file) : rules::RuleFile{};
}

TEST(RuleFile, GivesEveryFieldOfGroupsAndRules) {
  const rules::RuleFile file = good(R"(groups:
  - name: first
    interval: 30s
    query_offset: 1m30s
    limit: 7
    labels: {team: web, tier: 1}
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: {tier: "2", gone: ""}
      - alert: Down
        expr: |
          up
            == 0
        for: 5m
        keep_firing_for: 1d
        labels:
          severity: page
          empty:
        annotations: {summary: "{{ $labels.job }}", number: 12}
)");
  EXPECT_EQ(file.path, "rules.yml");
  ASSERT_EQ(file.groups.size(), 1u);
  const rules::RuleGroup& group = file.groups[0];
  EXPECT_EQ(group.name, "first");
  EXPECT_EQ(group.file, "rules.yml");
  EXPECT_EQ(group.interval, 30'000);
  EXPECT_EQ(group.query_offset, 90'000);
  EXPECT_EQ(group.limit, 7u);
  EXPECT_EQ(group.labels, (rules::NamedTexts{{"team", "web"}, {"tier", "1"}}));
  EXPECT_EQ(group.place, (rules::Place{2, 5}));
  ASSERT_EQ(group.rules.size(), 2u);

  const auto& recording = std::get<rules::RecordingRule>(group.rules[0]);
  EXPECT_EQ(recording.name, "job:up:sum");
  EXPECT_EQ(recording.expr_text, "sum by (job) (up)");
  EXPECT_EQ(recording.labels, (rules::NamedTexts{{"gone", ""}, {"team", "web"}, {"tier", "2"}}));
  EXPECT_EQ(recording.place, (rules::Place{8, 9}));
  EXPECT_EQ(recording.number, 1);

  const auto& alerting = std::get<rules::AlertingRule>(group.rules[1]);
  EXPECT_EQ(alerting.name, "Down");
  EXPECT_EQ(alerting.expr_text, "up\n  == 0\n");
  EXPECT_EQ(rules::print(*alerting.expr), "up == 0");
  EXPECT_EQ(alerting.hold, 300'000);
  EXPECT_EQ(alerting.keep_firing_for, 86'400'000);
  EXPECT_EQ(
      alerting.labels,
      (rules::NamedTexts{{"empty", ""}, {"severity", "page"}, {"team", "web"}, {"tier", "1"}}));
  EXPECT_EQ(alerting.annotations,
            (rules::NamedTexts{{"number", "12"}, {"summary", "{{ $labels.job }}"}}));
  EXPECT_EQ(alerting.number, 2);
}

TEST(RuleFile, MayBeEmpty) {
  EXPECT_TRUE(good("").groups.empty());
  EXPECT_TRUE(good("groups:\n").groups.empty());
  EXPECT_TRUE(good("groups: [{name: a}]").groups[0].rules.empty());
}

TEST(RuleFile, TakesAnchorsAndNoughts) {
  const rules::RuleFile file = good(R"(groups:
  - name: a
    interval: 0s
    rules:
      - {record: a, expr: &e up, for: 0s}
      - {alert: B, expr: *e}
)");
  EXPECT_EQ(file.groups[0].interval, std::nullopt);
  EXPECT_EQ(base_of(file.groups[0].rules[1]).expr_text, "up");
}

TEST(RuleFile, HasTheTemplatesOfAlertsCheckedAndOnlyThose) {
  const TemplateCheck check = [](std::string_view text, std::string_view alert) {
    return text == "bad" ? std::optional(std::string(alert) + " is bad") : std::nullopt;
  };
  const RuleFileResult file = read_rule_text(R"(groups:
  - name: a
    rules:
      - {record: a, expr: up, labels: {l: bad}}
      - {alert: B, expr: up, labels: {l: bad}, annotations: {a: bad, b: good}}
)",
                                             "rules.yml", check);
  ASSERT_FALSE(file.has_value());
  ASSERT_EQ(file.error().size(), 2u);
  EXPECT_EQ(file.error()[0].text(),
            "rules.yml:5:42: group \"a\", rule 2, \"B\": label \"l\": B is bad");
  EXPECT_EQ(file.error()[1].text(),
            "rules.yml:5:65: group \"a\", rule 2, \"B\": annotation \"a\": B is bad");
}

TEST(RuleFile, ThatCannotBeReadSaysSo) {
  const RuleFileResult file = read_rule_file("/nonexistent/rules.yml");
  ASSERT_FALSE(file.has_value());
  EXPECT_TRUE(file.error()[0].text().starts_with("/nonexistent/rules.yml: "));
}

}  // namespace
}  // namespace exporter
