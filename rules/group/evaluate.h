// Evaluates a group: all its rules in the order of the file, at one slot, each seeing the results
// of those before it. Pure: rules, state, snapshot and slot give the results, the new state and
// what Alertmanager should hear. The caller writes, sends and stores. Any thread.
#pragma once

#include <string>
#include <vector>

#include "rules/group/settings.h"
#include "rules/group/state.h"

namespace rules {

// One alert as it is to be sent; external labels are not on it yet.
struct Notification {
  Alert alert;
  std::string expr_text;  // for the link to its source
  std::int64_t starts_at = 0, ends_at = 0;
};

struct Evaluation {
  GroupState state;
  std::vector<VectorSample> samples;  // to be written, stale markers too; at slot - query offset
  std::vector<Notification> notifications;
  std::vector<double> rule_seconds;  // each rule took; 0 without a stopwatch
};

// `state` may be fresh, or of an earlier version of the group.
Evaluation evaluate_group(const RuleGroup& group, GroupState state, const Source& snapshot,
                          std::int64_t slot, const GroupSettings& settings);

std::int64_t interval_of(const RuleGroup& group, const GroupSettings& settings);

}  // namespace rules
