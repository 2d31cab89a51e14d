// Says for each file what is wrong with it, or how many rules it has.
#include "exporter/tool/check_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <set>

#include "exporter/config/rule_file.h"
#include "rules/group/templates.h"

namespace exporter::tool {
namespace {

constexpr int kLintExitCode = 3;

enum class Verdict { good, lint, bad };

// The lints to run; promtool only warns of one that it does not know.
bool lints_duplicates(const std::string& lints) {
  bool found = false;
  for (std::size_t begin = 0; begin <= lints.size();) {
    const std::size_t end = std::min(lints.find(',', begin), lints.size());
    const std::string lint = lints.substr(begin, end - begin);
    found = found || lint == "all" || lint == "duplicate-rules";
    if (lint != "all" && lint != "duplicate-rules" && lint != "none") {
      fmt::print("WARNING: unknown lint option: \"{}\"\n", lint);
    }
    begin = end + 1;
  }
  return found;
}

RuleFileResult read(const std::string& file) {
  if (!file.empty()) return read_rule_file(file, rules::template_error);
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  return read_rule_text(text, "standard input", rules::template_error);
}

Verdict check_file(const std::string& file, bool lint_duplicates) {
  fmt::print("Checking {}\n", file.empty() ? "standard input" : file);
  const RuleFileResult read_file = read(file);
  if (!read_file) {
    fmt::print(stderr, "  FAILED:\n");
    for (const ConfigError& error : read_file.error()) fmt::print(stderr, "{}\n", error.text());
    return Verdict::bad;
  }
  const std::string duplicates = lint_duplicates ? duplicate_rules(*read_file) : "";
  if (!duplicates.empty()) {
    fmt::print(stderr, "  FAILED:\n{}: lint error {}\n", read_file->path, duplicates);
    return Verdict::lint;
  }
  std::size_t count = 0;
  for (const rules::RuleGroup& group : read_file->groups) count += group.rules.size();
  fmt::print("  SUCCESS: {} rules found\n", count);
  return Verdict::good;
}

}  // namespace

std::string duplicate_rules(const rules::RuleFile& file) {
  using Known = std::pair<std::string, rules::NamedTexts>;
  std::set<Known> seen, twice;
  for (const rules::RuleGroup& group : file.groups) {
    for (const rules::Rule& rule : group.rules) {
      const rules::RuleBase& base = base_of(rule);
      if (!seen.emplace(base.name, base.labels).second) twice.emplace(base.name, base.labels);
    }
  }
  if (twice.empty()) return "";
  std::string text = fmt::format("{} duplicate rule(s) found.\n", twice.size());
  for (const auto& [name, labels] : twice) {
    text += fmt::format("Metric: {}\nLabel(s):\n", name);
    for (const auto& [label, value] : labels) text += fmt::format("\t{}: {}\n", label, value);
  }
  return text + "Might cause inconsistency while recording expressions";
}

int check_rules(const CheckRulesOptions& options) {
  const bool lint_duplicates = lints_duplicates(options.lint);
  std::vector<std::string> files = options.files;
  if (files.empty()) files.emplace_back();
  Verdict worst = Verdict::good;
  for (const std::string& file : files) {
    worst = std::max(worst, check_file(file, lint_duplicates));
    fmt::print("\n");
  }
  if (worst == Verdict::bad) return 1;
  return worst == Verdict::lint && options.lint_fatal ? kLintExitCode : 0;
}

}  // namespace exporter::tool
