// One writer and several readers at once: every snapshot is whole. ThreadSanitizer watches.
#include <atomic>
#include <thread>

#include "rules/series/store.h"
#include "tests/rules/series/naive_store.h"

namespace rules::series {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

// Every sample of a tick has the tick's number, so a torn tick would show.
void expect_whole(const Source& source) {
  double newest = -1;
  for (const auto& cursor : source.select({}, kNever, kForever)) {
    std::vector<Sample> samples;
    cursor->samples(kNever, kForever, samples);
    if (samples.empty() || cursor->labels().has("short")) continue;
    if (newest < 0) newest = samples.back().value;
    EXPECT_EQ(newest, samples.back().value);
    EXPECT_EQ(newest * kMinute, static_cast<double>(samples.back().at));
    const WindowSummary summary = cursor->summary(kNever, kForever);
    EXPECT_EQ(static_cast<std::int64_t>(samples.size()), summary.count);
    EXPECT_EQ(newest, summary.last.value);
    Sample latest;
    EXPECT_TRUE(cursor->latest(kNever, kForever, latest));
    EXPECT_EQ(newest, latest.value);
  }
}

TEST(Threads, ReadersSeeWholeTicksWhileTheWriterGoesOn) {
  Store store({.keep = {{"", 600 * kMinute}}});
  std::atomic<bool> done{false};
  std::atomic<int> rounds{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const auto source = store.snapshot();
        expect_whole(*source);
        expect_whole(*source);
        (void)store.stats();
        ++rounds;
      }
    });
  }
  for (std::int64_t tick = 0; tick < 3'000 || rounds < 50; ++tick) {
    for (std::int64_t i = 0; i < 20; ++i) {
      // Some live for a while only, so that series are made and forgotten beside the readers.
      const std::int64_t life = i < 15 ? 0 : 1 + tick / 300;
      store.append({{"n", std::to_string(i)}, {"short", life ? std::to_string(life) : ""}},
                   tick * kMinute, static_cast<double>(tick));
    }
    store.commit(tick * kMinute);
    if (tick % 97 == 0) store.retire(tick * kMinute);
  }
  done = true;
  readers.clear();
  EXPECT_GE(rounds, 50);
}

}  // namespace
}  // namespace rules::series
