// The store against the obvious one, under random operations; what a snapshot sees and does not.
// Random tests print their seed.
#include "rules/series/store.h"

#include "rules/series/ticks.h"
#include "tests/rules/series/naive_store.h"

namespace rules::series {
namespace {

using Kind = Matcher::Kind;

constexpr std::int64_t kStart = 1'764'000'000'000;
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

Labels series_number(std::int64_t i) {
  return {{"__name__", i % 2 ? "sla_x" : "probe_y"}, {"n", std::to_string(i)}};
}

Dump everything(const Source& source) { return dump(source, {}, kNever, kForever); }

TEST(Store, RefusesWhatIsNotNewerAndCountsIt) {
  Store store;
  const Labels labels{{"__name__", "x"}};
  EXPECT_EQ(Append::stored, store.append(labels, 10, 1));
  EXPECT_EQ(Append::duplicate, store.append(labels, 10, 2));
  EXPECT_EQ(Append::out_of_order, store.append(labels, 9, 3));
  EXPECT_EQ(Append::stored, store.append(labels, 11, 4));
  EXPECT_EQ(1, store.stats().duplicates);
  EXPECT_EQ(1, store.stats().out_of_order);
  EXPECT_EQ(2, store.stats().stored);
}

TEST(Store, RefusesMoreSeriesThanItMayHold) {
  Store store({.series = 2});
  EXPECT_EQ(Append::stored, store.append({{"a", "1"}}, 1, 1));
  EXPECT_EQ(Append::stored, store.append({{"a", "2"}}, 1, 1));
  EXPECT_EQ(Append::too_many_series, store.append({{"a", "3"}}, 1, 1));
  EXPECT_EQ(1, store.stats().refused);
}

TEST(Snapshot, SeesWhatWasCommittedAndNothingAfterItsTick) {
  Store store;
  const Labels labels{{"__name__", "x"}};
  store.append(labels, 10, 1);
  EXPECT_TRUE(everything(*store.snapshot()).empty());
  store.commit(10);
  const auto at_10 = store.snapshot();
  store.append(labels, 20, 2);
  store.append({{"__name__", "new"}}, 20, 2);
  EXPECT_EQ(1, everything(*store.snapshot())["x"].size());
  store.commit(20);
  EXPECT_EQ(2, everything(*store.snapshot()).size());
  EXPECT_EQ(1, everything(*at_10).size());
  EXPECT_EQ(1, everything(*at_10)["x"].size());
}

TEST(Snapshot, DoesNotSeeResultsOfRulesThatCameBehindItsTick) {
  Store store;
  store.append({{"__name__", "other"}}, 100, 1);
  store.commit(100);
  const auto before = store.snapshot();
  for (std::int64_t at = 50; at < 90; at += 10) store.append({{"__name__", "rule"}}, at, 1);
  EXPECT_EQ(1, everything(*store.snapshot()).size());
  store.commit(100);
  EXPECT_EQ(4, everything(*store.snapshot())["rule"].size());
  EXPECT_EQ(1, everything(*before).size());
}

TEST(Cursor, LatestFollowsGrowingTimesAndGoesBack) {
  Store store;
  std::vector<Sample> samples;
  for (int i = 0; i < 1'000; ++i) {
    samples.push_back({kStart + i * 1000, static_cast<double>(i % 7)});
    store.append({{"a", "b"}}, samples.back().at, samples.back().value);
  }
  store.commit(kForever);
  auto cursor = std::move(store.snapshot()->select({}, kNever, kForever).at(0));
  for (const std::int64_t step : {1'700, -900, 250'000, -100}) {
    for (std::int64_t at = kStart + (step < 0 ? 1'100'000 : -5'000);
         at > kStart - 10'000 && at < kStart + 1'200'000; at += step) {
      const auto window = in_window(samples, at - 5'000, at);
      Sample found;
      ASSERT_EQ(!window.empty(), cursor->latest(at - 5'000, at, found)) << at - kStart;
      if (!window.empty()) {
        EXPECT_TRUE(same_samples({window.back()}, {found}));
      }
    }
  }
}

TEST(Cursor, SamplesGoOnWhereTheCallBeforeHasStoppedAndGoBack) {
  Store store;
  std::vector<Sample> samples;
  for (int i = 0; i < 1'000; ++i) {
    samples.push_back({kStart + i * 1000 + (i % 3) * 10, static_cast<double>(i % 7)});
    store.append({{"a", "b"}}, samples.back().at, samples.back().value);
  }
  store.commit(kForever);
  auto cursor = std::move(store.snapshot()->select({}, kNever, kForever).at(0));
  Random random(7);
  std::int64_t to = kStart;
  for (int i = 0; i < 3'000; ++i) {
    // As a window that slides: from where the last call ended; now and then from anywhere.
    const bool jumps = between(random, 0, 9) == 0;
    const std::int64_t from = jumps ? kStart + between(random, -5'000, 1'000'000) : to;
    to = from + between(random, 0, i % 50 == 0 ? 400'000 : 3'000);
    std::vector<Sample> found;
    cursor->samples(from, to, found);
    ASSERT_TRUE(same_samples(in_window(samples, from, to), found)) << from - kStart << " " << i;
  }
}

void compare_windows(Random& random, const Source& source, const NaiveStore& naive,
                     std::int64_t tick) {
  const Dump want = naive.dump({}, kNever, tick);
  for (const auto& cursor : source.select({}, kNever, kForever)) {
    const auto found = want.find(cursor->labels().text());
    const std::vector<Sample> all = found == want.end() ? std::vector<Sample>() : found->second;
    for (int i = 0; i < 4; ++i) {
      const std::int64_t from = tick - between(random, -100'000, 50'000'000);
      const std::int64_t to = from + between(random, 0, 50'000'000);
      const auto window = in_window(all, from, to);
      expect_same(naive_summary(window), cursor->summary(from, to));
      Sample latest;
      EXPECT_EQ(!window.empty(), cursor->latest(from, to, latest));
      if (!window.empty()) EXPECT_TRUE(same_samples({window.back()}, {latest}));
    }
  }
}

TEST(Store, SaysTheSameAsTheObviousOne) {
  const unsigned seed = fresh_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  Store store;
  NaiveStore naive;
  std::map<std::int64_t, Sample> last;
  std::int64_t now = kStart;
  for (int tick = 0; tick < 2'000 && !testing::Test::HasFailure(); ++tick) {
    now += random_step(random);
    for (std::int64_t i = 0; i < 12; ++i) {
      if (between(random, 0, 4) == 0) continue;
      const Sample sample{now - between(random, 0, 1) * between(random, 0, 2'000),
                          random_value(random, last[i].value)};
      naive.append(series_number(i), sample);
      store.append(series_number(i), sample.at, sample.value);
      last[i].value = std::isfinite(sample.value) ? sample.value : 0;
    }
    store.commit(now);
    if (tick % 50 == 0) compare_windows(random, *store.snapshot(), naive, now);
  }
  expect_same(naive.dump({}, kNever, now), everything(*store.snapshot()));
}

struct Seen {
  std::shared_ptr<const Source> source;
  Dump dump;
};

TEST(Snapshot, NeverChangesWhileTheWriterGoesOn) {
  const unsigned seed = fresh_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  Store store({.keep = {{"", 600'000'000}, {"probe_", 100'000'000}}, .bytes = 6'000});
  std::vector<Seen> held;
  std::int64_t now = kStart;
  for (int tick = 0; tick < 6'000 && !testing::Test::HasFailure(); ++tick) {
    now += random_step(random);
    for (std::int64_t i = 0; i < 6; ++i) {
      // Each series is there for a while and then not for long enough to be forgotten.
      if ((tick / 400 + i) % 4 == 0) continue;
      store.append(series_number(i), now - between(random, 0, 100'000), random_value(random, 5));
    }
    if (between(random, 0, 3) > 0) store.commit(now);
    if (between(random, 0, 40) == 0) store.retire(now);
    if (between(random, 0, 60) == 0) {
      auto source = store.snapshot();
      held.push_back({source, everything(*source)});
    }
    for (const Seen& seen : held) {
      if (between(random, 0, 50) == 0) expect_same(seen.dump, everything(*seen.source));
    }
    if (!held.empty() && between(random, 0, 70) == 0) {
      held.erase(held.begin() + between(random, 0, static_cast<std::int64_t>(held.size()) - 1));
    }
  }
}

TEST(Snapshot, MayOutliveItsStore) {
  auto store = std::make_unique<Store>();
  store->append({{"a", "b"}}, 1, 2);
  store->commit(1);
  const auto snapshot = store->snapshot();
  store.reset();
  EXPECT_EQ(1, everything(*snapshot).size());
}

TEST(Ticks, WriteWhatChangedAndTheRestOnceAMinute) {
  EXPECT_FALSE(worth_sampling({0, 1}, {59'999, 1}));
  EXPECT_TRUE(worth_sampling({0, 1}, {60'000, 1}));
  EXPECT_TRUE(worth_sampling({0, 1}, {1, 2}));
  EXPECT_TRUE(worth_sampling({0, 0.0}, {1, -0.0}));
  EXPECT_FALSE(worth_sampling({0, std::nan("")}, {1, std::nan("")}));
}

TEST(Ticks, MarkSeriesThatVanishAndTakeThemBack) {
  Store store;
  Ticks ticks(store);
  const Labels stays{{"__name__", "stays"}}, goes{{"__name__", "goes"}};
  const std::vector<std::vector<Labels>> plan = {{stays, goes}, {stays}, {stays}, {stays, goes}};
  std::size_t stale = 0;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    ticks.begin(static_cast<std::int64_t>(i + 1) * 15'000);
    for (const Labels& labels : plan[i]) ticks.add(labels, 1);
    stale += ticks.end().stale;
    store.commit(static_cast<std::int64_t>(i + 1) * 15'000);
  }
  EXPECT_EQ(1, stale);
  const Dump found = everything(*store.snapshot());
  EXPECT_TRUE(same_samples({{15'000, 1}}, found.at("stays")));
  EXPECT_TRUE(same_samples({{15'000, 1}, {30'000, stale_nan()}, {60'000, 1}}, found.at("goes")));
}

TEST(Ticks, KnowAfterARestartWhatWasThere) {
  Store store;
  store.append({{"__name__", "sla_gone"}}, 15'000, 1);
  store.append({{"__name__", "rule_result"}}, 15'000, 1);
  store.commit(15'000);
  Ticks ticks(store);
  ticks.adopt({{Kind::regex, "__name__", "sla_.*"}}, 0, 15'000);
  ticks.begin(30'000);
  EXPECT_EQ(1, ticks.end().stale);
}

}  // namespace
}  // namespace rules::series
