// Turns what is true at each tick into samples: a series is written when its value changed and at
// least every minute, and a series that is gone gets a stale marker. One for each origin of series,
// because it takes what it does not hear of for gone. The writer's thread.
#pragma once

#include <unordered_map>

#include "rules/series/store.h"

namespace rules::series {

inline constexpr std::int64_t kAtLeastEvery = 60'000;

// Whether a value is worth a sample when `written` is the last one. Values are compared by their
// bits, so a NaN that stays has not changed.
bool worth_sampling(Sample written, Sample now, std::int64_t at_least_every = kAtLeastEvery);

struct TickCounts {
  std::size_t present = 0, written = 0, stale = 0, refused = 0;
};

class Ticks {
 public:
  explicit Ticks(Store& store, std::int64_t at_least_every = kAtLeastEvery);

  // After a restart: what the store knows of these series, so that those that are gone go stale.
  void adopt(const std::vector<Matcher>& matchers, std::int64_t since, std::int64_t now);

  void begin(std::int64_t at);
  void add(const Labels& labels, double value);
  // Marks what did not come. The caller commits, so that several origins may share a tick.
  TickCounts end();

 private:
  struct State {
    Sample written;
    std::int64_t seen = 0;
  };
  struct Hash {
    std::size_t operator()(const Labels& labels) const { return labels.hash(); }
  };

  Store& store_;
  std::int64_t at_least_every_;
  std::int64_t at_ = 0;
  TickCounts counts_;
  std::unordered_map<Labels, State, Hash> states_;
};

}  // namespace rules::series
