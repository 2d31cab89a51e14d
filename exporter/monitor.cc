#include "exporter/monitor.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "exporter/log.h"

namespace exporter {
namespace {

// Descriptors that are not a probe's: the ledger, the listeners, scrapes, the loop itself.
constexpr std::int64_t kReservedDescriptors = 640;
// A probe holds one descriptor, sometimes two (an answer of the resolver over TCP).
constexpr std::int64_t kDescriptorsPerProbe = 2;
constexpr std::int64_t kFewestAttempts = 64;

std::int64_t attempts_that_fit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFewestAttempts;
  std::int64_t descriptors = static_cast<std::int64_t>(std::min<rlim_t>(limit.rlim_cur, 1'000'000));
  return std::max(kFewestAttempts, (descriptors - kReservedDescriptors) / kDescriptorsPerProbe);
}

}  // namespace

Monitor::Monitor(MonitorParts parts)
    : parts_(std::move(parts)),
      book_(make_book(parts_.ledger, parts_.tzdata_version)),
      reports_(parts_.reports),
      canaries_(parts_.loop, parts_.prober, parts_.stats) {}

Seconds Monitor::slot_now() const {
  return std::chrono::floor<std::chrono::seconds>(clock_->at(read_clocks(parts_.loop)));
}

std::expected<void, std::string> Monitor::open(std::shared_ptr<const Config> config) {
  clock_ = std::make_unique<SlotClock>(read_clocks(parts_.loop));
  Seconds now = slot_now();
  auto state = parts_.ledger.load();
  if (!state) return std::unexpected(state.error().message);
  for (OutcomeRecord& record : state->open_outcomes) {
    if (record.extra) continue;
    OutcomeRecord& last = open_slots_[{record.service, record.check}];
    bool later = std::pair(record.slot, record.attempt) >= std::pair(last.slot, last.attempt);
    if (last.service.empty() || later) last = std::move(record);
  }
  auto windows = calendars_.read(*config, now);
  if (!windows) return std::unexpected(windows.error());
  auto said = book_->start(config, std::move(*windows), now);
  if (!said) return std::unexpected(said.error().message);
  for (const std::string& sentence : *said) log_info(sentence);
  config_ = std::move(config);
  plan_ = latest_plan_ = std::make_shared<const Plan>(book_->plan());
  return {};
}

void Monitor::start() {
  canaries_.configure(config_->connectivity);
  RunnerContext context{.loop = parts_.loop,
                        .prober = parts_.prober,
                        .clock = *clock_,
                        .canaries = canaries_,
                        .stats = parts_.stats,
                        .sink = [this](Arrival arrival) { arrived_.push_back(std::move(arrival)); },
                        .max_running = attempts_that_fit()};
  // Until now nothing was running, also while open() worked and in the second that has begun.
  Seconds to = std::chrono::ceil<std::chrono::seconds>(clock_->at(read_clocks(parts_.loop)));
  parts_.accounting.post([this, to] { book_->mark_unobserved(Seconds(), to, Cause::not_running); });
  scheduler_ = std::make_unique<Scheduler>(std::move(context));
  scheduler_->apply(*config_, *plan_, open_slots_);
  open_slots_.clear();
  log_info("checks are scheduled", {{"checks", std::to_string(scheduler_->checks())}});
  next_tick_ = parts_.loop.now();
  tick();
}

void Monitor::stop(std::function<void()> done) {
  stopping_ = true;
  if (timer_ != 0) parts_.loop.cancel(timer_);
  if (scheduler_) scheduler_->stop();
  std::vector<Arrival> arrivals = std::exchange(arrived_, {});
  Seconds now = slot_now();
  parts_.accounting.post(
      [this, arrivals = std::move(arrivals), now, done = std::move(done)]() mutable {
        account(std::move(arrivals), now);
        parts_.loop.post_from_any_thread(std::move(done));
      });
}

// Once a second: look at the clocks, hand what arrived to the book. A step that is still under way
// (a slow disk) is not overtaken; what arrives meanwhile goes with the next one.
void Monitor::tick() {
  probes::TimePoint now = parts_.loop.now();
  parts_.stats.loop_lag.observe(
      static_cast<std::uint64_t>(std::max(now - next_tick_, Duration::zero()).count()));
  next_tick_ = std::max(next_tick_ + kTick, now);
  timer_ = parts_.loop.call_at(next_tick_, [this] { tick(); });
  observe_clock();
  if (arrived_.size() > kMaxWaitingArrivals) {
    std::size_t excess = arrived_.size() - kMaxWaitingArrivals;
    parts_.stats.outcomes_dropped_total += excess;
    arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(excess));
  }
  if (step_under_way_) return;
  step_under_way_ = true;
  std::vector<Arrival> arrivals = std::exchange(arrived_, {});
  parts_.accounting.post([this, arrivals = std::move(arrivals), at = slot_now()]() mutable {
    account(std::move(arrivals), at);
    parts_.loop.post_from_any_thread([this] {
      step_under_way_ = false;
      follow_plan();
    });
  });
}

void Monitor::observe_clock() {
  WallReading reading = read_clocks(parts_.loop);
  std::optional<ClockEvent> event = clock_->update(reading);
  if (bool connected = parts_.stats.connected; connected != connected_before_) {
    connected_before_ = connected;
    if (connected) log_info("connectivity canaries answer again");
    if (!connected)
      log_warn(
          "no connectivity canary answers: failures that the path can cause are unknown, not down");
  }
  if (!event) return;
  std::string seconds =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(event->by).count());
  Cause cause = Cause::suspended;
  switch (event->kind) {
    case ClockEvent::Kind::suspended:
      log_warn("the machine was suspended; slots of that time are unknown", {{"seconds", seconds}});
      break;
    case ClockEvent::Kind::step_suspected:
      ++parts_.stats.clock_steps_total;
      log_warn(
          "the wall clock was stepped; slots go on by the old reckoning until it has held for ten "
          "minutes",
          {{"seconds", seconds}});
      break;
    case ClockEvent::Kind::step_accepted:
      cause = Cause::clock_step;
      log_warn("the stepped wall clock has held and names the slots from now on",
               {{"seconds", seconds}});
      break;
  }
  if (event->from == event->to) return;
  parts_.accounting.post([this, from = event->from, to = event->to, cause] {
    book_->mark_unobserved(from, to, cause);
  });
}

// Accounting executor.
void Monitor::account(std::vector<Arrival> arrivals, Seconds now) {
  commit(std::move(arrivals), now);
  if (parts_.stepped) parts_.stepped(snapshot(), now);
}

// Accounting executor.
void Monitor::commit(std::vector<Arrival> arrivals, Seconds now) {
  auto begin = std::chrono::steady_clock::now();
  auto snapshot = book_->step(std::move(arrivals), now);
  parts_.stats.commit_duration.observe(
      static_cast<std::uint64_t>((std::chrono::steady_clock::now() - begin).count()));
  if (!snapshot) {
    bool first = parts_.stats.commit_failures_total++ == 0 || !parts_.stats.storage_full;
    parts_.stats.storage_full = snapshot.error().kind == LedgerError::Kind::disk_full;
    if (first)
      log_error("the ledger could not be written; outcomes are kept and written later",
                {{"error", snapshot.error().message}});
    return;
  }
  if (parts_.stats.storage_full.exchange(false)) log_info("the ledger can be written again");
  parts_.stats.last_commit_seconds = now.time_since_epoch().count();
  publish(std::move(*snapshot), now);
  constexpr std::chrono::milliseconds kPackBudget{50};
  follow_calendars(now);
  write_reports(now);
  auto packed = parts_.ledger.pack(now, kPackBudget);
  if (!packed)
    log_warn("finished days could not be packed; it is tried again",
             {{"error", packed.error().message}});
}

// Accounting executor. A calendar that cannot be read any more withdraws nothing.
void Monitor::follow_calendars(Seconds now) {
  if (now < next_calendar_look_) return;
  next_calendar_look_ = now + kCalendarLook;
  std::shared_ptr<const Config> config = book_->snapshot()->config;
  if (!calendars_.stale(*config, now)) return;
  auto windows = calendars_.read(*config, now);
  if (!windows) {
    log_error("a maintenance calendar was not read; the windows known from it stay",
              {{"error", windows.error()}});
    return;
  }
  auto said = book_->reload(config, std::move(*windows), now);
  if (!said) {
    log_error("maintenance windows were not recorded; it is tried again",
              {{"error", said.error().message}});
    return;
  }
  for (const std::string& sentence : *said) log_info(sentence);
}

// Accounting executor. One a step, because a step should be short.
void Monitor::write_reports(Seconds now) {
  const std::size_t statements = book_->snapshot()->statements;
  if (parts_.reports.empty() || reported_ == statements || now < next_report_) return;
  const Place& place = book_->snapshot()->config->place;
  auto written = reports_.write_next(parts_.ledger, {place.name, place.network}, now);
  if (!written) {
    next_report_ = now + kReportRetry;
    if (!std::exchange(report_failed_, true))
      log_error("the report of a month could not be written; it is tried again every minute",
                {{"error", written.error()}});
    return;
  }
  report_failed_ = false;
  if (!*written) {
    reported_ = statements;
    return;
  }
  log_info("the report of a month is written", {{"file", (**written).string()}});
}

// A month may have turned: frozen terms took effect.
void Monitor::follow_plan() {
  if (stopping_) return;
  std::shared_ptr<const Plan> plan = latest_plan();
  if (plan == plan_) return;
  plan_ = std::move(plan);
  std::size_t changed = scheduler_->apply(*config_, *plan_);
  log_info("the month turned and terms that waited for it are in force",
           {{"checks_rebuilt", std::to_string(changed)}});
}

void Monitor::reload(std::shared_ptr<const Config> config, Answer answer) {
  Seconds now = slot_now();
  auto job = [this, config, now](Book& book) -> std::expected<std::string, std::string> {
    auto windows = calendars_.read(*config, now);
    if (!windows) return std::unexpected(windows.error());
    auto said = book.reload(config, std::move(*windows), now);
    if (!said) return std::unexpected(said.error().message);
    std::string text = "configuration reloaded";
    for (const std::string& sentence : *said) text += "; " + sentence;
    return text;
  };
  run_on_book(std::move(job), [this, config, answer = std::move(answer)](
                                  std::expected<std::string, std::string> result) {
    if (result) {
      config_ = config;
      canaries_.configure(config_->connectivity);
      plan_ = latest_plan();
      scheduler_->apply(*config_, *plan_);
    }
    answer(std::move(result));
  });
}

namespace {

using Done = std::expected<std::string, std::string>;

Done done_or(const LedgerResult<void>& result, std::string sentence) {
  if (!result) return std::unexpected(result.error().message);
  return sentence;
}

Done carry_out(Book& book, const Correction& correction, Seconds now) {
  auto done = book.correct(correction, now);
  if (!done) return std::unexpected(done.error().message);
  return "correction " + std::to_string(done->id) +
         " is recorded; the original verdicts stay in the ledger";
}

Done carry_out(Book& book, const TakeTerms& terms, Seconds now) {
  return done_or(book.take_terms_now(terms.agreement, terms.by, terms.why, now),
                 "the waiting terms of agreement '" + terms.agreement + "' are in force");
}

Done carry_out(Book& book, const MaintenanceWindow& window, Seconds now) {
  return done_or(
      book.record_windows({window}, now),
      "maintenance window '" + window.id +
          "' is recorded; slots that begin from now on and lie wholly in it are excluded");
}

Done carry_out(Book& book, const WithdrawWindows& windows, Seconds now) {
  return done_or(book.withdraw_windows(windows.ids, now),
                 "withdrawn; slots that have begun stay excluded");
}

}  // namespace

void Monitor::execute(BookCommand command, Answer answer) {
  auto job = [command = std::move(command), now = slot_now()](Book& book) {
    return std::visit([&](const auto& each) { return carry_out(book, each, now); }, command);
  };
  run_on_book(std::move(job), std::move(answer));
}

void Monitor::run_on_book(std::function<std::expected<std::string, std::string>(Book&)> job,
                          Answer answer) {
  parts_.accounting.post([this, job = std::move(job), answer = std::move(answer)]() mutable {
    auto result = job(*book_);
    publish(book_->snapshot(), std::nullopt);
    parts_.loop.post_from_any_thread(
        [answer = std::move(answer), result = std::move(result)]() mutable {
          answer(std::move(result));
        });
  });
}

namespace {

// The book knows nothing of tickets. Its snapshot is a handful of lists of shared parts.
std::shared_ptr<const Snapshot> with_support(std::shared_ptr<const Snapshot> snapshot,
                                             std::shared_ptr<const SupportView> support) {
  if (!support) return snapshot;
  auto copy = std::make_shared<Snapshot>(*snapshot);
  copy->support = std::move(support);
  return copy;
}

}  // namespace

// Accounting executor. Without an instant the plan may have changed; with one it can only when a
// month turned, which is at a whole minute.
void Monitor::publish(std::shared_ptr<const Snapshot> snapshot, std::optional<Seconds> at) {
  parts_.stats.commits_total = book_->commits();
  std::shared_ptr<const Plan> plan = latest_plan();
  if (!at || *at >= next_plan_look_) {
    if (at)
      next_plan_look_ = std::chrono::floor<std::chrono::minutes>(*at) + std::chrono::minutes(1);
    Plan now_in_force = book_->plan();
    if (!(now_in_force == *plan)) plan = std::make_shared<const Plan>(std::move(now_in_force));
  }
  if (snapshot && parts_.support) snapshot = with_support(std::move(snapshot), parts_.support());
  std::lock_guard lock(mutex_);
  latest_plan_ = std::move(plan);
  if (snapshot) published_ = std::move(snapshot);
}

std::shared_ptr<const Snapshot> Monitor::snapshot() const {
  std::lock_guard lock(mutex_);
  return published_;
}

std::shared_ptr<const Plan> Monitor::latest_plan() const {
  std::lock_guard lock(mutex_);
  return latest_plan_;
}

bool Monitor::ready() const { return snapshot() != nullptr; }

}  // namespace exporter
