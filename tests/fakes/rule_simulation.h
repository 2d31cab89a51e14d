// Services that do as a script says, watched by a whole exporter on virtual time, with the shipped
// rules at work on what it shows: scheduler, book and ledger are the real ones. One thread.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "probes/async/loop.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/rule_watch.h"

namespace exporter::fakes {

std::int64_t milliseconds_of(probes::WallTime at);
probes::WallTime time_of(std::int64_t milliseconds);

struct Stretch {
  probes::WallTime from, to;
  bool contains(probes::WallTime at) const { return from <= at && at < to; }
};

// What a service does. An outage lets every attempt run into its timeout; what nobody can see is
// our own fault; by chance one attempt in so many is refused.
struct Script {
  std::string name;
  std::chrono::seconds every{60};
  double chance = 0;
  std::vector<Stretch> outages{}, unseen{};
  std::vector<std::string> depends_on{};
};

struct World {
  std::vector<Script> services;
  std::vector<MaintenanceWindow> windows{};
  std::vector<Stretch> killed{};  // the exporter is not there
  std::uint64_t seed = 0;
  std::optional<std::int64_t> scrape_every{};  // as RuleWatch has it
};

class RuleSimulation {
 public:
  // `world` must outlive it.
  RuleSimulation(const World& world, const std::filesystem::path& rule_file,
                 probes::WallTime begin);

  // Evaluates no group of which the snapshot alone says that nothing can hold.
  void take_shortcuts();
  const std::vector<AlertEvent>& run(probes::WallTime end);

  std::shared_ptr<const Snapshot> snapshot() const { return snapshot_; }
  const std::map<std::string, std::string>& errors() const { return watch_.errors(); }
  // Bad slots of a service that ended in the time before `at`.
  int bad_slots(const std::string& service, probes::WallTime at, std::chrono::seconds within) const;

 private:
  void live(probes::WallTime from, probes::WallTime to);
  probes::Outcome answer(const std::string& target, probes::WallTime at);
  static probes::Task<probes::Outcome> probe(RuleSimulation* simulation, probes::Loop* loop,
                                             std::string target, probes::TimePoint deadline);

  const World& world_;
  std::shared_ptr<const Config> config_;
  std::mt19937_64 random_;
  std::map<std::string, const Script*> scripts_;
  MemoryLedger ledger_;
  RuleWatch watch_;
  probes::WallTime begin_;
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace exporter::fakes
