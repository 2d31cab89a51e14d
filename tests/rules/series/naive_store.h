// The obvious store: every sample in a vector. And what random tests of the real one share.
#pragma once

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <random>
#include <regex>

#include "rules/series/store.h"

namespace rules::series {

using Dump = std::map<std::string, std::vector<Sample>>;

inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

inline bool same_samples(const std::vector<Sample>& a, const std::vector<Sample>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](Sample x, Sample y) { return x.at == y.at && same_bits(x.value, y.value); });
}

inline std::vector<Sample> in_window(const std::vector<Sample>& all, std::int64_t from,
                                     std::int64_t to) {
  std::vector<Sample> found;
  for (const Sample& sample : all) {
    if (sample.at > from && sample.at <= to) found.push_back(sample);
  }
  return found;
}

inline WindowSummary naive_summary(const std::vector<Sample>& samples) {
  WindowSummary summary;
  for (const Sample& sample : samples) summary.add(sample);
  return summary;
}

inline void expect_close(double want, double got, const char* what) {
  if (std::isnan(want) || std::isinf(want)) {
    EXPECT_EQ(std::isnan(want), std::isnan(got)) << what;
    if (std::isinf(want)) EXPECT_EQ(want, got) << what;
    return;
  }
  EXPECT_NEAR(want, got, 1e-9 * std::max(1.0, std::abs(want))) << what;
}

inline void expect_same(const WindowSummary& want, const WindowSummary& got) {
  EXPECT_EQ(want.count, got.count);
  EXPECT_EQ(want.resets, got.resets);
  EXPECT_EQ(want.changes, got.changes);
  expect_close(want.sum + want.sum_error, got.sum + got.sum_error, "sum");
  expect_close(want.drops, got.drops, "drops");
  if (want.count == 0) return;
  EXPECT_TRUE(same_samples({want.first, want.last}, {got.first, got.last}));
  expect_close(want.min, got.min, "min");
  expect_close(want.max, got.max, "max");
}

inline bool naive_match(const Matcher& matcher, const Labels& labels) {
  const std::string value(labels.get(matcher.name));
  switch (matcher.kind) {
    case Matcher::Kind::equal:
      return value == matcher.value;
    case Matcher::Kind::not_equal:
      return value != matcher.value;
    case Matcher::Kind::regex:
      return std::regex_match(value, std::regex(matcher.value));
    case Matcher::Kind::not_regex:
      return !std::regex_match(value, std::regex(matcher.value));
  }
  return false;
}

class NaiveStore {
 public:
  void append(const Labels& labels, Sample sample) {
    auto& samples = series_[labels];
    if (samples.empty() || samples.back().at < sample.at) samples.push_back(sample);
  }
  Dump dump(const std::vector<Matcher>& matchers, std::int64_t from, std::int64_t to) const {
    Dump found;
    for (const auto& [labels, samples] : series_) {
      bool passes = true;
      for (const Matcher& matcher : matchers) passes = passes && naive_match(matcher, labels);
      auto window = in_window(samples, from, to);
      if (passes && !window.empty()) found[labels.text()] = std::move(window);
    }
    return found;
  }

 private:
  std::map<Labels, std::vector<Sample>> series_;
};

inline Dump dump(const Source& source, const std::vector<Matcher>& matchers, std::int64_t from,
                 std::int64_t to) {
  Dump found;
  for (const auto& cursor : source.select(matchers, from, to)) {
    std::vector<Sample> samples;
    cursor->samples(from, to, samples);
    if (!samples.empty()) found[cursor->labels().text()] = std::move(samples);
  }
  return found;
}

inline void expect_same(const Dump& want, const Dump& got) {
  ASSERT_EQ(want.size(), got.size());
  for (const auto& [name, samples] : want) {
    ASSERT_TRUE(got.contains(name)) << name;
    EXPECT_TRUE(same_samples(samples, got.at(name))) << name;
  }
}

using Random = std::mt19937_64;

inline unsigned fresh_seed() { return std::random_device{}(); }

inline std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution(low, high)(random);
}

// Values as series have them, and as nobody expects them.
inline double random_value(Random& random, double last) {
  switch (between(random, 0, 13)) {
    case 0:
      return last + 1;
    case 1:
      return last + static_cast<double>(between(random, -3, 3));
    case 2:
      return 0;
    case 3:
      return std::uniform_real_distribution(-1.0, 1.0)(random);
    case 4:
      return static_cast<double>(between(random, -(1ll << 53), 1ll << 53));
    case 5:
      return between(random, 0, 5) == 0 ? stale_nan() : last;
    case 6:
      return between(random, 0, 9) == 0 ? std::nan("") : last;
    case 7:
      return between(random, 0, 9) == 0 ? INFINITY : last * 0.5;
    default:
      return last;
  }
}

inline std::int64_t random_step(Random& random) {
  switch (between(random, 0, 9)) {
    case 0:
      return between(random, 1, 100'000);
    case 1:
      return between(random, 1, 20) * 15'000;
    case 2:
      return between(random, 0, 30) == 0 ? 90'000'000 : 60'000;
    default:
      return 60'000;
  }
}

}  // namespace rules::series
