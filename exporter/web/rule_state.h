// Questions that the API and the page of rules both ask of a view of rule groups. Pure.
#pragma once

#include <string_view>

#include "exporter/rules/view.h"

namespace exporter {

inline bool is_active(const rules::Alert& alert) {
  return alert.state != rules::AlertState::inactive && !alert.resolved_at;
}

// inactive, pending, firing; unknown before the first evaluation.
inline std::string_view state_text(const rules::RuleState& state) {
  const auto heaviest = rules::state_of(state);
  return heaviest ? rules::state_name(*heaviest) : std::string_view("unknown");
}

// A view may be of a group that was never evaluated, and then knows nothing of its rules.
inline const rules::RuleState& state_of_rule(const GroupView& view, std::size_t number) {
  static const rules::RuleState kFresh;
  return number < view.state.rules.size() ? view.state.rules[number] : kFresh;
}

inline double seconds_of_rule(const GroupView& view, std::size_t number) {
  return number < view.rule_seconds.size() ? view.rule_seconds[number] : 0;
}

}  // namespace exporter
