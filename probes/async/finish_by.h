// finish_by(loop, task, at): the task's result if it ends by then, and otherwise nothing; the task
// is then destroyed, which cancels it. The guard behind deadlines that everything below is meant to
// keep by itself. Loop thread only.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "probes/async/both.h"
#include "probes/async/loop.h"
#include "probes/async/task.h"

namespace probes {
namespace detail {

class StartUntil {
 public:
  StartUntil(Loop& loop, TimePoint at, Countdown& countdown, Task<void>& child)
      : loop_(loop), at_(at), countdown_(countdown), child_(child) {}
  StartUntil(const StartUntil&) = delete;
  StartUntil& operator=(const StartUntil&) = delete;
  ~StartUntil() {
    if (timer_ != 0) loop_.cancel(timer_);
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> parent) {
    countdown_.left = 2;  // the child, and we until it has started
    child_.start();
    countdown_.parent = parent;
    if (--countdown_.left == 0) return false;
    timer_ = loop_.call_at(at_, [this, parent] {
      timer_ = 0;
      parent.resume();
    });
    return true;
  }
  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  TimePoint at_;
  Countdown& countdown_;
  Task<void>& child_;
  TimerId timer_ = 0;
};
inline StartUntil start_until(Loop& loop, TimePoint at, Countdown& countdown, Task<void>& child) {
  return StartUntil(loop, at, countdown, child);
}

}  // namespace detail

template <class T>
Task<std::optional<T>> finish_by(Loop& loop, Task<T> task, TimePoint at) {
  std::optional<T> result;
  std::exception_ptr error;
  detail::Countdown countdown;
  Task<void> child = detail::run_child(std::move(task), result, error, countdown);
  co_await detail::start_until(loop, at, countdown, child);
  if (error) std::rethrow_exception(error);
  co_return std::move(result);
}

}  // namespace probes
