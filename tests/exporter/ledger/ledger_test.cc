// What a ledger promises when nothing goes wrong: what was committed is there, once, also after a
// start, packed or not.
#include "exporter/ledger/ledger.h"

#include <gmock/gmock.h>

#include "exporter/sla/canonical.h"
#include "tests/exporter/ledger/ledger_builders.h"

namespace exporter::ledger_test {
namespace {

using probes::Status;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Ledger, IsEmptyWhenNew) {
  const Folder folder;
  const auto ledger = open(folder);
  const LedgerState state = load(*ledger);
  EXPECT_THAT(state.services, IsEmpty());
  EXPECT_EQ(state.last_commit, Seconds{});
  EXPECT_EQ(ledger->file(), folder.file());
  EXPECT_EQ(problems(*ledger), "");
}

TEST(Ledger, ReturnsWhatWasCommitted) {
  const Folder folder;
  auto ledger = open(folder);
  commit(*ledger,
         {.outcomes = {outcome("web", "home", kMidnight),
                       outcome("web", "home", kMidnight + 60, Status::down)},
          .verdicts = {run("web", kMidnight, 1)}},
         kMidnight + 61);
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(verdicts(*ledger, "web"), ElementsAre(run("web", kMidnight, 1)));
    EXPECT_THAT(outcomes(*ledger, "web"),
                ElementsAre(outcome("web", "home", kMidnight),
                            outcome("web", "home", kMidnight + 60, Status::down)));
    const LedgerState state = load(*ledger);
    ASSERT_TRUE(state.services.contains("web"));
    EXPECT_EQ(state.services.at("web").next_slot, at(kMidnight + 60));
    EXPECT_EQ(state.services.at("web").verdicts[0], 1u);
    EXPECT_THAT(state.open_outcomes,
                ElementsAre(outcome("web", "home", kMidnight + 60, Status::down)));
    EXPECT_EQ(state.last_outcomes.at({"web", "home"}).status, Status::down);
    EXPECT_EQ(state.checks.at({"web", "home"}).by_reason.at(probes::Reason::timeout), 1u);
    EXPECT_EQ(state.last_commit, at(kMidnight + 61));
    ledger.reset();
    ledger = open(folder);
  }
}

TEST(Ledger, MergesRunsThatContinueEachOther) {
  const Folder folder;
  const auto ledger = open(folder);
  for (int slot = 0; slot < 5; ++slot) {
    const Verdict verdict = slot == 3 ? Verdict::bad : Verdict::good;
    commit(*ledger, {.verdicts = {run("web", kMidnight + slot * 60, 1, verdict)}},
           kMidnight + slot * 60 + 60);
  }
  EXPECT_THAT(verdicts(*ledger, "web"),
              ElementsAre(run("web", kMidnight, 3), run("web", kMidnight + 180, 1, Verdict::bad),
                          run("web", kMidnight + 240, 1)));
  EXPECT_THAT(
      verdicts(*ledger, "web", kMidnight + 60, kMidnight + 181),
      ElementsAre(run("web", kMidnight + 60, 2), run("web", kMidnight + 180, 1, Verdict::bad)));
}

TEST(Ledger, PackedDaysReadAsBefore) {
  const Folder folder;
  auto ledger = open(folder);
  for (int hour = 0; hour < 72; ++hour) {
    const std::int64_t start = kMidnight + hour * 3600;
    Batch batch{.verdicts = {run("web", start, 59), run("web", start + 59 * 60, 1, Verdict::bad)}};
    for (int i = 0; i < 60; ++i) batch.outcomes.push_back(outcome("web", "home", start + i * 60));
    batch.outcomes.back() = outcome("web", "home", start + 59 * 60, Status::down);
    commit(*ledger, batch, start + 3600);
  }
  const auto runs_before = verdicts(*ledger, "web");
  const auto outcomes_before = outcomes(*ledger, "web");
  const LedgerState before = load(*ledger);
  pack_all(*ledger, kMidnight + 3 * kDay);
  EXPECT_EQ(ledger->day_hashes("web", at(kMidnight), at(kMidnight + 3 * kDay))->size(), 3u);
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(verdicts(*ledger, "web"), runs_before);
    EXPECT_EQ(outcomes(*ledger, "web"), outcomes_before);
    const LedgerState after = load(*ledger);
    EXPECT_EQ(after.services.at("web").verdicts, before.services.at("web").verdicts);
    EXPECT_EQ(after.services.at("web").next_slot, before.services.at("web").next_slot);
    EXPECT_EQ(after.services.at("web").first_slot, before.services.at("web").first_slot);
    EXPECT_EQ((after.checks.at({"web", "home"}).by_status),
              (before.checks.at({"web", "home"}).by_status));
    EXPECT_EQ((after.last_outcomes.at({"web", "home"})),
              (before.last_outcomes.at({"web", "home"})));
    EXPECT_EQ(problems(*ledger), "");
    ledger.reset();
    ledger = open(folder);
  }
}

TEST(Ledger, CommittingABatchTwiceChangesNothing) {
  const Folder folder;
  const auto ledger = open(folder);
  Batch batch{.outcomes = {outcome("web", "home", kMidnight, Status::down)},
              .verdicts = {run("web", kMidnight, 1, Verdict::bad)}};
  batch.plans = {
      {.service = "web", .from = at(kMidnight), .terms = {}, .counting_checks = {"home"}}};
  batch.gaps = {{at(kMidnight), at(kMidnight - 100), at(kMidnight), "ada", "moved house"}};
  commit(*ledger, batch, kMidnight + 61);
  const LedgerState before = load(*ledger);
  commit(*ledger, batch, kMidnight + 62);
  const LedgerState after = load(*ledger);
  EXPECT_EQ(after.last_commit, before.last_commit);  // nothing was written
  EXPECT_EQ(after.plans.size(), 1u);
  EXPECT_EQ(after.gaps.size(), 1u);
  EXPECT_EQ(outcomes(*ledger, "web").size(), 1u);
  EXPECT_EQ(after.services.at("web").verdicts[1], 1u);
}

TEST(Ledger, TheFirstVerdictOfASlotWins) {
  const Folder folder;
  const auto ledger = open(folder);
  commit(*ledger, {.verdicts = {run("web", kMidnight, 2)}}, kMidnight + 120);
  commit(*ledger, {.verdicts = {run("web", kMidnight, 3, Verdict::bad)}}, kMidnight + 180);
  EXPECT_THAT(verdicts(*ledger, "web"),
              ElementsAre(run("web", kMidnight, 2), run("web", kMidnight + 120, 1, Verdict::bad)));
}

TEST(Ledger, ABatchMayBeOutOfOrder) {
  const Folder folder;
  const auto ledger = open(folder);
  commit(*ledger,
         {.outcomes = {outcome("web", "home", kMidnight + 60), outcome("web", "home", kMidnight)},
          .verdicts = {run("web", kMidnight + 60, 1, Verdict::bad), run("web", kMidnight, 1)}},
         kMidnight + 120);
  EXPECT_EQ(verdicts(*ledger, "web").size(), 2u);
  EXPECT_THAT(outcomes(*ledger, "web"), ElementsAre(outcome("web", "home", kMidnight),
                                                    outcome("web", "home", kMidnight + 60)));
  commit(*ledger, {.outcomes = {outcome("web", "home", kMidnight)}}, kMidnight + 121);
  EXPECT_EQ(outcomes(*ledger, "web").size(), 2u);
}

TEST(Ledger, RefusesAHoleThatNothingExplains) {
  const Folder folder;
  const auto ledger = open(folder);
  commit(*ledger, {.verdicts = {run("web", kMidnight, 2)}}, kMidnight + 120);
  const Batch hole{.verdicts = {run("web", kMidnight + 300, 1)}};
  const auto refused = ledger->commit(hole, at(kMidnight + 360));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, LedgerError::Kind::refused);
  EXPECT_THAT(refused.error().message, HasSubstr("web"));
  Batch planned = hole;
  planned.plans = {{.service = "web", .from = at(kMidnight + 300), .terms = {}}};
  commit(*ledger, planned, kMidnight + 360);
  EXPECT_EQ(verdicts(*ledger, "web").size(), 2u);
}

TEST(Ledger, AnAcceptedGapExplainsAHole) {
  const Folder folder;
  auto ledger = open(folder);
  commit(*ledger, {.verdicts = {run("web", kMidnight, 2)}}, kMidnight + 120);
  const std::int64_t later = kMidnight + 40 * kDay;
  const Batch after{.verdicts = {run("web", later, 1)}};
  EXPECT_EQ(ledger->commit(after, at(later + 60)).error().kind, LedgerError::Kind::refused);
  commit(*ledger, {.gaps = {{{}, at(kMidnight + 120), at(later), "ada", "moved house"}}}, later);
  commit(*ledger, after, later + 60);
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(verdicts(*ledger, "web").size(), 2u);
    EXPECT_EQ(problems(*ledger), "");
    ledger.reset();
    ledger = open(folder);
  }
}

TEST(Ledger, RefusesVerdictsThatCannotBeTrue) {
  const Folder folder;
  const auto ledger = open(folder);
  const std::vector<VerdictRun> wrong = {run("web", kMidnight + 1, 1), run("web", kMidnight, 0),
                                         run("web", kMidnight, 1, Verdict::excluded),
                                         run("web", kMidnight, 1, Verdict::good, Cause::local)};
  for (const VerdictRun& each : wrong) {
    const auto refused = ledger->commit({.verdicts = {each}}, at(kMidnight));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, LedgerError::Kind::refused);
  }
}

TEST(Ledger, KeepsReProbesAndConfirmationsApart) {
  const Folder folder;
  const auto ledger = open(folder);
  OutcomeRecord first = outcome("web", "home", kMidnight, Status::down);
  first.final = false;
  OutcomeRecord second = outcome("web", "home", kMidnight);
  second.attempt = 1;
  second.at += std::chrono::seconds(10);
  OutcomeRecord probe = outcome("web", "home", kMidnight, Status::down);
  probe.extra = true;
  probe.at += std::chrono::seconds(20);
  OutcomeRecord later = probe;
  later.at += std::chrono::seconds(60);
  const Batch batch{.outcomes = {first, second, probe, later}};
  commit(*ledger, batch, kMidnight + 100);
  commit(*ledger, batch, kMidnight + 101);
  EXPECT_THAT(outcomes(*ledger, "web"), ElementsAre(first, second, probe, later));
}

TEST(Ledger, KeepsRareRecordsInOrder) {
  const Folder folder;
  auto ledger = open(folder);
  TermsRecord terms{.committed = at(kMidnight), .from = at(kMidnight)};
  terms.terms.objectives["web"] = {999'000};
  terms.services["web"] = {.require = 1};
  terms.tzdata_version = "2026a";
  terms.hash = terms_hash(terms);
  RecordedWindow window{
      {"w1", {"web"}, {}, at(kMidnight + 600), at(kMidnight + 900), at(kMidnight), "new disks"},
      at(kMidnight + 1),
      std::nullopt};
  const Correction correction{0,
                              at(kMidnight + 2),
                              "ada",
                              "wrong probe",
                              "web",
                              {"acme"},
                              at(kMidnight),
                              at(kMidnight + 60),
                              Verdict::excluded};
  commit(*ledger, {.terms = {terms}, .windows = {window}, .corrections = {correction}},
         kMidnight + 3);
  window.withdrawn = at(kMidnight + 50);
  Statement statement{.agreement = "published", .year = 2026, .month = 2, .json = "{}"};
  commit(*ledger, {.windows = {window}, .statements = {statement}}, kMidnight + 51);
  for (int start = 0; start < 2; ++start) {
    const LedgerState state = load(*ledger);
    EXPECT_THAT(state.terms, ElementsAre(terms));
    ASSERT_EQ(state.windows.size(), 1u);
    EXPECT_EQ(state.windows[0].window, window.window);
    EXPECT_EQ(state.windows[0].withdrawn, window.withdrawn);
    ASSERT_EQ(state.corrections.size(), 1u);
    EXPECT_EQ(state.corrections[0].id, 1);
    EXPECT_EQ(state.corrections[0].verdict, Verdict::excluded);
    ASSERT_EQ(state.statements.size(), 1u);
    EXPECT_EQ(state.statements[0].hash, statement_hash(state.statements[0]));
    EXPECT_EQ(problems(*ledger), "");
    ledger.reset();
    ledger = open(folder);
  }
}

TEST(Ledger, RefusesAStatementThatDoesNotFollow) {
  const Folder folder;
  const auto ledger = open(folder);
  Statement statement{.agreement = "published", .year = 2026, .month = 2, .json = "{}"};
  statement.previous_hash = "not the one before";
  statement.hash = statement_hash(statement);
  const auto refused = ledger->commit({.statements = {statement}}, at(kMidnight));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, LedgerError::Kind::refused);
}

}  // namespace
}  // namespace exporter::ledger_test
