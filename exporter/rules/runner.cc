#include "exporter/rules/runner.h"

#include <algorithm>
#include <utility>

#include "exporter/log.h"
#include "exporter/rules/state_text.h"
#include "rules/group/templates.h"
#include "rules/promql/selections.h"

namespace exporter {
namespace {

using rules::RuleGroup;

constexpr std::string_view kGroupKind = "group";
constexpr std::int64_t kSlightlyBehind = 60'000;  // milliseconds

std::string key_of(const RuleGroup& group) { return group.file + "\n" + group.name; }

bool same_rule(const rules::Rule& a, const rules::Rule& b) {
  const rules::RuleBase &left = rules::base_of(a), &right = rules::base_of(b);
  if (a.index() != b.index() || left.name != right.name || left.expr_text != right.expr_text ||
      left.labels != right.labels) {
    return false;
  }
  const auto* one = std::get_if<rules::AlertingRule>(&a);
  const auto* other = std::get_if<rules::AlertingRule>(&b);
  return one == nullptr ||
         (one->hold == other->hold && one->keep_firing_for == other->keep_firing_for &&
          one->annotations == other->annotations);
}

bool same_group(const RuleGroup& a, const RuleGroup& b) {
  return a.interval == b.interval && a.query_offset == b.query_offset && a.limit == b.limit &&
         std::ranges::equal(a.rules, b.rules, same_rule);
}

rules::Labels labels_of(const std::map<std::string, std::string>& texts) {
  return rules::Labels(std::vector<rules::Labels::Pair>(texts.begin(), texts.end()));
}

}  // namespace

RuleRunner::RuleRunner(RunnerParts parts)
    : parts_(std::move(parts)),
      samples_(parts_.samples),
      sampler_(samples_.store(), parts_.program) {}

std::expected<void, std::string> RuleRunner::load() {
  std::vector<std::string> warnings;
  auto loaded = samples_.load(warnings);
  for (const std::string& warning : warnings) log_warn(warning);
  for (const auto& [key, text] : samples_.documents()) {
    if (key.kind != kGroupKind) continue;
    auto state = parse_state(text);
    if (state) restored_.emplace(key.key, *std::move(state));
    if (!state) log_warn("the saved state of a rule group was not understood; it begins anew");
  }
  const std::lock_guard lock(mutex_);
  loaded_ = true;
  return loaded;
}

void RuleRunner::tick(const SnapshotPtr& snapshot, Seconds now) {
  const std::int64_t at = now.time_since_epoch().count() * 1000;
  if (waits_for_clock(at) || !snapshot) return;
  last_tick_ = at;
  if (!std::exchange(adopted_, true)) sampler_.adopt(at);
  if (snapshot->config != config_) configure(snapshot->config, at);
  sampler_.take(snapshot, at);
  if (sampler_.only_selected() && !std::exchange(said_selected_, true)) {
    log_info("there are more series than are kept by default: only those that rules read are kept",
             {{"series", std::to_string(sampler_.series())}});
  }
  mark_leaving(at);
  samples_.store().commit(at);
  bool evaluated = false;
  for (auto& [key, running] : running_) {
    const auto due = rules::due(running.slots, running.last, at);
    if (!due) continue;
    evaluate(running, *due);
    samples_.store().commit(at);
    changes_.emplace_back(DocumentKey{std::string(kGroupKind), key}, state_text(running.state));
    evaluated = true;
  }
  if (parts_.deliveries) std::ranges::move(parts_.deliveries(), std::back_inserter(changes_));
  say_saved(samples_.finish_tick(at, std::exchange(changes_, {})));
  // Also when it could not be saved: an alert that is sent twice is better than one that is not.
  if (parts_.notify && evaluated) parts_.notify(std::exchange(notifications_, {}));
  if (evaluated) publish();
  count_alerts();
}

// After the clock was set back rules wait for it, as the accounting does: what they would judge
// stands still, and samples of the time that comes again are there already. It is said once it
// matters; smaller differences are those that slots follow at once.
bool RuleRunner::waits_for_clock(std::int64_t at) {
  if (at > last_tick_) {
    if (std::exchange(said_behind_, false)) {
      log_info("the clock has caught up; rules are evaluated again");
    }
    return false;
  }
  const std::int64_t behind = last_tick_ - at;
  if (behind > kSlightlyBehind && !std::exchange(said_behind_, true)) {
    log_error(
        "the clock was set back: neither slots nor rules are judged until it has caught up, and "
        "no alert is sent; set the clock right if it is wrong",
        {{"seconds", std::to_string(behind / 1000)}});
  }
  return true;
}

void RuleRunner::close() {
  if (last_tick_ == 0) return;
  if (parts_.deliveries) changes_ = parts_.deliveries();
  (void)samples_.finish_tick(last_tick_, std::exchange(changes_, {}));
  say_saved(samples_.close(last_tick_));
}

void RuleRunner::configure(const std::shared_ptr<const Config>& config, std::int64_t at) {
  config_ = config;
  const Alerting& alerting = config->alerting;
  take_settings(alerting);
  std::map<std::string, Running> before = std::exchange(running_, {});
  order_.clear();
  for (const auto& file : alerting.rule_files) {
    if (!alerting.evaluate_here) break;
    for (const RuleGroup& group : file->groups) {
      std::string key = key_of(group);
      auto known = before.extract(key);
      Running* running = known.empty() ? nullptr : &known.mapped();
      order_.push_back(key);
      running_.emplace(key, take_on({file, &group}, running, at));
    }
  }
  for (const auto& [key, gone] : before) let_go(key, gone.state, gone.slots.interval, at);
  for (const auto& [key, state] : std::exchange(restored_, {})) {
    let_go(key, state, settings_.interval, at);
  }
  keep_what_rules_read();
  publish();
}

void RuleRunner::take_settings(const Alerting& alerting) {
  settings_.interval = alerting.evaluation_interval;
  settings_.query_offset = alerting.query_offset;
  settings_.resend_delay = alerting.resend_delay;
  settings_.external_labels = labels_of(alerting.external_labels);
  if (parts_.external_url) settings_.external_url = parts_.external_url();
  settings_.stopwatch = parts_.stopwatch;
  if (parts_.stopwatch) {
    settings_.query.stop = [this] { return parts_.stopwatch() > give_up_at_; };
  }
  settings_.expand = rules::template_expander(settings_.query.stop);
  outage_tolerance_ = alerting.outage_tolerance;
}

// A group that did not change runs on; one that did keeps its alerts; one of before a restart goes
// on from what was saved of it.
RuleRunner::Running RuleRunner::take_on(std::shared_ptr<const RuleGroup> group, Running* known,
                                        std::int64_t at) {
  const std::int64_t interval = rules::interval_of(*group, settings_);
  const rules::Slots slots = rules::slots_of(group->file, group->name, interval);
  if (known != nullptr && known->slots.interval == interval && same_group(*known->group, *group)) {
    known->group = std::move(group);
    return std::move(*known);
  }
  Running running{.group = group, .state = {}, .slots = slots, .last = slots.at_or_before(at)};
  if (known != nullptr) {
    running.state = rules::carry_over(std::move(known->state), *group);
    running.resumed = known->resumed;
  } else if (auto restored = restored_.extract(key_of(*group)); !restored.empty()) {
    running.state = std::move(restored.mapped());
    running.resumed = false;
  }
  return running;
}

void RuleRunner::keep_what_rules_read() {
  std::vector<rules::Selection> selected;
  std::vector<rules::series::LookBack> look_backs;
  std::int64_t rules_total = 0;
  for (const auto& [key, running] : running_) {
    for (const rules::Rule& rule : running.group->rules) {
      ++rules_total;
      for (rules::Selection& each : rules::selections(*rules::base_of(rule).expr)) {
        look_backs.push_back({each.matchers, each.look_back});
        selected.push_back(std::move(each));
      }
    }
  }
  samples_.store().set_look_backs(std::move(look_backs));
  sampler_.configure(parts_.kept, std::move(selected));
  parts_.stats.groups = static_cast<std::int64_t>(running_.size());
  parts_.stats.rules = rules_total;
}

void RuleRunner::let_go(const std::string& key, const rules::GroupState& state,
                        std::int64_t interval, std::int64_t at) {
  leaving_.push_back({rules::series_left(state), at + 2 * interval});
  changes_.emplace_back(DocumentKey{std::string(kGroupKind), key}, std::nullopt);
}

void RuleRunner::evaluate(Running& running, const rules::Due& due) {
  const RuleGroup& group = *running.group;
  if (!std::exchange(running.resumed, true)) {
    rules::resume(running.state, due.slot, outage_tolerance_);
  }
  const auto seconds = [&] { return parts_.stopwatch ? parts_.stopwatch() : 0.0; };
  const double begun = seconds();
  give_up_at_ = begun + static_cast<double>(running.slots.interval) / 1000;
  const std::uint64_t evaluations = running.state.evaluations, failures = running.state.failures;
  rules::Evaluation evaluation = rules::evaluate_group(group, std::move(running.state),
                                                       *samples_.snapshot(), due.slot, settings_);
  running.state = std::move(evaluation.state);
  running.state.iterations_missed += due.missed;
  running.last = due.slot;
  for (const rules::VectorSample& sample : evaluation.samples) {
    samples_.store().append(sample.labels, sample.sample.at, sample.sample.value);
  }
  std::ranges::move(evaluation.notifications, std::back_inserter(notifications_));

  auto view = std::make_shared<GroupView>();
  view->group = running.group;
  view->state = running.state;
  view->interval = running.slots.interval;
  view->last_evaluation = due.slot;
  view->seconds = seconds() - begun;
  view->rule_seconds = std::move(evaluation.rule_seconds);
  view->written = std::move(evaluation.samples);
  std::erase_if(view->written, [](const rules::VectorSample& sample) {
    return rules::is_stale_nan(sample.sample.value);
  });
  std::ranges::sort(view->written, {}, &rules::VectorSample::labels);
  RuleStats& stats = parts_.stats;
  stats.evaluation_duration.observe(static_cast<std::uint64_t>(view->seconds * 1e9));
  stats.evaluations_total += running.state.evaluations - evaluations;
  stats.evaluation_failures_total += running.state.failures - failures;
  ++stats.iterations_total;
  stats.iterations_missed_total += due.missed;
  stats.last_evaluation_seconds = due.slot / 1000;
  running.view = std::move(view);
}

void RuleRunner::mark_leaving(std::int64_t at) {
  std::erase_if(leaving_, [&](const Leaving& leaving) {
    if (at < leaving.at) return false;
    for (const rules::Labels& labels : leaving.series) {
      // Another group may have begun to write the series.
      const bool written = std::ranges::any_of(running_, [&](const auto& entry) {
        return std::ranges::any_of(entry.second.state.rules, [&](const rules::RuleState& rule) {
          return std::ranges::binary_search(rule.series, labels);
        });
      });
      if (!written) samples_.store().append(labels, at, rules::stale_nan());
    }
    return true;
  });
}

void RuleRunner::count_alerts() {
  std::int64_t pending = 0, firing = 0;
  for (const auto& [key, running] : running_) {
    for (const rules::RuleState& rule : running.state.rules) {
      for (const auto& [labels, alert] : rule.alerts) {
        pending += alert.state == rules::AlertState::pending;
        firing += alert.state == rules::AlertState::firing;
      }
    }
  }
  const rules::series::StoreStats store = samples_.stats();
  RuleStats& stats = parts_.stats;
  stats.alerts_pending = pending;
  stats.alerts_firing = firing;
  stats.series = static_cast<std::int64_t>(store.series);
  stats.sample_bytes = static_cast<std::int64_t>(store.bytes);
  stats.samples_total = store.stored;
  stats.samples_refused_total = store.refused + store.out_of_order;
}

void RuleRunner::publish() {
  auto view = std::make_shared<RulesView>();
  for (const std::string& key : order_) {
    Running& running = running_.at(key);
    if (!running.view || running.view->group != running.group) {
      auto fresh = std::make_shared<GroupView>();
      fresh->group = running.group;
      fresh->state =
          running.view ? running.view->state : rules::carry_over(running.state, *running.group);
      fresh->interval = running.slots.interval;
      running.view = std::move(fresh);
    }
    view->groups.push_back(running.view);
  }
  const std::lock_guard lock(mutex_);
  published_ = std::move(view);
}

void RuleRunner::say_saved(const std::expected<void, std::string>& saved) {
  if (saved) {
    if (std::exchange(save_failed_, false))
      log_info("samples and states of alerts are saved again");
    return;
  }
  ++parts_.stats.save_failures_total;
  if (!std::exchange(save_failed_, true)) {
    log_error("samples and states of alerts could not be saved; rules go on, it is tried again",
              {{"error", saved.error()}});
  }
}

std::shared_ptr<const RulesView> RuleRunner::view() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

std::shared_ptr<const rules::Source> RuleRunner::source() const {
  {
    const std::lock_guard lock(mutex_);
    if (!loaded_) return nullptr;
  }
  return samples_.snapshot();
}

}  // namespace exporter
