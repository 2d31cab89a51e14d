// Reloads and restarts: which state goes to which rule.
#include "rules/group/state.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_map>

#include "rules/promql/quote.h"

namespace rules {
namespace {

void shift(std::optional<std::int64_t>& instant, std::int64_t by) {
  if (instant) *instant += by;
}

void wait_on(Alert& alert, std::int64_t gap) {
  if (alert.state == AlertState::pending) alert.active_at += gap;
  shift(alert.keep_firing_since, gap);
}

}  // namespace

std::string_view state_name(AlertState state) {
  constexpr std::array<std::string_view, 3> kNames = {"inactive", "pending", "firing"};
  return kNames.at(static_cast<std::size_t>(state));
}

std::string_view health_name(RuleHealth health) {
  constexpr std::array<std::string_view, 3> kNames = {"unknown", "ok", "err"};
  return kNames.at(static_cast<std::size_t>(health));
}

std::optional<AlertState> state_of(const RuleState& rule) {
  if (!rule.last_evaluation) return std::nullopt;
  AlertState heaviest = AlertState::inactive;
  for (const auto& [labels, alert] : rule.alerts) heaviest = std::max(heaviest, alert.state);
  return heaviest;
}

std::string rule_key(const Rule& rule) {
  const RuleBase& base = base_of(rule);
  std::string key = std::holds_alternative<AlertingRule>(rule) ? "alert " : "record ";
  key += base.name + "{";
  for (const auto& [name, value] : base.labels) key += name + "=" + quote(value) + ",";
  return key + "}";
}

GroupState carry_over(GroupState before, const RuleGroup& group) {
  GroupState state = std::move(before);
  std::vector<RuleState> old = std::exchange(state.rules, {});
  state.last_slot.reset();

  std::unordered_map<std::string, std::vector<std::size_t>> known;  // later ones first
  for (std::size_t i = old.size(); i-- > 0;) known[old[i].key].push_back(i);
  for (const Rule& rule : group.rules) {
    RuleState fresh;
    fresh.key = rule_key(rule);
    std::vector<std::size_t>& same = known[fresh.key];
    if (!same.empty()) {
      fresh = std::exchange(old[same.back()], {});
      same.pop_back();
    }
    state.rules.push_back(std::move(fresh));
  }
  for (RuleState& gone : old) std::ranges::move(gone.series, std::back_inserter(state.stale));
  return state;
}

std::vector<Labels> series_left(const GroupState& state) {
  std::vector<Labels> left = state.stale;
  for (const RuleState& rule : state.rules)
    std::ranges::copy(rule.series, std::back_inserter(left));
  return left;
}

void resume(GroupState& state, std::int64_t slot, std::int64_t tolerance) {
  if (!state.last_slot || slot - *state.last_slot <= tolerance) return;
  const std::int64_t gap = slot - *state.last_slot;
  for (RuleState& rule : state.rules) {
    for (auto& [labels, alert] : rule.alerts) wait_on(alert, gap);
  }
}

}  // namespace rules
