#include "exporter/schedule/scheduler.h"

namespace exporter {
namespace {

bool same_check(const Check& a, const Check& b) {
  bool same_module = a.module == b.module || *a.module == *b.module;
  return same_module && a.service == b.service && a.name == b.name && a.target == b.target &&
         a.hostname == b.hostname && a.every == b.every && a.timeout == b.timeout &&
         a.slow_after == b.slow_after && a.confirm == b.confirm && a.counts == b.counts &&
         a.blackbox_families == b.blackbox_families;
}

// The cadence in force: a counting check runs at the service's, as the plan says.
std::chrono::seconds cadence(const Check& check,
                             const std::map<std::string, std::chrono::seconds>& planned) {
  auto own = std::chrono::floor<std::chrono::seconds>(check.every);
  if (!check.counts) return own;
  auto it = planned.find(check.service);
  return it == planned.end() ? own : it->second;
}

// The frame owns the runner, so it may be retired and forgotten while its task is still to be
// cancelled.
probes::Task<void> run_to_the_end(std::shared_ptr<CheckRunner> runner) { co_await runner->run(); }

}  // namespace

Scheduler::~Scheduler() { stop(); }

std::size_t Scheduler::apply(const Config& config, const Plan& plan, const OpenSlots& open) {
  forget_finished();
  std::map<std::string, std::chrono::seconds> planned;
  for (const Plan::Entry& entry : plan.services) planned[entry.service] = entry.terms.every;

  std::map<CheckKey, Running> before = std::move(running_);
  running_.clear();
  std::size_t started = 0;
  for (const Service& service : config.services) {
    for (const Check& check : service.checks) {
      std::chrono::seconds every = cadence(check, planned);
      auto it = before.find({check.service, check.name});
      if (it != before.end() && it->second.runner->every() == every &&
          same_check(it->second.runner->check(), check)) {
        running_.insert(before.extract(it));
        continue;
      }
      start(check, every, open);
      ++started;
    }
  }
  for (auto& [key, running] : before) retire(std::move(running));
  return started;
}

void Scheduler::start(const Check& check, std::chrono::seconds every, const OpenSlots& open) {
  CheckKey key{check.service, check.name};
  auto it = open.find(key);
  std::optional<OutcomeRecord> resumed;
  if (it != open.end()) resumed = it->second;
  Running running{std::make_shared<CheckRunner>(context_, check, every, std::move(resumed)), 0};
  running.task = context_.loop.spawn(run_to_the_end(running.runner));
  running_[std::move(key)] = std::move(running);
}

void Scheduler::retire(Running running) {
  running.runner->retire();
  if (!running.runner->busy()) context_.loop.cancel_spawned(running.task);
  retiring_.emplace_back(running.runner, running.task);
}

void Scheduler::forget_finished() {
  std::erase_if(retiring_, [](const auto& retiring) { return retiring.first.expired(); });
}

void Scheduler::stop() {
  for (auto& [key, running] : running_) context_.loop.cancel_spawned(running.task);
  for (auto& [runner, task] : retiring_) context_.loop.cancel_spawned(task);
  running_.clear();
  retiring_.clear();
}

}  // namespace exporter
