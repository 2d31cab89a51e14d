// The root tasks of a loop: who owns them, and how they end. A root is started from the loop's next
// turn and its frame is destroyed from a later one, never from within itself; what it throws ends
// the process. Shared by both loops. Loop thread only.
#pragma once

#include <unordered_map>

#include "probes/async/loop.h"

namespace probes {

class RootTasks {
 public:
  // `loop` owns this object and outlives it.
  explicit RootTasks(Loop& loop) : loop_(loop) {}
  RootTasks(const RootTasks&) = delete;
  RootTasks& operator=(const RootTasks&) = delete;
  ~RootTasks() { destroy_all(); }

  SpawnId spawn(Task<void> task);
  void cancel(SpawnId id);
  void destroy_all();
  std::size_t size() const { return roots_.size(); }

 private:
  Task<void> guard(Task<void> task, SpawnId id);

  Loop& loop_;
  SpawnId last_id_ = 0;
  std::unordered_map<SpawnId, Task<void>> roots_;
};

}  // namespace probes
