#include "exporter/alerts/heartbeat.h"

#include "exporter/log.h"

namespace exporter {

using probes::HttpAnswer;
using probes::Task;
using probes::TimePoint;

HeartbeatSender::HeartbeatSender(probes::Net& net, Heartbeat settings,
                                 probes::Duration stalled_after,
                                 std::shared_ptr<TokenKeeper> tokens)
    : net_(net),
      settings_(std::move(settings)),
      stalled_after_(stalled_after),
      tokens_(std::move(tokens)) {}

void HeartbeatSender::evaluated(TimePoint at) {
  last_evaluation_ = at;
  if (task_ == 0 && !stopped_) task_ = net_.loop().spawn(run(shared_from_this()));
}

void HeartbeatSender::stop() {
  stopped_ = true;
  net_.loop().cancel_spawned(task_);
}

Task<void> HeartbeatSender::run(std::shared_ptr<HeartbeatSender> self) {
  probes::Loop& loop = self->net_.loop();
  TimePoint next = loop.now();
  while (!self->stopped_) {
    if (self->is_alive()) {
      probes::ProbeRequest request = self->request();
      const TimePoint deadline = loop.now() + self->settings_.timeout;
      const HttpAnswer answer =
          co_await ask_with_token(self->net_, self->tokens_, std::move(request), deadline);
      if (self->stopped_) co_return;
      self->take(answer);
    }
    // Beats that were missed are not caught up.
    while (next <= loop.now()) next += self->settings_.every;
    co_await sleep_until(loop, next);
  }
}

bool HeartbeatSender::is_alive() {
  const bool alive = net_.loop().now() - *last_evaluation_ <= stalled_after_;
  if (silent_ == alive) {
    silent_ = !alive;
    if (!alive) log_error("rules are no longer evaluated; the heartbeat is silent");
  }
  return alive;
}

probes::ProbeRequest HeartbeatSender::request() const {
  probes::HttpModule http = http_module(settings_.http);
  http.method = settings_.method;
  return probes::http_request(
      "heartbeat", std::move(http),
      settings_.url.empty() ? settings_.secret_url.reveal() : settings_.url);
}

void HeartbeatSender::take(const HttpAnswer& answer) {
  const bool good = answer.outcome.good();
  ++(good ? sent_ : failures_);
  if (failing_ == !good) return;
  failing_ = !good;
  if (good) return log_info("the heartbeat is heard again");
  log_warn("the heartbeat is not heard; whoever waits for it will raise the alarm",
           {{"error", answer.outcome.message}});
}

HeartbeatFigures HeartbeatSender::figures() const {
  return {.sent = sent_, .failures = failures_, .silent = silent_};
}

}  // namespace exporter
