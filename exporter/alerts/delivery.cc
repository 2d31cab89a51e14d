#include "exporter/alerts/delivery.h"

#include <algorithm>
#include <iterator>

#include "exporter/log.h"

namespace exporter {
namespace {

// Nothing goes out from here when somebody else evaluates the rules.
Alerting what_to_send(const Alerting& alerting) {
  return alerting.evaluate_here ? alerting : Alerting{};
}

// Some group is evaluated at least so often.
std::chrono::milliseconds shortest_interval(const Alerting& alerting) {
  std::int64_t shortest = 0;
  for (const auto& file : alerting.rule_files) {
    for (const rules::RuleGroup& group : file->groups) {
      const std::int64_t interval = group.interval.value_or(alerting.evaluation_interval);
      shortest = shortest == 0 ? interval : std::min(shortest, interval);
    }
  }
  return std::chrono::milliseconds(shortest == 0 ? alerting.evaluation_interval : shortest);
}

void append(std::vector<DeliveryChange>& to, std::vector<DeliveryChange> changes) {
  std::ranges::move(changes, std::back_inserter(to));
}

}  // namespace

void Delivery::configure(const std::shared_ptr<const Config>& config, std::string external_url) {
  while (external_url.ends_with('/')) external_url.pop_back();
  const Alerting alerting = what_to_send(config->alerting);
  dress_ = {.external_labels = alerting.external_labels,
            .relabel = Relabeller(alerting.alert_relabel_configs),
            .external_url = std::move(external_url)};
  const std::lock_guard lock(mutex_);
  configure_alertmanagers(alerting);
  configure_mail(*config);
  configure_heartbeat(alerting);
}

void Delivery::configure_alertmanagers(const Alerting& alerting) {
  Targets before = std::move(targets_);
  targets_.clear();
  for (AlertmanagerTarget& target : alertmanager_targets(alerting, tokens_)) {
    const auto known = std::ranges::find(before, target.url, &Alertmanager::url);
    if (known == before.end()) {
      targets_.push_back(std::make_shared<Alertmanager>(net_, std::move(target)));
      continue;
    }
    (*known)->configure(std::move(target));
    targets_.push_back(std::move(*known));
    before.erase(known);
  }
  for (const auto& gone : before) {
    gone->stop();
    append(leftover_, gone->farewell());
  }
}

void Delivery::configure_mail(const Config& config) {
  const AlertMail mail = what_to_send(config.alerting).mail;
  if (!mail.configured()) {
    if (!mailer_) return;
    mailer_->stop();
    append(leftover_, mailer_->farewell());
    mailer_.reset();
    return;
  }
  if (mailer_) return mailer_->configure(mail, config.place.name);
  mailer_ = std::make_shared<Mailer>(
      net_, mail,
      MailerParts{.place = config.place.name,
                  .host = parts_.host.empty() ? "localhost" : parts_.host,
                  .alertmanagers = [this] { return alertmanagers_state(); }});
  mailer_->start();
}

void Delivery::configure_heartbeat(const Alerting& alerting) {
  const probes::Duration stalled_after = 3 * shortest_interval(alerting);
  const bool same = heartbeat_ && heartbeat_->settings() == alerting.heartbeat &&
                    heartbeat_->stalled_after() == stalled_after;
  if (same) return;
  if (heartbeat_) heartbeat_->stop();
  heartbeat_.reset();
  if (!alerting.heartbeat.configured()) return;
  heartbeat_ = std::make_shared<HeartbeatSender>(net_, alerting.heartbeat, stalled_after,
                                                 tokens_.of(alerting.heartbeat.http.oauth2));
}

void Delivery::restore(const std::vector<DeliveryRow>& rows) {
  for (const DeliveryRow& row : rows) restore(row);
}

void Delivery::restore(const DeliveryRow& row) {
  if (row.target == MailBook::kTarget && mailer_) return mailer_->restore(row.key, row.json);
  const auto target = std::ranges::find(targets_, row.target, &Alertmanager::url);
  auto alert = read_kept_alert(row.json);
  if (target != targets_.end() && alert && alert->key() == row.key) {
    return (*target)->restore(*std::move(alert));
  }
  const std::lock_guard lock(mutex_);
  leftover_.push_back({row.target, row.key, std::nullopt});
}

void Delivery::send(const std::vector<rules::Notification>& notifications) {
  std::vector<OutgoingAlert> alerts;
  for (const rules::Notification& notification : notifications) {
    auto alert = outgoing_alert(notification, dress_);
    if (alert) alerts.push_back(*std::move(alert));
  }
  if (alerts.empty()) return;
  for (const auto& target : targets_) target->push(alerts);
  if (mailer_) mailer_->note(alerts);
}

void Delivery::evaluated(probes::TimePoint at) {
  if (heartbeat_) heartbeat_->evaluated(at);
}

void Delivery::stop() {
  for (const auto& target : targets_) target->stop();
  if (mailer_) mailer_->stop();
  if (heartbeat_) heartbeat_->stop();
}

AlertmanagersState Delivery::alertmanagers_state() const {
  AlertmanagersState state;
  bool all_fail = !targets_.empty();
  probes::TimePoint since{};
  for (const auto& target : targets_) {
    state.any_configured = true;
    if (target->answers().value_or(false)) state.any_answers = true;
    if (target->answers().value_or(true)) all_fail = false;
    since = std::max(since, target->failing_since());
  }
  if (all_fail) state.all_failing_since = since;
  return state;
}

std::vector<DeliveryChange> Delivery::changes() {
  const std::lock_guard lock(mutex_);
  std::vector<DeliveryChange> changes = std::move(leftover_);
  leftover_.clear();
  for (const auto& target : targets_) append(changes, target->changes());
  if (mailer_) append(changes, mailer_->changes());
  return changes;
}

DeliveryFigures Delivery::figures() const {
  const std::lock_guard lock(mutex_);
  DeliveryFigures figures;
  for (const auto& target : targets_) figures.alertmanagers.push_back(target->figures());
  if (mailer_) figures.mail = mailer_->figures();
  if (heartbeat_) figures.heartbeat = heartbeat_->figures();
  return figures;
}

}  // namespace exporter
