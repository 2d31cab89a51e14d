// How other threads reach the server thread: jobs in a queue and a descriptor that wakes the event
// loop. libevent itself then needs no locks, because only the server thread touches it.
#pragma once

#include <event2/event.h>

#include <functional>
#include <mutex>
#include <vector>

namespace exporter {

class LoopQueue {
 public:
  explicit LoopQueue(event_base* base);
  ~LoopQueue();
  LoopQueue(const LoopQueue&) = delete;
  LoopQueue& operator=(const LoopQueue&) = delete;

  // Any thread. The job runs on the server thread, or never when the loop has ended.
  void post(std::function<void()> job);

 private:
  static void on_wake(evutil_socket_t fd, short, void* arg);

  int fd_ = -1;
  event* wake_ = nullptr;
  std::mutex mutex_;
  std::vector<std::function<void()>> jobs_;
};

}  // namespace exporter
