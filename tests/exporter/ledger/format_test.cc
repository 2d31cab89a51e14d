// FORMAT.md against the code: the worked examples are what the code writes, byte by byte, and every
// table, column, key and number of the page is the code's. Who changes the format changes the page.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <re2/re2.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "exporter/ledger/contents.h"
#include "exporter/ledger/schema.h"
#include "tests/exporter/ledger/ledger_builders.h"

namespace exporter::ledger_test {
namespace {

using ledger::Attempt;
using probes::Reason;
using probes::Status;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

const std::filesystem::path kSource = SLA_SOURCE_DIR;

const std::string& page() {
  static const std::string text = read_text(kSource / "exporter/ledger/FORMAT.md");
  return text;
}

// The hex digits of the example of this name, without comments and spaces.
std::string example(std::string_view name) {
  const std::string begin = fmt::format("```hex {}\n", name);
  const std::size_t at = page().find(begin);
  EXPECT_NE(at, std::string::npos) << name;
  if (at == std::string::npos) return {};
  const std::size_t from = at + begin.size();
  std::istringstream lines(page().substr(from, page().find("```", from) - from));
  std::string digits;
  for (std::string line; std::getline(lines, line);) {
    digits += line.substr(0, line.find('#'));
  }
  std::erase(digits, ' ');
  return digits;
}

// The tables of the page below the heading that is `heading`, as rows of cells.
std::vector<std::vector<std::string>> rows_below(const std::string& heading) {
  const std::size_t at = page().find(heading + "\n");
  EXPECT_NE(at, std::string::npos) << heading;
  if (at == std::string::npos) return {};
  const std::size_t from = at + heading.size();
  std::istringstream lines(page().substr(from, page().find("\n#", from) - from));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) cells.push_back(cell);
    rows.push_back(std::move(cells));
  }
  return rows;
}

// What stands in backquotes, in order.
std::vector<std::string> quoted(const std::string& text) {
  std::vector<std::string> names;
  static const re2::RE2 kQuoted("`([^`]+)`");
  re2::StringPiece rest(text);
  for (std::string name; re2::RE2::FindAndConsume(&rest, kQuoted, &name);) names.push_back(name);
  return names;
}

Attempt up(std::int64_t slot, std::int64_t offset, int microseconds) {
  Attempt attempt;
  attempt.slot = kMidnight + slot;
  attempt.offset = offset;
  attempt.latency = ledger::latency_code(std::chrono::microseconds(microseconds));
  attempt.status = Status::up;
  return attempt;
}

Attempt timed_out(std::int64_t slot, std::int64_t offset) {
  Attempt attempt = up(slot, offset, 10'000'000);
  attempt.status = Status::down;
  attempt.reason = Reason::timeout;
  attempt.final = false;
  attempt.evidence = true;
  return attempt;
}

const std::vector<std::string> kAddresses = {"192.0.2.7"};

TEST(LedgerFormat, AJournalRowIsWrittenAsThePageSays) {
  ledger::JournalRow row;
  row.addresses = kAddresses;
  row.runs = {{7, {kMidnight, 1, 60, Verdict::good, Cause::none, false}}};
  row.attempts = {{3, up(0, 12'345, 100)}, {3, timed_out(60, 12'347)}};
  const std::string payload = ledger::encode(row);
  EXPECT_EQ(ledger::to_hex(payload), example("journal-payload"));
  EXPECT_EQ(ledger::to_hex(ledger::journal_hash({}, kMidnight + 61, payload)),
            example("journal-hash"));
}

TEST(LedgerFormat, ADayOfVerdictsIsWrittenAsThePageSays) {
  const std::vector<ledger::Run> runs = {
      {kMidnight, 600, 60, Verdict::good, Cause::none, false},
      {kMidnight + 36'000, 2, 60, Verdict::bad, Cause::none, false},
      {kMidnight + 36'120, 838, 60, Verdict::unknown, Cause::not_running, false}};
  ledger::VerdictHeader header;
  header.owner = 7;
  header.day = ledger::day_of(kMidnight);
  header.previous = ledger::no_digest();
  header.first_slot = kMidnight;
  header.next_slot = kMidnight + kDay;
  for (const ledger::Run& run : runs) header.totals.add(run);
  const ledger::Block block = ledger::make_verdict_block(header, runs);
  EXPECT_EQ(ledger::to_hex(block.payload), example("verdict-payload"));
  EXPECT_EQ(ledger::to_hex(block.header), example("verdict-header"));
  EXPECT_EQ(ledger::to_hex(block.hash), example("verdict-hash"));
}

TEST(LedgerFormat, ADayOfOutcomesIsWrittenAsThePageSays) {
  std::vector<Attempt> attempts = {up(0, 12'345, 100), up(60, 12'345, 130), timed_out(120, 12'347),
                                   up(120, 32'400, 104)};
  attempts[3].attempt = 1;
  ledger::AttemptHeader header;
  header.owner = 3;
  header.day = ledger::day_of(kMidnight);
  header.previous = ledger::no_digest();
  for (const Attempt& attempt : attempts) header.totals.add(attempt);
  const ledger::Block block = ledger::make_attempt_block(header, attempts, kAddresses);
  EXPECT_EQ(ledger::to_hex(block.payload), example("outcome-payload"));
  EXPECT_EQ(ledger::to_hex(block.header), example("outcome-header"));
}

TEST(LedgerFormat, TablesAndColumnsOfThePageAreThoseOfTheSchema) {
  const Folder folder;
  open(folder).reset();
  auto database = ledger::Database::open(folder.file(), ledger::Database::Mode::read);
  ASSERT_TRUE(database.has_value());
  std::set<std::string> extras;
  ledger::Query objects = (*database)->query(
      "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name");
  while (objects.next()) {
    const std::string name(objects.bytes(1));
    if (objects.bytes(0) != "table") {
      extras.insert(name);
      continue;
    }
    std::vector<std::string> wanted, found;
    ledger::Query columns =
        (*database)->query("SELECT name, type FROM pragma_table_info(?) ORDER BY cid", {name});
    while (columns.next())
      wanted.push_back(fmt::format("{} {}", columns.bytes(0), columns.bytes(1)));
    for (const auto& row : rows_below(fmt::format("### Table `{}`", name))) {
      found.push_back(quoted(row[0]).at(0) + row[1].substr(0, row[1].size() - 1));
    }
    EXPECT_EQ(found, wanted) << name;
  }
  std::set<std::string> named;
  for (const auto& row : rows_below("### Indexes and views")) named.insert(quoted(row[0]).at(0));
  EXPECT_EQ(named, extras);
  EXPECT_THAT(page(), HasSubstr(fmt::format("It is schema version {}.",
                                            ledger::schema_steps().back().version)));
}

// One record of every kind.
Batch one_of_each() {
  Batch batch;
  batch.outcomes = {outcome("web", "home", kMidnight)};
  batch.plans = {{.service = "web", .from = at(kMidnight), .terms = {}}};
  batch.terms.resize(1);
  batch.windows = {
      {.window = {.id = "w", .services = {}, .agreements = {}}, .first_seen = {}, .withdrawn = {}}};
  batch.corrections.resize(1);
  batch.corrections[0].by = batch.corrections[0].why = batch.corrections[0].service = "x";
  batch.corrections[0].to = at(60);
  batch.statements.resize(1);
  batch.gaps.resize(1);
  return batch;
}

TEST(LedgerFormat, EntriesHaveTheKeysOfThePage) {
  const Folder folder;
  commit(*open(folder), one_of_each(), kMidnight + 60);
  auto database = ledger::Database::open(folder.file(), ledger::Database::Mode::read);
  ASSERT_TRUE(database.has_value());
  std::map<std::string, std::set<std::string>> wanted, found;
  ledger::Query keys = (*database)->query("SELECT kind, key FROM entries, json_each(entries.body)");
  while (keys.next()) wanted[std::string(keys.bytes(0))].emplace(keys.bytes(1));
  for (const auto& row : rows_below("## Entries")) {
    for (const std::string& key : quoted(row[1])) found[quoted(row[0]).at(0)].insert(key);
  }
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(wanted.size(), 8u);
}

TEST(LedgerFormat, NumbersOfThePageAreThoseOfTheCode) {
  std::vector<std::string> reasons, causes, statuses;
  for (const probes::ReasonName& each : probes::kReasonNames) {
    reasons.push_back(fmt::format("{} {}", static_cast<int>(each.reason), each.name));
  }
  for (std::size_t i = 0; i < ledger::kCauses; ++i) {
    causes.push_back(fmt::format("{} {}", i, name_of(static_cast<Cause>(i))));
  }
  for (int i = 0; i < 4; ++i) {
    statuses.push_back(fmt::format("{} {}", i, probes::name_of(static_cast<Status>(i))));
  }
  EXPECT_THAT(page(), HasSubstr(fmt::format("- reason: {}\n", fmt::join(reasons, ", "))));
  EXPECT_THAT(page(), HasSubstr(fmt::format("- cause: {}\n", fmt::join(causes, ", "))));
  EXPECT_THAT(page(), HasSubstr(fmt::format("- status: {}\n", fmt::join(statuses, ", "))));
  EXPECT_THAT(page(), HasSubstr(fmt::format("the largest code is {}.", ledger::kMaxLatencyCode)));
  EXPECT_THAT(page(),
              HasSubstr(fmt::format("at most {} bytes", probes::Outcome::kMaxMessageBytes)));
}

TEST(LedgerFormat, EveryHazardOfThePageHasATestOfThatName) {
  std::string tests;
  for (const char* folder : {"tests/exporter/ledger", "tests/exporter/sla"}) {
    for (const auto& file : std::filesystem::directory_iterator(kSource / folder)) {
      if (file.path().extension() == ".cc") tests += read_text(file.path());
    }
  }
  const std::size_t hazards = page().find("\n## Hazards\n");
  ASSERT_NE(hazards, std::string::npos);
  std::istringstream lines(page().substr(hazards));
  static const re2::RE2 kTest("([A-Z]\\w+)\\.([A-Z]\\w+)");
  int rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ") || line.starts_with("| ---") || line.starts_with("| hazard"))
      continue;
    ++rows;
    int named = 0;
    for (const std::string& name : quoted(line.substr(line.rfind('|', line.size() - 2)))) {
      std::string suite, test;
      ASSERT_TRUE(re2::RE2::FullMatch(name, kTest, &suite, &test)) << name;
      EXPECT_NE(tests.find(fmt::format("TEST({}, {})", suite, test)), std::string::npos) << name;
      ++named;
    }
    EXPECT_GT(named, 0) << line;
  }
  EXPECT_GT(rows, 20);
}

}  // namespace
}  // namespace exporter::ledger_test
