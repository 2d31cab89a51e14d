// Where work that may block runs: one worker thread that takes jobs in order, or nowhere at all
// (inline) so that a whole exporter runs on one thread of virtual time in a test.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace exporter {

class Executor {
 public:
  using Job = std::function<void()>;
  virtual ~Executor() = default;
  // Jobs run one after the other, in the order they were posted. Any thread.
  virtual void post(Job job) = 0;
};

class InlineExecutor final : public Executor {
 public:
  void post(Job job) override { job(); }
};

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor();
  // Runs what was posted, then joins.
  ~ThreadExecutor() override;
  void post(Job job) override;

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace exporter
