// What the writer and the snapshots of a store share, and who may touch what:
//
//   index, the list of series   index_gate: the writer alone changes them, inside
//   the samples of a series     the stripe of its id
//   tick, version, pins         the mutex of Commits
//
// A version is one state of the store that snapshots can be of. What is not of every version says
// so: a late sample its first, a chunk on its way out the first that is without it.
#pragma once

#include <array>
#include <limits>
#include <map>
#include <shared_mutex>

#include "rules/series/chunk.h"
#include "rules/series/index.h"

namespace rules::series {

// The sealed chunks of a series. Readers share the array and know how much of it was filled when
// they looked; the writer fills only what is behind that, and makes a new array to grow or shrink.
class ChunkList {
 public:
  struct Slot {
    std::int64_t last = 0;
    Chunk chunk;
  };
  void push(Chunk chunk);
  void drop_front(std::uint32_t count);
  std::span<const Slot> slots() const { return {slots_.get(), count_}; }
  std::shared_ptr<const Slot[]> shared() const { return slots_; }

 private:
  void move_to(std::uint32_t capacity, std::uint32_t from);

  std::shared_ptr<Slot[]> slots_;
  std::uint32_t count_ = 0, capacity_ = 0;
};

struct Late {
  std::int64_t at;
  std::uint64_t version;
};

struct Leaving {
  std::uint64_t version;
  Chunk chunk;
};

struct Series {
  Labels labels;
  Head head;
  ChunkList chunks;
  std::vector<Leaving> leaving;  // older than all chunks
  std::vector<Late> late;        // samples appended behind the tick, oldest first
  std::int64_t keep = 0, look_back = 0;
  std::uint64_t logged = 0;  // the log that defines it

  bool blank() const { return head.empty() && chunks.slots().empty() && leaving.empty(); }
  // Of the newest sample; the smallest number, which no sample may have, when there is none.
  std::int64_t last_at() const;
};

// Ticks and the versions that snapshots hold.
class Commits {
 public:
  struct State {
    std::int64_t tick = std::numeric_limits<std::int64_t>::min();
    std::uint64_t version = 0;
  };
  State pin();
  void unpin(std::uint64_t version);
  void commit(std::int64_t tick);  // a new version; the tick never goes back
  State state() const;
  std::uint64_t oldest() const;  // version any reader may see, now or later

 private:
  mutable std::mutex mutex_;
  State state_;
  std::map<std::uint64_t, std::size_t> pins_;
};

// Readers side by side or one writer. A writer that waits is let in before the readers that come
// after it, or a busy page of graphs could keep it out for good.
class Gate {
 public:
  std::shared_lock<std::shared_mutex> reading() {
    const std::lock_guard queue(queue_);
    return std::shared_lock(mutex_);
  }
  std::unique_lock<std::shared_mutex> writing() {
    const std::lock_guard queue(queue_);
    return std::unique_lock(mutex_);
  }

 private:
  std::mutex queue_;
  std::shared_mutex mutex_;
};

struct Core {
  mutable Gate index_gate;
  Index index;
  std::vector<std::unique_ptr<Series>> series;  // by id, with holes

  mutable MatchingCache tests;
  mutable Commits commits;

  std::mutex& stripe(std::uint32_t id) const { return stripes_[id % stripes_.size()].mutex; }

 private:
  struct alignas(64) Stripe {
    std::mutex mutex;
  };
  mutable std::array<Stripe, 64> stripes_;
};

std::shared_ptr<const Source> make_snapshot(std::shared_ptr<const Core> core);

}  // namespace rules::series
