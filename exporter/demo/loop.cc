// The loop is woken through an eventfd, which spares libevent's own locking.
#include "exporter/demo/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <future>
#include <stdexcept>

namespace exporter::demo {

EventLoop::EventLoop() : base_(event_base_new()), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!base_ || wake_fd_ < 0)
    throw std::runtime_error("cannot create an event loop: no descriptors left");
  const auto on_wake = [](evutil_socket_t, short, void* self) {
    static_cast<EventLoop*>(self)->drain();
  };
  wake_event_.reset(event_new(base_.get(), wake_fd_, EV_READ | EV_PERSIST, on_wake, this));
  event_add(wake_event_.get(), nullptr);
  thread_ = std::thread([this] { event_base_dispatch(base_.get()); });
}

EventLoop::~EventLoop() {
  run([this] { event_base_loopbreak(base_.get()); });
  thread_.join();
  wake_event_.reset();
  close(wake_fd_);
}

void EventLoop::run(std::function<void()> work) {
  if (std::this_thread::get_id() == thread_.get_id()) return work();

  std::promise<void> done;
  {
    const std::lock_guard lock(mutex_);
    queue_.emplace_back([&work, &done] {
      work();
      done.set_value();
    });
  }
  wake();
  done.get_future().wait();
}

void EventLoop::wake() {
  const std::uint64_t one = 1;
  // The counter of an eventfd cannot fill up here, so the write cannot fail.
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

void EventLoop::drain() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(wake_fd_, &count, sizeof count);
  std::deque<std::function<void()>> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(queue_);
  }
  for (const auto& piece : work) piece();
}

}  // namespace exporter::demo
