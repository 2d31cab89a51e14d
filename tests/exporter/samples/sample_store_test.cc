// What is on disk after a kill, a full disk, a damaged file.
#include "exporter/samples/sample_store.h"

#include <gtest/gtest.h>

#include <fstream>

namespace exporter {
namespace {

using rules::Labels;
using rules::Matcher;

constexpr std::int64_t kStart = 1'800'000'000'000;
const Labels kSeries = {{"__name__", "x"}, {"a", "b"}};
const DocumentKey kKey{"group", "one"};

class SampleStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::path(::testing::TempDir()) /
             ("samples_" + std::to_string(::getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<SampleStore> open() {
    auto store = std::make_unique<SampleStore>(SampleStoreOptions{.folder = folder});
    const auto opened = store->open();
    EXPECT_TRUE(opened) << opened.error();
    warnings.clear();
    const auto loaded = store->load(warnings);
    EXPECT_TRUE(loaded) << loaded.error();
    return store;
  }

  static std::vector<double> values(const SampleStore& store) {
    std::vector<rules::Sample> samples;
    const Matcher matcher{Matcher::Kind::equal, "__name__", "x"};
    for (const auto& cursor : store.snapshot()->select({matcher}, 0, kStart * 2)) {
      cursor->samples(0, kStart * 2, samples);
    }
    std::vector<double> out;
    for (const rules::Sample& sample : samples) out.push_back(sample.value);
    return out;
  }

  static void tick(SampleStore& store, int second) {
    store.store().append(kSeries, kStart + second * 1000, second);
    const auto saved = store.finish_tick(kStart + second * 1000, {{kKey, std::to_string(second)}});
    EXPECT_TRUE(saved) << saved.error();
  }

  std::filesystem::path folder;
  std::vector<std::string> warnings;
};

// A process that is killed closes nothing; its file is then as it is while the process lives.
void copy_as_after_a_kill(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".db-shm") continue;
    std::filesystem::copy_file(entry.path(), to / entry.path().filename());
  }
}

TEST_F(SampleStoreTest, AKillLosesNothingThatWasSaved) {
  const std::filesystem::path killed = folder / "killed";
  {
    auto store = open();
    for (int second = 0; second < 5000; ++second) tick(*store, second);
    store->store().append(kSeries, kStart + 5'000'000, 5000);  // of a tick that was not finished
    store->store().commit(kStart + 5'000'000);
    copy_as_after_a_kill(folder, killed);
  }
  folder = killed;
  auto again = open();
  EXPECT_TRUE(warnings.empty());
  const auto found = values(*again);
  ASSERT_EQ(found.size(), 5000U);
  for (int second = 0; second < 5000; ++second) EXPECT_EQ(found[second], second);
  EXPECT_EQ(again->documents().at(kKey), "4999");
}

TEST_F(SampleStoreTest, GoesOnAfterManyRestarts) {
  for (int life = 0; life < 20; ++life) {
    auto store = open();
    ASSERT_EQ(values(*store).size(), life * 100U);
    for (int second = 0; second < 100; ++second) tick(*store, life * 100 + second);
    if (life % 2 == 0) EXPECT_TRUE(store->close(kStart + life * 100'000 + 99'000));
  }
  EXPECT_EQ(values(*open()).size(), 2000U);
}

TEST_F(SampleStoreTest, DocumentsAreChangedAndRemovedWithTheSamplesOfTheirTick) {
  {
    auto store = open();
    EXPECT_TRUE(store->finish_tick(kStart, {{kKey, "a"}, {{"out", "1"}, "waits"}}));
    EXPECT_TRUE(store->finish_tick(kStart + 1000, {{{"out", "1"}, std::nullopt}}));
  }
  const auto documents = open()->documents();
  EXPECT_EQ(documents.size(), 1U);
  EXPECT_EQ(documents.at(kKey), "a");
}

TEST_F(SampleStoreTest, ADamagedFileIsSetAsideAndSaidSo) {
  {
    tick(*open(), 1);
  }
  {
    std::fstream file(folder / "samples.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0);
    file << std::string(4096, 'x');
  }
  auto store = open();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("samples.db.damaged-"), std::string::npos) << warnings[0];
  EXPECT_TRUE(values(*store).empty());
  tick(*store, 2);
  store.reset();
  EXPECT_EQ(values(*open()), std::vector<double>{2});
}

TEST_F(SampleStoreTest, AFileOfALaterProgramIsRefusedWithTheRemedy) {
  {
    tick(*open(), 1);
  }
  auto database = ledger::Database::open(folder / "samples.db", ledger::Database::Mode::write);
  ASSERT_TRUE(database);
  (*database)->script("PRAGMA user_version=99");
  database->reset();
  SampleStore store(SampleStoreOptions{.folder = folder});
  const auto opened = store.open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().find("later version"), std::string::npos) << opened.error();
  EXPECT_NE(opened.error().find("move the file away"), std::string::npos) << opened.error();
}

// Whatever keeps it from being read may pass; until then nobody writes over it.
TEST_F(SampleStoreTest, AFileThatCannotBeReadIsNotWrittenOver) {
  {
    tick(*open(), 1);
  }
  auto database = ledger::Database::open(folder / "samples.db", ledger::Database::Mode::write);
  ASSERT_TRUE(database);
  const std::int64_t logged = (*database)->number("SELECT count(*) FROM log");
  const std::int64_t blocks = (*database)->number("SELECT count(*) FROM blocks");
  SampleStore store(SampleStoreOptions{.folder = folder});
  ASSERT_TRUE(store.open());
  (*database)->script("ALTER TABLE documents RENAME TO elsewhere");
  EXPECT_FALSE(store.load(warnings));
  tick(store, 2);
  EXPECT_EQ(values(store), std::vector<double>{2});
  EXPECT_EQ((*database)->number("SELECT count(*) FROM log"), logged);
  EXPECT_EQ((*database)->number("SELECT count(*) FROM blocks"), blocks);
}

// What could not be saved is saved later, whole: the log of the time between has a hole.
TEST_F(SampleStoreTest, AfterTroubleWithTheDiskTheNextSaveHoldsEverything) {
  {
    auto store = open();
    tick(*store, 0);
    auto blocker = ledger::Database::open(folder / "samples.db", ledger::Database::Mode::write);
    ASSERT_TRUE(blocker);
    (*blocker)->script(
        "CREATE TRIGGER no_log BEFORE INSERT ON log BEGIN SELECT RAISE(FAIL, 'full'); END;");
    for (int second = 1; second < 10; ++second) {
      store->store().append(kSeries, kStart + second * 1000, second);
      const auto saved =
          store->finish_tick(kStart + second * 1000, {{kKey, std::to_string(second)}});
      // The first fails at the log; a checkpoint needs none, and mends the hole.
      if (second == 1) EXPECT_FALSE(saved);
      if (second == 2) EXPECT_TRUE(saved);
    }
    (*blocker)->script("DROP TRIGGER no_log");
    tick(*store, 10);
  }
  auto again = open();
  EXPECT_EQ(values(*again).size(), 11U);
  EXPECT_EQ(again->documents().at(kKey), "10");
}

TEST_F(SampleStoreTest, WhatIsOverIsRemovedFromTheFile) {
  SampleStoreOptions options{.folder = folder};
  options.store.keep = {{"", 3'600'000}};
  SampleStore store(options);
  ASSERT_TRUE(store.open());
  ASSERT_TRUE(store.load(warnings));
  std::uintmax_t largest = 0;
  for (int minute = 0; minute < 20'000; ++minute) {
    const std::int64_t at = kStart + minute * 60'000;
    for (int series = 0; series < 20; ++series) {
      const Labels labels = {{"__name__", "x"}, {"n", std::to_string(series)}};
      store.store().append(labels, at, (minute * 7919 + series) % 1000);
    }
    ASSERT_TRUE(store.finish_tick(at, {}));
    if (minute == 2000) largest = std::filesystem::file_size(folder / "samples.db");
  }
  EXPECT_LE(std::filesystem::file_size(folder / "samples.db"), largest * 2);
}

}  // namespace
}  // namespace exporter
