#include "exporter/schedule/check_runner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "exporter/sla/slot.h"

namespace exporter {

using probes::Outcome;
using probes::Reason;
using probes::Status;
using probes::Task;
using probes::TimePoint;
using probes::WallTime;

namespace {

// What the path can cause: worth asking the canaries about.
bool path_can_cause(Reason reason) {
  return reason == Reason::dns || reason == Reason::connect || reason == Reason::timeout;
}

// Keeps room for canaries that answer late without running into the next slot.
constexpr Duration kCanaryReserve = std::chrono::milliseconds(200);
constexpr Duration kShortestCanaryWait = std::chrono::milliseconds(800);

// Counts attempts under way, also when their coroutine is destroyed.
class RunningCount {
 public:
  explicit RunningCount(std::atomic<std::int64_t>& count) : count_(count) { ++count_; }
  ~RunningCount() { --count_; }
  RunningCount(const RunningCount&) = delete;
  RunningCount& operator=(const RunningCount&) = delete;

 private:
  std::atomic<std::int64_t>& count_;
};

}  // namespace

CheckRunner::CheckRunner(RunnerContext& context, Check check, std::chrono::seconds every,
                         std::optional<OutcomeRecord> resumed)
    : context_(context),
      check_(std::move(check)),
      every_(every),
      phase_(check_phase(check_.service, check_.name, every, check_.work())) {
  if (!resumed || resumed->extra) return;
  last_slot_ = resumed->slot;
  if (!resumed->final) resumed_ = std::move(resumed);
}

Task<void> CheckRunner::run() {
  while (!retired_) {
    Turn turn = next_turn();
    co_await wait_for(turn);
    if (retired_) break;
    busy_ = true;
    co_await run_slot(turn);
    busy_ = false;
  }
}

// The open slot whose confirmation is outstanding, else this slot if its work still fits, else the
// next.
CheckRunner::Turn CheckRunner::next_turn() {
  WallTime time = slot_time();
  Seconds slot = slot_of(std::chrono::floor<std::chrono::seconds>(time), every_);
  bool first = std::exchange(first_turn_, false);
  std::optional<OutcomeRecord> open = std::exchange(resumed_, std::nullopt);
  bool in_time = time + check_.timeout + std::chrono::seconds(1) <= WallTime(slot) + every_;
  if (open && open->slot == slot && in_time) {
    return {.slot = slot, .attempt = open->attempt + 1, .due = now(), .timely = false};
  }
  if (last_slot_ && *last_slot_ >= slot) slot = *last_slot_ + every_;
  WallTime due = WallTime(slot) + phase_;
  if (due >= time) return {.slot = slot, .due = context_.clock.monotonic_at(due)};

  bool fits = time + check_.work() <= WallTime(slot) + every_;
  if (fits) return {.slot = slot, .due = now(), .timely = false};
  if (!first && last_slot_ && *last_slot_ + every_ == slot) report_missed(slot);
  return {.slot = slot + every_, .due = context_.clock.monotonic_at(due + every_)};
}

Task<void> CheckRunner::wait_for(Turn turn) {
  while (!retired_) {
    // The slot's place on the monotonic clock moves when the slot clock follows a step.
    TimePoint due =
        turn.timely ? context_.clock.monotonic_at(WallTime(turn.slot) + phase_) : turn.due;
    if (now() >= due) break;
    TimePoint until = std::min(due, now() + kLongestSleep);
    co_await sleep_until(context_.loop, until);
  }
}

Task<void> CheckRunner::run_slot(Turn turn) {
  last_slot_ = turn.slot;
  if (turn.timely) {
    Duration lateness = now() - context_.clock.monotonic_at(WallTime(turn.slot) + phase_);
    context_.stats.start_lateness.observe(
        static_cast<std::uint64_t>(std::max(lateness, Duration::zero()).count()));
    if (now() + check_.work() - std::chrono::seconds(1) > end_of(turn.slot)) {
      report_missed(turn.slot);
      co_return;
    }
  }
  Status status = Status::unknown;
  for (int attempt = turn.attempt;; ++attempt) {
    if (attempt > turn.attempt) {
      TimePoint confirm_at = now() + check_.confirm.after;
      co_await sleep_until(context_.loop, confirm_at);
    }
    // An attempt that is not final announces another one.
    pending_confirmation_ = false;
    status = co_await attempt_once(turn.slot, attempt, false);
    if (!pending_confirmation_) break;
  }
  if (status != Status::down || every_ <= kLongSlot) co_return;
  co_await reprobe_until_up(turn.slot);
}

Task<Status> CheckRunner::attempt_once(Seconds slot, int attempt, bool extra) {
  OutcomeRecord record;
  record.service = check_.service;
  record.check = check_.name;
  record.slot = slot;
  record.attempt = static_cast<std::uint8_t>(attempt);
  record.extra = extra;
  record.at = std::chrono::floor<std::chrono::milliseconds>(slot_time());

  TimePoint slot_end = end_of(slot);
  Outcome outcome = co_await probe_once(slot_end);
  pending_confirmation_ = !extra && needs_confirmation(outcome, attempt);
  record.final = !pending_confirmation_;
  Status status = outcome.status;
  report(std::move(outcome), std::move(record));
  co_return status;
}

// One probe, and when it failed in a way our own line can cause, the canaries' word on whose fault
// it was.
Task<Outcome> CheckRunner::probe_once(TimePoint slot_end) {
  if (context_.stats.attempts_running >= context_.max_running) {
    co_return Outcome::unknown(Reason::local,
                               "too many attempts are running already: the exporter is overloaded");
  }
  probes::ProbeRequest request;
  request.module = check_.module;
  request.target = check_.target;
  request.hostname = check_.hostname;
  request.slow_after = check_.slow_after;
  request.both_families = !check_.blackbox_families;
  TimePoint deadline = now() + check_.timeout;
  RunningCount running(context_.stats.attempts_running);
  Outcome outcome = co_await context_.prober(std::move(request), deadline);
  if (outcome.status != Status::down || !path_can_cause(outcome.reason)) co_return outcome;

  TimePoint canary_deadline = std::max(now() + kShortestCanaryWait, slot_end - kCanaryReserve);
  bool connected = co_await context_.canaries.connected(canary_deadline);
  if (!connected) {
    outcome.status = Status::unknown;
    outcome.message += " (and no connectivity canary answered: the fault is likely ours)";
  }
  co_return outcome;
}

bool CheckRunner::needs_confirmation(const Outcome& outcome, int attempt) const {
  if (outcome.good() || attempt >= check_.confirm.retries) return false;
  return std::ranges::find(check_.confirm.reasons, outcome.reason) != check_.confirm.reasons.end();
}

Task<void> CheckRunner::reprobe_until_up(Seconds slot) {
  int attempt = 0;
  while (!retired_) {
    TimePoint next_due = context_.clock.monotonic_at(WallTime(slot) + every_ + phase_);
    TimePoint again = now() + kReprobeEvery;
    if (again + check_.timeout >= next_due) co_return;
    co_await sleep_until(context_.loop, again);
    // Counted round a byte; the instant tells re-probes of one slot apart.
    attempt = attempt % 255 + 1;
    Seconds slot_now = slot_of(std::chrono::floor<std::chrono::seconds>(slot_time()), every_);
    Status status = co_await attempt_once(slot_now, attempt, true);
    if (status == Status::up || status == Status::degraded) co_return;
  }
}

void CheckRunner::report(Outcome outcome, OutcomeRecord record) {
  record.status = outcome.status;
  record.reason = outcome.reason;
  record.latency = std::chrono::floor<std::chrono::microseconds>(outcome.duration);
  record.address = outcome.address;
  record.message = outcome.message;
  context_.sink({std::move(record), std::make_shared<const Outcome>(std::move(outcome))});
}

void CheckRunner::report_missed(Seconds slot) {
  last_slot_ = slot;
  ++context_.stats.slots_skipped_total;
  OutcomeRecord record;
  record.service = check_.service;
  record.check = check_.name;
  record.slot = slot;
  record.at = std::chrono::floor<std::chrono::milliseconds>(slot_time());
  report(Outcome::unknown(Reason::local,
                          "the check could not start in time: the exporter is overloaded"),
         std::move(record));
}

}  // namespace exporter
