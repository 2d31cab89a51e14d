// Series as the exporter has them, of several kinds, the same every time: for benches of ours, and
// as text for the programs they are measured beside.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <random>
#include <string_view>
#include <vector>

#include "rules/promql/labels.h"
#include "rules/series/store.h"

namespace rules::bench {

inline constexpr std::int64_t kStart = 1'764'000'000'000;
inline constexpr std::int64_t kMinute = 60'000;

inline Labels series_number(std::int64_t i) {
  return {{"__name__", "sla_slots_total"},
          {"sla_agreement", "published"},
          {"sla_service", fmt::format("service-{}", i / 4)},
          {"verdict", std::vector{"good", "bad", "unknown", "excluded"}[i % 4]}};
}

// One value a minute, as our series have them.
struct Kind {
  const char* name;
  double (*next)(double last, std::int64_t minute, std::mt19937& random);
};

inline bool one_in(std::mt19937& random, int n) { return random() % static_cast<unsigned>(n) == 0; }

inline const Kind kKinds[] = {
    {"constant", [](double, std::int64_t, std::mt19937&) { return 1.0; }},
    {"fraction", [](double, std::int64_t, std::mt19937&) { return 0.99; }},
    {"counter_by_one", [](double last, std::int64_t, std::mt19937&) { return last + 1; }},
    {"counter_every_5m",
     [](double last, std::int64_t minute, std::mt19937&) { return last + (minute % 5 == 0); }},
    {"counter_at_random",
     [](double last, std::int64_t, std::mt19937& random) { return last + one_in(random, 3); }},
    {"timestamp", [](double, std::int64_t minute,
                     std::mt19937&) { return static_cast<double>(kStart / 1000 + 60 * minute); }},
    {"up_mostly",
     [](double, std::int64_t, std::mt19937& random) { return one_in(random, 200) ? 0.0 : 1.0; }},
    {"budget_ratio",
     [](double last, std::int64_t, std::mt19937& random) {
       return one_in(random, 200) ? last - 1.0 / 86 : last;
     }},
    {"availability_each_slot",
     [](double, std::int64_t minute, std::mt19937&) {
       return static_cast<double>(minute / 5) / static_cast<double>(minute / 5 + 7);
     }},
    {"latency",
     [](double, std::int64_t, std::mt19937& random) {
       return std::lognormal_distribution(-2.5, 0.3)(random);
     }},
};

// Null when there is none of this name.
inline const Kind* find_kind(std::string_view name) {
  for (const Kind& kind : kKinds)
    if (name == kind.name) return &kind;
  return nullptr;
}

// Calls `visit(series, at, value)` for every sample, tick by tick, and `tick(at)` behind each.
template <typename Visit, typename Tick>
void each_sample(const Kind& kind, std::int64_t series, std::int64_t minutes, Visit visit,
                 Tick tick) {
  std::mt19937 random(1);
  std::vector<double> last(static_cast<std::size_t>(series), 1.0);
  for (std::int64_t minute = 0; minute < minutes; ++minute) {
    const std::int64_t at = kStart + minute * kMinute;
    for (std::size_t i = 0; i < last.size(); ++i) {
      last[i] = kind.next(last[i], minute, random);
      visit(i, at, last[i]);
    }
    tick(at);
  }
}

inline void fill(series::Store& store, const Kind& kind, std::int64_t series,
                 std::int64_t minutes) {
  std::vector<Labels> labels;
  for (std::int64_t i = 0; i < series; ++i) labels.push_back(series_number(i));
  each_sample(
      kind, series, minutes,
      [&](std::size_t i, std::int64_t at, double value) { store.append(labels[i], at, value); },
      [&](std::int64_t at) { store.commit(at); });
}

}  // namespace rules::bench
