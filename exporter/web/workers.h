// A small pool of threads for what would hold up the server thread: slow handlers, compression of
// large bodies, password checks. The queue is bounded; when it is full the caller says so to the
// client instead of letting work pile up. post() from any thread; stop() once, from the owner.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace exporter {

class Workers {
 public:
  Workers(std::size_t threads, std::size_t max_queued);
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False when the queue is full or the pool has stopped; the job was not taken then.
  bool post(std::function<void()> job);
  // Finishes the jobs that have begun, drops the waiting ones, joins.
  void stop();

 private:
  void run();

  const std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace exporter
