// A file of events, followed through growth, rotation, cuts and bad lines.
#include "exporter/sources/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "exporter/sources/readers.h"
#include "tests/fakes/fake_loop.h"
#include "tests/fakes/sim_net.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

// Far behind every clock of a file system, so that the newest event or the file's time decides.
const Seconds kNow = std::chrono::sys_days(std::chrono::year(2090) / 1 / 1);

class EventFileTest : public ::testing::Test {
 protected:
  EventFileTest()
      : folder_(std::filesystem::path(::testing::TempDir()) /
                fmt::format("event_file_{}", ::getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    use("events.jsonl");
  }
  ~EventFileTest() override { std::filesystem::remove_all(folder_); }

  void use(const std::string& name) {
    source_.name = "shop";
    source_.type = TicketSource::Type::file;
    source_.file = folder_ / name;
    reader_ = std::make_unique<EventFile>(source_);
  }

  void append(const std::string& text) {
    std::ofstream(source_.file, std::ios::app | std::ios::binary) << text;
  }
  void write(const std::string& text) { std::ofstream(source_.file, std::ios::binary) << text; }

  static std::string line(int seq) {
    return fmt::format(R"({{"ticket":"1","seq":{},"at":"2026-01-05T09:00:00Z","type":"reaction"}})",
                       seq) +
           "\n";
  }

  SourceResult read_once() { return loop_.run_task(reader_->read(cursor_, kNow)); }

  // The seqs that a reading gives, until there is no more.
  std::vector<std::int64_t> read() {
    std::vector<std::int64_t> seqs;
    for (int i = 0; i < 100; ++i) {
      const SourceResult result = read_once();
      if (!result) {
        ADD_FAILURE() << result.error().message;
        return seqs;
      }
      for (const TicketEvent& event : result->events) seqs.push_back(event.seq);
      for (const auto& [what, count] : result->unmapped) counted_[what] += count;
      cursor_ = result->cursor;
      read_until_ = result->read_until;
      if (!result->more) return seqs;
    }
    ADD_FAILURE() << "there is always more to read";
    return seqs;
  }

  const std::filesystem::path folder_;
  fakes::FakeLoop loop_;
  TicketSource source_;
  std::unique_ptr<EventFile> reader_;
  std::string cursor_;
  std::map<std::string, std::uint64_t> counted_;
  std::optional<Seconds> read_until_;
};

TEST_F(EventFileTest, EventsAreReadOnceAsTheyAreWritten) {
  append(line(1) + line(2));
  EXPECT_THAT(read(), ElementsAre(1, 2));
  EXPECT_THAT(read(), IsEmpty());
  append(line(3));
  EXPECT_THAT(read(), ElementsAre(3));
  EXPECT_THAT(counted_, IsEmpty());
}

TEST_F(EventFileTest, TheSourceIsFilledInAndMayNotBeAnothers) {
  append(line(1));
  append(R"({"source":"shop","ticket":"1","seq":2,"at":1795000000,"type":"closed"})"
         "\n");
  append(R"({"source":"other","ticket":"1","seq":3,"at":1795000000,"type":"closed"})"
         "\n");
  const SourceResult result = read_once();
  ASSERT_TRUE(result);
  ASSERT_EQ(result->events.size(), 2u);
  EXPECT_EQ(result->events[0].source, "shop");
  EXPECT_EQ(result->unmapped.at("bad_line"), 1u);
}

TEST_F(EventFileTest, ALastLineWithoutItsEndWaits) {
  const std::string whole = line(2);
  append(line(1) + whole.substr(0, 20));
  EXPECT_THAT(read(), ElementsAre(1));
  EXPECT_FALSE(read_until_);
  append(whole.substr(20));
  EXPECT_THAT(read(), ElementsAre(2));
  EXPECT_TRUE(read_until_);
  EXPECT_THAT(counted_, IsEmpty());
}

TEST_F(EventFileTest, TheFilesTimeSaysUntilWhenItIsComplete) {
  append(line(1));
  const timespec times[2] = {{1'800'000'000, 0}, {1'800'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, source_.file.c_str(), times, 0), 0);
  EXPECT_THAT(read(), ElementsAre(1));
  EXPECT_THAT(read_until_, Optional(Seconds(1'800'000'000s)));
}

TEST_F(EventFileTest, BadLinesAreCountedAndHoldNothingUp) {
  append("not json\n" + line(1) + "\n{\"ticket\":\"1\"}\n\xff\xfe\n" + line(2));
  append(R"({"ticket":"1","seq":7,"at":"1970-01-01T00:00:00Z","type":"closed"})"
         "\n" +
         line(3));
  EXPECT_THAT(read(), ElementsAre(1, 2, 3));
  EXPECT_EQ(counted_.at("bad_line"), 4u);
}

TEST_F(EventFileTest, ALineOfAnyLengthIsPassedOver) {
  for (const std::size_t length : {EventFile::kMaxLineBytes + 1, EventFile::kPieceBytes - 1,
                                   EventFile::kPieceBytes, 3 * EventFile::kPieceBytes + 17}) {
    write(line(1) + std::string(length, 'x') + "\n" + line(2));
    cursor_.clear();
    counted_.clear();
    EXPECT_THAT(read(), ElementsAre(1, 2)) << length;
    EXPECT_EQ(counted_.at("bad_line"), 1u) << length;
  }
}

TEST_F(EventFileTest, ManyEventsComeInPiecesThatCanBeReadFromAnyCursor) {
  std::string text;
  for (int i = 1; i <= 10'000; ++i) text += line(i);
  append(text);
  const SourceResult first = read_once();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->more);
  EXPECT_LT(first->events.size(), 10'000u);
  EXPECT_FALSE(first->read_until);
  const std::vector<std::int64_t> all = read();
  ASSERT_EQ(all.size(), 10'000u);
  EXPECT_EQ(all.back(), 10'000);
}

TEST_F(EventFileTest, AFileThatWasRotatedAwayIsReadToItsEndFirst) {
  append(line(1) + line(2));
  EXPECT_THAT(read(), ElementsAre(1, 2));
  append(line(3) + line(4));
  std::filesystem::rename(source_.file, folder_ / "events.jsonl.1");
  write(line(5));
  EXPECT_THAT(read(), ElementsAre(3, 4, 5));
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_THAT(counted_, IsEmpty());
}

TEST_F(EventFileTest, SoIsTheCopyOfOneThatWasCut) {
  append(line(1));
  EXPECT_THAT(read(), ElementsAre(1));
  append(line(2));
  std::filesystem::copy_file(source_.file, folder_ / "events.jsonl-20260105");
  std::filesystem::resize_file(source_.file, 0);
  append(line(3));
  EXPECT_THAT(read(), ElementsAre(2, 3));
}

TEST_F(EventFileTest, AFileWrittenAnewIsReadFromItsBeginning) {
  append(line(1) + line(2) + line(3));
  EXPECT_THAT(read(), ElementsAre(1, 2, 3));
  write(line(4));
  EXPECT_THAT(read(), ElementsAre(4));
  EXPECT_EQ(counted_.at("rewritten"), 1u);
  // Longer than before, and another one.
  write(line(5) + line(6) + line(7));
  EXPECT_THAT(read(), ElementsAre(5, 6, 7));
  EXPECT_EQ(counted_.at("rewritten"), 2u);
}

TEST_F(EventFileTest, AFileWrittenAnewIsNoticedByItsBeginningAndByWhatWasReadLast) {
  const auto lines = [](std::initializer_list<int> seqs) {
    std::string text;
    for (const int seq : seqs) text += line(seq);
    return text;
  };
  append(lines({1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(read().size(), 9u);
  // The first 256 bytes are the same, and then the last 256 before the offset.
  write(lines({1, 2, 3, 4, 5, 15, 16, 17, 18, 19}));
  EXPECT_THAT(read(), ElementsAre(1, 2, 3, 4, 5, 15, 16, 17, 18, 19));
  write(lines({6, 7, 8, 9, 9, 15, 16, 17, 18, 19, 20}));
  EXPECT_THAT(read(), ElementsAre(6, 7, 8, 9, 9, 15, 16, 17, 18, 19, 20));
  EXPECT_EQ(counted_.at("rewritten"), 2u);
}

TEST_F(EventFileTest, AFileReplacedByALongerOneGoesOn) {
  append(line(1));
  EXPECT_THAT(read(), ElementsAre(1));
  std::ofstream(folder_ / "new") << line(1) << line(2);
  std::filesystem::rename(folder_ / "new", source_.file);
  EXPECT_THAT(read(), ElementsAre(2));
  EXPECT_THAT(counted_, IsEmpty());
}

TEST_F(EventFileTest, ACursorOfSomebodyElseBeginsAnew) {
  append(line(1));
  for (const char* cursor : {"rubbish", "{}", R"({"offset":-5,"line":1,"head":1,"tail":1})",
                             R"({"offset":9223372036854775807,"line":1,"head":1,"tail":1})"}) {
    cursor_ = cursor;
    EXPECT_THAT(read(), ElementsAre(1)) << cursor;
  }
}

TEST_F(EventFileTest, AFileThatIsMissingSaysSo) {
  const SourceResult result = read_once();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, SourceError::Reason::local);
  EXPECT_THAT(result.error().message, HasSubstr("events.jsonl: No such file"));
}

TEST_F(EventFileTest, WhatIsNoFileIsNotRead) {
  ASSERT_EQ(::mkfifo(source_.file.c_str(), 0600), 0);
  EXPECT_FALSE(read_once());
  use(".");
  EXPECT_FALSE(read_once());
}

TEST_F(EventFileTest, CsvNamesItsColumnsInItsFirstLine) {
  use("events.csv");
  append("\xef\xbb\xbfticket,seq,at,type,level\r\n");
  append("1,1,2026-01-05T09:00:00Z,reaction,\r\n");
  EXPECT_THAT(read(), ElementsAre(1));
  append("1,2,2026-01-05T09:00:00Z,escalated,\"second\"\n1,x,2026-01-05T09:00:00Z,closed,\n");
  const SourceResult result = read_once();
  ASSERT_TRUE(result);
  ASSERT_EQ(result->events.size(), 1u);
  EXPECT_EQ(result->events[0].level, "second");
  EXPECT_EQ(result->events[0].source, "shop");
  EXPECT_EQ(result->unmapped.at("bad_line"), 1u);
}

TEST_F(EventFileTest, CsvMayNameItsSource) {
  use("events.csv");
  append(
      "seq,ticket,type,at,source\n1,1,reaction,2026-01-05T09:00:00Z,shop\n"
      "2,1,reaction,2026-01-05T09:00:00Z,other\n");
  EXPECT_THAT(read(), ElementsAre(1));
  EXPECT_EQ(counted_.at("bad_line"), 1u);
}

TEST_F(EventFileTest, ACsvFileWithoutAHeaderIsRefusedWithItsName) {
  use("events.csv");
  append("1,1,2026-01-05T09:00:00Z,reaction\n");
  const SourceResult result = read_once();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, SourceError::Reason::answer);
  EXPECT_THAT(result.error().message, HasSubstr("events.csv:1: "));
}

TEST_F(EventFileTest, AFileTakesNoNotes) {
  const auto result = loop_.run_task(reader_->leave_note("1", "text"));
  EXPECT_FALSE(result);
}

TEST(ReadersTest, EveryTypeThatIsAskedHasAReader) {
  fakes::FakeLoop loop;
  fakes::SimNet net(loop);
  TicketSource source;
  source.url = "https://desk.example.com";
  source.type = TicketSource::Type::webhook;
  EXPECT_EQ(make_reader(source, net, {}), nullptr);
  for (const auto type : {TicketSource::Type::zammad, TicketSource::Type::file}) {
    source.type = type;
    EXPECT_NE(make_reader(source, net, {}), nullptr);
  }
}

}  // namespace
}  // namespace exporter
