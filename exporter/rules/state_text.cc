// Numbers that JSON cannot hold (NaN, infinities) and those it would round are kept as their bits.
#include "exporter/rules/state_text.h"

#include <bit>
#include <nlohmann/json.hpp>

namespace exporter {
namespace {

using nlohmann::json;
using rules::Alert;
using rules::GroupState;
using rules::Labels;
using rules::RuleState;

constexpr int kVersion = 1;

json put(const Labels& labels) {
  json object = json::object();
  for (const auto& [name, value] : labels.pairs()) object[name] = value;
  return object;
}

Labels labels_of(const json& object) {
  std::vector<Labels::Pair> pairs;
  for (const auto& [name, value] : object.items()) pairs.emplace_back(name, value);
  return Labels(std::move(pairs));
}

json put(const std::vector<Labels>& list) {
  json array = json::array();
  for (const Labels& labels : list) array.push_back(put(labels));
  return array;
}

std::vector<Labels> list_of(const json& array) {
  std::vector<Labels> list;
  for (const json& labels : array) list.push_back(labels_of(labels));
  return list;
}

void put(json& object, const char* key, const std::optional<std::int64_t>& instant) {
  if (instant) object[key] = *instant;
}

std::optional<std::int64_t> instant_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  return found->get<std::int64_t>();
}

json put(const Alert& alert) {
  json object = {{"state", static_cast<int>(alert.state)},
                 {"labels", put(alert.labels)},
                 {"annotations", alert.annotations},
                 {"value_bits", std::bit_cast<std::uint64_t>(alert.value)},
                 {"active_at", alert.active_at}};
  put(object, "fired_at", alert.fired_at);
  put(object, "resolved_at", alert.resolved_at);
  put(object, "keep_firing_since", alert.keep_firing_since);
  put(object, "last_sent_at", alert.last_sent_at);
  return object;
}

Alert alert_of(const json& object) {
  Alert alert;
  const int state = object.at("state");
  if (state < 0 || state > 2) throw std::out_of_range("state");
  alert.state = static_cast<rules::AlertState>(state);
  alert.labels = labels_of(object.at("labels"));
  alert.annotations = object.at("annotations").get<rules::NamedTexts>();
  alert.value = std::bit_cast<double>(object.at("value_bits").get<std::uint64_t>());
  alert.active_at = object.at("active_at");
  alert.fired_at = instant_of(object, "fired_at");
  alert.resolved_at = instant_of(object, "resolved_at");
  alert.keep_firing_since = instant_of(object, "keep_firing_since");
  alert.last_sent_at = instant_of(object, "last_sent_at");
  return alert;
}

json put(const RuleState& rule) {
  json alerts = json::array();
  for (const auto& [labels, alert] : rule.alerts) {
    alerts.push_back({{"key", put(labels)}, {"alert", put(alert)}});
  }
  json object = {{"key", rule.key},
                 {"series", put(rule.series)},
                 {"alerts", std::move(alerts)},
                 {"health", static_cast<int>(rule.health)},
                 {"last_error", rule.last_error}};
  put(object, "last_evaluation", rule.last_evaluation);
  return object;
}

RuleState rule_of(const json& object) {
  RuleState rule;
  rule.key = object.at("key");
  rule.series = list_of(object.at("series"));
  for (const json& entry : object.at("alerts")) {
    rule.alerts.emplace(labels_of(entry.at("key")), alert_of(entry.at("alert")));
  }
  const int health = object.at("health");
  if (health < 0 || health > 2) throw std::out_of_range("health");
  rule.health = static_cast<rules::RuleHealth>(health);
  rule.last_error = object.at("last_error");
  rule.last_evaluation = instant_of(object, "last_evaluation");
  return rule;
}

GroupState group_of(const json& object) {
  GroupState state;
  state.last_slot = instant_of(object, "last_slot");
  for (const json& rule : object.at("rules")) state.rules.push_back(rule_of(rule));
  state.stale = list_of(object.at("stale"));
  state.iterations = object.at("iterations");
  state.iterations_missed = object.at("iterations_missed");
  state.evaluations = object.at("evaluations");
  state.failures = object.at("failures");
  state.last_samples = object.at("last_samples");
  return state;
}

}  // namespace

std::string state_text(const GroupState& state) {
  json rules = json::array();
  for (const RuleState& rule : state.rules) rules.push_back(put(rule));
  json object = {{"version", kVersion},
                 {"rules", std::move(rules)},
                 {"stale", put(state.stale)},
                 {"iterations", state.iterations},
                 {"iterations_missed", state.iterations_missed},
                 {"evaluations", state.evaluations},
                 {"failures", state.failures},
                 {"last_samples", state.last_samples}};
  put(object, "last_slot", state.last_slot);
  // A template may have made bytes that are no UTF-8; a state must not be lost for that.
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<GroupState> parse_state(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (object.is_discarded() || !object.is_object()) return std::nullopt;
  try {
    if (object.at("version") != kVersion) return std::nullopt;
    return group_of(object);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace exporter
