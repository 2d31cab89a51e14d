// Living documentation of how coroutines are written here: an await stands alone in one of four
// forms, parameters are values, cancelling is destroying. Each test shows one thing a Task
// guarantees; all run on virtual time.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "probes/async/both.h"
#include "probes/async/later.h"
#include "probes/async/task.h"
#include "tests/fakes/fake_loop.h"

using namespace std::chrono_literals;
using fakes::FakeLoop;
using probes::Later;
using probes::Loop;
using probes::Task;
using probes::TimePoint;

namespace {

// Counts its living copies, so that a leaked or doubly freed frame shows.
struct Counted {
  explicit Counted(int& count) : count_(&count) { ++*count_; }
  Counted(const Counted& other) : count_(other.count_) { ++*count_; }
  Counted(Counted&& other) noexcept : count_(other.count_) { ++*count_; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --*count_; }
  int* count_;
};

struct Options {
  std::string name;
  int number = 0;
};

// The time is named before the await: arguments are names, literals or std::move(name).
Task<void> pass(Loop& loop, probes::Duration time) {
  const TimePoint at = loop.now() + time;
  co_await probes::sleep_until(loop, at);
}

Task<int> ready(int value) { co_return value; }

Task<std::string> describe(Loop& loop, Options options) {
  co_await pass(loop, 1s);
  co_return options.name + std::to_string(options.number);
}

// Form 1: a new variable. Form 2: an assignment. Form 3: a statement. Form 4: the result.
Task<std::string> four_forms(Loop& loop) {
  Options options{.name = "mx", .number = 1};
  std::string text = co_await describe(loop, options);
  options.number = 2;
  text = co_await describe(loop, std::move(options));
  co_await pass(loop, 1s);
  Options last{.name = text, .number = 3};
  co_return co_await describe(loop, std::move(last));
}

TEST(Task, IsAwaitedInFourForms) {
  FakeLoop loop;
  const TimePoint start = loop.now();
  EXPECT_EQ(loop.run_task(four_forms(loop)), "mx23");
  EXPECT_EQ(loop.now() - start, 4s);
}

Task<int> raise(Counted, bool& flag) {
  flag = true;
  co_return 1;
}

TEST(Task, DoesNothingBeforeItIsAwaited) {
  int living = 0;
  bool ran = false;
  {
    Task<int> task = raise(Counted(living), ran);
    EXPECT_EQ(living, 1);
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(living, 0);
}

Task<long> sum_ready(int times) {
  long sum = 0;
  for (int i = 0; i < times; ++i) {
    const int value = co_await ready(i);
    sum += value;
  }
  co_return sum;
}

TEST(Task, AwaitsAMillionReadyTasksWithoutGrowingTheStack) {
  FakeLoop loop;
  EXPECT_EQ(loop.run_task(sum_ready(1'000'000)), 499'999'500'000);
}

Task<int> throwing(Loop& loop) {
  co_await pass(loop, 1s);
  throw std::runtime_error("from below");
}

Task<std::string> catching(Loop& loop) {
  std::string caught;
  try {
    co_await throwing(loop);
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  // An await never stands inside a handler; the story goes on after it.
  co_await pass(loop, 1s);
  co_return caught;
}

TEST(Task, ThrowsToWhoeverAwaits) {
  FakeLoop loop;
  EXPECT_EQ(loop.run_task(catching(loop)), "from below");
}

Task<void> nested(Loop& loop, Counted counted, int depth) {
  Counted local = counted;
  co_await pass(loop, 1s);
  if (depth > 0) co_await nested(loop, counted, depth - 1);
  co_await pass(loop, 1s);
}

TEST(Task, FreesEveryFrameWhereverItIsCancelled) {
  for (int cut = 0; cut <= 20; ++cut) {
    int living = 0;
    FakeLoop loop;
    const auto id = loop.spawn(nested(loop, Counted(living), 8));
    loop.run_for(cut * 1s);
    if (cut < 18) EXPECT_GT(living, 0) << "cut " << cut;
    loop.cancel_spawned(id);
    loop.run_ready();
    EXPECT_EQ(living, 0) << "cut " << cut;
    EXPECT_EQ(loop.timers(), 0u) << "cut " << cut;
    EXPECT_EQ(loop.roots(), 0u) << "cut " << cut;
  }
}

TEST(Task, IsFreedWithTheLoop) {
  int living = 0;
  {
    FakeLoop loop;
    loop.spawn(nested(loop, Counted(living), 3));
    loop.run_for(2s);
    EXPECT_GT(living, 0);
  }
  EXPECT_EQ(living, 0);
}

Task<std::string> wait_for(Later<std::string> later, TimePoint deadline) {
  const std::optional<std::string> value = co_await later.until(deadline);
  co_return value.value_or("nothing");
}

TEST(Later, BringsTheValueOfACallback) {
  FakeLoop loop;
  Later<std::string> later(loop);
  loop.call_at(loop.now() + 2s, [later] { later.set("answer"); });
  EXPECT_EQ(loop.run_task(wait_for(later, loop.now() + 5s)), "answer");
  EXPECT_EQ(loop.timers(), 0u);
}

TEST(Later, IsNotWaitedForBeyondTheDeadline) {
  FakeLoop loop;
  Later<std::string> later(loop);
  const TimePoint start = loop.now();
  EXPECT_EQ(loop.run_task(wait_for(later, start + 5s)), "nothing");
  EXPECT_EQ(loop.now() - start, 5s);
}

Task<void> keep(Later<std::string> from, std::string& to) {
  const TimePoint never = TimePoint::max();
  const std::optional<std::string> value = co_await from.until(never);
  to = *value;
}

TEST(Later, NeverResumesFromWithinTheCallback) {
  FakeLoop loop;
  Later<std::string> later(loop);
  std::string result;
  loop.spawn(keep(later, result));
  loop.run_ready();
  later.set("x");
  EXPECT_EQ(result, "");
  loop.run_ready();
  EXPECT_EQ(result, "x");
}

TEST(Later, ForgetsAWaiterThatWasCancelled) {
  FakeLoop loop;
  Later<std::string> later(loop);
  std::string nothing;
  const auto id = loop.spawn(keep(later, nothing));
  loop.run_ready();
  later.set("too late");    // its resumption is posted,
  loop.cancel_spawned(id);  // and so is this
  loop.run_ready();
  later.set("nobody there");
  loop.run_ready();
  EXPECT_EQ(loop.roots(), 0u);
}

Task<int> after(Loop& loop, Counted counted, probes::Duration wait, int value) {
  if (wait > 0s) co_await pass(loop, wait);
  if (value < 0) throw std::runtime_error("negative");
  co_return value + 0 * *counted.count_;
}

TEST(Both, RunsTwoTasksAtTheSameTime) {
  int living = 0;
  const probes::Duration waits[] = {0s, 1s, 3s};
  for (const auto a : waits) {
    for (const auto b : waits) {
      FakeLoop loop;
      const TimePoint start = loop.now();
      const auto result = loop.run_task(
          probes::both(after(loop, Counted(living), a, 1), after(loop, Counted(living), b, 2)));
      EXPECT_EQ(result, std::pair(1, 2));
      EXPECT_EQ(loop.now() - start, std::max(a, b));
    }
  }
  EXPECT_EQ(living, 0);
}

Task<bool> throws_when_one_does(Loop& loop, Counted counted) {
  Task<int> fails = after(loop, counted, 1s, -1);
  Task<int> lasts = after(loop, counted, 2s, 2);
  bool threw = false;
  try {
    co_await probes::both(std::move(fails), std::move(lasts));
  } catch (const std::runtime_error&) {
    threw = true;
  }
  co_return threw;
}

TEST(Both, ThrowsWhenEitherThrewAndFreesBoth) {
  int living = 0;
  FakeLoop loop;
  EXPECT_TRUE(loop.run_task(throws_when_one_does(loop, Counted(living))));
  loop.run_ready();
  EXPECT_EQ(living, 0);
}

Task<void> hold_both(Loop& loop, Counted counted) {
  Task<int> first = after(loop, counted, 1s, 1);
  Task<int> second = after(loop, counted, 3s, 2);
  co_await probes::both(std::move(first), std::move(second));
}

TEST(Both, IsCancelledAtEveryPoint) {
  for (int cut = 0; cut <= 4; ++cut) {
    int living = 0;
    FakeLoop loop;
    const auto id = loop.spawn(hold_both(loop, Counted(living)));
    loop.run_for(cut * 1s);
    loop.cancel_spawned(id);
    loop.run_ready();
    EXPECT_EQ(living, 0) << "cut " << cut;
    EXPECT_EQ(loop.timers(), 0u) << "cut " << cut;
  }
}

Task<void> escaping() {
  co_await ready(1);
  throw std::runtime_error("nobody awaits me");
}

TEST(TaskDeathTest, EndsTheProcessWhenARootThrows) {
  EXPECT_DEATH(
      {
        FakeLoop loop;
        loop.spawn(escaping());
        loop.run_ready();
      },
      "");
}

}  // namespace
