// What is saved comes back, whatever the order and however often; the crash between any two steps
// loses at most the tick that was not in the log; damage is refused and never followed.
#include "rules/series/bytes.h"
#include "rules/series/store.h"
#include "tests/rules/series/naive_store.h"

namespace rules::series {
namespace {

constexpr std::int64_t kStart = 1'764'000'000'000;
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

Dump everything(const Store& store) { return dump(*store.snapshot(), {}, kNever, kForever); }

Labels series_number(std::int64_t i) {
  return {{"__name__", i % 2 ? "sla_x" : "probe_y"}, {"n", std::to_string(i)}, {"empty", ""}};
}

// What a careful owner keeps on disk.
struct Disk {
  std::vector<std::string> blocks, open;
  std::string log;
};

struct Life {
  explicit Life(unsigned seed) : random(seed) {}

  void tick() {
    now += random_step(random);
    for (std::int64_t i = 0; i < 8; ++i) {
      if (between(random, 0, 3) == 0) continue;
      last[i] = random_value(random, std::isfinite(last[i]) ? last[i] : 1);
      store.append(series_number(i), now - between(random, 0, 500), last[i]);
    }
    store.commit(now);
  }

  // Writes as store.h says, and may stop after any step as a killed process does.
  bool save(Disk& disk, bool all, std::int64_t killed_after) {
    disk.log += store.take_log();
    if (!all || killed_after == 0) return all && killed_after == 0;
    for (const Block& block : store.take_sealed()) disk.blocks.push_back(block.bytes);
    if (killed_after == 1) return true;
    disk.open.clear();
    for (const Block& block : store.checkpoint()) disk.open.push_back(block.bytes);
    if (killed_after == 2) return true;
    disk.log.clear();
    store.start_log();
    return killed_after == 3;
  }

  Store store{{.log = true}};
  Random random;
  std::map<std::int64_t, double> last;
  std::int64_t now = kStart;
};

void restore(const Disk& disk, Store& store) {
  for (const std::string& block : disk.blocks) EXPECT_EQ("", store.load(block).why);
  for (const std::string& block : disk.open) EXPECT_EQ("", store.load(block).why);
  const Replayed replayed = store.replay(disk.log);
  EXPECT_FALSE(replayed.torn);
  EXPECT_EQ(disk.log.size(), replayed.used);
}

TEST(Saving, ACrashAfterAnyStepLosesNothingThatWasLogged) {
  const unsigned seed = fresh_seed();
  SCOPED_TRACE(seed);
  for (unsigned round = 0; round < 12 && !testing::Test::HasFailure(); ++round) {
    Life run(seed + round);
    Disk disk;
    const std::int64_t killed_after = round % 4;
    for (int tick = 0; tick < 1'500; ++tick) {
      run.tick();
      const bool all = between(run.random, 0, 99) == 0;
      if (run.save(disk, all, tick > 1'000 ? killed_after : 9)) break;
    }
    const Dump want = everything(run.store);
    Store again({.log = true});
    restore(disk, again);
    expect_same(want, everything(again));
    EXPECT_EQ(run.store.stats().stored, again.stats().stored);

    // The program that was started again saves what it has, and a third one finds it.
    Disk second = disk;
    for (const Block& block : again.take_sealed()) second.blocks.push_back(block.bytes);
    second.open.clear();
    for (const Block& block : again.checkpoint()) second.open.push_back(block.bytes);
    second.log.clear();
    Store third;
    restore(second, third);
    restore(second, third);
    expect_same(want, everything(third));
  }
}

TEST(Saving, ATornEndOfTheLogIsCutOff) {
  Life run(3);
  std::vector<std::size_t> ends = {0};
  std::string log;
  for (int i = 0; i < 20; ++i) {
    run.tick();
    log += run.store.take_log();
    ends.push_back(log.size());
  }
  for (std::size_t size = 0; size <= log.size(); ++size) {
    Store again;
    const Replayed replayed = again.replay(std::string_view(log).substr(0, size));
    const auto end = std::upper_bound(ends.begin(), ends.end(), size) - 1;
    EXPECT_EQ(*end, replayed.used);
    EXPECT_EQ(*end != size, replayed.torn);
  }
}

TEST(Saving, NoDamagedBitIsBelieved) {
  Life run(4);
  Disk disk;
  for (int i = 0; i < 2000; ++i) {
    run.tick();
    disk.log += run.store.take_log();
  }
  for (const Block& block : run.store.take_sealed()) disk.blocks.push_back(block.bytes);
  ASSERT_FALSE(disk.blocks.empty());
  Random random(5);
  for (int i = 0; i < 3'000; ++i) {
    for (std::string bytes : {disk.blocks[0], disk.log}) {
      const auto at =
          static_cast<std::size_t>(between(random, 0, static_cast<std::int64_t>(bytes.size()) - 1));
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << between(random, 0, 7)));
      Store store;
      const Loaded loaded = store.load(bytes);
      EXPECT_FALSE(loaded.ok);
      EXPECT_NE("", loaded.why);
      EXPECT_EQ(0, store.stats().series);
      EXPECT_TRUE(bytes.starts_with("SLAS") || store.replay(bytes).torn);
    }
  }
}

TEST(Saving, BlocksSayHowLongTheyAreNeeded) {
  Store store({.log = true});
  for (std::int64_t i = 0; i < 2000; ++i) {
    store.append({{"__name__", "sla_x"}}, kStart + i, 1);
    store.append({{"__name__", "probe_y"}}, kStart + i, 1);
  }
  const auto sealed = store.take_sealed();
  ASSERT_EQ(2, sealed.size());
  EXPECT_EQ(7 * kDay, sealed[0].keep);
  EXPECT_EQ(40 * kDay, sealed[1].keep);
  EXPECT_EQ(kStart, sealed[0].first);
  EXPECT_EQ(kStart + 1439, sealed[0].last);
  EXPECT_TRUE(store.take_sealed().empty());
  EXPECT_EQ(2, store.checkpoint().size());
}

TEST(Saving, ALogOfNothingIsEmpty) {
  Store store({.log = true});
  EXPECT_EQ("", store.take_log());
  store.append({{"a", "b"}}, 1, 1);
  EXPECT_NE("", store.take_log());
  EXPECT_EQ("", store.take_log());
}

TEST(Checksum, IsCastagnolis) { EXPECT_EQ(0xe3069283, checksum("123456789")); }

}  // namespace
}  // namespace rules::series
