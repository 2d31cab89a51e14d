// Sends the mails that the mail book asks for: one a minute at most, again after a minute when the
// server does not take it. Loop thread only, but for changes() and figures(). The task holds the
// object, so that nothing it looks at is gone before its frame.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "exporter/alerts/mail_book.h"
#include "exporter/alerts/mail_text.h"
#include "exporter/config/alerting.h"
#include "probes/net/net.h"
#include "probes/smtp_client.h"

namespace exporter {

struct MailerParts {
  std::string place;  // of this exporter
  std::string host;   // of this machine
  std::function<AlertmanagersState()> alertmanagers;
};

struct MailFigures {
  bool active = false;  // mail stands in for Alertmanagers, or is the only way
  std::uint64_t sent = 0, failures = 0;
};

// The server as the mail client wants it; `host` is this machine's name.
probes::MailServer mail_server(const AlertMail& settings, const std::string& host);

class Mailer : public std::enable_shared_from_this<Mailer> {
 public:
  Mailer(probes::Net& net, AlertMail settings, MailerParts parts);

  void configure(AlertMail settings, std::string place);
  void start();
  void stop();
  void note(const std::vector<OutgoingAlert>& alerts);
  void restore(const std::string& key, const std::string& json);

  std::vector<DeliveryChange> changes();
  std::vector<DeliveryChange> farewell() const;
  MailFigures figures() const;

 private:
  static probes::Task<void> run(std::shared_ptr<Mailer> self);
  std::optional<MailNews> news();
  probes::Mail mail(const MailNews& news);
  void take(const MailNews& news, const probes::Result<probes::MailTaken>& taken);

  probes::Net& net_;
  AlertMail settings_;
  MailerParts parts_;
  bool stopped_ = false, failing_ = false;
  probes::SpawnId task_ = 0;
  std::uint64_t written_ = 0;
  probes::TimePoint not_before_{};

  mutable std::mutex mutex_;  // for what follows
  MailBook book_;
  MailFigures figures_;
};

}  // namespace exporter
