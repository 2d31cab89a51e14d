#include "exporter/schedule/connectivity.h"

#include <algorithm>
#include <string_view>

namespace exporter {

using probes::Outcome;
using probes::Reason;
using probes::Task;
using probes::TimePoint;

// Waits for the round under way, until a deadline of its own.
class CanaryRounds::Wait {
 public:
  Wait(CanaryRounds& rounds, TimePoint deadline) : rounds_(rounds), deadline_(deadline) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  ~Wait() { leave(); }

  bool await_ready() const { return !rounds_.running_; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    rounds_.waiting_.push_back(this);
    timer_ = rounds_.loop_.call_at(deadline_, [this] { resume(false); });
  }
  bool await_resume() const { return caller_ ? answer_ : rounds_.result_; }

  void resume(bool answer) {
    leave();
    answer_ = answer;
    caller_.resume();
  }

 private:
  void leave() {
    rounds_.waiting_.remove(this);
    if (timer_ != 0) rounds_.loop_.cancel(timer_);
    timer_ = 0;
  }

  CanaryRounds& rounds_;
  TimePoint deadline_;
  std::coroutine_handle<> caller_;
  probes::TimerId timer_ = 0;
  bool answer_ = false;
};

namespace {

// A canary's target as a module and what that module takes as its target.
std::pair<probes::ModuleSpec, std::string> canary_probe(const std::string& target) {
  constexpr std::string_view kTcp = "tcp://", kDns = "dns://";
  if (target.starts_with(kTcp)) return {probes::TcpModule{}, target.substr(kTcp.size())};
  if (!target.starts_with(kDns)) return {probes::HttpModule{}, target};
  std::string rest = target.substr(kDns.size());
  std::size_t slash = rest.find('/');
  probes::DnsModule dns;
  dns.query_name = slash == std::string::npos ? "." : rest.substr(slash + 1);
  dns.query_type = slash == std::string::npos ? "NS" : "A";
  return {dns, rest.substr(0, slash)};
}

// Any answer proves the path, also one we would not accept from a service.
bool proves_connection(const Outcome& outcome) {
  if (outcome.good()) return true;
  switch (outcome.reason) {
    case Reason::dns:
    case Reason::connect:
    case Reason::timeout:
    case Reason::local:
      return false;
    default:
      return outcome.status == probes::Status::down;
  }
}

}  // namespace

CanaryRounds::~CanaryRounds() {
  loop_.cancel(again_);
  for (probes::SpawnId id : asking_) loop_.cancel_spawned(id);
}

void CanaryRounds::configure(const Connectivity& connectivity) {
  canaries_.clear();
  for (const std::string& target : connectivity.targets) {
    auto [spec, probe_target] = canary_probe(target);
    auto module = std::make_shared<probes::Module>();
    module->name = "canary";
    module->spec = std::move(spec);
    canaries_.push_back({std::move(module), std::move(probe_target)});
  }
  require_ = connectivity.require;
  timeout_ = connectivity.timeout;
  if (!canaries_.empty()) return;
  loop_.cancel(again_);
  result_ = true;
  stats_.connected = true;
}

CanaryRounds::Wait CanaryRounds::round_end(TimePoint deadline) { return Wait(*this, deadline); }

Task<bool> CanaryRounds::connected(TimePoint deadline) {
  if (canaries_.empty()) co_return true;
  TimePoint now = loop_.now();
  if (!running_ && finished_ && now - *finished_ <= kFresh) co_return result_;
  if (!running_) start_round();
  bool answer = co_await round_end(deadline);
  co_return answer;
}

void CanaryRounds::start_round() {
  loop_.cancel(again_);
  running_ = true;
  answered_ = 0;
  outstanding_ = static_cast<int>(canaries_.size());
  asking_.clear();
  TimePoint deadline = loop_.now() + timeout_;
  // A canary may end at once and finish the round, so the list is walked by copy.
  std::vector<Canary> canaries = canaries_;
  for (Canary& canary : canaries) asking_.push_back(loop_.spawn(ask(std::move(canary), deadline)));
}

Task<void> CanaryRounds::ask(Canary canary, TimePoint deadline) {
  probes::ProbeRequest request;
  request.module = canary.module;
  request.target = canary.target;
  Outcome outcome = co_await prober_(std::move(request), deadline);
  count(proves_connection(outcome));
}

void CanaryRounds::count(bool answered) {
  --outstanding_;
  if (answered) ++answered_;
  if (!running_) return;
  if (answered_ >= require_) return finish(true);
  if (answered_ + outstanding_ < require_) finish(false);
}

void CanaryRounds::finish(bool connected) {
  connected = connected || canaries_.empty();  // they may have gone since the round began
  running_ = false;
  result_ = connected;
  finished_ = loop_.now();
  stats_.connected = connected;
  if (!connected) {
    again_ = loop_.call_at(loop_.now() + kAskAgain, [this] {
      if (!running_ && !canaries_.empty()) start_round();
    });
  }
  while (!waiting_.empty()) waiting_.front()->resume(connected);
}

}  // namespace exporter
