// Every root runs inside a guard coroutine, which tells the loop when the root has ended. Callbacks
// posted here carry only an id: they find nothing when the root has gone in the meantime.
#include "probes/async/root_tasks.h"

namespace probes {
namespace {

// An exception that arrives here found nobody who awaited it. Rethrowing out of a noexcept function
// lets the runtime print what it was before the process ends.
void end_process(const std::exception_ptr& error) noexcept { std::rethrow_exception(error); }

}  // namespace

SpawnId RootTasks::spawn(Task<void> task) {
  const SpawnId id = ++last_id_;
  roots_.emplace(id, guard(std::move(task), id));
  loop_.post([this, id] {
    const auto root = roots_.find(id);
    if (root != roots_.end()) root->second.start();
  });
  return id;
}

void RootTasks::cancel(SpawnId id) {
  if (!roots_.contains(id)) return;
  loop_.post([this, id] {
    // Taken out first: a destructor inside the task may come back here.
    auto root = roots_.extract(id);
  });
}

void RootTasks::destroy_all() {
  // Destructors may spawn again; such tasks never start and are destroyed here as well.
  while (!roots_.empty()) auto root = roots_.extract(roots_.begin());
}

Task<void> RootTasks::guard(Task<void> task, SpawnId id) {
  try {
    co_await std::move(task);
  } catch (...) {
    end_process(std::current_exception());
  }
  cancel(id);
}

}  // namespace probes
