// A loop on virtual time: nothing sleeps, the clocks jump from timer to timer. The three clocks can
// part company as real ones do: `step_wall` moves the calendar alone, `suspend` lets calendar and
// boot clock go on while the monotonic clock stands still. Descriptors do not exist here. One
// thread; post_from_any_thread may be called from others, but is only seen when the loop runs.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>

#include "probes/async/loop.h"
#include "probes/async/root_tasks.h"
#include "probes/async/timer_queue.h"

namespace fakes {

class FakeLoop final : public probes::Loop {
 public:
  using Duration = probes::Duration;
  using TimePoint = probes::TimePoint;
  using WallTime = probes::WallTime;

  // Tests begin on Thursday 2026-01-01 00:00 UTC, a day after boot, unless they say otherwise.
  FakeLoop() : FakeLoop(WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1))) {}
  explicit FakeLoop(WallTime start);
  ~FakeLoop() override;

  TimePoint now() const override { return now_; }
  Duration boot_now() const override { return now_.time_since_epoch() + suspended_; }
  WallTime wall_now() const override { return wall_zero_ + now_.time_since_epoch(); }
  void post(Callback callback) override;
  void post_from_any_thread(Callback callback) override;
  probes::TimerId call_at(TimePoint at, Callback callback) override;
  void cancel(probes::TimerId timer) override;
  void watch(int fd, unsigned events, IoCallback callback) override;
  void unwatch(int fd) override;
  probes::SpawnId spawn(probes::Task<void> task) override;
  void cancel_spawned(probes::SpawnId id) override;
  // Until stop(), or until nothing is left that could ever happen; then destroys the root tasks.
  void run() override;
  void stop() override { stopping_ = true; }

  // Everything that is due up to and including `at`, in order; the clock then stands at `at`.
  void run_until(TimePoint at);
  void run_for(Duration duration) { run_until(now_ + duration); }
  void run_until_wall(WallTime at) { run_for(at - wall_now()); }
  // What is ready at this instant, without moving the clock.
  void run_ready() { run_until(now_); }
  // Runs until `task` has ended and gives its result; throws when nothing is left to happen before.
  template <class T>
  T run_task(probes::Task<T> task);

  void step_wall(Duration by) { wall_zero_ += by; }
  void suspend(Duration by);

  std::size_t timers() const { return timers_.size(); }
  std::size_t roots() const { return roots_.size(); }

 private:
  void run_posted();
  bool step(TimePoint limit);

  TimePoint now_;
  WallTime wall_zero_;
  Duration suspended_{};
  std::deque<Callback> posted_;
  std::mutex foreign_mutex_;
  std::vector<Callback> foreign_;
  std::atomic<bool> foreign_waiting_ = false;
  std::atomic<bool> stopping_ = false;
  probes::TimerQueue timers_;
  probes::RootTasks roots_;  // last: destroyed first
};

namespace detail {
template <class T>
probes::Task<void> keep_result(probes::Task<T> task, std::optional<T>& result) {
  result = co_await std::move(task);
}
inline probes::Task<void> keep_done(probes::Task<void> task, bool& done) {
  co_await std::move(task);
  done = true;
}
[[noreturn]] void fail_stuck();
}  // namespace detail

template <class T>
T FakeLoop::run_task(probes::Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    bool done = false;
    spawn(detail::keep_done(std::move(task), done));
    while (!done)
      if (!step(TimePoint::max())) detail::fail_stuck();
  } else {
    std::optional<T> result;
    spawn(detail::keep_result(std::move(task), result));
    while (!result)
      if (!step(TimePoint::max())) detail::fail_stuck();
    return std::move(*result);
  }
}

}  // namespace fakes
