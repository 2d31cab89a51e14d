// The state of a rule group as text and back, complete, so that `for` and `keep_firing_for` survive
// a restart exactly. JSON, because an operator may want to look at it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules/group/state.h"

namespace exporter {

std::string state_text(const rules::GroupState& state);
// Nothing when the text is none of ours.
std::optional<rules::GroupState> parse_state(std::string_view text);

}  // namespace exporter
