// slatool ledger from the command line, with and without an exporter that runs.
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "exporter/admin_server.h"
#include "exporter/ledger/ledger.h"
#include "exporter/tool/admin_client.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {
namespace {

using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::CaptureStdout;
using testing::internal::GetCapturedStderr;
using testing::internal::GetCapturedStdout;

constexpr std::int64_t kMidnight = 20'500ll * 86'400;  // 2026-02-16

class LedgerVerb : public testing::Test {
 protected:
  LedgerVerb() {
    std::string name = (std::filesystem::temp_directory_path() / "sla-verb-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto ledger = open(false);
    VerdictRun run;
    run.service = "web";
    run.start = Seconds(std::chrono::seconds(kMidnight));
    run.count = 10;
    run.verdict = Verdict::bad;
    EXPECT_TRUE(ledger->commit({.verdicts = {run}}, run.end()).has_value());
  }
  ~LedgerVerb() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Ledger> open(bool read_only = true) {
    LedgerOptions options;
    options.folder = folder_;
    options.read_only = read_only;
    auto ledger = Ledger::open(options);
    EXPECT_TRUE(ledger.has_value()) << ledger.error().message;
    return *std::move(ledger);
  }

  int slatool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"slatool", "ledger"});
    arguments.insert(arguments.end(), {"--storage.path", folder_.string()});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    CaptureStdout();
    CaptureStderr();
    const int code = run(static_cast<int>(argv.size()), argv.data());
    out_ = GetCapturedStdout();
    error_ = GetCapturedStderr();
    return code;
  }

  std::vector<std::string> correction() {
    return {"correct",   "web",
            "--from",    "2026-02-16T00:00Z",
            "--to",      "2026-02-16T00:05Z",
            "--verdict", "good",
            "--by",      "ada",
            "--why",     "the probe was wrong"};
  }

  std::filesystem::path folder_;
  std::string out_, error_;
};

TEST_F(LedgerVerb, VerifySaysWhatItSaw) {
  EXPECT_EQ(slatool({"verify"}), 0);
  EXPECT_THAT(out_, HasSubstr("10 verdicts"));
  EXPECT_THAT(out_, HasSubstr("all is well"));
  EXPECT_THAT(error_, HasSubstr("checking web"));
}

TEST_F(LedgerVerb, BackupCopiesOnceAndOverwritesNothing) {
  const std::string copy = (folder_ / "copy.db").string();
  EXPECT_EQ(slatool({"backup", copy}), 0) << error_;
  EXPECT_TRUE(std::filesystem::exists(copy));
  EXPECT_EQ(slatool({"backup", copy}), 1);
  EXPECT_THAT(error_, HasSubstr("exists already"));
}

TEST_F(LedgerVerb, CorrectWritesItselfWhenNoExporterRuns) {
  EXPECT_EQ(slatool(correction()), 0) << error_;
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
  EXPECT_EQ(slatool(correction()), 0) << error_;
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
  EXPECT_EQ(slatool(correction()), 1);
  EXPECT_THAT(error_, HasSubstr("no such agreement"));
}

TEST_F(LedgerVerb, CorrectNamesTheServicesThereAre) {
  auto arguments = correction();
  arguments[1] = "wbe";
  EXPECT_EQ(slatool(arguments), 2);
  EXPECT_THAT(error_, HasSubstr("it has web"));
}

TEST_F(LedgerVerb, AcceptGapCoversWhatTheExporterStumblesOver) {
  EXPECT_EQ(slatool({"accept-gap", "--by", "ada", "--why", "moved house"}), 0) << error_;
  const auto state = open()->load();
  ASSERT_EQ(state->gaps.size(), 1u);
  EXPECT_EQ(state->gaps[0].from, Seconds(std::chrono::seconds(kMidnight + 600)));
  EXPECT_GT(state->gaps[0].to, state->gaps[0].from);
}

TEST_F(LedgerVerb, AcceptGapIsRefusedWhileTheExporterRuns) {
  const auto running = open(false);
  EXPECT_EQ(slatool({"accept-gap", "--by", "ada", "--why", "x"}), 1);
  EXPECT_THAT(error_, HasSubstr("locked by process"));
}

TEST_F(LedgerVerb, AFolderWithoutALedgerIsNotMadeIntoOne) {
  std::filesystem::remove(folder_ / "ledger.db");
  EXPECT_EQ(slatool({"verify"}), 1);
  EXPECT_THAT(error_, HasSubstr("does not exist"));
  EXPECT_EQ(slatool(correction()), 1);
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
