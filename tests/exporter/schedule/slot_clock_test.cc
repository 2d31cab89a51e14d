// The clock that names slots, under every trick a clock can play.
#include "exporter/schedule/slot_clock.h"

#include <gtest/gtest.h>

namespace exporter {
namespace {

using namespace std::chrono_literals;
using probes::Duration;
using probes::TimePoint;
using probes::WallTime;

// Three clocks that can be moved apart.
struct Clocks {
  WallReading reading{
      .monotonic = TimePoint(1000s), .boot = 5000s, .wall = WallTime(1'800'000'000s)};
  void pass(Duration time) {
    reading.monotonic += time;
    reading.boot += time;
    reading.wall += time;
  }
  void suspend(Duration time) {
    reading.boot += time;
    reading.wall += time;
  }
};

TEST(SlotClock, FollowsTheWallClockWhileItAgrees) {
  Clocks clocks;
  SlotClock slot_clock(clocks.reading);
  clocks.pass(3600s);
  EXPECT_FALSE(slot_clock.update(clocks.reading));
  EXPECT_EQ(slot_clock.at(clocks.reading), clocks.reading.wall);
  EXPECT_EQ(slot_clock.monotonic_at(clocks.reading.wall), clocks.reading.monotonic);
}

TEST(SlotClock, FollowsSmallStepsAtOnce) {
  Clocks clocks;
  SlotClock slot_clock(clocks.reading);
  clocks.reading.wall += 59s;
  EXPECT_FALSE(slot_clock.update(clocks.reading));
  EXPECT_EQ(slot_clock.at(clocks.reading), clocks.reading.wall);
  clocks.reading.wall -= 59s;
  EXPECT_FALSE(slot_clock.update(clocks.reading));
  EXPECT_EQ(slot_clock.at(clocks.reading), clocks.reading.wall);
}

TEST(SlotClock, KeepsTheOldReckoningUntilAStepHasHeldTenMinutes) {
  Clocks clocks;
  SlotClock slot_clock(clocks.reading);
  WallTime old_reckoning = clocks.reading.wall;
  clocks.reading.wall += 1h;
  std::optional<ClockEvent> event = slot_clock.update(clocks.reading);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, ClockEvent::Kind::step_suspected);
  EXPECT_EQ(event->by, 1h);
  EXPECT_FALSE(slot_clock.agrees());
  for (int second = 1; second < 600; ++second) {
    clocks.pass(1s);
    ASSERT_FALSE(slot_clock.update(clocks.reading)) << second;
    ASSERT_EQ(slot_clock.at(clocks.reading), old_reckoning + std::chrono::seconds(second));
  }
  clocks.pass(1s);
  event = slot_clock.update(clocks.reading);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, ClockEvent::Kind::step_accepted);
  EXPECT_EQ(event->to - event->from, 1h);
  EXPECT_EQ(slot_clock.at(clocks.reading), clocks.reading.wall);
  EXPECT_TRUE(slot_clock.agrees());
}

TEST(SlotClock, ForgetsAStepThatIsTakenBack) {
  Clocks clocks;
  SlotClock slot_clock(clocks.reading);
  clocks.reading.wall += 24h;
  EXPECT_TRUE(slot_clock.update(clocks.reading));
  clocks.pass(300s);
  clocks.reading.wall -= 24h;
  EXPECT_FALSE(slot_clock.update(clocks.reading));
  EXPECT_TRUE(slot_clock.agrees());
  clocks.pass(600s);
  EXPECT_FALSE(slot_clock.update(clocks.reading));
}

TEST(SlotClock, JumpsOverNoSlotWhenTheClockStepsBack) {
  Clocks clocks;
  SlotClock slot_clock(clocks.reading);
  clocks.reading.wall -= 1h;
  EXPECT_TRUE(slot_clock.update(clocks.reading));
  clocks.pass(600s);
  std::optional<ClockEvent> event = slot_clock.update(clocks.reading);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, ClockEvent::Kind::step_accepted);
  EXPECT_EQ(event->from, event->to);
  EXPECT_EQ(event->by, -1h);
}

TEST(SlotClock, TellsASuspendFromAStep) {
  Clocks clocks;
  SlotClock slot_clock(clocks.reading);
  Seconds before = std::chrono::floor<std::chrono::seconds>(clocks.reading.wall);
  clocks.suspend(2h);
  std::optional<ClockEvent> event = slot_clock.update(clocks.reading);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, ClockEvent::Kind::suspended);
  EXPECT_EQ(event->from, before);
  EXPECT_EQ(event->to, before + 2h);
  EXPECT_EQ(slot_clock.at(clocks.reading), clocks.reading.wall);
  EXPECT_EQ(slot_clock.monotonic_at(clocks.reading.wall), clocks.reading.monotonic);
}

}  // namespace
}  // namespace exporter
