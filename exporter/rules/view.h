// What the API and the pages show of rule groups: published after each evaluation, then never
// changed. Groups that were not evaluated are shared between views. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "rules/group/rule.h"
#include "rules/group/state.h"
#include "rules/promql/value.h"

namespace exporter {

struct GroupView {
  std::shared_ptr<const rules::RuleGroup> group;
  rules::GroupState state;         // one RuleState for each rule, in the same order
  std::int64_t interval = 60'000;  // milliseconds
  std::optional<std::int64_t>
      last_evaluation;               // when it began, in milliseconds; absent before the first
  double seconds = 0;                // the last evaluation took
  std::vector<double> rule_seconds;  // of each rule; empty before the first
  // What the rules wrote then, sorted by labels, without what ended.
  rules::Vector written;
};

struct RulesView {
  std::vector<std::shared_ptr<const GroupView>>
      groups;  // by file in the order of sla.yml, then as in the file
};

}  // namespace exporter
