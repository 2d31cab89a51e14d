// The frame around the rules: order, health, what was written last time and is missing now, and
// what Alertmanager must hear.
#include "rules/group/evaluate.h"

#include <algorithm>

#include "rules/group/step.h"

namespace rules {
namespace {

// An alert is valid for so many evaluations or resends without news, whichever come later.
constexpr std::int64_t kValidFor = 4;

bool belongs_to(const GroupState& state, const RuleGroup& group) {
  return std::ranges::equal(state.rules, group.rules, [](const RuleState& have, const Rule& rule) {
    return have.key == rule_key(rule);
  });
}

StepResult step_rule(const Rule& rule, RuleState& state, const Step& step) {
  if (const auto* alerting = std::get_if<AlertingRule>(&rule)) {
    return step_alerting(*alerting, state.alerts, step);
  }
  return step_recording(std::get<RecordingRule>(rule), step);
}

void notify(const RuleGroup& group, const Rule& rule, RuleState& state, std::int64_t slot,
            const GroupSettings& settings, std::vector<Notification>& out) {
  const std::int64_t longest = std::max(interval_of(group, settings), settings.resend_delay);
  for (auto& [labels, alert] : state.alerts) {
    if (!needs_sending(alert, slot, settings.resend_delay)) continue;
    alert.last_sent_at = slot;
    out.push_back({.alert = alert,
                   .expr_text = base_of(rule).expr_text,
                   .starts_at = alert.fired_at.value_or(slot),
                   .ends_at = alert.resolved_at.value_or(slot + kValidFor * longest)});
  }
}

// Lays the results over the snapshot and ends the series that are missing this time.
void publish(const Vector& samples, RuleState& state, Overlay& overlay) {
  std::vector<Labels> written;
  for (const VectorSample& sample : samples) {
    if (overlay.add(sample.labels, sample.sample.value)) {
      written.push_back(sample.labels);
      continue;
    }
    state.health = RuleHealth::bad;
    state.last_error = "duplicate sample for timestamp: another rule wrote " +
                       sample.labels.text() + " with another value";
  }
  std::ranges::sort(written);
  for (const Labels& before : state.series) {
    if (!std::ranges::binary_search(written, before)) overlay.mark_stale(before);
  }
  state.series = std::move(written);
}

}  // namespace

std::int64_t interval_of(const RuleGroup& group, const GroupSettings& settings) {
  return group.interval.value_or(settings.interval);
}

Evaluation evaluate_group(const RuleGroup& group, GroupState state, const Source& snapshot,
                          std::int64_t slot, const GroupSettings& settings) {
  if (!belongs_to(state, group)) state = carry_over(std::move(state), group);
  Evaluation evaluation{
      .state = std::move(state), .samples = {}, .notifications = {}, .rule_seconds = {}};
  const auto seconds = [&] { return settings.stopwatch ? settings.stopwatch() : 0.0; };
  GroupState& next = evaluation.state;
  Overlay overlay(snapshot, slot - group.query_offset.value_or(settings.query_offset));
  const Step step{overlay, settings, slot, group.limit};

  next.last_samples = 0;
  for (std::size_t i = 0; i < group.rules.size(); ++i) {
    RuleState& rule = next.rules[i];
    const double begun = seconds();
    const StepResult samples = step_rule(group.rules[i], rule, step);
    evaluation.rule_seconds.push_back(seconds() - begun);
    rule.last_evaluation = slot;
    ++next.evaluations;
    if (!samples) {
      rule.health = RuleHealth::bad;
      rule.last_error = samples.error();
      ++next.failures;
      continue;
    }
    rule.health = RuleHealth::good;
    rule.last_error.clear();
    next.last_samples += samples->size();
    notify(group, group.rules[i], rule, slot, settings, evaluation.notifications);
    publish(*samples, rule, overlay);
  }
  for (const Labels& gone : std::exchange(next.stale, {})) overlay.mark_stale(gone);

  ++next.iterations;
  next.last_slot = slot;
  evaluation.samples = overlay.take();
  return evaluation;
}

}  // namespace rules
