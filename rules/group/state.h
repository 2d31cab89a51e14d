// What a group remembers from one evaluation to the next, complete: written down and read back it
// goes on exactly as it would have, `for` and `keep_firing_for` included. Plain values; instants
// are milliseconds since the epoch.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rules/group/rule.h"
#include "rules/promql/labels.h"

namespace rules {

enum class AlertState { inactive, pending, firing };  // in the order of their weight
std::string_view state_name(AlertState state);

struct Alert {
  AlertState state = AlertState::inactive;
  Labels labels;           // with alertname, without the metric's name
  NamedTexts annotations;  // expanded
  double value = 0;        // of the expression, when it last held
  std::int64_t active_at = 0;
  std::optional<std::int64_t> fired_at, resolved_at, keep_firing_since, last_sent_at;
  bool operator==(const Alert&) const = default;
};

enum class RuleHealth { unknown, good, bad };     // unknown: never evaluated
std::string_view health_name(RuleHealth health);  // as the API has it: unknown, ok, err

struct RuleState {
  std::string key;             // of the rule this belongs to; see rule_key
  std::vector<Labels> series;  // written last time, sorted
  std::map<Labels, Alert> alerts;
  RuleHealth health = RuleHealth::unknown;
  std::string last_error;  // when health is bad
  std::optional<std::int64_t> last_evaluation;
  bool operator==(const RuleState&) const = default;
};

struct GroupState {
  std::optional<std::int64_t> last_slot;
  std::vector<RuleState> rules;
  std::vector<Labels> stale;  // series of rules that are gone: marked stale at the next evaluation
  // Since ever, for the metrics of the same names.
  std::uint64_t iterations = 0, iterations_missed = 0, evaluations = 0, failures = 0;
  std::size_t last_samples = 0;
  bool operator==(const GroupState&) const = default;
};

// The heaviest state among the alerts of a rule; nothing when it was never evaluated.
std::optional<AlertState> state_of(const RuleState& rule);

// Kind, name and labels as written: the rule of that key is the same rule after a reload.
std::string rule_key(const Rule& rule);

// The state of `group` after a reload, from what was known of the group before: alerts and series
// go to the rule of the same key (of several, first to first), what is left becomes stale. Gives a
// fresh state for a fresh one. The next slot is then counted from anew.
GroupState carry_over(GroupState before, const RuleGroup& group);

// The series that a group which is gone leaves to be marked stale. Prometheus does so two intervals
// later, so that a group under a new name has begun to write them.
std::vector<Labels> series_left(const GroupState& state);

// After a restart, for the first evaluation at `slot`: a short interruption counts as if it had not
// been. Of one longer than `tolerance` nobody knows what it held, so what waits (`for`,
// `keep_firing_for`) waits on by its length.
void resume(GroupState& state, std::int64_t slot, std::int64_t tolerance);

}  // namespace rules
