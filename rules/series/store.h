// The sample store: the exporter's own series in memory, compressed, for rules and queries.
//
// One thread writes: it appends the samples of a tick, commits the tick, and retires what is too
// old. Any thread reads: a snapshot is a Source that shows what was committed when it was taken,
// for as long as it lives, while the writer goes on. Chunks that retire stay for the snapshots that
// can see them and go with the last of these, so a snapshot is kept for a query and no longer.
//
// Nothing is written to disk here. What must survive is handed out as bytes, in this order:
//
//   each tick     take_log()     the samples since the last call: append it to a log and sync
//   now and then  take_sealed()  chunks that were completed: keep them until their time is over
//                 checkpoint()   the open ends; when both are safe, start_log() and drop the old
//                 log
//   at start      load() every block, then replay() the log
//
// Whatever is there twice is taken once, so a crash between any two of these steps loses at most
// the tick whose log was not synced.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/source.h"

namespace rules::series {

struct Keep {
  // Of the metric's name. The longest that fits decides; what none fits is kept as the longest
  // kept.
  std::string prefix;
  std::int64_t milliseconds = 0;
};

// What the loaded rules look back on: kept that long whatever else is said.
struct LookBack {
  std::vector<Matcher> matchers;
  std::int64_t milliseconds = 0;
};

inline constexpr std::int64_t kDay = 24 * 60 * 60 * std::int64_t{1000};

struct StoreOptions {
  std::vector<Keep> keep = {{"", 40 * kDay}, {"probe_", 7 * kDay}};
  std::size_t bytes = std::size_t{1} << 30;  // of samples, roughly; the oldest go first
  std::size_t series = 1'000'000;
  bool log = false;  // whether take_log and take_sealed will be called
};

enum class Append { stored, duplicate, out_of_order, too_many_series };

struct StoreStats {
  std::size_t series = 0, chunks = 0, bytes = 0;
  std::uint64_t stored = 0, duplicates = 0, out_of_order = 0, refused = 0;
};

// Part of what goes to disk, to be deleted when `last + keep` is over.
struct Block {
  std::string bytes;
  std::int64_t first = 0, last = 0, keep = 0;
};

struct Loaded {
  bool ok = false;
  std::string why;            // when not ok; nothing of it was taken
  std::uint64_t samples = 0;  // that were new
};

struct Replayed {
  std::size_t used = 0;  // bytes of whole records; a torn end behind them is cut off there
  bool torn = false;
  std::uint64_t samples = 0;
};

class Store {
 public:
  explicit Store(StoreOptions options = {});
  ~Store();
  Store(const Store&) = delete;

  // The writer's thread.
  Append append(const Labels& labels, std::int64_t at, double value);
  // Everything appended so far becomes visible to the snapshots taken from here on.
  void commit(std::int64_t tick);
  void retire(std::int64_t now);
  void set_look_backs(std::vector<LookBack> look_backs);

  std::string take_log();  // empty when nothing was appended
  void start_log();        // the next record stands at the beginning of a new log
  std::vector<Block> take_sealed();
  std::vector<Block> checkpoint() const;
  Loaded load(std::string_view block);
  Replayed replay(std::string_view log);

  // Any thread. A snapshot may outlive the store.
  std::shared_ptr<const Source> snapshot() const;
  StoreStats stats() const;

 private:
  struct Writer;
  std::unique_ptr<Writer> writer_;
};

}  // namespace rules::series
