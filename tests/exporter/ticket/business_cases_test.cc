// The worked cases of business time, row by row: elapsed time between two instants, and the two
// ends of a deadline.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/exporter/ticket/case_calendars.h"

namespace exporter {
namespace {

using Row = std::map<std::string, std::string>;

// A line of CSV; quotes surround what has commas.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) fields.emplace_back();
    if (c != '"' && c != '\r' && (c != ',' || quoted)) fields.back() += c;
  }
  return fields;
}

std::filesystem::path case_file() {
  const char* const data = std::getenv("SLA_TEST_DATA");
  const auto folder = data != nullptr
                          ? std::filesystem::path(data)
                          : std::filesystem::path(SLA_SOURCE_DIR).parent_path() / "shared";
  return folder / "cases/ticket-clock-cases.csv";
}

std::vector<Row> rows_of_kind(std::string_view kind) {
  std::ifstream file(case_file());
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> names = fields_of(line);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() != names.size()) continue;
    Row row;
    for (std::size_t i = 0; i < names.size(); ++i) row[names[i]] = fields[i];
    if (row["kind"] == kind) rows.push_back(row);
  }
  return rows;
}

// "T/T", several separated by spaces or semicolons.
std::vector<Span> pauses_of(const std::string& text) {
  std::vector<Span> pauses;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(" ;", at)) != std::string::npos) {
    const std::size_t end = std::min(text.find_first_of(" ;", at), text.size());
    const std::string pause = text.substr(at, end - at);
    const std::size_t slash = pause.find('/');
    pauses.push_back({utc(pause.substr(0, slash)), utc(pause.substr(slash + 1))});
    at = end;
  }
  return pauses;
}

class BusinessCases : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(case_file()))
      GTEST_SKIP() << "no cases at " << case_file() << ": SLA_TEST_DATA names the folder";
  }
  std::map<std::string, OpeningHours> calendars_ = case_calendars();
};

TEST_F(BusinessCases, TakeThatManySecondsBetweenTwoInstants) {
  const std::vector<Row> rows = rows_of_kind("elapsed");
  EXPECT_GE(rows.size(), 30U);
  for (Row row : rows) {
    const std::vector<Span> pauses = pauses_of(row["pauses_utc"]);
    const auto elapsed =
        calendars_.at(row["calendar"]).elapsed(utc(row["from_utc"]), utc(row["to_utc"]), pauses);
    EXPECT_EQ(row["expect_business_s"], std::to_string(elapsed.count()))
        << row["id"] << ": " << row["note"];
  }
}

TEST_F(BusinessCases, AreDueAndBreachedAtTheseInstants) {
  const std::vector<Row> rows = rows_of_kind("deadline");
  EXPECT_GE(rows.size(), 18U);
  for (Row row : rows) {
    const std::vector<Span> pauses = pauses_of(row["pauses_utc"]);
    const std::chrono::seconds target(std::stoll(row["target_s"]));
    const auto due = calendars_.at(row["calendar"]).due(utc(row["from_utc"]), target, pauses);
    ASSERT_TRUE(due) << row["id"];
    EXPECT_EQ(row["expect_due_utc"], format_utc(due->due)) << row["id"] << ": " << row["note"];
    EXPECT_EQ(row["expect_breach_after_utc"], format_utc(due->breach_after))
        << row["id"] << ": " << row["note"];
  }
}

// Every clock of a ticket is such a question too: from its start to its decision.
TEST_F(BusinessCases, TakeThatManySecondsOfATicketsClock) {
  const std::vector<Row> rows = rows_of_kind("ticket");
  EXPECT_GE(rows.size(), 30U);
  for (Row row : rows) {
    if (row["from_utc"].empty()) continue;
    const std::vector<Span> pauses = pauses_of(row["pauses_utc"]);
    const OpeningHours& hours = calendars_.at(row["calendar"]);
    const Seconds from = utc(row["from_utc"]);
    EXPECT_EQ(row["expect_business_s"],
              std::to_string(hours.elapsed(from, utc(row["to_utc"]), pauses).count()))
        << row["id"] << ": " << row["note"];
    const auto due = hours.due(from, std::chrono::seconds(std::stoll(row["target_s"])), pauses);
    ASSERT_TRUE(due) << row["id"];
    EXPECT_EQ(row["expect_due_utc"], format_utc(due->due)) << row["id"];
    EXPECT_EQ(row["expect_breach_after_utc"], format_utc(due->breach_after)) << row["id"];
  }
}

}  // namespace
}  // namespace exporter
