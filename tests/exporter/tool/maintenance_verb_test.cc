// slatool maintenance without an exporter that runs; with one, the request goes through
// admin.sock (admin_commands_test).
#include "exporter/sla/zone.h"
#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

using testing::HasSubstr;
using testing::Not;

class MaintenanceVerb : public ToolTest {
 protected:
  MaintenanceVerb() {
    const Seconds begin(std::chrono::days(20'500));
    TermsRecord terms;
    terms.from = begin;
    terms.terms.timezone = "UTC+01:00";
    terms.terms.objectives["smtp"] = {};
    auto ledger = open(false);
    EXPECT_TRUE(
        ledger
            ->commit({.plans = {{.service = "smtp", .from = begin, .counting_checks = {"banner"}}},
                      .terms = {terms}},
                     begin)
            .has_value());
  }
  int add(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"maintenance",      "add",  "--from",
                                          "2100-02-01T02:00", "--to", "2100-02-01T04:00"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return slatool(std::move(arguments));
  }
};

TEST_F(MaintenanceVerb, AddsAWindowInTheAgreementsZone) {
  ASSERT_EQ(add({"--service", "smtp", "--announced", "2100-01-01T09:00Z", "--summary", "disks"}), 0)
      << error_;
  const auto state = open()->load();
  ASSERT_EQ(state->windows.size(), 1u);
  const RecordedWindow& recorded = state->windows.front();
  EXPECT_EQ(format_utc(recorded.window.from), "2100-02-01T01:00:00Z");
  EXPECT_EQ(recorded.window.id, "tool:2100-02-01T01:00:00Z");
  EXPECT_EQ(recorded.window.services, std::vector<std::string>{"smtp"});
  EXPECT_EQ(format_utc(*recorded.window.announced), "2100-01-01T09:00:00Z");
  ASSERT_EQ(slatool({"maintenance", "list"}), 0);
  EXPECT_THAT(out_, HasSubstr("2100-02-01T02:00:00+01:00 to 2100-02-01T04:00:00+01:00"));
  EXPECT_THAT(out_, HasSubstr("disks"));
}

TEST_F(MaintenanceVerb, TheSameIdReplacesAWindow) {
  ASSERT_EQ(add({"--id", "move"}), 0);
  ASSERT_EQ(add({"--id", "move", "--summary", "longer"}), 0);
  ASSERT_EQ(slatool({"maintenance", "list"}), 0);
  EXPECT_THAT(out_, HasSubstr("longer"));
  const auto state = open()->load();
  ASSERT_EQ(state->windows.size(), 2u);
  EXPECT_TRUE(state->windows.front().withdrawn || state->windows.back().withdrawn);
}

TEST_F(MaintenanceVerb, WithdrawsAWindowOnce) {
  ASSERT_EQ(add({"--id", "move"}), 0);
  EXPECT_EQ(slatool({"maintenance", "withdraw", "move"}), 0) << error_;
  EXPECT_EQ(slatool({"maintenance", "withdraw", "move"}), 1);
  EXPECT_THAT(error_, HasSubstr("no maintenance window \"move\" is in force"));
  slatool({"maintenance", "list"});
  EXPECT_THAT(out_, HasSubstr("no window lies ahead"));
  slatool({"maintenance", "list", "--all"});
  EXPECT_THAT(out_, HasSubstr("withdrawn"));
}

TEST_F(MaintenanceVerb, RefusesWhatWouldExcludeNothing) {
  EXPECT_EQ(
      slatool({"maintenance", "add", "--from", "2026-02-01T02:00", "--to", "2026-02-01T03:00"}), 2);
  EXPECT_THAT(error_, HasSubstr("slatool ledger correct"));
  EXPECT_EQ(
      slatool({"maintenance", "add", "--from", "2100-02-01T02:00", "--to", "2100-02-01T02:00"}), 2);
  EXPECT_EQ(slatool({"maintenance", "add", "--from", "soon", "--to", "2100-02-01T02:00"}), 2);
  EXPECT_THAT(error_, HasSubstr("--from: "));
  EXPECT_EQ(add({"--service", "ftp"}), 1);
  EXPECT_THAT(error_, HasSubstr("knows no service \"ftp\""));
  EXPECT_EQ(add({"--agreement", "acme"}), 1);
  EXPECT_THAT(error_, HasSubstr("knows no agreement \"acme\""));
  EXPECT_TRUE(open()->load()->windows.empty());
}

}  // namespace
}  // namespace exporter::tool
