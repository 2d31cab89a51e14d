// both(a, b): awaits two tasks at the same time and gives both results. Nothing is spawned: the two
// belong to whoever awaits, so that destroying it destroys them as well. An exception of either
// is thrown to the caller once both have ended. Loop thread only.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "probes/async/task.h"

namespace probes {
namespace detail {

// How many of the tasks are still under way, and who goes on after the last of them.
struct Countdown {
  int left = 0;
  std::coroutine_handle<> parent;
};

// Ends a child: the last one hands over to the parent in its final suspension, so that no frame is
// destroyed while it runs.
class Arrive {
 public:
  explicit Arrive(Countdown& countdown) : countdown_(countdown) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<Promise<void>> self) noexcept {
    if (--countdown_.left == 0) self.promise().caller = countdown_.parent;
    return false;
  }
  void await_resume() const noexcept {}

 private:
  Countdown& countdown_;
};
inline Arrive arrive(Countdown& countdown) { return Arrive(countdown); }

// The references belong to the frame of both(), which owns the children and so outlives them.
template <class T>
Task<void> run_child(Task<T> task, std::optional<T>& result, std::exception_ptr& error,
                     Countdown& countdown) {
  try {
    result = co_await std::move(task);
  } catch (...) {
    error = std::current_exception();
  }
  co_await arrive(countdown);
}

class StartBoth {
 public:
  StartBoth(Countdown& countdown, Task<void>& first, Task<void>& second)
      : countdown_(countdown), first_(first), second_(second) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> parent) {
    // Held up by one until both have started: a child that ends at once must not resume a parent
    // that has not suspended yet.
    countdown_.left = 3;
    first_.start();
    second_.start();
    countdown_.parent = parent;
    return --countdown_.left > 0;
  }
  void await_resume() const noexcept {}

 private:
  Countdown& countdown_;
  Task<void>& first_;
  Task<void>& second_;
};
inline StartBoth start_both(Countdown& countdown, Task<void>& first, Task<void>& second) {
  return StartBoth(countdown, first, second);
}

}  // namespace detail

template <class A, class B>
Task<std::pair<A, B>> both(Task<A> a, Task<B> b) {
  std::optional<A> result_a;
  std::optional<B> result_b;
  std::exception_ptr error;
  detail::Countdown countdown;
  Task<void> first = detail::run_child(std::move(a), result_a, error, countdown);
  Task<void> second = detail::run_child(std::move(b), result_b, error, countdown);
  co_await detail::start_both(countdown, first, second);
  if (error) std::rethrow_exception(error);
  co_return std::pair<A, B>(std::move(*result_a), std::move(*result_b));
}

}  // namespace probes
