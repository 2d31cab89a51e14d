// What is kept and what goes: by the name's prefix, by size, never what the rules look back on, and
// never more than the bound however long it runs.
#include "rules/series/store.h"
#include "tests/rules/series/naive_store.h"

namespace rules::series {
namespace {

using Kind = Matcher::Kind;

constexpr std::int64_t kStart = 1'764'000'000'000;
constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

std::int64_t oldest(const Store& store, const std::string& name) {
  const auto snapshot = store.snapshot();
  const Dump found = dump(*snapshot, {{Kind::equal, "__name__", name}}, kNever, kForever);
  return found.empty() ? kForever : found.begin()->second.front().at;
}

std::int64_t run(Store& store, std::int64_t from, std::int64_t days, std::int64_t step) {
  std::int64_t at = from;
  for (; at < from + days * kDay; at += step) {
    const auto value = static_cast<double>((at / step * 2654435761) % 1000) / 7;
    for (const char* name : {"sla_a", "probe_b", "other"}) {
      store.append({{"__name__", name}}, at, value);
    }
    store.commit(at);
    if ((at - from) / step % 60 == 0) store.retire(at);
  }
  store.retire(at);
  return at;
}

TEST(Retention, GoesByTheLongestPrefix) {
  Store store({.keep = {{"", 20 * kDay}, {"probe_", 7 * kDay}, {"probe_b", 3 * kDay}}});
  const std::int64_t now = run(store, kStart, 30, 5 * kMinute);
  EXPECT_LE(oldest(store, "sla_a"), now - 20 * kDay);
  EXPECT_GT(oldest(store, "sla_a"), now - 22 * kDay);
  EXPECT_LE(oldest(store, "probe_b"), now - 3 * kDay);
  EXPECT_GT(oldest(store, "probe_b"), now - 5 * kDay);
}

TEST(Retention, WhatNoPrefixFitsIsKeptAsTheLongestKept) {
  Store store({.keep = {{"sla_", 12 * kDay}, {"probe_", 3 * kDay}}});
  const std::int64_t now = run(store, kStart, 20, 5 * kMinute);
  EXPECT_LE(oldest(store, "other"), now - 12 * kDay);
  EXPECT_GT(oldest(store, "other"), now - 14 * kDay);
}

TEST(Retention, KeepsWhatRulesLookBackOn) {
  Store store({.keep = {{"", 3 * kDay}}, .bytes = 20'000});
  store.set_look_backs({{{{Kind::regex, "__name__", "probe_.*"}}, 10 * kDay}});
  const std::int64_t now = run(store, kStart, 20, 5 * kMinute);
  EXPECT_LE(oldest(store, "probe_b"), now - 10 * kDay);
  EXPECT_GT(oldest(store, "sla_a"), now - 4 * kDay);
}

TEST(Retention, BySizeTakesTheOldestFirst) {
  Store store({.bytes = 30'000});
  const std::int64_t now = run(store, kStart, 10, kMinute);
  EXPECT_LE(store.stats().bytes, 30'000 + 10'000);
  EXPECT_LT(oldest(store, "sla_a"), now);
  EXPECT_GT(oldest(store, "sla_a"), kStart + kDay);
}

TEST(Retention, AYearDoesNotGrowItPastItsBound) {
  Store store({.keep = {{"", 2 * kDay}}, .bytes = 2'000'000});
  std::size_t most = 0, most_series = 0;
  for (std::int64_t hour = 0; hour < 365 * 24; ++hour) {
    const std::int64_t now = kStart + hour * 60 * kMinute;
    for (std::int64_t i = 0; i < 20; ++i) {
      // Half of the series change their name every day, as those of short-lived things do.
      const std::string name = std::to_string(i < 10 ? i : i + 100 * (hour / 24));
      store.append({{"__name__", "sla_x"}, {"n", name}}, now, static_cast<double>(hour * i));
    }
    store.commit(now);
    if (hour % 6 == 0) store.retire(now);
    most = std::max(most, store.stats().bytes);
    most_series = std::max(most_series, store.stats().series);
  }
  EXPECT_LE(most_series, 10 + 10 * 5);
  EXPECT_LE(most, 100'000);
  EXPECT_GE(store.stats().series, 20);
}

TEST(Retention, ForgetsSeriesThatHaveNothingLeft) {
  Store store({.keep = {{"", kDay}}});
  store.append({{"__name__", "x"}}, kStart, 1);
  store.commit(kStart);
  store.retire(kStart + 2 * kDay);
  EXPECT_EQ(0, store.stats().series);
  EXPECT_EQ(0, store.stats().chunks);
  EXPECT_EQ(Append::stored, store.append({{"__name__", "y"}}, kStart + 2 * kDay, 1));
  store.commit(kStart + 2 * kDay);
  EXPECT_EQ(1, dump(*store.snapshot(), {}, kNever, kForever).count("y"));
}

}  // namespace
}  // namespace rules::series
