// One Alertmanager and what it has still to be told. Its task runs while something waits: batch by
// batch, and when it does not answer, again after a pause that grows from one second to a minute.
// While it fails it is asked on, with an empty list if nothing waits, so that its return is
// noticed. Every Alertmanager gets every alert; that another took one excuses nobody.
//
// Loop thread only, but for changes() and figures(), which any thread may ask. The task holds the
// object, so that a frame that is still to be destroyed never looks at what is gone.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "exporter/alerts/queue.h"
#include "exporter/config/alerting.h"
#include "exporter/oauth2.h"
#include "probes/http.h"
#include "probes/net/net.h"

namespace exporter {

// Where alerts go, and how.
struct AlertmanagerTarget {
  std::string url;  // names the target
  std::chrono::milliseconds timeout{};
  HttpClientOptions http;
  Relabeller relabel;
  std::shared_ptr<TokenKeeper> tokens{};  // null: without oauth2
};

// The Alertmanagers of the section, after relabelling; of several with one URL the first.
std::vector<AlertmanagerTarget> alertmanager_targets(const Alerting& alerting,
                                                     TokenKeepers& tokens);

struct AlertmanagerFigures {
  std::string url;
  bool up = false;                         // it answered when it was asked last
  std::size_t waiting = 0;                 // alerts
  std::uint64_t sent = 0;                  // alerts it took
  std::uint64_t dropped = 0;               // alerts it refused, and those without room
  std::uint64_t outdated = 0;              // alerts past telling
  std::uint64_t requests = 0, errors = 0;  // errors: requests that were not taken
  double request_seconds = 0;              // all requests together
};

class Alertmanager : public std::enable_shared_from_this<Alertmanager> {
 public:
  Alertmanager(probes::Net& net, AlertmanagerTarget target);

  // The same target with other settings.
  void configure(AlertmanagerTarget target) { target_ = std::move(target); }
  void push(const std::vector<OutgoingAlert>& alerts);
  void restore(OutgoingAlert alert);
  void stop();

  const std::string& url() const { return target_.url; }
  // Whether its last answer was one; nothing when it was not asked yet.
  std::optional<bool> answers() const { return answers_; }
  // Since when it does not answer; only while answers() is false.
  probes::TimePoint failing_since() const { return failing_since_; }

  std::vector<DeliveryChange> changes();
  std::vector<DeliveryChange> farewell() const;
  AlertmanagerFigures figures() const;

 private:
  static probes::Task<void> run(std::shared_ptr<Alertmanager> self);
  void start();
  AlertQueue::Batch next();
  probes::ProbeRequest request_for(const AlertQueue::Batch& batch) const;
  // When to go on.
  probes::TimePoint take(const AlertQueue::Batch& batch, const probes::HttpAnswer& answer);
  void note_answer();
  void note_failure(const probes::HttpAnswer& answer);
  void give_up(const OutgoingAlert& alert, const probes::HttpAnswer& answer) const;

  probes::Net& net_;
  AlertmanagerTarget target_;
  bool stopped_ = false;
  probes::SpawnId task_ = 0;  // 0: not running
  std::optional<bool> answers_;
  probes::TimePoint failing_since_{};
  std::chrono::seconds pause_{0};

  mutable std::mutex mutex_;  // for what follows
  AlertQueue queue_;
  AlertmanagerFigures figures_;
};

}  // namespace exporter
