// Files that are not as they were left. Each must be noticed, at the opening or by verify, and
// never be used silently; a refusal names the file and what to do.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "tests/exporter/ledger/ledger_builders.h"

namespace exporter::ledger_test {
namespace {

using Kind = LedgerError::Kind;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t kPageBytes = 8192;

// Two services, packed days, open days, evidence and entries: something of every table.
void fill(Ledger& ledger, int days) {
  Batch rare;
  rare.corrections = {{0,
                       at(kMidnight),
                       "ada",
                       "wrong probe",
                       "web",
                       {},
                       at(kMidnight),
                       at(kMidnight + 60),
                       Verdict::good}};
  rare.statements = {{.agreement = "published", .year = 2026, .month = 1, .json = "{}"}};
  commit(ledger, rare, kMidnight);
  for (int hour = 0; hour < days * 24 + 6; ++hour) {
    const std::int64_t start = kMidnight + hour * 3600;
    Batch batch;
    for (const std::string service : {"web", "api"}) {
      batch.verdicts.push_back(run(service, start, 59));
      batch.verdicts.push_back(run(service, start + 59 * 60, 1, Verdict::bad));
      for (int i = 0; i < 59; ++i) batch.outcomes.push_back(outcome(service, "a", start + i * 60));
      batch.outcomes.push_back(outcome(service, "a", start + 3540, probes::Status::down));
    }
    commit(ledger, batch, start + 3600);
    if (hour % 24 == 2) pack_all(ledger, start + 3600);
  }
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

void run_sql(const Folder& folder, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(folder.file().c_str(), &database), SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
  sqlite3_free(error);
  sqlite3_close(database);
}

// Everything a ledger says, to compare.
struct Said {
  std::vector<VerdictRun> web, api;
  std::vector<OutcomeRecord> outcomes;
  std::vector<std::string> entries;
  bool operator==(const Said&) const = default;
};

std::optional<Said> everything(Ledger& ledger) {
  const auto state = ledger.load();
  const Seconds from = at(0), to = at(kMidnight + 1000 * kDay);
  auto web = ledger.verdicts("web", from, to), api = ledger.verdicts("api", from, to);
  auto found = ledger.outcomes("web", "", from, to);
  if (!state || !web || !api || !found) return std::nullopt;
  Said said{*web, *api, *found, {}};
  for (const Correction& each : state->corrections) said.entries.push_back(each.by + each.why);
  for (const Statement& each : state->statements) said.entries.push_back(each.hash);
  return said;
}

// Whether the damage shows: at the opening, in a question, or in verify.
bool is_noticed(const Folder& folder) {
  LedgerOptions options;
  options.folder = folder.path();
  options.read_only = true;
  const auto ledger = Ledger::open(options);
  if (!ledger) return true;
  const auto report = (*ledger)->verify({});
  return !report || !report->problems.empty();
}

TEST(DamagedLedger, AFlippedByteInEveryPageIsNoticedOrChangesNothing) {
  const Folder folder;
  fill(*open(folder), 6);
  run_sql(folder, "VACUUM");  // no free pages
  const auto before = everything(*open(folder, true));
  ASSERT_TRUE(before.has_value());
  const std::string sound = bytes_of(folder.file());
  const std::size_t pages = sound.size() / kPageBytes;
  std::mt19937 random(20);
  std::size_t noticed_in_rows = 0;
  const Folder copy;
  for (std::size_t page = 0; page < pages; ++page) {
    // Rows fill a page from its end; elsewhere there may be room that nobody reads.
    const std::size_t in_rows = kPageBytes - 1 - random() % 20, anywhere = random() % kPageBytes;
    for (const std::size_t place : {in_rows, anywhere}) {
      std::string bytes = sound;
      char& byte = bytes[page * kPageBytes + place];
      byte = static_cast<char>(byte ^ (1 << (random() % 8)));
      write_bytes(copy.file(), bytes);
      if (is_noticed(copy)) {
        noticed_in_rows += place == in_rows;
      } else {
        // Nobody reads it; what is read must be what it was.
        EXPECT_EQ(everything(*open(copy, true)), before) << "byte " << place << " of page " << page;
      }
    }
  }
  // Not those in the text of the schema and in the ledger's identity.
  EXPECT_GE(noticed_in_rows + 3, pages);
}

TEST(DamagedLedger, AFileCutAtAnyPageIsRefused) {
  const Folder folder;
  fill(*open(folder), 1);
  const std::string sound = bytes_of(folder.file());
  const Folder copy;
  for (std::size_t size = kPageBytes; size < sound.size(); size += kPageBytes) {
    write_bytes(copy.file(), sound.substr(0, size));
    const LedgerError error = open_error(copy);
    EXPECT_EQ(error.kind, Kind::damaged);
    EXPECT_THAT(error.message, HasSubstr(copy.file().string()));
    EXPECT_THAT(error.message, HasSubstr("backup"));
  }
}

TEST(DamagedLedger, AnEmptyFileIsRefusedAndNotBegunAnew) {
  const Folder folder;
  write_bytes(folder.file(), "");
  const LedgerError error = open_error(folder);
  EXPECT_EQ(error.kind, Kind::damaged);
  EXPECT_THAT(error.message, HasSubstr("is empty"));
  EXPECT_EQ(std::filesystem::file_size(folder.file()), 0u);
}

TEST(DamagedLedger, AFileThatIsNoDatabaseIsRefused) {
  const Folder folder;
  write_bytes(folder.file(), "services: {}\n" + std::string(5000, ' '));
  EXPECT_EQ(open_error(folder).kind, Kind::damaged);
}

TEST(DamagedLedger, AnotherProgramsDatabaseIsRefused) {
  const Folder folder;
  run_sql(folder, "CREATE TABLE notes(body TEXT); INSERT INTO notes VALUES('mine');");
  const LedgerError error = open_error(folder);
  EXPECT_EQ(error.kind, Kind::damaged);
  EXPECT_THAT(error.message, HasSubstr("not a ledger"));
}

TEST(DamagedLedger, ALostFileIsNotBegunAnewBesideItsWal) {
  const Folder folder;
  write_bytes(folder.file().string() + "-wal", "something");
  EXPECT_EQ(open_error(folder).kind, Kind::damaged);
}

TEST(DamagedLedger, ARemovedWalIsNoticed) {
  const Folder folder, killed;
  const auto ledger = open(folder);
  commit(*ledger, {.verdicts = {run("web", kMidnight, 1)}}, kMidnight + 60);
  folder.copy_to(killed);  // as a kill would leave it
  EXPECT_EQ(verdicts(*open(killed), "web").size(), 1u);
  const Folder robbed;
  folder.copy_to(robbed);
  std::filesystem::remove(robbed.file().string() + "-wal");
  for (const bool read_only : {false, true}) {
    const LedgerError error = open_error(robbed, read_only);
    EXPECT_EQ(error.kind, Kind::damaged);
    EXPECT_THAT(error.message, HasSubstr("ledger.db-wal"));
  }
}

TEST(DamagedLedger, AnOlderCopyPutInItsPlaceIsNoticed) {
  const Folder folder, older;
  {
    const auto ledger = open(folder);
    commit(*ledger, {.verdicts = {run("web", kMidnight, 1)}}, kMidnight + 60);
  }
  std::filesystem::copy(folder.file(), older.file());
  commit(*open(folder), {.verdicts = {run("web", kMidnight + 60, 1)}}, kMidnight + 120);
  std::filesystem::copy(older.file(), folder.file(),
                        std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(open_error(folder).kind, Kind::damaged);
}

TEST(DamagedLedger, ATornJournalRowIsRefused) {
  const Folder folder;
  commit(*open(folder), {.verdicts = {run("web", kMidnight, 1)}}, kMidnight + 60);
  run_sql(folder, "UPDATE journal SET payload = substr(payload, 1, length(payload) - 1)");
  const LedgerError error = open_error(folder);
  EXPECT_EQ(error.kind, Kind::damaged);
  EXPECT_THAT(error.message, HasSubstr("journal row 1"));
}

struct Tampering {
  std::string what, sql;
};

TEST(DamagedLedger, EveryKindOfTamperingIsNoticed) {
  const Folder folder;
  fill(*open(folder), 3);
  const std::vector<Tampering> all = {
      {"a row taken from the journal",
       "DELETE FROM journal WHERE seq = (SELECT max(seq)-2 FROM journal)"},
      {"the last journal row", "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)"},
      {"a changed correction",
       "UPDATE entries SET body = replace(body, 'ada', 'eve') WHERE kind='correction'"},
      {"a correction taken away", "DELETE FROM entries WHERE kind='correction'"},
      {"the last entry", "DELETE FROM entries WHERE id = (SELECT max(id) FROM entries)"},
      {"a verdict block taken away", "DELETE FROM verdict_blocks WHERE id = 3"},
      {"the first verdict blocks", "DELETE FROM verdict_blocks WHERE id <= 2"},
      {"the last verdict block",
       "DELETE FROM verdict_blocks WHERE id = (SELECT max(id) FROM verdict_blocks)"},
      {"an outcome block taken away", "DELETE FROM outcome_blocks WHERE id = 3"},
      {"blocks exchanged",
       "UPDATE verdict_blocks SET service = 3 - service, day = day + 1000 * service WHERE day = "
       "20501"},
      {"a block of another day", "UPDATE outcome_blocks SET day = day + 100 WHERE id = 2"},
      {"changed evidence", "UPDATE evidence SET message = 'all was well' WHERE id = 2"},
      {"evidence taken away", "DELETE FROM evidence WHERE id = 4"},
      {"a moved anchor", "UPDATE state SET value = zeroblob(33) WHERE key = 'journal_anchor'"},
      {"a changed payload with its checksum left",
       "UPDATE verdict_blocks SET payload = x'0000' WHERE id = 1"},
      {"a stranger's block",
       "INSERT INTO verdict_blocks SELECT 999, 77, day, part, header, payload, hash FROM "
       "verdict_blocks WHERE id = 1"},
  };
  for (const Tampering& each : all) {
    SCOPED_TRACE(each.what);
    const Folder copy;
    folder.copy_to(copy);
    EXPECT_FALSE(is_noticed(copy));
    run_sql(copy, each.sql);
    EXPECT_TRUE(is_noticed(copy));
  }
}

TEST(DamagedLedger, ALaterSchemaIsRefusedWithTheWayBack) {
  const Folder folder;
  open(folder).reset();
  run_sql(folder, "PRAGMA user_version = 99");
  for (const bool read_only : {false, true}) {
    const LedgerError error = open_error(folder, read_only);
    EXPECT_EQ(error.kind, Kind::newer_schema);
    EXPECT_THAT(error.message, HasSubstr("schema 99"));
    EXPECT_THAT(error.message, HasSubstr(".bak"));
  }
}

TEST(VerifyLedger, FindsAVerdictThatItsOutcomesContradict) {
  const Folder folder;
  const auto ledger = open(folder);
  Batch batch;
  batch.plans = {
      {.service = "web", .from = at(kMidnight), .terms = {}, .counting_checks = {"home"}}};
  batch.outcomes = {outcome("web", "home", kMidnight),
                    outcome("web", "home", kMidnight + 60, probes::Status::down),
                    outcome("web", "home", kMidnight + 120, probes::Status::down)};
  batch.verdicts = {run("web", kMidnight, 1), run("web", kMidnight + 60, 1, Verdict::bad),
                    run("web", kMidnight + 120, 1),  // not so
                    run("web", kMidnight + 180, 1, Verdict::unknown, Cause::not_running)};
  commit(*ledger, batch, kMidnight + 240);
  const VerifyReport report = verify(*ledger);
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_THAT(report.problems[0], HasSubstr("web"));
  EXPECT_THAT(report.problems[0], HasSubstr("its outcomes say bad"));
  EXPECT_EQ(report.verdicts, 4u);
  EXPECT_EQ(report.outcomes, 3u);
}

TEST(VerifyLedger, TellsHowFarItIs) {
  const Folder folder;
  const auto ledger = open(folder);
  commit(*ledger, {.verdicts = {run("web", kMidnight, 1)}}, kMidnight + 60);
  std::vector<std::string> told;
  const auto report = ledger->verify([&told](std::string_view line) { told.emplace_back(line); });
  ASSERT_TRUE(report.has_value());
  EXPECT_THAT(told, testing::Contains(HasSubstr("web")));
}

}  // namespace
}  // namespace exporter::ledger_test
