// Later<T>: a value that a callback of a C library will bring. Whoever holds a copy may set it, one
// coroutine may wait for it. set() never resumes anybody itself: the waiter goes on from the loop's
// next turn, because curl and c-ares must not be re-entered from their own callbacks. A waiter that
// was destroyed meanwhile is simply gone. Loop thread only.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "probes/async/loop.h"

namespace probes {

template <class T>
class Later {
 public:
  explicit Later(Loop& loop) : state_(std::make_shared<State>(loop)) {}

  // The first value wins; what comes after it is dropped.
  void set(T value) const {
    if (state_->value) return;
    state_->value.emplace(std::move(value));
    if (!state_->waiter) return;
    state_->loop.post([state = state_] {
      if (state->waiter) std::exchange(state->waiter, {}).resume();
    });
  }

  bool has_value() const { return state_->value.has_value(); }

  // `std::optional<T> value = co_await later.until(deadline);` Nothing when the deadline came
  // first; one may wait again then.
  class Awaiter;
  Awaiter until(TimePoint deadline) const { return Awaiter(state_, deadline); }

 private:
  struct State {
    explicit State(Loop& of) : loop(of) {}
    Loop& loop;
    std::optional<T> value;
    std::coroutine_handle<> waiter;
  };
  std::shared_ptr<State> state_;
};

template <class T>
class Later<T>::Awaiter {
 public:
  Awaiter(std::shared_ptr<State> state, TimePoint deadline)
      : state_(std::move(state)), deadline_(deadline) {}
  Awaiter(const Awaiter&) = delete;
  Awaiter& operator=(const Awaiter&) = delete;
  ~Awaiter() {
    state_->waiter = {};
    if (timer_ != 0) state_->loop.cancel(timer_);
  }

  bool await_ready() const { return state_->value.has_value(); }
  void await_suspend(std::coroutine_handle<> caller) {
    state_->waiter = caller;
    if (deadline_ == TimePoint::max()) return;
    timer_ = state_->loop.call_at(deadline_, [this] {
      timer_ = 0;
      if (state_->waiter) std::exchange(state_->waiter, {}).resume();
    });
  }
  std::optional<T> await_resume() { return std::exchange(state_->value, std::nullopt); }

 private:
  std::shared_ptr<State> state_;
  TimePoint deadline_;
  TimerId timer_ = 0;
};

}  // namespace probes
