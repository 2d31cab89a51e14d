#include "exporter/alerts/alertmanager.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/log.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using probes::HttpAnswer;
using probes::Task;
using probes::TimePoint;

constexpr std::chrono::seconds kFirstPause = 1s, kLongestPause = 60s;
constexpr std::size_t kMaxQuoted = 300;  // of an answer, in a log line

std::int64_t milliseconds_of(probes::WallTime at) {
  return std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
}

// "/prefix/api/v2/alerts", whatever slashes the prefix has.
std::string alerts_path(std::string_view prefix) {
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix.empty() ? "/api/v2/alerts" : fmt::format("/{}/api/v2/alerts", prefix);
}

// The labels that relabel_configs see, as in Prometheus.
rules::Labels target_labels(const AlertmanagerBlock& block, const StaticTargets& group,
                            const std::string& address) {
  std::vector<rules::Labels::Pair> labels(group.labels.begin(), group.labels.end());
  labels.emplace_back("__address__", address);
  labels.emplace_back("__scheme__", block.scheme);
  labels.emplace_back("__alerts_path__", alerts_path(block.path_prefix));
  return rules::Labels(std::move(labels));
}

// The batch was understood and something in it is bad, or it is too large as a whole.
bool is_refusal(int status) { return status == 400 || status == 413 || status == 422; }

std::string reason_of(const HttpAnswer& answer) {
  if (answer.outcome.good()) return "a redirect led elsewhere; configure the address it leads to";
  std::string text = answer.outcome.message;
  if (answer.body.empty()) return text;
  std::string quoted = answer.body.substr(0, kMaxQuoted);
  std::ranges::replace_if(quoted, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return fmt::format("{}: {}", text, quoted);
}

}  // namespace

std::vector<AlertmanagerTarget> alertmanager_targets(const Alerting& alerting,
                                                     TokenKeepers& tokens) {
  std::vector<AlertmanagerTarget> targets;
  const auto add = [&](const AlertmanagerBlock& block, const StaticTargets& group,
                       const std::string& address) {
    const auto labels =
        Relabeller(block.relabel_configs).apply(target_labels(block, group, address));
    if (!labels || !labels->has("__address__")) return;
    std::string url = fmt::format("{}://{}{}", labels->get("__scheme__"),
                                  labels->get("__address__"), labels->get("__alerts_path__"));
    if (std::ranges::find(targets, url, &AlertmanagerTarget::url) != targets.end()) return;
    targets.push_back({std::move(url), block.timeout, block.http,
                       Relabeller(block.alert_relabel_configs), tokens.of(block.http.oauth2)});
  };
  for (const AlertmanagerBlock& block : alerting.alertmanagers) {
    for (const StaticTargets& group : block.static_configs) {
      for (const std::string& address : group.targets) add(block, group, address);
    }
  }
  return targets;
}

Alertmanager::Alertmanager(probes::Net& net, AlertmanagerTarget target)
    : net_(net), target_(std::move(target)), queue_(target_.url) {
  figures_.url = target_.url;
}

void Alertmanager::push(const std::vector<OutgoingAlert>& alerts) {
  {
    const std::lock_guard lock(mutex_);
    for (const OutgoingAlert& alert : alerts) {
      auto labels = target_.relabel.apply(alert.labels);
      if (!labels || labels->empty()) continue;
      OutgoingAlert relabelled = alert;
      relabelled.labels = *std::move(labels);
      queue_.push(std::move(relabelled));
    }
  }
  start();
}

void Alertmanager::restore(OutgoingAlert alert) {
  {
    const std::lock_guard lock(mutex_);
    queue_.restore(std::move(alert));
  }
  start();
}

void Alertmanager::start() {
  if (task_ == 0 && !stopped_) task_ = net_.loop().spawn(run(shared_from_this()));
}

void Alertmanager::stop() {
  stopped_ = true;
  net_.loop().cancel_spawned(task_);
}

Task<void> Alertmanager::run(std::shared_ptr<Alertmanager> self) {
  probes::Loop& loop = self->net_.loop();
  while (!self->stopped_) {
    const AlertQueue::Batch batch = self->next();
    if (batch.empty() && self->answers_.value_or(true)) break;
    probes::ProbeRequest request = self->request_for(batch);
    const TimePoint deadline = loop.now() + self->target_.timeout;
    std::shared_ptr<TokenKeeper> tokens = self->target_.tokens;
    const HttpAnswer answer =
        co_await ask_with_token(self->net_, std::move(tokens), std::move(request), deadline);
    if (self->stopped_) break;
    const TimePoint again = self->take(batch, answer);
    if (again > loop.now()) co_await sleep_until(loop, again);
  }
  self->task_ = 0;
}

AlertQueue::Batch Alertmanager::next() {
  const std::lock_guard lock(mutex_);
  return queue_.next(milliseconds_of(net_.loop().wall_now()));
}

probes::ProbeRequest Alertmanager::request_for(const AlertQueue::Batch& batch) const {
  probes::HttpModule http = http_module(target_.http);
  http.method = "POST";
  http.body = alerts_json(batch.alerts);
  http.headers.emplace_back("Content-Type", "application/json");
  return probes::http_request("alertmanager", std::move(http), target_.url);
}

TimePoint Alertmanager::take(const AlertQueue::Batch& batch, const HttpAnswer& answer) {
  // After a redirect that made a GET of it, nobody has read the alerts.
  const bool taken = answer.outcome.good() && answer.as_asked;
  const bool refused = !taken && is_refusal(answer.status) && !batch.empty();
  {
    const std::lock_guard lock(mutex_);
    ++figures_.requests;
    figures_.up = taken || refused;
    figures_.request_seconds += std::chrono::duration<double>(answer.outcome.duration).count();
    if (!taken) ++figures_.errors;
    if (taken) {
      figures_.sent += batch.alerts.size();
      queue_.accepted(batch);
    }
    if (refused && queue_.refused(batch)) give_up(batch.alerts.front(), answer);
  }
  if (taken || refused) {
    note_answer();
    return net_.loop().now();
  }
  note_failure(answer);
  return net_.loop().now() + pause_;
}

// Also a refusal proves that somebody listens.
void Alertmanager::note_answer() {
  if (answers_ == false) log_info("an Alertmanager takes alerts again", {{"url", target_.url}});
  answers_ = true;
  pause_ = 0s;
}

void Alertmanager::note_failure(const HttpAnswer& answer) {
  pause_ = pause_ == 0s ? kFirstPause : std::min(2 * pause_, kLongestPause);
  if (answers_ == false) return;
  answers_ = false;
  failing_since_ = net_.loop().now();
  log_warn("an Alertmanager does not take alerts; they wait, see whether it runs and is reached",
           {{"url", target_.url}, {"error", reason_of(answer)}});
}

void Alertmanager::give_up(const OutgoingAlert& alert, const HttpAnswer& answer) const {
  log_error("an Alertmanager refused an alert; look at its labels and annotations",
            {{"url", target_.url}, {"alert", alert.key()}, {"error", reason_of(answer)}});
}

std::vector<DeliveryChange> Alertmanager::changes() {
  const std::lock_guard lock(mutex_);
  return queue_.changes();
}

std::vector<DeliveryChange> Alertmanager::farewell() const {
  const std::lock_guard lock(mutex_);
  return queue_.farewell();
}

AlertmanagerFigures Alertmanager::figures() const {
  const std::lock_guard lock(mutex_);
  AlertmanagerFigures figures = figures_;
  figures.waiting = queue_.size();
  figures.dropped = queue_.dropped();
  figures.outdated = queue_.outdated();
  return figures;
}

}  // namespace exporter
