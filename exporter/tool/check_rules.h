// slatool check rules: promtool's check of rule files, with its lints and its exit codes.
#pragma once

#include <string>
#include <vector>

#include "rules/group/rule.h"

namespace exporter::tool {

struct CheckRulesOptions {
  std::vector<std::string> files;        // none: standard input
  std::string lint = "duplicate-rules";  // all, duplicate-rules, none; several with commas
  bool lint_fatal = false;
};

// 0 good, 1 a file is bad, 3 only lints found something and they are fatal.
int check_rules(const CheckRulesOptions& options);

// Rules of a file that write or alert under one name and one label set, in promtool's words;
// nothing when there are none.
std::string duplicate_rules(const rules::RuleFile& file);

}  // namespace exporter::tool
