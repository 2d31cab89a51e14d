// Turns snapshots into samples of the store: the very series of /metrics, each written when its
// value changes and at least every minute; one that is gone gets a stale marker. Only what changed
// since the snapshot before, or is due, is looked at, so thousands of services that stand still
// cost nothing.
//
// The program's own figures change all the time and are looked at every fifteen seconds. One
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporter/metrics/families.h"
#include "exporter/metrics/stats.h"
#include "exporter/snapshot.h"
#include "rules/promql/matcher.h"
#include "rules/promql/selections.h"
#include "rules/series/store.h"

namespace exporter {

// Which series are kept: all; those the rules read; or all while there are few.
enum class SeriesKept { automatic, all, rules };

inline constexpr std::size_t kAutomaticLimit = 50'000;

class Sampler {
 public:
  static constexpr std::int64_t kAtLeastEvery = 60'000;
  static constexpr std::int64_t kProgramEvery = 15'000;

  // Adds the families of the program itself; null leaves them out.
  using AddProgram = std::function<void(Families&, const SnapshotPtr&)>;
  Sampler(rules::series::Store& store, AddProgram add_program);

  // `selected` is what the loaded rules read.
  void configure(SeriesKept kept, std::vector<rules::Selection> selected);
  // After a restart: series of the time before that do not come back will be marked stale.
  void adopt(std::int64_t now);

  // Appends; the caller commits. `at` in milliseconds, growing.
  void take(const SnapshotPtr& snapshot, std::int64_t at);

  std::size_t series() const { return count_; }
  bool only_selected() const {
    return only_selected_;
  }  // the limit was passed, or it was asked for

 private:
  struct Written {
    rules::Labels labels;
    rules::Sample sample;
    std::int64_t seen = 0;
  };
  // What the series of one origin have in common: a service, a check, the program.
  struct Owner {
    std::vector<Written> series;
    const void* view = nullptr;  // of the snapshot taken last
    std::int64_t oldest = 0;     // sample among the series
    std::size_t next = 0;        // series come in the same order each time
    std::uint64_t generation = 0;
  };
  struct Wanted {
    std::vector<std::vector<rules::CompiledMatcher>> selections;
    bool name(std::string_view name) const;
    bool series(const rules::Labels& labels) const;
  };
  using Find = std::function<Owner*(const prometheus::ClientMetric&)>;

  void choose(bool only_selected);
  void adopt_named(const std::string& name, std::int64_t now);
  void take_program(const SnapshotPtr& snapshot, std::int64_t at);
  void take_configured(const SnapshotPtr& snapshot, std::int64_t at);
  void take_support(const SnapshotPtr& snapshot, std::int64_t at);
  void take_items(const SnapshotPtr& snapshot, std::int64_t at);
  void write(Families families, const Find& find, std::int64_t at);
  void write_metric(const MetricName& name, const prometheus::ClientMetric& metric, Owner& owner,
                    std::int64_t at);
  void write_series(std::string_view name, const prometheus::ClientMetric& metric, double value,
                    std::string_view le, Owner& owner, std::int64_t at);
  void settle(Owner& owner, std::int64_t at);
  void end(const Written& series, std::int64_t at);
  void forget_missing(std::int64_t at);
  void end_adopted(std::int64_t at);
  void keep_only_selected(std::int64_t at);
  bool due(const Owner& owner, const void* view, std::int64_t at) const;
  Owner& owner_of(std::string_view agreement, std::string_view service, std::string_view check);

  rules::series::Store& store_;
  AddProgram add_program_;
  SeriesKept kept_ = SeriesKept::automatic;
  bool only_selected_ = false, reduce_ = false;
  Wanted wanted_;
  std::vector<bool> name_wanted_;  // by row of kMetricNames

  SnapshotPtr last_;  // keeps the views alive that owners are compared by
  Owner program_, configured_, support_;
  std::unordered_map<std::string, Owner> owners_;
  std::vector<rules::Labels> adopted_;
  std::string key_;  // of owner_of
  std::uint64_t generation_ = 0;
  std::size_t count_ = 0;
};

}  // namespace exporter
