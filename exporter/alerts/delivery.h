// The way of alerts out of the house: to every Alertmanager, by mail when none answers, and a
// heartbeat to a watcher outside. What the evaluation of rules has to say comes in by send(); what
// waits to be told outlives a restart as rows that the owner stores.
//
// Loop thread only, but for changes() and figures(), which any thread may ask. Destroying it ends
// its tasks. The Net outlives it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "exporter/alerts/alertmanager.h"
#include "exporter/alerts/heartbeat.h"
#include "exporter/alerts/mailer.h"
#include "exporter/config/config.h"

namespace exporter {

struct DeliveryParts {
  std::string host;  // of this machine, for EHLO and the ids of mails
};

struct DeliveryFigures {
  std::vector<AlertmanagerFigures> alertmanagers;  // those configured, in order
  MailFigures mail;
  HeartbeatFigures heartbeat;
};

class Delivery {
 public:
  Delivery(probes::Net& net, DeliveryParts parts)
      : net_(net), parts_(std::move(parts)), tokens_(net) {}
  ~Delivery() { stop(); }
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // At the start and after each reload. Targets that stay keep what they have still to tell; those
  // that are gone take it with them.
  void configure(const std::shared_ptr<const Config>& config, std::string external_url);
  // Once, after the first configure(): the rows of the store.
  void restore(const std::vector<DeliveryRow>& rows);

  void send(const std::vector<rules::Notification>& notifications);
  // Rules were evaluated, whatever came of it.
  void evaluated(probes::TimePoint at);
  // Ends every task; nothing is sent after it.
  void stop();

  // What has changed since this was asked last; the caller keeps it until it is stored.
  std::vector<DeliveryChange> changes();
  DeliveryFigures figures() const;

 private:
  using Targets = std::vector<std::shared_ptr<Alertmanager>>;

  void configure_alertmanagers(const Alerting& alerting);
  void configure_mail(const Config& config);
  void configure_heartbeat(const Alerting& alerting);
  void restore(const DeliveryRow& row);
  AlertmanagersState alertmanagers_state() const;

  probes::Net& net_;
  DeliveryParts parts_;
  AlertDress dress_;
  TokenKeepers tokens_;

  mutable std::mutex mutex_;  // guards which targets there are, not what they do
  Targets targets_;
  std::shared_ptr<Mailer> mailer_;              // null: not configured
  std::shared_ptr<HeartbeatSender> heartbeat_;  // null: not configured
  std::vector<DeliveryChange> leftover_;        // changes of what is gone
};

}  // namespace exporter
