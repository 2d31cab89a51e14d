// slatool ledger from the command line, with and without an exporter that runs.
#include <nlohmann/json.hpp>

#include "exporter/admin_server.h"
#include "exporter/tool/admin_client.h"
#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kMidnight = 20'500ll * 86'400;  // 2026-02-16

class LedgerVerb : public ToolTest {
 protected:
  LedgerVerb() {
    auto ledger = open(false);
    VerdictRun run;
    run.service = "web";
    run.start = Seconds(std::chrono::seconds(kMidnight));
    run.count = 10;
    run.verdict = Verdict::bad;
    EXPECT_TRUE(ledger->commit({.verdicts = {run}}, run.end()).has_value());
  }

  int ledger(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ledger");
    return slatool(std::move(arguments));
  }

  std::vector<std::string> correction() {
    return {"correct",   "web",
            "--from",    "2026-02-16T00:00Z",
            "--to",      "2026-02-16T00:05Z",
            "--verdict", "good",
            "--by",      "ada",
            "--why",     "the probe was wrong"};
  }
};

TEST_F(LedgerVerb, VerifySaysWhatItSaw) {
  EXPECT_EQ(ledger({"verify"}), 0);
  EXPECT_THAT(out_, HasSubstr("10 verdicts"));
  EXPECT_THAT(out_, HasSubstr("all is well"));
  EXPECT_THAT(error_, HasSubstr("checking web"));
}

TEST_F(LedgerVerb, BackupCopiesOnceAndOverwritesNothing) {
  const std::string copy = (folder_ / "copy.db").string();
  EXPECT_EQ(ledger({"backup", copy}), 0) << error_;
  EXPECT_TRUE(std::filesystem::exists(copy));
  EXPECT_EQ(ledger({"backup", copy}), 1);
  EXPECT_THAT(error_, HasSubstr("exists already"));
}

TEST_F(LedgerVerb, CorrectWritesItselfWhenNoExporterRuns) {
  EXPECT_EQ(ledger(correction()), 0) << error_;
  const auto state = open()->load();
  ASSERT_EQ(state->corrections.size(), 1u);
  EXPECT_EQ(state->corrections[0].by, "ada");
  EXPECT_EQ(state->corrections[0].to, Seconds(std::chrono::seconds(kMidnight + 300)));
  EXPECT_EQ(state->corrections[0].verdict, Verdict::good);
}

TEST_F(LedgerVerb, CorrectAsksTheExporterThatRuns) {
  const auto running = open(false);
  std::string asked;
  const auto server = AdminServer::start(folder_, [&asked](const std::string& request) {
    asked = request;
    return std::string(R"({"ok":true,"message":"recorded"})");
  });
  ASSERT_TRUE(server.has_value()) << server.error();
  EXPECT_EQ(ledger(correction()), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("recorded"));
  const auto request = nlohmann::json::parse(asked);
  EXPECT_EQ(request.at("command"), "correct");
  EXPECT_EQ(request.at("from"), kMidnight);
  EXPECT_EQ(request.at("why"), "the probe was wrong");
}

TEST_F(LedgerVerb, CorrectPassesOnARefusal) {
  const auto running = open(false);
  const auto server = AdminServer::start(folder_, [](const std::string&) {
    return std::string(R"({"ok":false,"error":"no such agreement"})");
  });
  EXPECT_EQ(ledger(correction()), 1);
  EXPECT_THAT(error_, HasSubstr("no such agreement"));
}

TEST_F(LedgerVerb, CorrectNamesTheServicesThereAre) {
  auto arguments = correction();
  arguments[1] = "wbe";
  EXPECT_EQ(ledger(arguments), 2);
  EXPECT_THAT(error_, HasSubstr("it has web"));
}

TEST_F(LedgerVerb, CorrectRefusesWhatTheExporterWouldRefuse) {
  auto arguments = correction();
  arguments[5] = "2100-01-01T00:00Z";
  EXPECT_EQ(ledger(arguments), 2);
  EXPECT_THAT(error_, HasSubstr("slots that have ended"));
  arguments = correction();
  arguments.insert(arguments.end(), {"--agreement", "acme"});
  EXPECT_EQ(ledger(arguments), 2);
  EXPECT_THAT(error_, HasSubstr("no agreement 'acme'"));
  EXPECT_TRUE(open()->load()->corrections.empty());
}

TEST_F(LedgerVerb, AcceptGapCoversWhatTheExporterStumblesOver) {
  EXPECT_EQ(ledger({"accept-gap", "--by", "ada", "--why", "moved house"}), 0) << error_;
  const auto state = open()->load();
  ASSERT_EQ(state->gaps.size(), 1u);
  EXPECT_EQ(state->gaps[0].from, Seconds(std::chrono::seconds(kMidnight + 600)));
  EXPECT_GT(state->gaps[0].to, state->gaps[0].from);
}

TEST_F(LedgerVerb, AcceptGapIsRefusedWhileTheExporterRuns) {
  const auto running = open(false);
  EXPECT_EQ(ledger({"accept-gap", "--by", "ada", "--why", "x"}), 1);
  EXPECT_THAT(error_, HasSubstr("locked by process"));
}

TEST_F(LedgerVerb, AFolderWithoutALedgerIsNotMadeIntoOne) {
  std::filesystem::remove(folder_ / "ledger.db");
  EXPECT_EQ(ledger({"verify"}), 1);
  EXPECT_THAT(error_, HasSubstr("does not exist"));
  EXPECT_EQ(ledger(correction()), 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ledger.db"));
}

TEST_F(LedgerVerb, AdminRequestTellsAbsenceFromSilence) {
  EXPECT_TRUE(admin_request(folder_, "{}").error().not_running);
  const auto server =
      AdminServer::start(folder_, [](const std::string&) { return std::string("nonsense"); });
  const auto answer = admin_request(folder_, "{}");
  ASSERT_FALSE(answer.has_value());
  EXPECT_FALSE(answer.error().not_running);
}

}  // namespace
}  // namespace exporter::tool
