// One rule at one slot: what the two kinds of rule share with the group's evaluation.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "rules/group/overlay.h"
#include "rules/group/rule.h"
#include "rules/group/settings.h"
#include "rules/group/state.h"

namespace rules {

struct Step {
  const Overlay& source;
  const GroupSettings& settings;
  std::int64_t slot = 0;
  std::size_t limit = 0;

  std::int64_t at() const { return source.at(); }  // of queries and samples: slot - query offset
};

// The samples to write, or why the rule failed; then nothing is written.
using StepResult = std::expected<Vector, std::string>;

// A rule's expression as a vector: a scalar is one sample without labels.
StepResult query_vector(const Expr& expr, const Source& source, std::int64_t at,
                        const QueryOptions& options);

StepResult step_recording(const RecordingRule& rule, const Step& step);

// Moves the alerts of the rule on and gives their ALERTS and ALERTS_FOR_STATE samples. When the
// query fails the alerts stay as they were; above the limit all of them are forgotten.
StepResult step_alerting(const AlertingRule& rule, std::map<Labels, Alert>& alerts,
                         const Step& step);

// Whether Alertmanager must hear of it at this slot: it fires or is resolved, and was never sent,
// or has been resolved since, or was sent longer ago than the resend delay.
bool needs_sending(const Alert& alert, std::int64_t slot, std::int64_t resend_delay);

}  // namespace rules
