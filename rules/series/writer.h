// The writer's side of a store. One thread.
#pragma once

#include <atomic>
#include <unordered_map>

#include "rules/series/core.h"
#include "rules/series/store.h"

namespace rules::series {

struct LabelsHash {
  std::size_t operator()(const Labels& labels) const { return labels.hash(); }
};

struct Store::Writer {
  explicit Writer(StoreOptions chosen);

  // Makes the series when there is none; a null pointer when there are too many.
  Series* find(const Labels& labels, std::uint32_t& id);
  Append append(std::uint32_t id, Sample sample);
  // A sealed chunk as it stands, when it is newer than all the series has.
  bool adopt(std::uint32_t id, const Chunk& chunk);
  void commit(std::int64_t tick);

  void retire_by_time(std::int64_t now, std::uint64_t version);
  void retire_by_size(std::int64_t now, std::uint64_t version);
  void release();  // what no snapshot can see any more
  std::int64_t protected_from(const Series& series, std::int64_t now) const;
  void classify(Series& series) const;

  void append_all(std::uint32_t id, const Chunk& chunk);
  std::size_t bytes() const;

  const StoreOptions options;
  std::shared_ptr<Core> core = std::make_shared<Core>();
  std::vector<LookBack> look_backs;
  std::unordered_map<Labels, std::uint32_t, LabelsHash> ids;
  std::vector<std::uint32_t> free_ids;
  std::vector<std::uint32_t> leaving_ids;
  Commits::State state;      // as committed last
  std::uint64_t oldest = 0;  // version a snapshot may still hold

  struct Pending {
    std::uint32_t id;
    Sample sample;
  };
  std::vector<Pending> pending;  // of the next record of the log
  std::uint64_t log_number = 1;
  struct Sealed {
    Labels labels;
    std::int64_t keep;
    Chunk chunk;
  };
  std::vector<Sealed> sealed;
  bool loading = false, log_begins = true;

  struct Counts {
    std::atomic<std::size_t> series{0}, chunks{0}, chunk_bytes{0};
    std::atomic<std::uint64_t> stored{0}, duplicates{0}, out_of_order{0}, refused{0};
  } counts;

 private:
  void seal(Series& series);
  void count(const Chunk& chunk, int sign);
  std::uint32_t retire_series(std::uint32_t id, std::int64_t cut, std::uint64_t version);
};

}  // namespace rules::series
