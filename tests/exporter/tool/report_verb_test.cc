// slatool report from the command line; what a report says is in exporter/report's tests.
#include <nlohmann/json.hpp>

#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

using testing::HasSubstr;

class ReportVerb : public ToolTest {
 protected:
  ReportVerb() {
    const Seconds begin(std::chrono::sys_days(std::chrono::year(2026) / 2 / 1));
    TermsRecord terms;
    terms.from = begin;
    terms.terms.provider = "Maxony";
    terms.terms.objectives["smtp"] = {};
    auto ledger = open(false);
    Batch batch{.plans = {{.service = "smtp", .from = begin, .counting_checks = {"banner"}}},
                .terms = {terms}};
    batch.verdicts.push_back(
        {.service = "smtp", .start = begin, .count = 100, .verdict = Verdict::good});
    EXPECT_TRUE(ledger->commit(batch, begin + std::chrono::minutes(100)).has_value());
  }
};

TEST_F(ReportVerb, PrintsMarkdownAndJson) {
  ASSERT_EQ(slatool({"report", "--month", "2026-02"}), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("# Availability in February 2026"));
  EXPECT_THAT(out_, HasSubstr("Maxony: agreement published"));
  ASSERT_EQ(slatool({"report", "--month", "2026-02", "--format", "json"}), 0) << error_;
  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json.at("reports").at(0).at("services").at(0).at("good"), 100);
}

TEST_F(ReportVerb, SaysWhyThereIsNoReport) {
  EXPECT_EQ(slatool({"report", "--month", "2025-02"}), 1);
  EXPECT_THAT(error_, HasSubstr("nothing was accounted in 2025-02"));
  EXPECT_EQ(slatool({"report", "--month", "2026-02", "--agreement", "acme"}), 2);
  EXPECT_THAT(error_, HasSubstr("the ledger knows no agreement 'acme'"));
  EXPECT_EQ(slatool({"report", "--month", "Feb"}), 2);
  EXPECT_EQ(slatool({"report", "--month", "2026-02", "--format", "pdf"}), 2);
  EXPECT_EQ(slatool({"report"}), 2);
  EXPECT_EQ(slatool({"report", "--month", "2026-02", "--config.file", "missing.yml"}), 2);
  EXPECT_THAT(error_, HasSubstr("missing.yml"));
}

}  // namespace
}  // namespace exporter::tool
