// The page of rules: what is active comes first, and nothing foreign gets onto it unescaped.
#include "exporter/web/rules_page.h"

#include <gmock/gmock.h>

#include "tests/exporter/web/sample_rules.h"

namespace exporter {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(RulesPageTest, ShowsActiveAlertsFiringOnesFirst) {
  const std::string page = rules_page(sample_rules().get());
  EXPECT_THAT(page, HasSubstr("1 firing, 1 pending."));
  const auto firing = page.find("&#9650; firing"), pending = page.find("&#9671; pending");
  ASSERT_NE(pending, std::string::npos);
  EXPECT_LT(firing, pending);
  EXPECT_THAT(page, HasSubstr("{job=&quot;c&quot;, severity=&quot;page&quot;}"));
  EXPECT_THAT(
      page,
      HasSubstr("<td class=\"whole\">2023-11-14T22:11:49Z</td><td class=\"number\">12.5</td>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"https://wiki.example.com/down\">"));
  EXPECT_THAT(page, Not(HasSubstr("over"))) << "what is over is not shown";
}

TEST(RulesPageTest, ShowsHowEachRuleFares) {
  const std::string page = rules_page(sample_rules().get());
  EXPECT_THAT(page, HasSubstr("<h2>Group mail</h2>"));
  EXPECT_THAT(
      page,
      HasSubstr("rules/mail.yml, every 30s; last evaluated 2023-11-14T22:13:20Z in 12.5 ms."));
  EXPECT_THAT(page, HasSubstr("<code>sum by (job) (up)</code>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"number\">1 series</td>"));
  EXPECT_THAT(page, HasSubstr("for 5m, kept firing for 1m30s"));
  EXPECT_THAT(page, HasSubstr("<td class=\"number\">2 alerts</td>"));
  EXPECT_THAT(page, HasSubstr("&#9650; err"));
  EXPECT_THAT(page, HasSubstr("<div class=\"bad\">query &lt;timed out&gt;</div>"));
  EXPECT_THAT(page, HasSubstr("every 1m; last evaluated never"));
}

TEST(RulesPageTest, EscapesWhatRulesSay) {
  const std::string page = rules_page(sample_rules().get());
  EXPECT_THAT(page, HasSubstr("it &lt;is&gt; down"));
  EXPECT_THAT(page, HasSubstr("<code>a&lt;b</code>"));
  EXPECT_THAT(page, Not(HasSubstr("<is>")));
}

TEST(RulesPageTest, SaysWhenThereAreNone) {
  EXPECT_THAT(rules_page(nullptr), HasSubstr("No rules are evaluated here."));
  EXPECT_THAT(rules_page(std::make_shared<RulesView>().get()),
              HasSubstr("No rules are evaluated here."));
}

TEST(RulesPageTest, ShowsTheLastValuesOfARecordingRule) {
  const auto rules = sample_rules();
  GroupView mail = *rules->groups[0];
  const rules::Labels first = mail.state.rules[0].series[0];
  const rules::Labels second = first.with("job", "b");
  mail.written = {{first, {kEvaluated, 2.5}}};
  rules->groups[0] = std::make_shared<const GroupView>(mail);
  EXPECT_THAT(rules_page(rules.get()), HasSubstr("<td class=\"number\">2.5</td>"));
  mail.state.rules[0].series.push_back(second);
  mail.written.push_back({second, {kEvaluated, -1}});
  rules->groups[0] = std::make_shared<const GroupView>(mail);
  EXPECT_THAT(rules_page(rules.get()), HasSubstr("2 series, -1 to 2.5"));
}

}  // namespace
}  // namespace exporter
