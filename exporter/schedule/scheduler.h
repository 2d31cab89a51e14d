// Keeps one runner for each check of the configuration. On a change only the checks that changed
// are rebuilt; a slot under way finishes as it began. Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/schedule/check_runner.h"

namespace exporter {

class Scheduler {
 public:
  explicit Scheduler(RunnerContext context) : context_(std::move(context)) {}
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  using CheckKey = std::pair<std::string, std::string>;  // service, check
  // Last records of slots that were open when the ledger was last committed.
  using OpenSlots = std::map<CheckKey, OutcomeRecord>;

  // Runs the checks of `config` at the cadences of `plan`. Returns how many were started or
  // rebuilt.
  std::size_t apply(const Config& config, const Plan& plan, const OpenSlots& open = {});
  // Cancels everything, attempts under way too.
  void stop();

  std::size_t checks() const { return running_.size(); }

 private:
  struct Running {
    std::shared_ptr<CheckRunner> runner;  // its task holds it too, until its frame is gone
    probes::SpawnId task = 0;
  };

  void start(const Check& check, std::chrono::seconds every, const OpenSlots& open);
  void retire(Running running);
  void forget_finished();

  RunnerContext context_;
  std::map<CheckKey, Running> running_;
  // Finish their slot, then go.
  std::vector<std::pair<std::weak_ptr<CheckRunner>, probes::SpawnId>> retiring_;
};

}  // namespace exporter
