// slatool check rules: promtool's check of rule files, with its lints and its exit codes, and lints
// of our own for who asks for them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/group/rule.h"

namespace exporter::tool {

struct CheckRulesOptions {
  std::vector<std::string> files;  // none: standard input
  // promtool's all, duplicate-rules and none; ours by name, or all of them as sla; with commas.
  std::string lint = "duplicate-rules";
  bool lint_fatal = false;
  std::string config;     // sla.yml; empty: none
  std::string retention;  // as in Prometheus: 15d
  std::string target;     // a version of Prometheus; empty: none
};

// 0 good, 1 a file is bad, 2 an option is, 3 only lints found something and they are fatal.
int check_rules(const CheckRulesOptions& options);

// The lints to ask for, each with what it finds, for --help.
std::string lint_help();

// Rules of a file that write or alert under one name and one label set, in promtool's words;
// nothing when there are none.
std::string duplicate_rules(const rules::RuleFile& file);

}  // namespace exporter::tool
