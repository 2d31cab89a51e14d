// The main job without its doors: configuration in, checks run, outcomes judged and committed,
// snapshots out. No socket of its own, no signal, no clock but the loop's, so that a whole exporter
// can run on virtual time. exporter/app.h adds the doors.
//
// All calls are made on the loop thread unless they say otherwise. The book lives on the accounting
// executor; nothing else touches it. Destroy a Monitor only after its loop has ended.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "exporter/admin_commands.h"
#include "exporter/calendar_watch.h"
#include "exporter/executor.h"
#include "exporter/metrics/stats.h"
#include "exporter/report/report_files.h"
#include "exporter/schedule/scheduler.h"
#include "exporter/sla/book.h"

namespace exporter {

struct MonitorParts {
  probes::Loop& loop;
  Prober prober;
  Ledger& ledger;
  Executor& accounting;
  ExporterStats& stats;
  std::string tzdata_version = "unknown";  // zone_data.h
  std::filesystem::path reports{};         // folder of the months' reports; empty: none are written
  // What snapshots show of reaction times; any thread. May be empty.
  std::function<std::shared_ptr<const SupportView>()> support{};
  // After each step, on the accounting executor: what was committed last, also when this step could
  // not be. May be empty.
  std::function<void(std::shared_ptr<const Snapshot>, Seconds now)> stepped{};
};

class Monitor {
 public:
  // The longest time between an outcome and its commit.
  static constexpr Duration kTick = std::chrono::seconds(1);
  // How often the maintenance calendars are looked at.
  static constexpr std::chrono::seconds kCalendarLook{60};
  // How long after a report could not be written it is tried again.
  static constexpr std::chrono::seconds kReportRetry{60};
  // Outcomes that wait while the disk cannot take them; the oldest are dropped and counted.
  static constexpr std::size_t kMaxWaitingArrivals = 200'000;

  explicit Monitor(MonitorParts parts);

  // Folds the ledger, fills the gap, takes the configuration in force; blocks. The error is a
  // sentence with the remedy. Nothing runs yet.
  std::expected<void, std::string> open(std::shared_ptr<const Config> config);
  // Starts the checks and the tick.
  void start();
  // Ends the checks; `done` runs when everything that arrived is committed.
  void stop(std::function<void()> done);

  using Answer = std::function<void(std::expected<std::string, std::string>)>;
  // Takes a valid configuration in force. `answer` runs on the loop thread.
  void reload(std::shared_ptr<const Config> config, Answer answer);
  // What a person signed, with slatool; likewise.
  void execute(BookCommand command, Answer answer);

  // Any thread.
  std::shared_ptr<const Snapshot> snapshot() const;
  // Whether a snapshot has been published since start. Any thread.
  bool ready() const;

 private:
  void tick();
  void observe_clock();
  void account(std::vector<Arrival> arrivals, Seconds now);
  void commit(std::vector<Arrival> arrivals, Seconds now);
  void follow_plan();
  void follow_calendars(Seconds now);
  void write_reports(Seconds now);
  void publish(std::shared_ptr<const Snapshot> snapshot, std::optional<Seconds> at);
  void run_on_book(std::function<std::expected<std::string, std::string>(Book&)> job,
                   Answer answer);
  Seconds slot_now() const;
  std::shared_ptr<const Plan> latest_plan() const;

  MonitorParts parts_;
  std::unique_ptr<Book> book_;  // accounting executor only, after open()
  // Accounting executor only, after open():
  CalendarWatch calendars_;
  Seconds next_plan_look_{}, next_calendar_look_{};
  ReportFiles reports_;
  Seconds next_report_{};
  std::optional<std::size_t> reported_;  // so many statements have their report
  bool report_failed_ = false;
  std::unique_ptr<SlotClock> clock_;
  CanaryRounds canaries_;
  std::unique_ptr<Scheduler> scheduler_;
  std::shared_ptr<const Config> config_;
  std::shared_ptr<const Plan> plan_;  // the one the scheduler follows
  Scheduler::OpenSlots open_slots_;

  std::vector<Arrival> arrived_;  // since the last tick
  bool step_under_way_ = false;
  probes::TimePoint next_tick_{};
  probes::TimerId timer_ = 0;
  bool stopping_ = false;
  bool connected_before_ = true;

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Snapshot> published_;
  std::shared_ptr<const Plan> latest_plan_;  // the book's, as of the last publication
};

}  // namespace exporter
