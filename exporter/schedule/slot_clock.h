// The clock that names slots. Elapsed time comes from the boot clock, which goes on during suspend
// and never steps; the wall clock only says which slot it is. When the two disagree by more than a
// minute somebody stepped the wall clock: slots go on by the old reckoning until the new one has
// held for ten minutes (docs/accounting.md, rule 3). Pure: every call is told all three clocks.
#pragma once

#include <optional>

#include "exporter/sla/terms.h"
#include "probes/async/loop.h"

namespace exporter {

// The three clocks, read together.
struct WallReading {
  probes::TimePoint monotonic;
  probes::Duration boot{};
  probes::WallTime wall;
};

WallReading read_clocks(const probes::Loop& loop);

// What happened to the clocks, and the slot time that was jumped over.
struct ClockEvent {
  enum class Kind { suspended, step_suspected, step_accepted };
  Kind kind = Kind::suspended;
  probes::Duration by{};  // length of the suspend, or signed size of the step
  Seconds from, to;       // slots that start in [from, to) were not observed; often none
};

class SlotClock {
 public:
  static constexpr probes::Duration kTolerance = std::chrono::seconds(60);
  static constexpr probes::Duration kHoldTime = std::chrono::minutes(10);
  // A shorter suspend shows as lateness of the checks, if at all.
  static constexpr probes::Duration kShortestSuspend = std::chrono::seconds(2);

  explicit SlotClock(WallReading first);

  // Looks at the clocks; call about once a second. Returns what happened, if anything did.
  std::optional<ClockEvent> update(WallReading reading);

  // Slot time at a reading, and the monotonic instant of a slot time.
  probes::WallTime at(WallReading reading) const;
  probes::TimePoint monotonic_at(probes::WallTime slot_time) const;

  // Whether wall and boot clock agree now.
  bool agrees() const { return !suspect_; }

 private:
  struct Suspect {
    probes::Duration offset{};
    probes::Duration since{};  // boot time
  };

  probes::Duration offset_{};     // slot time = boot + offset_
  probes::Duration boot_lead_{};  // boot - monotonic: grows by the length of each suspend
  std::optional<Suspect> suspect_;
};

}  // namespace exporter
