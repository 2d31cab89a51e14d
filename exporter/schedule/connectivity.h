// Are we ourselves connected? When a check fails in a way the path can cause, the canaries are
// asked: hosts elsewhere on the internet that have nothing to do with the services watched. If too
// few of them answer, the failure was ours and is unknown, not down (docs/accounting.md, rule 4).
// One round serves all checks that fail together. After a round without enough answers they are
// asked again and again, because once the line is back no check fails and nobody else would ask.
// Loop thread only.
#pragma once

#include <coroutine>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/metrics/stats.h"
#include "probes/probe.h"

namespace exporter {

// How the scheduler probes: probes::run_probe on a network, or a script in a test.
using Prober =
    std::function<probes::Task<probes::Outcome>(probes::ProbeRequest, probes::TimePoint)>;

class CanaryRounds {
 public:
  // A round this young still answers for a check that fails now.
  static constexpr Duration kFresh = std::chrono::seconds(2);
  // While too few canaries answer, the next round begins at the latest after this.
  static constexpr Duration kAskAgain = std::chrono::seconds(30);

  CanaryRounds(probes::Loop& loop, Prober prober, ExporterStats& stats)
      : loop_(loop), prober_(std::move(prober)), stats_(stats) {}
  ~CanaryRounds();
  CanaryRounds(const CanaryRounds&) = delete;
  CanaryRounds& operator=(const CanaryRounds&) = delete;

  // From the next round on.
  void configure(const Connectivity& connectivity);

  // Whether enough canaries answer; true when none is configured, false when the round has no
  // answer by `deadline`.
  probes::Task<bool> connected(probes::TimePoint deadline);

 private:
  struct Canary {
    std::shared_ptr<const probes::Module> module;
    std::string target;
  };
  class Wait;

  Wait round_end(probes::TimePoint deadline);
  void start_round();
  probes::Task<void> ask(Canary canary, probes::TimePoint deadline);
  void count(bool answered);
  void finish(bool connected);

  probes::Loop& loop_;
  Prober prober_;
  ExporterStats& stats_;
  std::vector<Canary> canaries_;
  int require_ = 1;
  Duration timeout_{};

  bool running_ = false;
  int answered_ = 0, outstanding_ = 0;
  std::optional<probes::TimePoint> finished_;
  bool result_ = true;
  std::list<Wait*> waiting_;
  std::vector<probes::SpawnId> asking_;
  probes::TimerId again_ = 0;
};

}  // namespace exporter
