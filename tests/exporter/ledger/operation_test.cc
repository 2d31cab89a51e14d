// Running a ledger: one writer, many readers, backups, upgrades, retention, and clocks that are
// wrong.
#include <gmock/gmock.h>
#include <unistd.h>

#include "exporter/ledger/schema.h"
#include "tests/exporter/ledger/ledger_builders.h"

namespace exporter::ledger_test {
namespace {

using Kind = LedgerError::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(LedgerLock, KeepsASecondWriterOutAndNamesTheFirst) {
  const Folder folder;
  auto first = open(folder);
  const LedgerError error = open_error(folder);
  EXPECT_EQ(error.kind, Kind::locked);
  EXPECT_THAT(error.message, HasSubstr(fmt::format("process {}", getpid())));
  first.reset();
  EXPECT_NE(open(folder), nullptr);
}

TEST(LedgerReader, SeesOneMomentWhileTheWriterGoesOn) {
  const Folder folder;
  const auto writer = open(folder);
  for (int day = 0; day < 3; ++day) {
    commit(*writer, {.verdicts = {run("web", kMidnight + day * kDay, 1440)}},
           kMidnight + (day + 1) * kDay);
  }
  const auto reader = open(folder, true);
  pack_all(*writer, kMidnight + 3 * kDay);
  commit(*writer, {.verdicts = {run("web", kMidnight + 3 * kDay, 5, Verdict::bad)}},
         kMidnight + 3 * kDay + 300);
  EXPECT_THAT(verdicts(*reader, "web"), ElementsAre(run("web", kMidnight, 3 * 1440)));
  EXPECT_EQ(problems(*reader), "");
  EXPECT_EQ(verdicts(*open(folder, true), "web").size(), 2u);
}

TEST(LedgerReader, NeitherCommitsNorCreates) {
  const Folder folder;
  EXPECT_EQ(open_error(folder, true).kind, Kind::not_found);
  open(folder).reset();
  const auto reader = open(folder, true);
  EXPECT_EQ(reader->commit({}, at(kMidnight)).error().kind, Kind::refused);
  EXPECT_EQ(reader->pack(at(kMidnight), std::chrono::seconds(1)).error().kind, Kind::refused);
}

TEST(LedgerBackup, IsACompleteLedgerTakenWhileInUse) {
  const Folder folder, elsewhere;
  const auto ledger = open(folder);
  commit(*ledger, {.verdicts = {run("web", kMidnight, 1440)}}, kMidnight + kDay);
  pack_all(*ledger, kMidnight + kDay);
  commit(*ledger, {.verdicts = {run("web", kMidnight + kDay, 1)}}, kMidnight + kDay + 60);
  const auto done = open(folder, true)->backup(elsewhere.file());
  ASSERT_TRUE(done.has_value()) << done.error().message;
  commit(*ledger, {.verdicts = {run("web", kMidnight + kDay + 60, 1)}}, kMidnight + kDay + 120);
  const auto copy = open(elsewhere);
  EXPECT_THAT(verdicts(*copy, "web"), ElementsAre(run("web", kMidnight, 1441)));
  EXPECT_EQ(problems(*copy), "");
}

TEST(LedgerBackup, OverwritesNothing) {
  const Folder folder;
  const auto ledger = open(folder);
  const auto refused = ledger->backup(folder.file());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, Kind::refused);
  EXPECT_THAT(refused.error().message, HasSubstr("exists already"));
}

TEST(LedgerBackup, PutBackIntoTheFolderItIsAccepted) {
  const Folder folder;
  const std::filesystem::path copy = folder.path() / "monday.db";
  {
    const auto ledger = open(folder);
    commit(*ledger, {.verdicts = {run("web", kMidnight, 1)}}, kMidnight + 60);
    ASSERT_TRUE(ledger->backup(copy).has_value());
    commit(*ledger, {.verdicts = {run("web", kMidnight + 60, 1)}}, kMidnight + 120);
  }
  std::filesystem::rename(copy, folder.file());
  EXPECT_THAT(verdicts(*open(folder), "web"), ElementsAre(run("web", kMidnight, 1)));
}

TEST(LedgerBackup, SaysWhenItCannotWrite) {
  const Folder folder;
  const auto ledger = open(folder);
  const auto failed = ledger->backup(folder.path() / "no" / "such" / "folder.db");
  ASSERT_FALSE(failed.has_value());
  EXPECT_THAT(failed.error().message, HasSubstr("folder.db"));
}

TEST(LedgerMigration, CopiesTheFileThenBringsItUpToDate) {
  const Folder folder;
  commit(*open(folder), {.verdicts = {run("web", kMidnight, 1)}}, kMidnight + 60);
  const std::vector<ledger::SchemaStep> later = {
      ledger::schema_steps()[0],
      {2, "CREATE TABLE places(name TEXT); INSERT INTO places VALUES('Geneva')"}};
  auto database = ledger::Database::open(folder.file(), ledger::Database::Mode::write);
  ASSERT_TRUE(database.has_value());
  ASSERT_TRUE(ledger::migrate(**database, later).has_value());
  EXPECT_EQ(ledger::file_version(**database).version, 2);
  EXPECT_EQ((*database)->number("SELECT count(*) FROM places"), 1);
  EXPECT_EQ((*database)->number("SELECT count(*) FROM schema_steps"), 2);
  ASSERT_TRUE(ledger::migrate(**database, later).has_value());  // nothing left to do

  // The copy is the file as it was: this program opens it.
  const Folder before;
  std::filesystem::copy(folder.file().string() + ".v1.bak", before.file());
  EXPECT_THAT(verdicts(*open(before), "web"), ElementsAre(run("web", kMidnight, 1)));
}

TEST(LedgerMigration, ChangesNothingWhenAStepFails) {
  const Folder folder;
  commit(*open(folder), {.verdicts = {run("web", kMidnight, 1)}}, kMidnight + 60);
  const std::vector<ledger::SchemaStep> wrong = {
      ledger::schema_steps()[0],
      {2, "CREATE TABLE places(name TEXT); INSERT INTO nowhere VALUES(1)"}};
  {
    auto database = ledger::Database::open(folder.file(), ledger::Database::Mode::write);
    ASSERT_TRUE(database.has_value());
    EXPECT_FALSE(ledger::migrate(**database, wrong).has_value());
  }
  EXPECT_THAT(verdicts(*open(folder), "web"), ElementsAre(run("web", kMidnight, 1)));
}

// A ledger as a program before the first version might have left it.
void make_old_file(const Folder& folder) {
  auto old = ledger::Database::open(folder.file(), ledger::Database::Mode::create);
  ASSERT_TRUE(old.has_value());
  (*old)->script(
      fmt::format("CREATE TABLE sketch(x); PRAGMA application_id={}", ledger::kApplicationId));
  ASSERT_FALSE((*old)->take_error().has_value());
}

TEST(LedgerMigration, ChangesNothingWhenTheCopyCannotBeMade) {
  const Folder folder;
  make_old_file(folder);
  // A folder stands where the copy is to be written.
  std::filesystem::create_directories(folder.file().string() + ".v0.bak.part/in the way");
  EXPECT_THAT(open_error(folder).message, HasSubstr(".v0.bak.part"));
  auto database = ledger::Database::open(folder.file(), ledger::Database::Mode::read);
  ASSERT_TRUE(database.has_value());
  EXPECT_EQ(ledger::file_version(**database).version, 0);
  EXPECT_EQ((*database)->number("SELECT count(*) FROM sqlite_master"), 1);
}

TEST(LedgerMigration, AReaderRefusesAnOlderFileAndLeavesItAlone) {
  const Folder folder;
  make_old_file(folder);
  const LedgerError error = open_error(folder, true);
  EXPECT_EQ(error.kind, Kind::refused);
  EXPECT_THAT(error.message, HasSubstr("Start the exporter once"));
  EXPECT_FALSE(std::filesystem::exists(folder.file().string() + ".v0.bak"));
}

TEST(LedgerMigration, AFileOfVersionZeroBecomesOneOfToday) {
  const Folder folder;
  make_old_file(folder);
  const auto ledger = open(folder);
  ASSERT_NE(ledger, nullptr);
  commit(*ledger, {.verdicts = {run("web", kMidnight, 1)}}, kMidnight + 60);
  EXPECT_EQ(problems(*ledger), "");
  EXPECT_TRUE(std::filesystem::exists(folder.file().string() + ".v0.bak"));
}

TEST(LedgerClock, StepsBackAreStampedAndChangeNoVerdict) {
  const Folder folder;
  auto ledger = open(folder);
  commit(*ledger, {.verdicts = {run("web", kMidnight, 60)}}, kMidnight + 3600);
  // The clock fell back by half an hour; slots that are judged stay as they are.
  commit(*ledger, {.verdicts = {run("web", kMidnight + 1800, 31, Verdict::bad)}}, kMidnight + 3660);
  commit(*ledger,
         {.corrections =
              {{0, {}, "ada", "x", "web", {}, at(kMidnight), at(kMidnight + 60), Verdict::good}}},
         kMidnight + 1860);
  const std::vector expected = {run("web", kMidnight, 60),
                                run("web", kMidnight + 3600, 1, Verdict::bad)};
  EXPECT_EQ(verdicts(*ledger, "web"), expected);
  ledger.reset();
  ledger = open(folder);
  EXPECT_EQ(verdicts(*ledger, "web"), expected);
  EXPECT_EQ(load(*ledger).last_commit, at(kMidnight + 1860));
  EXPECT_EQ(load(*ledger).corrections[0].committed, at(kMidnight + 1860));
}

TEST(LedgerRetention, DropsOldOutcomesAndKeepsVerdictsAndTotals) {
  const Folder folder;
  LedgerOptions options;
  options.folder = folder.path();
  options.outcome_retention = std::chrono::hours(24 * 10);
  auto opened = Ledger::open(options);
  ASSERT_TRUE(opened.has_value());
  for (int day = 0; day < 30; ++day) {
    const std::int64_t start = kMidnight + day * kDay;
    commit(**opened,
           {.outcomes = {outcome("web", "a", start), outcome("web", "b", start)},
            .verdicts = {run("web", start, 1440)}},
           start + kDay);
    pack_all(**opened, start + kDay);
  }
  opened->reset();
  const auto ledger = open(folder);
  const auto kept = outcomes(*ledger, "web");
  ASSERT_FALSE(kept.empty());
  EXPECT_LE(kept.size(), 22u);
  EXPECT_GE(kept.front().slot, at(kMidnight + 19 * kDay));
  EXPECT_THAT(verdicts(*ledger, "web"), ElementsAre(run("web", kMidnight, 30 * 1440)));
  EXPECT_EQ(load(*ledger).checks.at({"web", "a"}).by_status[0], 30u);
  EXPECT_EQ(problems(*ledger), "");
}

TEST(LedgerRetention, KeepsTheNewestEvidenceWithinItsBound) {
  const Folder folder;
  LedgerOptions options;
  options.folder = folder.path();
  options.evidence_bytes = 1000;
  auto ledger = *Ledger::open(options);
  for (int slot = 0; slot < 50; ++slot) {
    OutcomeRecord record = outcome("web", "a", kMidnight + slot * 60, probes::Status::down);
    record.message = std::string(100, static_cast<char>('a' + slot % 26));
    commit(*ledger, {.outcomes = {record}}, kMidnight + slot * 60 + 30);
  }
  for (int start = 0; start < 2; ++start) {
    const auto records = outcomes(*ledger, "web");
    ASSERT_EQ(records.size(), 50u);
    EXPECT_EQ(
        std::ranges::count_if(records, [](const auto& each) { return !each.message.empty(); }), 10);
    EXPECT_EQ(records.back().message, std::string(100, 'x'));
    EXPECT_EQ(problems(*ledger), "");
    ledger.reset();
    ledger = *Ledger::open(options);
  }
}

TEST(LedgerPacking, DoesNotWaitForAServiceThatIsGone) {
  const Folder folder;
  auto ledger = open(folder);
  commit(
      *ledger,
      {.outcomes = {outcome("old", "a", kMidnight + 600)}, .verdicts = {run("old", kMidnight, 10)}},
      kMidnight + 600);
  for (int day = 0; day < 6; ++day) {
    commit(*ledger, {.verdicts = {run("web", kMidnight + day * kDay, 1440)}},
           kMidnight + (day + 1) * kDay);
  }
  pack_all(*ledger, kMidnight + 6 * kDay);
  EXPECT_EQ(ledger->day_hashes("old", at(kMidnight), at(kMidnight + kDay))->size(), 1u);
  // It comes back: a plan says from when on it counts again.
  Batch again{.verdicts = {run("old", kMidnight + 6 * kDay, 1440)}};
  again.plans = {{.service = "old", .from = at(kMidnight + 6 * kDay), .terms = {}}};
  commit(*ledger, again, kMidnight + 7 * kDay);
  pack_all(*ledger, kMidnight + 7 * kDay);
  ledger.reset();
  ledger = open(folder);
  EXPECT_THAT(verdicts(*ledger, "old"),
              ElementsAre(run("old", kMidnight, 10), run("old", kMidnight + 6 * kDay, 1440)));
  EXPECT_EQ(outcomes(*ledger, "old").size(), 1u);
}

TEST(LedgerPacking, LateVerdictsOfAPackedDayBecomeAnotherPart) {
  const Folder folder;
  auto ledger = open(folder);
  commit(*ledger, {.verdicts = {run("web", kMidnight, 10)}}, kMidnight + 600);
  pack_all(*ledger, kMidnight + 9 * kDay);
  commit(*ledger,
         {.verdicts = {run("web", kMidnight + 600, 9 * 1440 - 10, Verdict::unknown,
                           Cause::not_running)}},
         kMidnight + 9 * kDay);
  pack_all(*ledger, kMidnight + 9 * kDay);
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(verdicts(*ledger, "web").size(), 2u);
    EXPECT_EQ(load(*ledger).services.at("web").next_slot, at(kMidnight + 9 * kDay));
    EXPECT_EQ(problems(*ledger), "");
    ledger.reset();
    ledger = open(folder);
  }
}

TEST(LedgerPacking, EmptiesTheJournal) {
  const Folder folder;
  const auto ledger = open(folder);
  for (int hour = 0; hour < 48; ++hour) {
    commit(*ledger, {.verdicts = {run("web", kMidnight + hour * 3600, 60)}},
           kMidnight + (hour + 1) * 3600);
  }
  pack_all(*ledger, kMidnight + 2 * kDay);
  auto database = ledger::Database::open(folder.file(), ledger::Database::Mode::read);
  EXPECT_EQ((*database)->number("SELECT count(*) FROM journal"), 1);
}

}  // namespace
}  // namespace exporter::ledger_test
