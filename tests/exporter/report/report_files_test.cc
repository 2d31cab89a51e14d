// The files of a month's end: whole or not there, never written over, written later when they could
// not be written in time.
#include "exporter/report/report_files.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>
#include <set>

#include "tests/fakes/book_bench.h"

namespace exporter {
namespace {

using fakes::BookBench;
using fakes::instant;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

const Seconds kBegin = instant("2026-02-01T00:00Z");
const Seconds kEnd = instant("2026-03-01T00:00Z");

class ReportFilesTest : public testing::Test {
 protected:
  ReportFilesTest()
      : bench_(fakes::make_config({{.name = "api", .every = hours(6), .checks = {"home"}}})) {
    std::string name = (fs::temp_directory_path() / "sla-reports-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = fs::path(name) / "reports";
    bench_.start(kBegin);
    bench_.slots(kBegin, 28 * 4, "u");
    bench_.step(kEnd + minutes(1));
  }
  ~ReportFilesTest() override { fs::remove_all(folder_.parent_path()); }

  void close_month() {
    bench_.slots(kEnd, 20, "u");
    bench_.step(kEnd + hours(120));
    bench_.step(kEnd + hours(121));
  }
  // Everything that is missing; returns how many reports were written.
  int write(Seconds now) {
    ReportFiles files(folder_);
    for (int written = 0;; ++written) {
      const auto next = files.write_next(bench_.ledger, {.name = "Geneva", .network = ""}, now);
      EXPECT_TRUE(next.has_value()) << next.error();
      if (!next || !*next) return written;
    }
  }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.insert(entry.path().filename());
    return names;
  }
  std::string text_of(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  BookBench bench_;
  fs::path folder_;
};

TEST_F(ReportFilesTest, AStatementGetsItsReportOnce) {
  EXPECT_EQ(write(kEnd + minutes(1)), 1);
  EXPECT_THAT(files(), ElementsAre("published-2026-02-provisional.json",
                                   "published-2026-02-provisional.md"));
  EXPECT_THAT(text_of("published-2026-02-provisional.md"), HasSubstr("provisional, revision 1"));
  EXPECT_EQ(write(kEnd + minutes(2)), 0);
  close_month();
  EXPECT_EQ(write(kEnd + hours(121)), 1);
  EXPECT_EQ(files().size(), 4u);
  EXPECT_THAT(text_of("published-2026-02-closed.md"), HasSubstr("closed, revision 1"));
}

TEST_F(ReportFilesTest, ACorrectionOfAClosedMonthAddsARevisionAndRewritesNothing) {
  close_month();
  write(kEnd + hours(121));
  const std::string closed = text_of("published-2026-02-closed.md");
  Correction correction{.by = "Ada",
                        .why = "it was down",
                        .service = "api",
                        .from = kBegin,
                        .to = kBegin + hours(12),
                        .verdict = Verdict::bad};
  ASSERT_TRUE(bench_.book().correct(correction, kEnd + hours(122)));
  EXPECT_EQ(write(kEnd + hours(122)), 1);
  EXPECT_EQ(text_of("published-2026-02-closed.md"), closed);
  EXPECT_THAT(text_of("published-2026-02-closed-r2.md"), HasSubstr("closed, revision 2"));
  EXPECT_THAT(text_of("published-2026-02-closed-r2.md"), HasSubstr("it was down"));
}

TEST_F(ReportFilesTest, WhatWasLostIsWrittenAgainAndSaysTheSame) {
  write(kEnd + minutes(1));
  const std::string before = text_of("published-2026-02-provisional.md");
  close_month();
  fs::remove(folder_ / "published-2026-02-provisional.md");
  write(kEnd + hours(121));
  EXPECT_EQ(text_of("published-2026-02-provisional.md"), before);
}

TEST_F(ReportFilesTest, OldReportsThatWereMovedAwayStayAway) {
  write(kEnd + minutes(1));
  fs::remove_all(folder_);
  EXPECT_EQ(write(kEnd + minutes(1) + ReportFiles::kLooksBack + hours(24)), 0);
}

TEST_F(ReportFilesTest, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(folder_) << "a file in the way";
  ReportFiles files(folder_);
  const auto written = files.write_next(bench_.ledger, {}, kEnd + minutes(1));
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error(), HasSubstr(folder_.string()));
}

TEST_F(ReportFilesTest, AFileThatCannotBeWrittenLeavesNoHalf) {
  fs::create_directories(folder_ / "published-2026-02-provisional.md");  // a folder in its place
  fs::create_directories(folder_ / "published-2026-02-provisional.md" / "x");
  ReportFiles files(folder_);
  const auto written = files.write_next(bench_.ledger, {}, kEnd + minutes(1));
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error(), HasSubstr("published-2026-02-provisional.md"));
  for (const std::string& name : this->files()) EXPECT_FALSE(name.ends_with(".new")) << name;
}

}  // namespace
}  // namespace exporter
