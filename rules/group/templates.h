// The template engine at work for alerts. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules/group/settings.h"

namespace rules {

// For GroupSettings::expand. `stop` is asked as in a query.
ExpandTemplate template_expander(std::function<bool()> stop = {});

// What is wrong with a template of this alert before anything is expanded, if anything.
std::optional<std::string> template_error(std::string_view text, std::string_view alert);

}  // namespace rules
