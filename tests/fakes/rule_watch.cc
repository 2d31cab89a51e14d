#include "tests/fakes/rule_watch.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <string_view>

#include "exporter/config/rule_file.h"
#include "rules/group/templates.h"

namespace exporter::fakes {
namespace {

using rules::Labels;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDefaultInterval = kMinute;
// The exporter samples what has not changed so often all the same.
constexpr std::int64_t kSampleAtLeast = kMinute;

using Value = std::optional<double>;

double number(std::int64_t count) { return static_cast<double>(count); }

Value is_month(const std::optional<MonthFigures>& month, MonthState state) {
  return month ? Value(month->state == state) : std::nullopt;
}

// One series of a service under an agreement.
struct Field {
  std::string_view metric;
  std::array<std::pair<std::string_view, std::string_view>, 2> more;  // unused ones are empty
  Value (*value)(const ServiceView& view);
};

constexpr Field kFields[] = {
    {"sla_slot_seconds", {}, [](const ServiceView& v) { return Value(number(v.every.count())); }},
    {"sla_objective_ratio", {}, [](const ServiceView& v) { return Value(v.objective.ratio()); }},
    {"sla_maintenance_active", {}, [](const ServiceView& v) { return Value(v.in_maintenance); }},
    {"sla_service_state",
     {{{"state", "excluded"}}},
     [](const ServiceView& v) { return Value(v.state == Verdict::excluded); }},
    {"sla_service_state",
     {{{"state", "bad"}}},
     [](const ServiceView& v) { return Value(v.state == Verdict::bad); }},
    {"sla_service_state",
     {{{"state", "unknown"}}},
     [](const ServiceView& v) { return Value(v.state == Verdict::unknown); }},
    {"sla_slots_total",
     {{{"verdict", "bad"}}},
     [](const ServiceView& v) { return Value(static_cast<double>(v.slots_total[1])); }},
    {"sla_error_budget_remaining_seconds",
     {},
     [](const ServiceView& v) { return Value(number(v.current.remaining * v.every.count())); }},
    {"sla_error_budget_remaining_ratio",
     {},
     [](const ServiceView& v) { return v.current.remaining_ratio; }},
    {"sla_error_budget_exhaustion_timestamp_seconds",
     {},
     [](const ServiceView& v) {
       return v.exhaustion ? Value(number(v.exhaustion->time_since_epoch().count())) : Value();
     }},
    {"sla_month_slots",
     {{{"month", "current"}, {"verdict", "bad"}}},
     [](const ServiceView& v) { return Value(number(v.current.counts.bad)); }},
    {"sla_month_state",
     {{{"month", "current"}, {"state", "missed"}}},
     [](const ServiceView& v) { return is_month(v.current, MonthState::missed); }},
    {"sla_month_state",
     {{{"month", "previous"}, {"state", "missed"}}},
     [](const ServiceView& v) { return is_month(v.previous, MonthState::missed); }},
    {"sla_month_state",
     {{{"month", "previous"}, {"state", "unproven"}}},
     [](const ServiceView& v) { return is_month(v.previous, MonthState::unproven); }},
    {"sla_month_closed",
     {{{"month", "current"}}},
     [](const ServiceView& v) { return Value(v.current.closed); }},
    {"sla_month_closed",
     {{{"month", "previous"}}},
     [](const ServiceView& v) { return v.previous ? Value(v.previous->closed) : Value(); }},
};

Labels labels_of(const Field& field, const ServiceView& view) {
  std::vector<Labels::Pair> pairs = {{std::string(rules::kMetricName), std::string(field.metric)},
                                     {"sla_agreement", view.agreement},
                                     {"sla_service", view.service}};
  for (const auto& [name, value] : field.more) {
    if (!name.empty()) pairs.emplace_back(name, value);
  }
  return Labels(std::move(pairs));
}

Labels info_of(const Service& service) {
  std::vector<Labels::Pair> pairs = {{std::string(rules::kMetricName), "sla_service_info"},
                                     {"sla_service", service.name}};
  for (const auto& [name, value] : service.labels) pairs.emplace_back(name, value);
  if (!service.runbook_url.empty()) pairs.emplace_back("runbook_url", service.runbook_url);
  return Labels(std::move(pairs));
}

}  // namespace

std::vector<Labels> exposed_labels(const Snapshot& snapshot) {
  std::vector<Labels> all;
  for (const auto& view : snapshot.services) {
    for (const Field& field : kFields) all.push_back(labels_of(field, *view));
  }
  for (const auto& facts : snapshot.facts) {
    all.push_back(
        {{std::string(rules::kMetricName), "sla_service_up"}, {"sla_service", facts->service}});
  }
  for (const Service& service : snapshot.config->services) {
    all.push_back(info_of(service));
    for (const std::string& to : service.depends_on) {
      all.push_back({{std::string(rules::kMetricName), "sla_service_dependency_info"},
                     {"sla_service", service.name},
                     {"to", to}});
    }
  }
  return all;
}

std::vector<Value> exposed_values(const Snapshot& snapshot) {
  std::vector<Value> all;
  for (const auto& view : snapshot.services) {
    for (const Field& field : kFields) all.push_back(field.value(*view));
  }
  for (const auto& facts : snapshot.facts) {
    all.push_back(facts->up ? Value(*facts->up) : std::nullopt);
  }
  for (const Service& service : snapshot.config->services) {
    all.insert(all.end(), 1 + service.depends_on.size(), 1.0);
  }
  return all;
}

RuleWatch::RuleWatch(const std::vector<std::filesystem::path>& files, std::int64_t start,
                     std::optional<std::int64_t> scrape_every)
    : store_({.keep = {{"", 4 * rules::series::kDay}}}),
      scrape_every_(scrape_every),
      next_scrape_(start + scrape_every.value_or(0)),
      next_retirement_(start) {
  settings_.expand = rules::template_expander();
  for (const std::filesystem::path& file : files) {
    auto read = read_rule_file(file, rules::template_error);
    if (!read) throw std::runtime_error(file.string() + " is no rule file");
    for (rules::RuleGroup& group : read->groups) {
      const std::int64_t interval = group.interval.value_or(kDefaultInterval);
      const rules::Slots slots = rules::slots_of(file.filename().string(), group.name, interval);
      groups_.push_back({std::move(group), slots, slots.first_after(start), {}});
    }
  }
}

std::int64_t RuleWatch::next() const {
  std::int64_t at = scrape_every_ ? next_scrape_ : groups_.front().next;
  for (const Group& group : groups_) at = std::min(at, group.next);
  return at;
}

void RuleWatch::look(const Snapshot* snapshot) {
  const std::int64_t at = next();
  const bool scraped = scrape_every_.has_value();
  if (!scraped || at == next_scrape_) sample(snapshot, at);
  if (scraped && at == next_scrape_) next_scrape_ += *scrape_every_;
  store_.commit(at);
  for (Group& group : groups_) {
    if (group.next != at) continue;
    // An exporter that is down evaluates nothing; a Prometheus goes on.
    if ((scraped || snapshot) && may_hold(group, snapshot)) evaluate(group);
    group.next += group.slots.interval;
  }
  if (at < next_retirement_) return;
  store_.retire(at);
  next_retirement_ = at + 60 * kMinute;
}

void RuleWatch::know(const Snapshot& snapshot) {
  std::vector<Labels> labels = exposed_labels(snapshot);
  sampled_.clear();
  for (Labels& each : labels) {
    if (scrape_every_) each = each.with("instance", "127.0.0.1:9849").with("job", "sla");
    sampled_.push_back({.labels = std::move(each), .value = {}});
  }
}

void RuleWatch::sample(const Snapshot* snapshot, std::int64_t at) {
  const bool has_page = snapshot && snapshot->config;
  std::vector<Value> values(sampled_.size());
  if (has_page) values = exposed_values(*snapshot);
  if (values.size() != sampled_.size()) know(*snapshot);
  // An exporter that is down writes nothing, a Prometheus marks what it cannot see as stale.
  if (!has_page && !scrape_every_) return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Sampled& series = sampled_[i];
    const bool due = scrape_every_ || at - series.at >= kSampleAtLeast;
    if (values[i] == series.value && !(values[i] && due)) continue;
    store_.append(series.labels, at, values[i].value_or(rules::stale_nan()));
    series.value = values[i];
    series.at = at;
  }
}

bool RuleWatch::may_hold(const Group& group, const Snapshot* snapshot) const {
  const auto has_alerts = [](const rules::RuleState& rule) { return !rule.alerts.empty(); };
  if (!may_hold_ || !snapshot || std::ranges::any_of(group.state.rules, has_alerts)) return true;
  return may_hold_(group.rules.name, *snapshot, group.next);
}

void RuleWatch::evaluate(Group& group) {
  const rules::GroupState before = group.state;
  rules::Evaluation evaluation = rules::evaluate_group(group.rules, std::move(group.state),
                                                       *store_.snapshot(), group.next, settings_);
  group.state = std::move(evaluation.state);
  for (const rules::VectorSample& sample : evaluation.samples) {
    store_.append(sample.labels, sample.sample.at, sample.sample.value);
  }
  store_.commit(group.next);
  for (std::size_t i = 0; i < group.rules.rules.size(); ++i) {
    static const rules::RuleState kNone;
    const rules::RuleState& old = i < before.rules.size() ? before.rules[i] : kNone;
    note(group.rules.rules[i], old, group.state.rules[i], group.next);
  }
}

void RuleWatch::note(const rules::Rule& rule, const rules::RuleState& before,
                     const rules::RuleState& after, std::int64_t at) {
  if (!after.last_error.empty()) errors_.emplace(rules::base_of(rule).name, after.last_error);
  const auto add = [this, at](const rules::Alert& alert, bool fires) {
    const auto label = [&alert](std::string_view name) {
      return std::string(alert.labels.get(name));
    };
    events_.push_back({at, label("alertname"), label("sla_agreement"), label("sla_service"),
                       label("severity"), fires});
    for (const auto& [name, text] : alert.annotations) {
      if (text.contains("error expanding")) errors_.emplace(label("alertname"), text);
    }
  };
  const auto firing = [](const rules::RuleState& state, const Labels& labels) {
    const auto found = state.alerts.find(labels);
    return found != state.alerts.end() && found->second.state == rules::AlertState::firing;
  };
  for (const auto& [labels, alert] : after.alerts) {
    const bool fires = alert.state == rules::AlertState::firing;
    if (fires != firing(before, labels)) add(alert, fires);
  }
  for (const auto& [labels, alert] : before.alerts) {
    const bool gone = !after.alerts.contains(labels);
    if (gone && alert.state == rules::AlertState::firing) add(alert, false);
  }
}

}  // namespace exporter::fakes
