// Reads a Prometheus rule file, strictly: what loads here loads into a Prometheus. Errors carry
// the place, the group and the rule, and Prometheus' own words where it has any; a mistake in an
// expression is shown where it stands in the file. Any thread.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/config/error.h"
#include "exporter/config/files.h"
#include "rules/group/rule.h"

namespace exporter {

using RuleFileResult = std::expected<rules::RuleFile, ConfigErrors>;

// What is wrong with a template of this alert, if anything.
using TemplateCheck =
    std::function<std::optional<std::string>(std::string_view text, std::string_view alert)>;

// `path` is shown in errors as given, and names the groups' file.
RuleFileResult read_rule_file(const std::filesystem::path& path,
                              const TemplateCheck& templates = {},
                              const config::FileSource& files = config::real_files());
RuleFileResult read_rule_text(std::string_view text, const std::filesystem::path& path,
                              const TemplateCheck& templates = {});

}  // namespace exporter
