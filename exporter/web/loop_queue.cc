// An eventfd: one descriptor, and many wake-ups before the loop looks count as one.
#include "exporter/web/loop_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace exporter {

LoopQueue::LoopQueue(event_base* base) : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  wake_ = event_new(base, fd_, EV_READ | EV_PERSIST, &LoopQueue::on_wake, this);
  event_add(wake_, nullptr);
}

LoopQueue::~LoopQueue() {
  event_free(wake_);
  ::close(fd_);
}

void LoopQueue::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
}

void LoopQueue::on_wake(evutil_socket_t fd, short, void* arg) {
  auto& queue = *static_cast<LoopQueue*>(arg);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(fd, &count, sizeof count);
  std::vector<std::function<void()>> jobs;
  {
    const std::lock_guard lock(queue.mutex_);
    jobs.swap(queue.jobs_);
  }
  for (auto& job : jobs) job();
}

}  // namespace exporter
