// A month's report says what the book says, lists where the bad and the unknown slots lie, and can
// be made again for any instant of the past.
#include "exporter/report/month_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "exporter/report/render.h"
#include "tests/fakes/book_bench.h"

namespace exporter {
namespace {

using fakes::BookBench;
using fakes::brief;
using fakes::instant;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr auto kFebruary = std::chrono::year(2026) / std::chrono::February;
const Seconds kBegin = instant("2026-02-01T00:00Z");
const Seconds kEnd = instant("2026-03-01T00:00Z");

// February 2026 of one service with hourly slots: 672 of them, 6 may be bad.
class MonthReportTest : public testing::Test {
 protected:
  MonthReportTest()
      : bench_(fakes::make_config({{.name = "api", .every = hours(1), .checks = {"home"}}})) {
    bench_.config.place = {.name = "Geneva outside", .network = "AS64496", .source_address = {}};
    bench_.start(kBegin);
  }

  void hours_of(Seconds from, std::int64_t count, std::string_view letters) {
    bench_.slots(from, count, letters);
  }
  // Two outages, one of them a refusal, one rescued slot, three hours that nobody observed.
  void a_month() {
    hours_of(kBegin, 100, "u");
    hours_of(kBegin + hours(100), 3, "xx");
    hours_of(kBegin + hours(103), 1, "xu");
    hours_of(kBegin + hours(104), 1, "r");
    hours_of(kBegin + hours(105), 95, "u");
    bench_.step(kBegin + hours(203));
    hours_of(kBegin + hours(203), 672 - 203, "u");
  }
  std::optional<MonthReport> report(Seconds as_of, std::chrono::year_month month = kFebruary,
                                    const std::string& agreement = "published") {
    const auto state = bench_.ledger.load();
    auto made = month_report(bench_.ledger, *state, agreement, month, as_of);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made ? *made : std::nullopt;
  }

  BookBench bench_;
};

TEST_F(MonthReportTest, SaysWhatTheBookSays) {
  a_month();
  const auto made = report(kEnd);
  ASSERT_TRUE(made);
  ASSERT_EQ(made->services.size(), 1u);
  const ServiceReport& api = made->services.front();
  ASSERT_TRUE(bench_.view().previous || bench_.view().current.month == kFebruary);
  const MonthFigures& book =
      bench_.view().previous ? *bench_.view().previous : bench_.view().current;
  EXPECT_EQ(brief(api.figures), brief(book));
  EXPECT_EQ(brief(api.figures), "665/4/3/0+0");
  EXPECT_EQ(api.figures.allowed, 6);
  EXPECT_EQ(api.figures.remaining, 2);
  // 4 bad and 3 unknown: were they bad, 7 would be one too many.
  EXPECT_EQ(api.figures.state, MonthState::unproven);
  EXPECT_EQ(api.rescued, 1);
}

TEST_F(MonthReportTest, ListsOutagesWithTheirReasonsAndWhatIsNotKnown) {
  a_month();
  const ServiceReport api = report(kEnd)->services.front();
  ASSERT_EQ(api.outages.size(), 2u);
  EXPECT_EQ(api.outages[0].from, kBegin + hours(100));
  EXPECT_EQ(api.outages[0].to, kBegin + hours(103));
  EXPECT_EQ(api.outages[0].slots, 3);
  EXPECT_EQ(api.outages[0].reasons.at(probes::Reason::timeout), 6);
  EXPECT_EQ(api.outages[1].slots, 1);
  ASSERT_EQ(api.unknown.size(), 1u);
  EXPECT_EQ(api.unknown[0].from, kBegin + hours(200));
  EXPECT_EQ(api.unknown[0].slots, 3);
  EXPECT_NE(api.unknown[0].cause, Cause::none);
}

TEST_F(MonthReportTest, IsTheSameForAnInstantWhateverCameLater) {
  a_month();
  bench_.step(kEnd + minutes(1));
  const Seconds at = bench_.ledger.statements.back().committed;
  const std::string before = report_markdown(*report(at), {});
  const std::string before_json = reports_json(std::array{*report(at)}, {});
  Correction correction{.by = "Ada",
                        .why = "announced by letter",
                        .service = "api",
                        .from = kBegin + hours(100),
                        .to = kBegin + hours(103),
                        .verdict = Verdict::excluded};
  ASSERT_TRUE(bench_.book().correct(correction, kEnd + hours(1)));
  EXPECT_EQ(report_markdown(*report(at), {}), before);
  EXPECT_EQ(reports_json(std::array{*report(at)}, {}), before_json);
  const auto later = report(kEnd + hours(2));
  EXPECT_EQ(brief(later->services.front().figures), "665/1/3/3+0");
  EXPECT_EQ(brief(later->services.front().unexcluded), "665/4/3/0+0");
  ASSERT_EQ(later->corrections.size(), 1u);
  EXPECT_EQ(later->services.front().outages.size(), 1u);
}

TEST_F(MonthReportTest, OfARunningMonthCountsWhatHasEnded) {
  hours_of(kBegin, 50, "u");
  const auto made = report(kBegin + hours(50));
  EXPECT_EQ(made->stage, MonthStage::running);
  EXPECT_EQ(brief(made->services.front().figures), "50/0/0/0+622");
  // As it stood ten hours earlier.
  EXPECT_EQ(brief(report(kBegin + hours(40))->services.front().figures), "40/0/0/0+632");
}

TEST_F(MonthReportTest, IsProvisionalUntilTheMonthCloses) {
  a_month();
  bench_.step(kEnd + minutes(1));
  auto made = report(kEnd + hours(1));
  EXPECT_EQ(made->stage, MonthStage::provisional);
  ASSERT_EQ(made->statements.size(), 1u);
  EXPECT_FALSE(made->statements.back().closed);
  hours_of(kEnd, 120, "u");
  bench_.step(kEnd + hours(120));
  bench_.step(kEnd + hours(121));
  made = report(kEnd + hours(121));
  EXPECT_EQ(made->stage, MonthStage::closed);
  ASSERT_EQ(made->statements.size(), 2u);
  EXPECT_TRUE(made->statements.back().closed);
  EXPECT_EQ(made->place, "Geneva outside");
}

// The figures people read and the ones that are hashed must never part.
TEST_F(MonthReportTest, AgreesWithItsStatement) {
  a_month();
  bench_.step(kEnd + minutes(1));
  const Statement statement = bench_.ledger.statements.back();
  const auto content = nlohmann::json::parse(statement.json).at("services").at("api");
  const MonthFigures figures = report(statement.committed)->services.front().figures;
  EXPECT_EQ(content.at("good"), figures.counts.good);
  EXPECT_EQ(content.at("bad"), figures.counts.bad);
  EXPECT_EQ(content.at("unknown"), figures.counts.unknown);
  EXPECT_EQ(content.at("excluded"), figures.counts.excluded);
  EXPECT_EQ(content.at("expected"), figures.expected);
  EXPECT_EQ(content.at("allowed"), figures.allowed);
  EXPECT_EQ(content.at("state"), name_of(figures.state));
}

TEST_F(MonthReportTest, KnowsNothingOfMonthsAndAgreementsWithoutSlots) {
  a_month();
  EXPECT_FALSE(report(kEnd, std::chrono::year(2025) / std::chrono::May));
  EXPECT_FALSE(report(kEnd, std::chrono::year(2026) / std::chrono::May));
  EXPECT_FALSE(report(kEnd, kFebruary, "acme"));
}

TEST_F(MonthReportTest, ListsMaintenanceThatTouchesTheMonth) {
  hours_of(kBegin, 10, "u");
  MaintenanceWindow window{.id = "move",
                           .from = kBegin + hours(20),
                           .to = kBegin + hours(22),
                           .announced = kBegin,
                           .summary = "new <disks> | and *more*"};
  MaintenanceWindow march{.id = "march", .from = kEnd, .to = kEnd + hours(2)};
  ASSERT_TRUE(bench_.book().record_windows({window, march}, kBegin + hours(10)));
  hours_of(kBegin + hours(10), 20, "r");
  const auto made = report(kBegin + hours(30));
  ASSERT_EQ(made->windows.size(), 1u);
  EXPECT_EQ(brief(made->services.front().figures), "10/18/0/2+642");
  const std::string text = report_markdown(*made, {.name = "Geneva", .network = "AS64496"});
  EXPECT_THAT(text, HasSubstr("new \\<disks\\> \\| and \\*more\\*"));
  EXPECT_THAT(text, HasSubstr("Measured from Geneva (AS64496)."));
  EXPECT_THAT(text, HasSubstr("| 2026-02-01 20:00 | 2026-02-01 22:00 |"));
}

TEST_F(MonthReportTest, MarkdownTellsTheWholeMonth) {
  a_month();
  const std::string text = report_markdown(*report(kEnd), {});
  EXPECT_THAT(text, HasSubstr("# Availability in February 2026\n"));
  EXPECT_THAT(text, HasSubstr("**Result: 1 of 1 unproven.**"));
  // 665 / 669, cut and not rounded; the exact allowance of 672 hours at 99 %.
  EXPECT_THAT(text, HasSubstr("| api | 99 % | **unproven** | 99.402 % | 98.958 % to 99.404 % | "
                              "403.2 min | 240.0 min | 120.0 min | 99.402 % |"));
  EXPECT_THAT(text, HasSubstr("| api | 3600 s | 672 | 665 | 4 | 3 | 0 | 0 | 6 | 2 | 1 |"));
  EXPECT_THAT(
      text,
      HasSubstr("| api | 2026-02-05 04:00 | 2026-02-05 07:00 | 3 | 180.0 min | timeout (6) |"));
  EXPECT_THAT(text, Not(HasSubstr("Not accounted over the whole month")));
}

TEST_F(MonthReportTest, LongListsAreCutAndSaySo) {
  for (int i = 0; i < 336; ++i) {
    hours_of(kBegin + hours(2 * i), 1, "r");
    hours_of(kBegin + hours(2 * i + 1), 1, "u");
  }
  const auto made = report(kEnd);
  EXPECT_EQ(made->services.front().outages.size(), 336u);
  const std::string text = report_markdown(*made, {});
  EXPECT_THAT(text, HasSubstr("Of api 286 shorter ones with 286 slots are in the JSON report."));
  const auto json = nlohmann::json::parse(reports_json(std::array{*made}, {}));
  EXPECT_EQ(json.at("reports").at(0).at("services").at(0).at("outages").size(), 336u);
}

}  // namespace
}  // namespace exporter
