// The two loops: what the real one promises about descriptors, threads and timers, and how the
// virtual one moves its three clocks. Real waits are a few milliseconds and never asserted upwards.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "probes/async/epoll_loop.h"
#include "tests/fakes/fake_loop.h"

using namespace std::chrono_literals;
using fakes::FakeLoop;
using probes::EpollLoop;
using probes::Loop;
using probes::Task;
using probes::TimePoint;

namespace {

struct SocketPair {
  SocketPair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0); }
  ~SocketPair() {
    close(fd[0]);
    close(fd[1]);
  }
  int fd[2];
};

TEST(EpollLoop, RunsTimersInOrderAndNeverEarly) {
  EpollLoop loop;
  std::vector<int> order;
  const TimePoint start = loop.now();
  TimePoint fired;
  loop.call_at(start + 3ms, [&] {
    order.push_back(3);
    fired = loop.now();
    loop.stop();
  });
  loop.call_at(start + 1ms, [&] { order.push_back(1); });
  loop.call_at(start + 1ms, [&] { order.push_back(2); });
  const auto cancelled = loop.call_at(start + 2ms, [&] { order.push_back(99); });
  loop.cancel(cancelled);
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_GE(fired, start + 3ms);
  loop.cancel(cancelled);  // harmless
}

TEST(EpollLoop, KeepsAHundredThousandTimersAndCancelsThemCheaply) {
  EpollLoop loop;
  const TimePoint start = loop.now();
  std::vector<probes::TimerId> timers;
  for (int i = 0; i < 100'000; ++i)
    timers.push_back(loop.call_at(start + 1h + i * 1us, [] { FAIL(); }));
  for (const auto timer : timers) loop.cancel(timer);
  int ran = 0;
  for (int i = 0; i < 100'000; ++i) loop.call_at(start - i * 1us, [&] { ++ran; });
  loop.call_at(start + 1us, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(ran, 100'000);
}

TEST(EpollLoop, TakesCallsFromOtherThreads) {
  EpollLoop loop;
  int sum = 0;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.post_from_any_thread([&sum] { ++sum; });
    loop.post_from_any_thread([&loop] { loop.stop(); });
  });
  loop.run();
  other.join();
  EXPECT_EQ(sum, 1000);
}

TEST(EpollLoop, IsStoppedFromAnotherThread) {
  EpollLoop loop;
  bool far = false;
  loop.call_at(loop.now() + 1h, [&] { far = true; });
  std::thread other([&] { loop.stop(); });
  loop.run();
  other.join();
  EXPECT_FALSE(far);
}

TEST(EpollLoop, TellsReadinessUntilItIsUnwatched) {
  EpollLoop loop;
  SocketPair pair;
  int reads = 0;
  loop.watch(pair.fd[0], Loop::kRead, [&](unsigned events) {
    EXPECT_EQ(events, Loop::kRead);
    if (++reads < 3) return;  // level-triggered: nobody reads, so it comes again
    loop.unwatch(pair.fd[0]);
    loop.call_at(loop.now() + 2ms, [&] { loop.stop(); });
  });
  ASSERT_EQ(write(pair.fd[1], "x", 1), 1);
  loop.run();
  EXPECT_EQ(reads, 3);
}

TEST(EpollLoop, ChangesTheEventsFromWithinTheCallback) {
  EpollLoop loop;
  SocketPair pair;
  std::string seen;
  loop.watch(pair.fd[0], Loop::kWrite, [&](unsigned) {
    seen += 'w';
    loop.watch(pair.fd[0], Loop::kRead, [&](unsigned) {
      seen += 'r';
      loop.unwatch(pair.fd[0]);
      loop.stop();
    });
  });
  ASSERT_EQ(write(pair.fd[1], "x", 1), 1);
  loop.run();
  EXPECT_EQ(seen, "wr");
}

TEST(EpollLoop, IgnoresAStaleEventOfAReusedDescriptor) {
  EpollLoop loop;
  SocketPair first, second, quiet;
  int wrong = 0;
  // Both are readable in the same turn; whichever comes first puts a quiet descriptor in the
  // other's place, whose pending event must not reach the new watcher.
  auto replace = [&](int other) {
    loop.unwatch(first.fd[0]);
    loop.unwatch(second.fd[0]);
    dup2(quiet.fd[0], other);
    loop.watch(other, Loop::kRead, [&](unsigned) { ++wrong; });
    loop.call_at(loop.now() + 2ms, [&] { loop.stop(); });
  };
  loop.watch(first.fd[0], Loop::kRead, [&](unsigned) { replace(second.fd[0]); });
  loop.watch(second.fd[0], Loop::kRead, [&](unsigned) { replace(first.fd[0]); });
  ASSERT_EQ(write(first.fd[1], "x", 1), 1);
  ASSERT_EQ(write(second.fd[1], "x", 1), 1);
  loop.run();
  EXPECT_EQ(wrong, 0);
}

TEST(EpollLoop, ToleratesADescriptorThatALibraryClosed) {
  EpollLoop loop;
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  loop.watch(fds[0], Loop::kRead, [](unsigned) {});
  close(fds[0]);
  loop.unwatch(fds[0]);
  loop.unwatch(fds[0]);
  loop.unwatch(123456);
  int again[2];
  ASSERT_EQ(pipe(again), 0);
  loop.watch(again[0], Loop::kRead, [&](unsigned) { loop.stop(); });
  ASSERT_EQ(write(again[1], "x", 1), 1);
  loop.run();
  loop.unwatch(again[0]);
  for (const int fd : {fds[1], again[0], again[1]}) close(fd);
}

TEST(EpollLoop, ReportsHowLateItIs) {
  std::vector<probes::Duration> lags;
  EpollLoop loop({.on_lag = [&](probes::Duration lag) { lags.push_back(lag); }});
  loop.call_at(loop.now() - 7s, [&] { loop.stop(); });
  loop.run();
  ASSERT_EQ(lags.size(), 1u);
  EXPECT_GE(lags[0], 7s);
}

Task<void> sleeper(Loop& loop, std::shared_ptr<int> alive) {
  const TimePoint at = loop.now() + 1h;
  co_await probes::sleep_until(loop, at);
  ++*alive;
}

TEST(EpollLoop, DestroysRemainingRootsWhenItStops) {
  EpollLoop loop;
  auto alive = std::make_shared<int>(0);
  loop.spawn(sleeper(loop, alive));
  loop.call_at(loop.now() + 1ms, [&] {
    EXPECT_EQ(alive.use_count(), 2);
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(FakeLoop, JumpsFromTimerToTimer) {
  FakeLoop loop;
  const TimePoint start = loop.now();
  std::vector<probes::Duration> fired;
  for (const auto at : {5h, 1h, 3h})
    loop.call_at(start + at, [&] { fired.push_back(loop.now() - start); });
  loop.run_until(start + 4h);
  EXPECT_EQ(fired, (std::vector<probes::Duration>{1h, 3h}));
  EXPECT_EQ(loop.now(), start + 4h);
  loop.run_for(2h);
  EXPECT_EQ(fired.size(), 3u);
}

TEST(FakeLoop, KeepsItsThreeClocksApart) {
  FakeLoop loop(probes::WallTime(std::chrono::sys_days(std::chrono::year(2028) / 2 / 29)));
  const TimePoint start = loop.now();
  const auto wall = loop.wall_now();
  const auto boot = loop.boot_now();
  loop.run_for(10s);
  loop.step_wall(-1h);
  loop.suspend(30min);
  EXPECT_EQ(loop.now() - start, 10s);
  EXPECT_EQ(loop.boot_now() - boot, 10s + 30min);
  EXPECT_EQ(loop.wall_now() - wall, 10s + 30min - 1h);
}

TEST(FakeLoop, RunsToTheEndOfEverythingOrUntilStopped) {
  FakeLoop loop;
  auto alive = std::make_shared<int>(0);
  loop.spawn(sleeper(loop, alive));
  loop.run();
  EXPECT_EQ(*alive, 1);
  loop.spawn(sleeper(loop, alive));
  loop.call_at(loop.now() + 1min, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(*alive, 1);
  EXPECT_EQ(alive.use_count(), 1);
}

Task<void> wait_for_ever() { co_await std::suspend_always(); }

TEST(FakeLoop, RefusesDescriptorsAndTasksThatWaitForEver) {
  FakeLoop loop;
  EXPECT_THROW(loop.watch(0, Loop::kRead, [](unsigned) {}), std::logic_error);
  EXPECT_THROW(loop.run_task(wait_for_ever()), std::runtime_error);
}

Task<void> tick_a_million_times(FakeLoop& loop, long& count) {
  TimePoint at = loop.now();
  for (int i = 0; i < 1'000'000; ++i) {
    at += 1min;
    co_await probes::sleep_until(loop, at);
    ++count;
  }
}

TEST(FakeLoop, RunsAMillionTimersInAMoment) {
  FakeLoop loop;
  long ran = 0;
  loop.run_task(tick_a_million_times(loop, ran));
  EXPECT_EQ(ran, 1'000'000);
}

}  // namespace
