#include "exporter/sources/runner.h"

#include <algorithm>
#include <utility>

#include "exporter/log.h"
#include "probes/async/later.h"

namespace exporter {

using probes::Later;
using probes::Loop;
using probes::Task;
using probes::TimePoint;

namespace {

Seconds wall_seconds(const Loop& loop) {
  return std::chrono::floor<std::chrono::seconds>(loop.wall_now());
}

// What a job on the executor gives, back on the loop.
template <class T>
Later<T> on_executor(Loop& loop, Executor& executor, std::function<T()> job) {
  Later<T> later(loop);
  executor.post([later, &loop, job = std::move(job)] {
    loop.post_from_any_thread([later, result = job()] { later.set(result); });
  });
  return later;
}

}  // namespace

class SourceRunner::Puller : public std::enable_shared_from_this<Puller> {
 public:
  Puller(SourceRunnerParts& parts, TicketSource settings, std::unique_ptr<TicketReader> reader)
      : loop_(parts.loop),
        desk_(parts.desk),
        executor_(parts.executor),
        random_(parts.random),
        settings_(std::move(settings)),
        reader_(std::move(reader)),
        woken_(loop_) {}

  const TicketSource& settings() const { return settings_; }
  void start() { task_ = loop_.spawn(run(shared_from_this())); }
  void stop() {
    stopped_ = true;
    loop_.cancel_spawned(task_);
    for (const probes::SpawnId note : notes_) loop_.cancel_spawned(note);
  }
  void wake() { woken_.set(true); }

  void leave_note(std::string ticket, std::string text, NoteLeft done) {
    notes_.push_back(loop_.spawn(
        write_note(shared_from_this(), std::move(ticket), std::move(text), std::move(done))));
    // Those that have ended are cancelled in vain; only the latest are remembered.
    if (notes_.size() > kMaxNotes) notes_.erase(notes_.begin());
  }

 private:
  static constexpr std::size_t kMaxNotes = 64;

  static Task<void> run(std::shared_ptr<Puller> self) {
    std::string cursor = co_await self->stored_cursor();
    while (!self->stopped_) {
      const TimePoint began = self->loop_.now();
      std::string from = cursor;
      const Seconds now = wall_seconds(self->loop_);
      const SourceResult result = co_await self->reader_->read(std::move(from), now);
      if (self->stopped_) co_return;
      const bool committed = co_await self->hand_over(result);
      if (self->stopped_) co_return;
      if (committed) cursor = result->cursor.empty() ? cursor : result->cursor;
      const TimePoint next = self->next_reading(result, committed, began);
      co_await self->woken_.until(next);
      // Who has failed, or asked us to wait, is left alone whatever its webhooks say.
      while (!committed && self->loop_.now() < next) {
        co_await self->woken_.until(next);
      }
    }
  }

  static Task<void> write_note(std::shared_ptr<Puller> self, std::string ticket, std::string text,
                               NoteLeft done) {
    const auto left = co_await self->reader_->leave_note(std::move(ticket), std::move(text));
    if (done) done(left.has_value());
    if (left) co_return;
    log_warn("a note could not be left on a ticket",
             {{"source", self->settings_.name}, {"error", left.error().message}});
  }

  Task<std::string> stored_cursor() {
    const std::function<std::string()> ask = [&desk = desk_, name = settings_.name] {
      return desk.cursor_of(name);
    };
    const Later<std::string> later = on_executor(loop_, executor_, ask);
    const TimePoint never = TimePoint::max();
    std::optional<std::string> cursor = co_await later.until(never);
    co_return std::move(*cursor);
  }

  // True when the batch is committed. A failure is told to the desk.
  Task<bool> hand_over(SourceResult result) {
    const std::function<bool()> job = [&desk = desk_, name = settings_.name,
                                       result = std::move(result), now = wall_seconds(loop_)] {
      if (result) return desk.commit(name, *result, now).has_value();
      desk.failed(name, result.error());
      return false;
    };
    const Later<bool> later = on_executor(loop_, executor_, job);
    const TimePoint never = TimePoint::max();
    const std::optional<bool> committed = co_await later.until(never);
    co_return *committed;
  }

  TimePoint next_reading(const SourceResult& result, bool committed, TimePoint began) {
    if (!committed) return loop_.now() + backoff(result);
    failures_ = 0;
    return result->more ? loop_.now() : began + settings_.every;
  }

  // Doubles with every failure; never the whole of it at random, but at least half.
  probes::Duration backoff(const SourceResult& result) {
    constexpr int kDoublings = 6;
    const auto whole =
        std::min(kFirstBackoff * (1 << std::min(failures_++, kDoublings)), kLongestBackoff);
    probes::Duration wait = std::chrono::duration_cast<probes::Duration>(
        std::chrono::duration<double>(whole) * (0.5 + 0.5 * random_()));
    if (!result && result.error().retry_after) {
      wait = std::max<probes::Duration>(wait,
                                        std::min(*result.error().retry_after, kLongestRetryAfter));
    }
    return wait;
  }

  Loop& loop_;
  Desk& desk_;
  Executor& executor_;
  std::function<double()> random_;
  TicketSource settings_;
  std::unique_ptr<TicketReader> reader_;
  Later<bool> woken_;
  probes::SpawnId task_ = 0;
  std::vector<probes::SpawnId> notes_;
  int failures_ = 0;
  bool stopped_ = false;
};

SourceRunner::SourceRunner(SourceRunnerParts parts) : parts_(std::move(parts)) {}

SourceRunner::~SourceRunner() = default;

std::size_t SourceRunner::apply(const Support& support) {
  // A reload that was under way when everything ended begins nothing.
  if (stopped_) return 0;
  const bool same_levels = support.terms.levels == levels_;
  levels_ = support.terms.levels;
  std::map<std::string, std::shared_ptr<Puller>> next;
  std::vector<std::shared_ptr<Puller>> starting;
  for (const TicketSource& each : support.sources) {
    const auto running = pullers_.find(each.name);
    if (running != pullers_.end() && same_levels && running->second->settings() == each) {
      next.insert(pullers_.extract(running));
      continue;
    }
    auto reader = parts_.make_reader(each, levels_);
    if (!reader) continue;
    starting.push_back(std::make_shared<Puller>(parts_, each, std::move(reader)));
    next[each.name] = starting.back();
  }
  // Whoever is left was changed or is gone. What he handed over is committed before his successor
  // asks where to go on, because the executor keeps the order.
  for (const auto& [name, puller] : pullers_) puller->stop();
  pullers_ = std::move(next);
  for (const auto& puller : starting) puller->start();
  return starting.size();
}

void SourceRunner::start() { tick(); }

// A step that is still under way, because of a slow disk, is not overtaken.
void SourceRunner::tick() {
  probes::Loop& loop = parts_.loop;
  timer_ = loop.call_at(loop.now() + kTick, [this] { tick(); });
  if (std::exchange(*tick_under_way_, true)) return;
  parts_.executor.post(
      [&loop, &desk = parts_.desk, now = wall_seconds(loop), under_way = tick_under_way_] {
        desk.tick(now);
        loop.post_from_any_thread([under_way] { *under_way = false; });
      });
}

void SourceRunner::stop() {
  if (std::exchange(stopped_, true)) return;
  if (timer_ != 0) parts_.loop.cancel(timer_);
  for (const auto& [name, puller] : pullers_) puller->stop();
  pullers_.clear();
}

void SourceRunner::nudge(const std::string& source) {
  parts_.loop.post_from_any_thread([this, source] {
    const auto puller = pullers_.find(source);
    if (puller != pullers_.end()) puller->second->wake();
  });
}

bool SourceRunner::leave_note(const std::string& source, std::string ticket, std::string text,
                              NoteLeft done) {
  const auto puller = pullers_.find(source);
  if (puller == pullers_.end()) return false;
  puller->second->leave_note(std::move(ticket), std::move(text), std::move(done));
  return true;
}

}  // namespace exporter
