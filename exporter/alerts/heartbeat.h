// Says to a watcher outside, again and again, that rules are being evaluated. When evaluation
// stands still it falls silent, and silence is the watcher's alarm. Loop thread only, but for
// figures(). The task holds the object, so that nothing it looks at is gone before its frame.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "exporter/config/alerting.h"
#include "exporter/oauth2.h"
#include "probes/http.h"
#include "probes/net/net.h"

namespace exporter {

struct HeartbeatFigures {
  std::uint64_t sent = 0, failures = 0;
  bool silent = true;  // nothing is sent, because nothing is evaluated
};

class HeartbeatSender : public std::enable_shared_from_this<HeartbeatSender> {
 public:
  // Silent when the last evaluation is longer ago than `stalled_after`. `tokens` is null without
  // oauth2.
  HeartbeatSender(probes::Net& net, Heartbeat settings, probes::Duration stalled_after,
                  std::shared_ptr<TokenKeeper> tokens);

  // An evaluation ended. The first one begins it all.
  void evaluated(probes::TimePoint at);
  void stop();

  const Heartbeat& settings() const { return settings_; }
  probes::Duration stalled_after() const { return stalled_after_; }
  HeartbeatFigures figures() const;

 private:
  static probes::Task<void> run(std::shared_ptr<HeartbeatSender> self);
  bool is_alive();
  probes::ProbeRequest request() const;
  void take(const probes::HttpAnswer& answer);

  probes::Net& net_;
  Heartbeat settings_;
  probes::Duration stalled_after_;
  std::shared_ptr<TokenKeeper> tokens_;
  bool stopped_ = false, failing_ = false;
  probes::SpawnId task_ = 0;
  std::optional<probes::TimePoint> last_evaluation_;
  std::atomic<std::uint64_t> sent_ = 0, failures_ = 0;
  std::atomic<bool> silent_ = true;
};

}  // namespace exporter
