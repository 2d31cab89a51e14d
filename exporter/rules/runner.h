// Rule groups at work: each tick takes the snapshot's series into the store, evaluates the groups
// that are due, and saves samples, states and waiting deliveries together. It reads the alerting
// section of the snapshot's configuration, so a reload needs no word here.
//
// One thread (or one executor) calls open() to close(); view() and source() may be called from any.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "exporter/rules/view.h"
#include "exporter/samples/sample_store.h"
#include "exporter/samples/sampler.h"
#include "rules/group/evaluate.h"
#include "rules/group/slots.h"

namespace exporter {

struct RunnerParts {
  SampleStoreOptions samples;
  SeriesKept kept = SeriesKept::automatic;
  // The URL under which people reach this exporter; asked when a configuration is taken. May be
  // empty.
  std::function<std::string()> external_url;
  Sampler::AddProgram program;  // families of the program itself; may be empty
  RuleStats& stats;
  // After each tick in which a group was evaluated: the alerts to be sent, perhaps none. What they
  // follow from was saved before. May be empty.
  std::function<void(std::vector<rules::Notification>)> notify;
  // What changed among the deliveries that wait, to be saved with the tick. May be empty.
  std::function<std::vector<DocumentChange>()> deliveries;
  std::function<double()> stopwatch;  // seconds that only grow; empty: nothing is timed
};

class RuleRunner {
 public:
  explicit RuleRunner(RunnerParts parts);

  // Opens the file of samples; the error is a sentence with the remedy.
  std::expected<void, std::string> open() { return samples_.open(); }
  // Reads it, which takes a while when there is much; call it before the first tick. After an error
  // rules begin anew, in memory.
  std::expected<void, std::string> load();
  // Documents as loaded, of all kinds.
  const std::map<DocumentKey, std::string>& documents() const { return samples_.documents(); }

  void tick(const SnapshotPtr& snapshot, Seconds now);
  void close();

  std::shared_ptr<const RulesView> view() const;
  std::shared_ptr<const rules::Source> source() const;  // null until the file was read

 private:
  struct Running {
    std::shared_ptr<const rules::RuleGroup> group;
    rules::GroupState state;
    rules::Slots slots;
    std::int64_t last = 0;  // slot
    bool resumed = true;    // false: the state is of before the restart
    std::shared_ptr<const GroupView> view;
  };
  struct Leaving {
    std::vector<rules::Labels> series;
    std::int64_t at = 0;  // when they are marked stale
  };

  bool waits_for_clock(std::int64_t at);
  void configure(const std::shared_ptr<const Config>& config, std::int64_t at);
  void take_settings(const Alerting& alerting);
  Running take_on(std::shared_ptr<const rules::RuleGroup> group, Running* known, std::int64_t at);
  void keep_what_rules_read();
  void let_go(const std::string& key, const rules::GroupState& state, std::int64_t interval,
              std::int64_t at);
  void evaluate(Running& running, const rules::Due& due);
  void mark_leaving(std::int64_t at);
  void count_alerts();
  void publish();
  void say_saved(const std::expected<void, std::string>& saved);

  RunnerParts parts_;
  SampleStore samples_;
  Sampler sampler_;
  rules::GroupSettings settings_;
  double give_up_at_ = 0;  // on the stopwatch: queries of the group under way end then
  std::int64_t outage_tolerance_ = 0;
  std::shared_ptr<const Config> config_;
  std::map<std::string, Running> running_;  // by key
  std::vector<std::string> order_;          // keys as the view shows them
  std::vector<Leaving> leaving_;
  std::map<std::string, rules::GroupState> restored_;  // by key, until the first configuration
  std::vector<rules::Notification> notifications_;
  std::vector<DocumentChange> changes_;
  std::int64_t last_tick_ = 0;
  bool adopted_ = false, save_failed_ = false, said_selected_ = false, said_behind_ = false;

  mutable std::mutex mutex_;
  std::shared_ptr<const RulesView> published_ = std::make_shared<const RulesView>();
  bool loaded_ = false;
};

}  // namespace exporter
