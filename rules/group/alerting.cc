// The life of alerts. Each label set of the result is an alert: pending until it has held for as
// long as the rule asks, then firing; gone again it is resolved, and kept for a while so that
// Alertmanager hears of it even after trouble on the way.
#include <fmt/format.h>

#include <chrono>
#include <map>

#include "rules/group/step.h"
#include "rules/promql/parser.h"

namespace rules {
namespace {

// How long a resolved alert is remembered, and sent.
constexpr std::int64_t kResolvedRetention = 15LL * 60 * 1000;

constexpr std::string_view kAlertName = "alertname";

using Alerts = std::map<Labels, Alert>;

// Expands the templates of one sample of the result.
class Expander {
 public:
  Expander(const AlertingRule& rule, const VectorSample& sample, const Step& step)
      : input_{.text = {},
               .alert = rule.name,
               .labels = sample.labels,
               .value = sample.sample.value,
               .external_labels = step.settings.external_labels,
               .external_url = step.settings.external_url,
               .at = step.slot,
               .query = [&step](std::string_view text, std::int64_t at) -> StepResult {
                 const auto expr = parse(text);
                 if (!expr) return std::unexpected(expr.error().text());
                 return query_vector(**expr, step.source, at, step.settings.query);
               }},
        expand_(step.settings.expand) {}

  // An error is told in the text: an alert with a bad annotation is better than none.
  std::string operator()(const std::string& text) {
    if (!text.contains("{{")) return text;
    input_.text = text;
    const auto expanded = expand_ ? expand_(input_) : std::unexpected("no templates here");
    return expanded ? *expanded : fmt::format("<error expanding template: {}>", expanded.error());
  }

 private:
  TemplateInput input_;
  const ExpandTemplate& expand_;
};

Alert alert_of(const AlertingRule& rule, const VectorSample& sample, const Step& step) {
  Expander expand(rule, sample, step);
  const Labels bare = sample.labels.without(kMetricName);
  std::vector<Labels::Pair> pairs(bare.pairs().begin(), bare.pairs().end());
  for (const auto& [name, value] : rule.labels) pairs.emplace_back(name, expand(value));
  pairs.emplace_back(kAlertName, rule.name);

  Alert alert{.state = AlertState::pending,
              .labels = Labels(std::move(pairs)),
              .value = sample.sample.value,
              .active_at = step.slot};
  for (const auto& [name, value] : rule.annotations) {
    alert.annotations.emplace_back(name, expand(value));
  }
  return alert;
}

std::expected<Alerts, std::string> alerts_of(const AlertingRule& rule, const Vector& result,
                                             const Step& step) {
  Alerts alerts;
  for (const VectorSample& sample : result) {
    Alert alert = alert_of(rule, sample, step);
    const Labels labels = alert.labels;
    if (!alerts.emplace(labels, std::move(alert)).second) {
      return std::unexpected(
          "vector contains metrics with the same labelset after applying alert labels");
    }
  }
  return alerts;
}

// An alert that is there already keeps its history; one that was resolved begins anew.
void renew(Alerts& alerts, const Alerts& now) {
  for (const auto& [labels, fresh] : now) {
    const auto found = alerts.find(labels);
    if (found == alerts.end() || found->second.state == AlertState::inactive) {
      alerts.insert_or_assign(labels, fresh);
      continue;
    }
    found->second.value = fresh.value;
    found->second.annotations = fresh.annotations;
    found->second.keep_firing_since.reset();
  }
}

// The expression holds no longer. False: forget the alert.
bool outlive(Alert& alert, const AlertingRule& rule, std::int64_t slot) {
  if (alert.state == AlertState::pending) return false;
  if (alert.state == AlertState::inactive) {
    return !alert.resolved_at || slot - *alert.resolved_at <= kResolvedRetention;
  }
  if (rule.keep_firing_for > 0) {
    if (!alert.keep_firing_since) alert.keep_firing_since = slot;
    if (slot - *alert.keep_firing_since < rule.keep_firing_for) return true;
  }
  alert.state = AlertState::inactive;
  alert.resolved_at = slot;
  return true;
}

void fire_or_wait(Alert& alert, const AlertingRule& rule, std::int64_t slot) {
  const bool held = slot - alert.active_at >= rule.hold;
  if (alert.state == AlertState::pending && held) {
    alert.state = AlertState::firing;
    alert.fired_at = slot;
  }
  // A reload has raised `for`: it has not fired yet after all.
  if (alert.state == AlertState::firing && !held) {
    alert.state = AlertState::pending;
    alert.fired_at.reset();
    alert.last_sent_at.reset();
    alert.keep_firing_since.reset();
  }
}

// As Prometheus has it, the labels of the rule as written lie below those of the alert.
Labels series_labels(const AlertingRule& rule, const Alert& alert, std::string_view metric) {
  std::vector<Labels::Pair> pairs = rule.labels;
  pairs.insert(pairs.end(), alert.labels.pairs().begin(), alert.labels.pairs().end());
  pairs.emplace_back(kMetricName, metric);
  pairs.emplace_back(kAlertName, rule.name);
  return Labels(std::move(pairs));
}

void add_samples(const AlertingRule& rule, const Alert& alert, std::int64_t at, Vector& samples) {
  const Labels alerts =
      series_labels(rule, alert, "ALERTS").with("alertstate", state_name(alert.state));
  samples.push_back({alerts, {at, 1}});
  const auto active =
      std::chrono::floor<std::chrono::seconds>(std::chrono::milliseconds(alert.active_at));
  samples.push_back(
      {series_labels(rule, alert, "ALERTS_FOR_STATE"), {at, static_cast<double>(active.count())}});
}

}  // namespace

StepResult step_alerting(const AlertingRule& rule, Alerts& alerts, const Step& step) {
  const StepResult result = query_vector(*rule.expr, step.source, step.at(), step.settings.query);
  if (!result) return result;
  const auto now = alerts_of(rule, *result, step);
  if (!now) return std::unexpected(now.error());

  renew(alerts, *now);
  for (auto entry = alerts.begin(); entry != alerts.end();) {
    const bool stays = now->contains(entry->first) || outlive(entry->second, rule, step.slot);
    entry = stays ? std::next(entry) : alerts.erase(entry);
  }

  Vector samples;
  std::size_t active = 0;
  for (auto& [labels, alert] : alerts) {
    if (alert.state == AlertState::inactive) continue;
    fire_or_wait(alert, rule, step.slot);
    add_samples(rule, alert, step.at(), samples);
    ++active;
  }
  if (step.limit > 0 && active > step.limit) {
    alerts.clear();
    return std::unexpected(fmt::format("exceeded limit of {} with {} alerts", step.limit, active));
  }
  return samples;
}

bool needs_sending(const Alert& alert, std::int64_t slot, std::int64_t resend_delay) {
  if (alert.state == AlertState::pending) return false;
  if (!alert.last_sent_at) return true;
  if (alert.resolved_at && *alert.resolved_at > *alert.last_sent_at) return true;
  return *alert.last_sent_at + resend_delay < slot;
}

}  // namespace rules
