// Runs one check for ever: once in every slot at its phase, with confirmation, and between slots
// after a failure when slots are long. What it finds goes to a sink as records; it judges nothing.
// Loop thread only; must outlive its task.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "exporter/config/config.h"
#include "exporter/metrics/stats.h"
#include "exporter/schedule/connectivity.h"
#include "exporter/schedule/slot_clock.h"
#include "exporter/sla/book.h"

namespace exporter {

// What all checks of a scheduler share.
struct RunnerContext {
  probes::Loop& loop;
  Prober prober;
  const SlotClock& clock;
  CanaryRounds& canaries;
  ExporterStats& stats;
  std::function<void(Arrival)> sink;
  // Attempts at once, so that descriptors last; one more is our own fault and unknown.
  std::int64_t max_running = 20'000;
};

class CheckRunner {
 public:
  // Checks with longer slots are probed again every minute after a failure, until they are up.
  static constexpr Duration kLongSlot = std::chrono::minutes(2);
  static constexpr Duration kReprobeEvery = std::chrono::minutes(1);
  // Sleeps are cut in pieces, so that a stepped clock is noticed.
  static constexpr Duration kLongestSleep = std::chrono::seconds(30);

  // `every` is the cadence in force, which frozen terms may hold against the configuration.
  // `resumed` is the last record of an open slot, when there is one.
  CheckRunner(RunnerContext& context, Check check, std::chrono::seconds every,
              std::optional<OutcomeRecord> resumed);

  probes::Task<void> run();

  // Ends after the slot under way, or at once when none is.
  void retire() { retired_ = true; }
  bool busy() const { return busy_; }
  const Check& check() const { return check_; }
  std::chrono::seconds every() const { return every_; }

 private:
  struct Turn {
    Seconds slot;
    int attempt = 0;
    probes::TimePoint due;  // when it should start
    bool timely = true;     // false when it makes up for a phase that was missed
  };

  probes::TimePoint now() const { return context_.loop.now(); }
  probes::WallTime slot_time() const { return context_.clock.at(read_clocks(context_.loop)); }
  probes::TimePoint end_of(Seconds slot) const {
    return context_.clock.monotonic_at(slot + every_);
  }

  Turn next_turn();
  probes::Task<void> wait_for(Turn turn);
  probes::Task<void> run_slot(Turn turn);
  probes::Task<probes::Status> attempt_once(Seconds slot, int attempt, bool extra);
  probes::Task<probes::Outcome> probe_once(probes::TimePoint slot_end);
  probes::Task<void> reprobe_until_up(Seconds slot);
  bool needs_confirmation(const probes::Outcome& outcome, int attempt) const;
  void report(probes::Outcome outcome, OutcomeRecord record);
  void report_missed(Seconds slot);

  RunnerContext& context_;
  Check check_;
  std::chrono::seconds every_;
  Duration phase_{};
  std::optional<Seconds> last_slot_;      // the last one run or given up
  std::optional<OutcomeRecord> resumed_;  // an open slot whose confirmation is outstanding
  bool first_turn_ = true;
  bool pending_confirmation_ = false;
  bool busy_ = false, retired_ = false;
};

}  // namespace exporter
