#include "exporter/alerts/mailer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "exporter/log.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using probes::Task;
using probes::TimePoint;

constexpr std::chrono::seconds kLook = 5s, kPause = 60s, kTimeout = 60s;

std::int64_t milliseconds_of(probes::WallTime at) {
  return std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
}

probes::MailServer::Security security_of(AlertMail::Security security) {
  switch (security) {
    case AlertMail::Security::tls:
      return probes::MailServer::Security::tls;
    case AlertMail::Security::none:
      return probes::MailServer::Security::none;
    case AlertMail::Security::starttls:
      break;
  }
  return probes::MailServer::Security::starttls;
}

}  // namespace

Mailer::Mailer(probes::Net& net, AlertMail settings, MailerParts parts)
    : net_(net), settings_(std::move(settings)), parts_(std::move(parts)) {}

void Mailer::configure(AlertMail settings, std::string place) {
  settings_ = std::move(settings);
  parts_.place = std::move(place);
}

void Mailer::start() {
  if (task_ == 0 && !stopped_) task_ = net_.loop().spawn(run(shared_from_this()));
}

void Mailer::stop() {
  stopped_ = true;
  parts_.alertmanagers = nullptr;
  net_.loop().cancel_spawned(task_);
}

void Mailer::note(const std::vector<OutgoingAlert>& alerts) {
  const std::lock_guard lock(mutex_);
  for (const OutgoingAlert& alert : alerts) book_.note(alert);
}

void Mailer::restore(const std::string& key, const std::string& json) {
  const std::lock_guard lock(mutex_);
  book_.restore(key, json);
}

Task<void> Mailer::run(std::shared_ptr<Mailer> self) {
  probes::Loop& loop = self->net_.loop();
  while (!self->stopped_) {
    const std::optional<MailNews> news = self->news();
    if (news && loop.now() >= self->not_before_) {
      self->not_before_ = loop.now() + kPause;
      probes::MailServer server = mail_server(self->settings_, self->parts_.host);
      probes::Mail mail = self->mail(*news);
      const TimePoint deadline = loop.now() + kTimeout;
      const probes::Result<probes::MailTaken> taken =
          co_await send_mail(self->net_, std::move(server), std::move(mail), deadline);
      if (self->stopped_) co_return;
      self->take(*news, taken);
    }
    const TimePoint next = loop.now() + kLook;
    co_await sleep_until(loop, next);
  }
}

std::optional<MailNews> Mailer::news() {
  const AlertmanagersState state = parts_.alertmanagers();
  const std::int64_t now = milliseconds_of(net_.loop().wall_now());
  const std::lock_guard lock(mutex_);
  const bool before = book_.active();
  book_.watch(state, settings_.after, net_.loop().now(), now);
  figures_.active = book_.active();
  if (before != figures_.active && state.any_configured) {
    log_warn(figures_.active ? "no Alertmanager answers; alerts go by mail"
                             : "an Alertmanager answers; alerts no longer go by mail");
  }
  return book_.news(now);
}

probes::MailServer mail_server(const AlertMail& settings, const std::string& host) {
  probes::MailServer server;
  server.target = settings.server;
  server.security = security_of(settings.security);
  server.tls = settings.tls;
  server.hello = settings.hello.empty() ? host : settings.hello;
  server.user = settings.user;
  server.password = settings.password;
  return server;
}

probes::Mail Mailer::mail(const MailNews& news) {
  const probes::WallTime now = net_.loop().wall_now();
  const std::string domain = settings_.from.substr(settings_.from.rfind('@') + 1);
  MailFrame frame{.from = settings_.from,
                  .to = settings_.to,
                  .place = parts_.place,
                  // Unique as long as one machine does not write two within a millisecond.
                  .message_id = fmt::format("{}.{}.{}@{}", milliseconds_of(now), ++written_,
                                            parts_.host, domain),
                  .date = now,
                  .after = settings_.after};
  return {.from = settings_.from, .to = settings_.to, .content = alert_mail(news, frame)};
}

void Mailer::take(const MailNews& news, const probes::Result<probes::MailTaken>& taken) {
  {
    const std::lock_guard lock(mutex_);
    ++(taken ? figures_.sent : figures_.failures);
    if (taken) book_.told(news);
  }
  if (taken && !taken->refused.empty()) {
    log_warn("a mail about alerts was not taken for everybody",
             {{"server", settings_.server},
              {"refused", fmt::format("{}", fmt::join(taken->refused, "; "))}});
  }
  if (failing_ == !taken) return;
  failing_ = !taken;
  if (taken) return log_info("mail about alerts is taken again", {{"server", settings_.server}});
  log_error("a mail about alerts was not taken; it is tried again every minute",
            {{"server", settings_.server}, {"error", taken.error().message}});
}

std::vector<DeliveryChange> Mailer::changes() {
  const std::lock_guard lock(mutex_);
  return book_.changes();
}

std::vector<DeliveryChange> Mailer::farewell() const {
  const std::lock_guard lock(mutex_);
  return book_.farewell();
}

MailFigures Mailer::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

}  // namespace exporter
