// One libevent loop on a thread of its own. Everything of the demo company lives on this thread;
// others hand work over with run(), which waits for it, so no object here needs a lock.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "exporter/demo/handles.h"

namespace exporter::demo {

class EventLoop {
 public:
  EventLoop();   // throws std::runtime_error when the process has no descriptors left
  ~EventLoop();  // ends the thread; destroy what lives on the loop first, through run()
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  event_base* base() const { return base_.get(); }

  // Runs `work` on the loop thread and returns when it is done. Called on the loop thread itself it
  // simply runs it.
  void run(std::function<void()> work);

 private:
  void wake();
  void drain();

  EventBase base_;
  int wake_fd_ = -1;
  Event wake_event_;
  std::mutex mutex_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace exporter::demo
