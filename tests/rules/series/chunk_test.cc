// A chunk gives back every bit it was given, says the same of its samples as a fold over them, and
// is small on series that change slowly. Random tests print their seed.
#include "rules/series/chunk.h"

#include "tests/rules/series/naive_store.h"

namespace rules::series {
namespace {

constexpr std::int64_t kStart = 1'764'000'000'000;
constexpr std::int64_t kMinute = 60'000;

std::vector<Sample> samples_of(const Chunk& chunk) {
  std::vector<Sample> samples;
  ChunkReader reader(chunk);
  Sample sample;
  while (reader.next(sample)) samples.push_back(sample);
  return samples;
}

Chunk chunk_of(const std::vector<Sample>& samples) {
  Head head;
  for (const Sample& sample : samples) head.add(sample);
  return head.chunk();
}

std::vector<Sample> each_minute(const std::vector<double>& values) {
  std::vector<Sample> samples;
  for (const double value : values) {
    samples.push_back({kStart + kMinute * static_cast<std::int64_t>(samples.size()), value});
  }
  return samples;
}

void expect_back(const std::vector<Sample>& samples) {
  const Chunk chunk = chunk_of(samples);
  EXPECT_TRUE(same_samples(samples, samples_of(chunk)));
  EXPECT_TRUE(same_samples({samples.front(), samples.back()}, {chunk.first(), chunk.last()}));
  expect_same(naive_summary(samples), chunk.summary());
  const auto again = Chunk::parse(chunk.bytes());
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->verify());
}

TEST(Bits, ReadBackAtEveryWidth) {
  for (unsigned width = 1; width <= 64; ++width) {
    BitWriter writer;
    const std::uint64_t value = 0xb5ad4eceda1ce2a9 >> (64 - width);
    for (int i = 0; i < 20; ++i) writer.bits(value, width);
    BitReader reader(writer.bytes());
    for (int i = 0; i < 20; ++i) EXPECT_EQ(value, reader.bits(width)) << width;
    EXPECT_TRUE(reader.ok());
    reader.bits(8);
    reader.bits(8);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(Chunk, GivesBackWhatIsHardToWrite) {
  const double large = 9007199254740992.0;
  const double tiny = std::numeric_limits<double>::denorm_min();
  expect_back(each_minute({1}));
  expect_back(each_minute({0.5}));
  expect_back(each_minute({stale_nan()}));
  expect_back(each_minute({stale_nan(), stale_nan(), 3, stale_nan()}));
  expect_back(each_minute({0.0, -0.0, 0.0, -0.0, 1, -1}));
  expect_back(each_minute({large, large + 2, -large, large, 0, -large - 2, 1}));
  expect_back(each_minute({large, large, 2 * large, 3 * large, 4 * large, 5 * large, 0}));
  expect_back(each_minute({NAN, INFINITY, -INFINITY, tiny, -tiny, 1e308, -1e308}));
  expect_back(each_minute({1, 0.1, 2, 0.2, 3, 0.3, 4, 0.4, 5, 0.5, 6}));
  expect_back({{INT64_MIN, 1}, {INT64_MIN + 1, 2}, {INT64_MIN + 80'000'000, 3}});
  expect_back({{0, 1}, {1, 1}, {3, 1}, {8'195, 1}, {kChunkSpan, 1}});
}

TEST(Chunk, GivesBackRandomSeries) {
  const unsigned seed = fresh_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Sample> samples = {{kStart + between(random, 0, 1000), random_value(random, 3)}};
    const std::int64_t size =
        between(random, 1, round % 10 == 0 ? kMostChunkSamples : kChunkSamples);
    while (static_cast<std::int64_t>(samples.size()) < size) {
      const Sample next{samples.back().at + random_step(random),
                        random_value(random, samples.back().value)};
      if (next.at - samples.front().at > kChunkSpan) break;
      samples.push_back(next);
    }
    expect_back(samples);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Chunk, IsFullAtItsCountAndAtItsSpan) {
  Head head;
  head.add({kStart, 1});
  EXPECT_FALSE(head.full_for({kStart + kChunkSpan, 1}));
  EXPECT_TRUE(head.full_for({kStart + kChunkSpan + 1, 1}));
  for (std::uint32_t i = 1; i < kChunkSamples; ++i) head.add({kStart + i, 1});
  EXPECT_FALSE(head.full_for({kStart + kChunkSamples, 1})) << "they cost nothing";
  for (std::uint32_t i = kChunkSamples; i < kMostChunkSamples; ++i) head.add({kStart + i, 1});
  EXPECT_TRUE(head.full_for({kStart + kMostChunkSamples, 1}));
}

TEST(Chunk, IsFullAtFewerSamplesWhenTheyChange) {
  Head head;
  for (std::uint32_t i = 0; i < kChunkSamples; ++i) {
    EXPECT_FALSE(head.full_for({kStart + i, 0}));
    head.add({kStart + i, i % 7 * 0.1});
  }
  EXPECT_TRUE(head.full_for({kStart + kChunkSamples, 0}));
}

// What a reader gives that skips up to `until` whenever it may.
std::vector<Sample> samples_after(const Chunk& chunk, std::int64_t until) {
  std::vector<Sample> samples;
  ChunkReader reader(chunk);
  Sample sample;
  while (reader.next(sample)) {
    if (sample.at > until) samples.push_back(sample);
    if (sample.at <= until) reader.skip(until);
  }
  return samples;
}

// Runs of constants and of even counters, broken now and then.
std::vector<Sample> broken_runs(Random& random, bool counts) {
  std::vector<Sample> samples = {{kStart, random_value(random, 3)}};
  for (int i = 1; i < 600; ++i) {
    const bool breaks = between(random, 0, 40) == 0;
    const double last = samples.back().value;
    samples.push_back({samples.back().at + (breaks ? random_step(random) : 60'000),
                       breaks ? random_value(random, last) : last + (counts ? 1 : 0)});
    if (samples.back().at - kStart > kChunkSpan) samples.pop_back();
  }
  return samples;
}

TEST(Chunk, SkipsOnlyWhatItWasToldTo) {
  const unsigned seed = fresh_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 500; ++round) {
    const std::vector<Sample> samples = broken_runs(random, round % 2 == 0);
    const Chunk chunk = chunk_of(samples);
    const std::int64_t until =
        between(random, samples.front().at - 70'000, samples.back().at + 70'000);
    const auto after =
        std::ranges::find_if(samples, [until](const Sample& sample) { return sample.at > until; });
    ASSERT_TRUE(same_samples({after, samples.end()}, samples_after(chunk, until)));
  }
}

TEST(Chunk, SumsUpRunsAsTheirSamples) {
  const unsigned seed = fresh_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 500; ++round) {
    const std::vector<Sample> samples = broken_runs(random, round % 2 == 0);
    const std::int64_t until = between(random, samples.front().at, samples.back().at + 70'000);
    const auto end =
        std::ranges::find_if(samples, [until](const Sample& sample) { return sample.at > until; });
    WindowSummary all;
    ChunkReader reader(chunk_of(samples));
    Sample sample;
    while (reader.next(sample) && sample.at <= until) {
      all.add(sample);
      reader.add_run(until, all);
    }
    expect_same(naive_summary({samples.begin(), end}), all);
  }
}

TEST(Chunk, TakesLittleWhenLittleChanges) {
  const std::vector<double> constant(kMostChunkSamples, 0.99);
  std::vector<double> counter, sometimes;
  Random random(7);
  for (std::uint32_t i = 0; i < kChunkSamples; ++i) {
    counter.push_back(1e6 + i);
    sometimes.push_back((i > 0 ? sometimes.back() : 5e5) + (between(random, 0, 4) == 0 ? 1 : 0));
  }
  EXPECT_LE(chunk_of(each_minute(constant)).bytes().size(), 60);
  EXPECT_LE(chunk_of(each_minute(counter)).bytes().size(), 60);
  EXPECT_LE(chunk_of(each_minute(sometimes)).bytes().size(), kChunkSamples);
}

TEST(Chunk, RefusesOrSurvivesEveryDamage) {
  Random random(11);
  std::vector<double> values;
  for (std::uint32_t i = 0; i < kChunkSamples; ++i) values.push_back(random_value(random, 1));
  const std::string bytes(chunk_of(each_minute(values)).bytes());
  std::size_t believed = 0;
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    const auto chunk = Chunk::parse(damaged);
    if (!chunk) continue;
    std::int64_t last = INT64_MIN;
    for (const Sample& sample : samples_of(*chunk)) {
      EXPECT_GT(sample.at, last);
      last = sample.at;
    }
    believed += chunk->verify() ? 1 : 0;
  }
  // Flipping a bit of a value gives another value; nothing but a checksum can tell.
  EXPECT_LT(believed, bytes.size() * 8);
  for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_FALSE(Chunk::parse(bytes.substr(0, i)));
}

}  // namespace
}  // namespace rules::series
