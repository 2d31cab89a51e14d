#include "probes/async/epoll_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <limits>
#include <system_error>

namespace probes {
namespace {

constexpr int kEventsPerTurn = 256;

Duration read_clock(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}

std::uint32_t to_epoll(unsigned events) {
  std::uint32_t bits = 0;
  if (events & Loop::kRead) bits |= EPOLLIN | EPOLLRDHUP;
  if (events & Loop::kWrite) bits |= EPOLLOUT;
  return bits;
}

// An error or a hang-up wakes whoever waits: the next read or write tells what it was.
unsigned from_epoll(std::uint32_t bits) {
  if (bits & (EPOLLERR | EPOLLHUP)) return Loop::kRead | Loop::kWrite;
  unsigned events = 0;
  if (bits & (EPOLLIN | EPOLLRDHUP)) events |= Loop::kRead;
  if (bits & EPOLLOUT) events |= Loop::kWrite;
  return events;
}

std::uint64_t make_tag(int fd, std::uint32_t generation) {
  return (static_cast<std::uint64_t>(generation) << 32) | static_cast<std::uint32_t>(fd);
}

}  // namespace

EpollLoop::EpollLoop(Options options) : options_(std::move(options)), roots_(*this) {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd_ < 0) {
    const int error = errno;
    close(epoll_fd_);
    throw std::system_error(error, std::generic_category(), "eventfd");
  }
  watch(wake_fd_, kRead, [this](unsigned) { drain_wakeups(); });
}

EpollLoop::~EpollLoop() {
  roots_.destroy_all();
  close(wake_fd_);
  close(epoll_fd_);
}

TimePoint EpollLoop::now() const { return TimePoint(read_clock(CLOCK_MONOTONIC)); }
Duration EpollLoop::boot_now() const { return read_clock(CLOCK_BOOTTIME); }
WallTime EpollLoop::wall_now() const { return WallTime(read_clock(CLOCK_REALTIME)); }

void EpollLoop::post(Callback callback) { posted_.push_back(std::move(callback)); }

void EpollLoop::post_from_any_thread(Callback callback) {
  {
    std::lock_guard lock(foreign_mutex_);
    foreign_.push_back(std::move(callback));
  }
  wake();
}

TimerId EpollLoop::call_at(TimePoint at, Callback callback) {
  return timers_.add(at, std::move(callback));
}

void EpollLoop::cancel(TimerId timer) { timers_.cancel(timer); }

void EpollLoop::watch(int fd, unsigned events, IoCallback callback) {
  assert(fd >= 0 && events != 0);
  if (static_cast<std::size_t>(fd) >= watchers_.size()) watchers_.resize(fd + 1);
  Watcher& watcher = watchers_[fd];
  const bool known = watcher.events != 0;
  watcher.callback = std::move(callback);
  if (known && watcher.events == events) return;
  if (!known) watcher.generation = ++last_generation_;
  watcher.events = events;

  epoll_event event{};
  event.events = to_epoll(events);
  event.data.u64 = make_tag(fd, watcher.generation);
  int result = epoll_ctl(epoll_fd_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  // A library closed the descriptor behind our back and opened another of the same number, or we
  // still hold what it believes to be new: the kernel knows best.
  if (result < 0 && errno == ENOENT) result = epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
  if (result < 0 && errno == EEXIST) result = epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
  // Anything but a lack of kernel memory is our bug. Without memory no event comes, and the
  // deadline of whoever waits ends the wait.
  assert(result == 0 || errno == ENOSPC || errno == ENOMEM);
}

void EpollLoop::unwatch(int fd) {
  if (fd < 0 || static_cast<std::size_t>(fd) >= watchers_.size()) return;
  Watcher& watcher = watchers_[fd];
  if (watcher.events == 0) return;
  watcher = Watcher{};
  // EBADF and ENOENT: a library closed it already.
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

SpawnId EpollLoop::spawn(Task<void> task) { return roots_.spawn(std::move(task)); }
void EpollLoop::cancel_spawned(SpawnId id) { roots_.cancel(id); }

void EpollLoop::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    run_posted();
    if (stopping_.load(std::memory_order_acquire)) break;
    poll();
    run_timers();
  }
  roots_.destroy_all();
  stopping_.store(false, std::memory_order_release);
}

void EpollLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  wake();
}

// What a posted callback posts runs in the next turn, so that descriptors are never starved.
void EpollLoop::run_posted() {
  std::vector<Callback> batch = std::exchange(posted_, {});
  for (Callback& callback : batch) callback();
}

void EpollLoop::run_timers() {
  if (timers_.empty()) return;
  const TimePoint at = now();
  const TimePoint first = timers_.next();
  if (first > at) return;
  if (options_.on_lag) options_.on_lag(at - first);
  // Timers added by these callbacks for `at` or before run now as well; later ones wait.
  while (timers_.next() <= at) timers_.pop()();
}

void EpollLoop::poll() {
  epoll_event events[kEventsPerTurn];
  const int count = epoll_wait(epoll_fd_, events, kEventsPerTurn, poll_timeout_ms());
  assert(count >= 0 || errno == EINTR);
  for (int i = 0; i < count; ++i) dispatch(events[i].data.u64, from_epoll(events[i].events));
}

void EpollLoop::dispatch(std::uint64_t tag, unsigned happened) {
  const auto fd = static_cast<std::size_t>(tag & 0xffffffffu);
  const auto generation = static_cast<std::uint32_t>(tag >> 32);
  if (watchers_[fd].generation != generation) return;
  happened &= watchers_[fd].events;
  if (happened == 0) return;

  // The callback may unwatch itself, watch anew or make the table grow: it runs from a local and
  // goes back only if its watcher is still the same and has no new one.
  IoCallback callback = std::exchange(watchers_[fd].callback, nullptr);
  callback(happened);
  Watcher& watcher = watchers_[fd];
  if (watcher.generation == generation && !watcher.callback) watcher.callback = std::move(callback);
}

int EpollLoop::poll_timeout_ms() {
  if (!posted_.empty()) return 0;
  const TimePoint next = timers_.next();
  if (next == TimePoint::max()) return -1;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(wait, 0, std::numeric_limits<int>::max()));
}

void EpollLoop::drain_wakeups() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto ignored = read(wake_fd_, &count, sizeof count);
  std::vector<Callback> batch;
  {
    std::lock_guard lock(foreign_mutex_);
    batch.swap(foreign_);
  }
  for (Callback& callback : batch) callback();
}

void EpollLoop::wake() {
  const std::uint64_t one = 1;
  // Full means that a wake-up is pending already.
  [[maybe_unused]] const auto ignored = write(wake_fd_, &one, sizeof one);
}

}  // namespace probes
