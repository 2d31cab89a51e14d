#include "tests/fakes/fake_loop.h"

#include <stdexcept>

namespace fakes {

FakeLoop::FakeLoop(WallTime start) : now_(std::chrono::hours(24)), roots_(*this) {
  wall_zero_ = start - now_.time_since_epoch();
}

FakeLoop::~FakeLoop() { roots_.destroy_all(); }

void FakeLoop::post(Callback callback) { posted_.push_back(std::move(callback)); }

void FakeLoop::post_from_any_thread(Callback callback) {
  std::lock_guard lock(foreign_mutex_);
  foreign_.push_back(std::move(callback));
  foreign_waiting_ = true;
}

probes::TimerId FakeLoop::call_at(TimePoint at, Callback callback) {
  return timers_.add(at, std::move(callback));
}

void FakeLoop::cancel(probes::TimerId timer) { timers_.cancel(timer); }

void FakeLoop::watch(int, unsigned, IoCallback) {
  throw std::logic_error("the fake loop has no descriptors: use SimNet, or EpollLoop");
}

void FakeLoop::unwatch(int) {
  throw std::logic_error("the fake loop has no descriptors: use SimNet, or EpollLoop");
}

probes::SpawnId FakeLoop::spawn(probes::Task<void> task) { return roots_.spawn(std::move(task)); }
void FakeLoop::cancel_spawned(probes::SpawnId id) { roots_.cancel(id); }

void FakeLoop::run() {
  while (!stopping_ && step(TimePoint::max())) continue;
  roots_.destroy_all();
  stopping_ = false;
}

void FakeLoop::run_until(TimePoint at) {
  while (!stopping_ && step(at)) continue;
  if (!stopping_ && at > now_) now_ = at;
}

// One posted callback batch or one timer; false when nothing is due up to `limit`.
bool FakeLoop::step(TimePoint limit) {
  if (!posted_.empty() || foreign_waiting_) {
    run_posted();
    return true;
  }
  const TimePoint next = timers_.next();
  if (next == TimePoint::max() || next > limit) return false;
  if (next > now_) now_ = next;
  timers_.pop()();
  return true;
}

void FakeLoop::run_posted() {
  if (foreign_waiting_) {
    std::lock_guard lock(foreign_mutex_);
    for (Callback& callback : foreign_) posted_.push_back(std::move(callback));
    foreign_.clear();
    foreign_waiting_ = false;
  }
  // Only what is here now: stop() takes effect between turns, as in the real loop.
  for (std::size_t left = posted_.size(); left > 0; --left) {
    Callback callback = std::move(posted_.front());
    posted_.pop_front();
    callback();
  }
}

void FakeLoop::suspend(Duration by) {
  suspended_ += by;
  wall_zero_ += by;
}

void detail::fail_stuck() {
  throw std::runtime_error("the task waits for something that never happens");
}

}  // namespace fakes
