// The store must hold what /metrics shows, no more often than needed and never older than a minute.
#include "exporter/samples/sampler.h"

#include <gtest/gtest.h>

#include <set>

#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "tests/fakes/sample_snapshot.h"
#include "tests/fakes/sample_support.h"

namespace exporter {
namespace {

using rules::Labels;
using rules::Matcher;

constexpr std::int64_t kStart = 1'800'000'000'000;
constexpr std::int64_t kSecond = 1000;

const Matcher kEverything{Matcher::Kind::not_equal, "__name__", ""};

class SamplerTest : public ::testing::Test {
 protected:
  void tick(std::int64_t at, const SnapshotPtr& snapshot) {
    sampler.take(snapshot, at);
    store.commit(at);
  }

  std::vector<rules::Sample> samples(const std::string& selector, std::int64_t to) const {
    std::vector<rules::Sample> out;
    const auto matchers = rules::parse_selector(selector);
    for (const auto& cursor : store.snapshot()->select(*matchers, 0, to)) {
      cursor->samples(0, to, out);
    }
    return out;
  }

  std::size_t alive(std::int64_t at) const {
    std::size_t count = 0;
    for (const auto& cursor : store.snapshot()->select({kEverything}, at - 300'000, at)) {
      rules::Sample last;
      count += cursor->latest(at - 300'000, at, last) && !rules::is_stale_nan(last.value);
    }
    return count;
  }

  rules::series::Store store;
  Sampler sampler{store, {}};
};

// Changes one service without touching the views of the others, as the book does.
SnapshotPtr with_changed_state(const Snapshot& before, std::size_t service, Verdict state) {
  auto after = std::make_shared<Snapshot>(before);
  auto view = std::make_shared<ServiceView>(*before.services[service]);
  view->state = state;
  after->services[service] = std::move(view);
  return after;
}

TEST_F(SamplerTest, HoldsEverySeriesOfThePageWithItsValue) {
  const auto snapshot = fakes::sample_snapshot(3);
  tick(kStart, snapshot);
  Families families;
  add_agreement_families(families, snapshot);
  add_service_families(families, snapshot);
  add_check_families(families, snapshot);
  std::size_t shown = 0;
  for (const auto& collectable : families) {
    for (const auto& family : collectable->Collect()) {
      for (const auto& metric : family.metric) {
        ++shown;
        std::vector<Labels::Pair> pairs = {{"__name__", family.name}};
        for (const auto& label : metric.label) pairs.emplace_back(label.name, label.value);
        const Labels labels(std::move(pairs));
        const auto found = samples(labels.text(), kStart);
        ASSERT_FALSE(found.empty()) << labels.text();
        const double value = family.type == prometheus::MetricType::Counter ? metric.counter.value
                                                                            : metric.gauge.value;
        EXPECT_EQ(found.back().value, value) << labels.text();
      }
    }
  }
  EXPECT_GT(shown, 100U);
  EXPECT_EQ(sampler.series(), shown);
  EXPECT_EQ(alive(kStart), shown);
}

TEST_F(SamplerTest, WritesWhatChangedAndTheRestEveryMinute) {
  SnapshotPtr snapshot = fakes::sample_snapshot(2);
  for (int second = 0; second <= 600; ++second) {
    if (second == 95) snapshot = with_changed_state(*snapshot, 1, Verdict::bad);
    tick(kStart + second * kSecond, snapshot);
  }
  const std::int64_t end = kStart + 600 * kSecond;
  const auto still = samples(R"(sla_objective_ratio{sla_service="service-1"})", end);
  EXPECT_EQ(still.size(), 11U);  // at 0, 60, ... 600
  const auto moved = samples(R"(sla_service_state{sla_service="service-2",state="bad"})", end);
  for (std::size_t i = 1; i < moved.size(); ++i) EXPECT_LE(moved[i].at - moved[i - 1].at, 60'000);
  ASSERT_GE(moved.size(), 3U);
  EXPECT_EQ(moved[2].at, kStart + 95 * kSecond);
  EXPECT_EQ(moved[1].value, 0);
  EXPECT_EQ(moved[2].value, 1);
}

TEST_F(SamplerTest, HoldsReactionClocksWhenTheyMoveAndEveryMinute) {
  const auto plain = fakes::sample_snapshot(1);
  SnapshotPtr snapshot = fakes::with_support(*plain, fakes::sample_support());
  const std::string breached = R"(sla_ticket_open{level="first",state="breached"})";
  for (int second = 0; second <= 120; ++second) {
    if (second == 30) {
      auto moved = fakes::sample_support();
      moved->levels[0].breached = 2;
      snapshot = fakes::with_support(*plain, std::move(moved));
    }
    tick(kStart + second * kSecond, snapshot);
  }
  const std::int64_t end = kStart + 120 * kSecond;
  const auto found = samples(breached, end);
  ASSERT_GE(found.size(), 3U);
  EXPECT_EQ(found[1].at, kStart + 30 * kSecond);
  EXPECT_EQ(found[1].value, 2);
  EXPECT_EQ(found.size(), 3U) << "again after a minute, and not each second";
  const std::string bucket =
      R"(sla_ticket_reaction_business_seconds_bucket{level="first",le="14400"})";
  ASSERT_FALSE(samples(bucket, end).empty());
  EXPECT_EQ(samples(bucket, end).back().value, 2);
}

TEST_F(SamplerTest, ReactionClocksGoStaleWithTheSectionSupport) {
  const auto plain = fakes::sample_snapshot(1);
  tick(kStart, plain);
  const std::size_t without = sampler.series();
  tick(kStart + kSecond, fakes::with_support(*plain, fakes::sample_support()));
  EXPECT_GT(sampler.series(), without + 100);
  tick(kStart + 2 * kSecond, plain);
  EXPECT_EQ(sampler.series(), without);
  EXPECT_EQ(alive(kStart + 2 * kSecond), without);
}

TEST_F(SamplerTest, WhatIsGoneGoesStaleAtOnce) {
  const auto three = fakes::sample_snapshot(3);
  tick(kStart, three);
  const std::size_t all = sampler.series();
  tick(kStart + kSecond, fakes::sample_snapshot(2));
  EXPECT_LT(sampler.series(), all);
  EXPECT_EQ(alive(kStart + kSecond), sampler.series());
  const auto gone = samples(R"(sla_slot_seconds{sla_service="service-3"})", kStart + kSecond);
  ASSERT_EQ(gone.size(), 2U);
  EXPECT_TRUE(rules::is_stale_nan(gone[1].value));
}

TEST_F(SamplerTest, ASeriesThatAServiceNoLongerHasGoesStale) {
  const auto before = fakes::sample_snapshot(1);
  auto view = std::make_shared<ServiceView>(*before->services[0]);
  view->exhaustion.reset();
  auto after = std::make_shared<Snapshot>(*before);
  after->services[0] = view;
  tick(kStart, before);
  tick(kStart + kSecond, after);
  const auto found = samples("sla_error_budget_exhaustion_timestamp_seconds", kStart + kSecond);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(rules::is_stale_nan(found[1].value));
}

TEST_F(SamplerTest, AfterARestartWhatDoesNotComeBackGoesStale) {
  tick(kStart, fakes::sample_snapshot(3));
  Sampler again(store, {});
  again.adopt(kStart + 30 * kSecond);
  again.take(fakes::sample_snapshot(2), kStart + 30 * kSecond);
  store.commit(kStart + 30 * kSecond);
  EXPECT_EQ(alive(kStart + 30 * kSecond), again.series());
}

TEST_F(SamplerTest, KeepsOnlyWhatRulesReadWhenAsked) {
  const auto expr = rules::parse(R"(sla_service_state{state="bad"} == 1)");
  ASSERT_TRUE(expr);
  sampler.configure(SeriesKept::rules, rules::selections(**expr));
  tick(kStart, fakes::sample_snapshot(3));
  EXPECT_EQ(sampler.series(), 3U);
  EXPECT_EQ(alive(kStart), 3U);
}

TEST_F(SamplerTest, BeyondTheLimitOnlyWhatRulesReadIsKept) {
  const auto expr = rules::parse("sla_slot_seconds");
  sampler.configure(SeriesKept::automatic, rules::selections(**expr));
  const auto many = fakes::sample_snapshot(800);
  tick(kStart, many);
  EXPECT_TRUE(sampler.only_selected());
  EXPECT_LE(store.stats().series, kAutomaticLimit + 800);  // the rest was never made
  tick(kStart + kSecond, many);
  EXPECT_EQ(sampler.series(), 800U);
  EXPECT_EQ(alive(kStart + kSecond), 800U);
}

TEST_F(SamplerTest, TheProgramsOwnFiguresAreLookedAtEveryFifteenSeconds) {
  ExporterStats stats;
  Sampler own(store, [&stats](Families& out, const SnapshotPtr& snapshot) {
    add_exporter_families(out, snapshot, stats, nullptr);
  });
  const auto snapshot = fakes::sample_snapshot(1);
  for (int second = 0; second < 60; ++second) {
    ++stats.commits_total;
    stats.commit_duration.observe(2'000'000);
    own.take(snapshot, kStart + second * kSecond);
    store.commit(kStart + second * kSecond);
  }
  const std::int64_t end = kStart + 60 * kSecond;
  EXPECT_EQ(samples("sla_exporter_commits_total", end).size(), 4U);
  const auto bucket = samples(R"(sla_exporter_commit_duration_seconds_bucket{le="+Inf"})", end);
  ASSERT_EQ(bucket.size(), 4U);
  EXPECT_EQ(bucket.back().value, 46);
  EXPECT_FALSE(samples("sla_exporter_commit_duration_seconds_count", end).empty());
}

}  // namespace
}  // namespace exporter
