#include "exporter/schedule/slot_clock.h"

#include <algorithm>

namespace exporter {

using probes::Duration;
using probes::TimePoint;
using probes::WallTime;

namespace {

Duration absolute(Duration value) { return value < Duration::zero() ? -value : value; }

Seconds whole(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); }

}  // namespace

WallReading read_clocks(const probes::Loop& loop) {
  return {.monotonic = loop.now(), .boot = loop.boot_now(), .wall = loop.wall_now()};
}

SlotClock::SlotClock(WallReading first)
    : offset_(first.wall.time_since_epoch() - first.boot),
      boot_lead_(first.boot - first.monotonic.time_since_epoch()) {}

WallTime SlotClock::at(WallReading reading) const { return WallTime(reading.boot + offset_); }

TimePoint SlotClock::monotonic_at(WallTime slot_time) const {
  return TimePoint(slot_time.time_since_epoch() - offset_ - boot_lead_);
}

std::optional<ClockEvent> SlotClock::update(WallReading reading) {
  Duration lead = reading.boot - reading.monotonic.time_since_epoch();
  Duration slept = lead - boot_lead_;
  boot_lead_ = lead;
  if (slept >= kShortestSuspend) {
    WallTime end = at(reading);
    return ClockEvent{ClockEvent::Kind::suspended, slept, whole(end - slept), whole(end)};
  }

  Duration offset = reading.wall.time_since_epoch() - reading.boot;
  Duration step = offset - offset_;
  if (absolute(step) <= kTolerance) {
    // Slewing and small corrections are followed at once: the slot's name stays what people read.
    offset_ = offset;
    suspect_.reset();
    return std::nullopt;
  }

  // A new reckoning, which must hold. One that moves on by more than the tolerance starts anew.
  if (!suspect_ || absolute(offset - suspect_->offset) > kTolerance) {
    suspect_ = Suspect{.offset = offset, .since = reading.boot};
    Seconds now = whole(at(reading));
    return ClockEvent{ClockEvent::Kind::step_suspected, step, now, now};
  }
  if (reading.boot - suspect_->since < kHoldTime) return std::nullopt;

  Seconds before = whole(at(reading));
  offset_ = offset;
  suspect_.reset();
  Seconds after = whole(at(reading));
  return ClockEvent{ClockEvent::Kind::step_accepted, step, before, std::max(before, after)};
}

}  // namespace exporter
