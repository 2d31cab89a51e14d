// docs/accounting.md against the code: the tables of the page are computed again, and each hazard
// names a test that exists.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "exporter/sla/month.h"
#include "exporter/sla/verdict.h"

namespace exporter {
namespace {

using namespace std::chrono;

constexpr Objective k99{990'000};
const std::filesystem::path kSource = SLA_SOURCE_DIR;

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

using Row = std::vector<std::string>;

// The rows of the table of the page that has this head, as trimmed cells.
std::vector<Row> table(const std::string& head) {
  static const std::string page = read_text(kSource / "docs/accounting.md");
  const std::size_t at = page.find(head + "\n");
  EXPECT_NE(at, std::string::npos) << head;
  if (at == std::string::npos) return {};
  std::istringstream lines(page.substr(at + head.size() + 1));
  std::vector<Row> rows;
  for (std::string line; std::getline(lines, line) && line.starts_with("|");) {
    if (line.starts_with("| ---")) continue;
    std::istringstream cells(line.substr(1));
    Row& row = rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, '|');) {
      const std::size_t first = cell.find_first_not_of(' ');
      row.push_back(first == std::string::npos
                        ? ""
                        : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
    }
  }
  return rows;
}

TEST(AccountingPage, VerdictsOfThreeChecksAreThoseOfTheCode) {
  const auto rows = table("| checks | any | 2 | all |");
  EXPECT_EQ(rows.size(), 10u);  // every combination of three verdicts
  for (const Row& row : rows) {
    std::vector<Judgement> checks;
    std::istringstream words(row[0]);
    for (std::string word; words >> word;) {
      checks.push_back({word == "good"  ? Verdict::good
                        : word == "bad" ? Verdict::bad
                                        : Verdict::unknown,
                        word == "unknown" ? Cause::local : Cause::none, false});
    }
    ASSERT_EQ(checks.size(), 3u) << row[0];
    EXPECT_EQ(row[1], name_of(judge_checks(checks, 1).verdict)) << row[0];
    EXPECT_EQ(row[2], name_of(judge_checks(checks, 2).verdict)) << row[0];
    EXPECT_EQ(row[3], name_of(judge_checks(checks, 0).verdict)) << row[0];
  }
}

// The attempts of the page's words; of two, the first announces the second.
std::vector<OutcomeRecord> attempts_of(const std::string& text) {
  using probes::Reason;
  using probes::Status;
  struct Word {
    std::string_view text;
    Status status;
    Reason reason;
  };
  constexpr std::array kWords = {Word{"up", Status::up, Reason::none},
                                 Word{"timeout", Status::down, Reason::timeout},
                                 Word{"status 500", Status::down, Reason::status},
                                 Word{"no canary", Status::unknown, Reason::timeout},
                                 Word{"local error", Status::unknown, Reason::local}};
  std::vector<OutcomeRecord> records;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::string word = part.substr(part.find_first_not_of(' '));
    if (!records.empty()) records.back().final = false;
    const auto known = std::ranges::find(kWords, word, &Word::text);
    if (known == kWords.end()) {
      EXPECT_TRUE(word == "nothing" || word == "then nothing") << word;
      continue;
    }
    OutcomeRecord& record = records.emplace_back();
    record.attempt = static_cast<std::uint8_t>(records.size() - 1);
    record.status = known->status;
    record.reason = known->reason;
  }
  return records;
}

TEST(AccountingPage, AttemptsOfACheckAreJudgedAsThePageSays) {
  const auto rows = table("| attempts of a check in a slot | the check is | |");
  EXPECT_EQ(rows.size(), 12u);
  for (const Row& row : rows) {
    const auto records = attempts_of(row[0]);
    std::vector<const OutcomeRecord*> pointers;
    for (const OutcomeRecord& record : records) pointers.push_back(&record);
    const Judgement judged = judge_check(pointers, true, Cause::overload);
    EXPECT_EQ(row[1], name_of(judged.verdict)) << row[0];
    EXPECT_EQ(row[2].find("rescued") != std::string::npos, judged.rescued) << row[0];
    if (judged.verdict == Verdict::unknown && !records.empty()) {
      EXPECT_TRUE(row[2].starts_with(name_of(judged.cause))) << row[0];
    }
  }
}

TEST(AccountingPage, BudgetsAreExact) {
  const auto rows = table("| month | minutes | allowed at 1m | allowed at 5m |");
  EXPECT_EQ(rows.size(), 6u);
  static const re2::RE2 kLength("(\\d+) (days|hours)");
  for (const Row& row : rows) {
    std::int64_t length = 0;
    std::string unit;
    ASSERT_TRUE(re2::RE2::PartialMatch(row[0], kLength, &length, &unit)) << row[0];
    const std::int64_t slots = length * (unit == "days" ? 1440 : 60);
    EXPECT_EQ(row[1], fmt::format("{:.1f}", budget_minutes(k99, slots, 60s)));
    const auto allowed = [](std::int64_t count) {
      return month_figures({}, count, k99, UnknownPolicy::unproven).allowed;
    };
    EXPECT_EQ(row[2], std::to_string(allowed(slots)));
    EXPECT_EQ(row[3], std::to_string(allowed(slots / 5)));
  }
}

TEST(AccountingPage, StatesOfTheMonthAreThoseOfTheCode) {
  const auto rows = table("| good | bad | unknown | pending | unproven | bad | good | excluded |");
  EXPECT_EQ(rows.size(), 6u);
  constexpr std::array kPolicies = {UnknownPolicy::unproven, UnknownPolicy::bad,
                                    UnknownPolicy::good, UnknownPolicy::excluded};
  for (const Row& row : rows) {
    const SlotCounts counts{
        .good = std::stoi(row[0]), .bad = std::stoi(row[1]), .unknown = std::stoi(row[2])};
    ASSERT_EQ(counts.ended() + std::stoi(row[3]), 1000) << row[0];
    for (std::size_t i = 0; i < kPolicies.size(); ++i) {
      EXPECT_EQ(row[4 + i], name_of(month_figures(counts, 1000, k99, kPolicies[i]).state))
          << row[0] << " good, policy " << i;
    }
  }
}

TEST(AccountingPage, CausesAreThoseOfTheLedgerInItsOrder) {
  const auto rows = table("| cause | what happened |");
  ASSERT_EQ(rows.size(), 7u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i][0], fmt::format("`{}`", name_of(static_cast<Cause>(i + 1))));
  }
}

TEST(AccountingPage, EveryHazardHasATestOfThatName) {
  std::string tests;
  for (const char* folder :
       {"tests/exporter/ledger", "tests/exporter/sla", "tests/exporter/schedule", "tests/sim"}) {
    for (const auto& file : std::filesystem::directory_iterator(kSource / folder)) {
      if (file.path().extension() == ".cc") tests += read_text(file.path());
    }
  }
  const auto rows = table("| hazard | what happens | test |");
  EXPECT_GT(rows.size(), 15u);
  static const re2::RE2 kTest("`([A-Z]\\w+)\\.([A-Z]\\w+)`");
  for (const Row& row : rows) {
    re2::StringPiece rest(row[2]);
    std::string suite, test;
    int named = 0;
    for (; re2::RE2::FindAndConsume(&rest, kTest, &suite, &test); ++named) {
      EXPECT_NE(tests.find(fmt::format("TEST({}, {})", suite, test)), std::string::npos)
          << suite << '.' << test;
    }
    EXPECT_GT(named, 0) << row[0];
  }
}

}  // namespace
}  // namespace exporter
