// The real loop: epoll for descriptors, an eventfd for calls from other threads, one heap for
// timers. One thread runs it; timers are rounded up to the millisecond, so none fires early.
// Construction throws std::system_error when the kernel gives no epoll or event descriptor.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "probes/async/loop.h"
#include "probes/async/root_tasks.h"
#include "probes/async/timer_queue.h"

namespace probes {

class EpollLoop final : public Loop {
 public:
  struct Options {
    // Told on the loop thread, once for each turn that ran timers, how late the first of them ran.
    std::function<void(Duration)> on_lag;
  };

  EpollLoop() : EpollLoop(Options{}) {}
  explicit EpollLoop(Options options);
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;
  ~EpollLoop() override;

  TimePoint now() const override;
  Duration boot_now() const override;
  WallTime wall_now() const override;
  void post(Callback callback) override;
  void post_from_any_thread(Callback callback) override;
  TimerId call_at(TimePoint at, Callback callback) override;
  void cancel(TimerId timer) override;
  void watch(int fd, unsigned events, IoCallback callback) override;
  void unwatch(int fd) override;
  SpawnId spawn(Task<void> task) override;
  void cancel_spawned(SpawnId id) override;
  void run() override;
  void stop() override;

 private:
  // One descriptor's watcher. The generation tells a stale event of a closed descriptor from one of
  // the new descriptor that got the same number within the same turn.
  struct Watcher {
    std::uint32_t generation = 0;
    unsigned events = 0;  // 0: not watched
    IoCallback callback;
  };

  void run_posted();
  void run_timers();
  void poll();
  void dispatch(std::uint64_t tag, unsigned happened);
  int poll_timeout_ms();
  void drain_wakeups();
  void wake();

  Options options_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::vector<Watcher> watchers_;  // by descriptor
  std::uint32_t last_generation_ = 0;
  TimerQueue timers_;
  std::vector<Callback> posted_;
  std::mutex foreign_mutex_;
  std::vector<Callback> foreign_;  // guarded by foreign_mutex_
  std::atomic<bool> stopping_ = false;
  RootTasks roots_;  // last: destroyed first, while the rest still works
};

}  // namespace probes
