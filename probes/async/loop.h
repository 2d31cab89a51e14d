// The event loop every probe runs on: clocks, timers, descriptors and root tasks. One thread runs
// it and resumes everything; only post_from_any_thread and stop may be called from another thread.
// EpollLoop (epoll_loop.h) is the real one, tests/fakes/fake_loop.h the virtual one, whose time
// jumps from timer to timer.
#pragma once

#include <coroutine>
#include <cstdint>
#include <functional>

#include "probes/async/task.h"
#include "probes/outcome.h"

namespace probes {

using TimerId = std::uint64_t;  // 0 is never a timer
using SpawnId = std::uint64_t;  // 0 is never a root task

class Loop {
 public:
  enum Events : unsigned { kRead = 1, kWrite = 2 };
  using Callback = std::function<void()>;
  using IoCallback = std::function<void(unsigned events)>;

  virtual ~Loop() = default;

  virtual TimePoint now() const = 0;      // CLOCK_MONOTONIC: stands still during suspend
  virtual Duration boot_now() const = 0;  // CLOCK_BOOTTIME: goes on during suspend
  virtual WallTime wall_now() const = 0;  // CLOCK_REALTIME: may step

  // Runs `callback` on the loop thread, after the current callback has returned.
  virtual void post(Callback callback) = 0;
  // The same from any thread; wakes the loop.
  virtual void post_from_any_thread(Callback callback) = 0;

  // Runs `callback` once when `at` has come. Cancelling a timer that ran is harmless.
  virtual TimerId call_at(TimePoint at, Callback callback) = 0;
  virtual void cancel(TimerId timer) = 0;

  // Level-triggered. One watcher a descriptor; watch again to change the events; unwatch before
  // close. A descriptor the kernel forgot already (closed by a library) is ignored by unwatch.
  virtual void watch(int fd, unsigned events, IoCallback callback) = 0;
  virtual void unwatch(int fd) = 0;

  // Starts a root task and owns it until it ends; its frame is destroyed from the loop, never from
  // within itself. An exception that leaves a root task ends the process: it is our bug.
  virtual SpawnId spawn(Task<void> task) = 0;
  // Cancels a root task by destroying it, at the next turn of the loop. Harmless when it has ended.
  virtual void cancel_spawned(SpawnId id) = 0;

  virtual void run() = 0;   // until stop(); then remaining root tasks are destroyed
  virtual void stop() = 0;  // from any thread
};

// `co_await sleep_until(loop, at);`
class SleepUntil {
 public:
  SleepUntil(Loop& loop, TimePoint at) : loop_(loop), at_(at) {}
  SleepUntil(const SleepUntil&) = delete;
  SleepUntil& operator=(const SleepUntil&) = delete;
  ~SleepUntil() {
    if (timer_ != 0) loop_.cancel(timer_);
  }
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    timer_ = loop_.call_at(at_, [this, caller] {
      timer_ = 0;
      caller.resume();
    });
  }
  void await_resume() const {}

 private:
  Loop& loop_;
  TimePoint at_;
  TimerId timer_ = 0;
};

inline SleepUntil sleep_until(Loop& loop, TimePoint at) { return SleepUntil(loop, at); }

}  // namespace probes
