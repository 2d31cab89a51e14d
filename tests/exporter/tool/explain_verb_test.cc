// slatool explain tells the whole story of a slot: what was observed, how it was judged, what was
// laid over the verdict.
#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

using testing::HasSubstr;

constexpr Seconds kMidnight(std::chrono::days(20'500));  // 2026-02-16

class ExplainVerb : public ToolTest {
 protected:
  ExplainVerb() {
    auto ledger = open(false);
    Batch batch;
    batch.plans.push_back({.service = "smtp", .from = kMidnight, .counting_checks = {"banner"}});
    batch.verdicts.push_back(
        {.service = "smtp", .start = kMidnight, .count = 5, .verdict = Verdict::bad});
    OutcomeRecord record;
    record.service = "smtp";
    record.check = "banner";
    record.slot = kMidnight + std::chrono::minutes(2);
    record.at = record.slot + std::chrono::seconds(7);
    record.status = probes::Status::down;
    record.reason = probes::Reason::status;
    record.message = "the server answered 421";
    batch.outcomes.push_back(record);
    batch.corrections.push_back({.id = 1,
                                 .committed = kMidnight + std::chrono::hours(1),
                                 .by = "ada",
                                 .why = "announced by letter",
                                 .service = "smtp",
                                 .from = record.slot,
                                 .to = record.slot + std::chrono::minutes(1),
                                 .verdict = Verdict::excluded});
    EXPECT_TRUE(ledger->commit(batch, kMidnight + std::chrono::hours(1)).has_value());
  }

  int explain(std::string service, std::string time) {
    return slatool({"explain", std::move(service), std::move(time)});
  }
};

TEST_F(ExplainVerb, TellsWhatWasObservedAndWhatWasSigned) {
  ASSERT_EQ(explain("smtp", "2026-02-16T00:02:30Z"), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("slot 2026-02-16T00:02:00Z to 2026-02-16T00:03:00Z"));
  EXPECT_THAT(out_, HasSubstr("verdict: bad"));
  EXPECT_THAT(out_, HasSubstr("judged by: all of the checks banner"));
  EXPECT_THAT(out_, HasSubstr("correction 1: excluded"));
  EXPECT_THAT(out_, HasSubstr("signed by ada: announced by letter"));
  EXPECT_THAT(out_, HasSubstr("banner 00:02:07 attempt: down (status)"));
  EXPECT_THAT(out_, HasSubstr("the server answered 421"));
}

TEST_F(ExplainVerb, SaysWhenNothingWasObservedOrJudged) {
  ASSERT_EQ(explain("smtp", "2026-02-16T00:04Z"), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("verdict: bad"));
  EXPECT_THAT(out_, HasSubstr("observed: nothing"));
  ASSERT_EQ(explain("smtp", "2026-02-16T00:05Z"), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("verdict: none"));
}

TEST_F(ExplainVerb, RefusesWhatItCannotAnswer) {
  EXPECT_EQ(explain("ftp", "2026-02-16T00:02Z"), 2);
  EXPECT_THAT(error_, HasSubstr("the ledger knows no service 'ftp'"));
  EXPECT_EQ(explain("smtp", "yesterday"), 2);
  EXPECT_THAT(error_, HasSubstr("TIME: "));
}

}  // namespace
}  // namespace exporter::tool
