// One unit-test file after the other: its rule files, its tests, its verdict.
#include "exporter/tool/test_rules.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "exporter/config/rule_file.h"
#include "exporter/tool/rule_test_run.h"
#include "rules/group/templates.h"

namespace exporter::tool {
namespace {

using Chosen = std::vector<std::unique_ptr<re2::RE2>>;  // empty: every test

bool is_chosen(const RuleTest& test, const Chosen& chosen) {
  return chosen.empty() || std::ranges::any_of(chosen, [&](const auto& regex) {
           return re2::RE2::PartialMatch(test.name, *regex);
         });
}

// The rule files that the patterns of a test file name, relative to it; what is wrong with them
// goes to `failures`.
std::vector<rules::RuleFile> read_rules(const std::string& path, const RuleTestFile& file,
                                        std::vector<std::string>& failures) {
  std::vector<rules::RuleFile> read;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  for (const std::string& pattern : file.rule_files) {
    const auto found = config::real_files().glob(folder / pattern);
    if (found.empty()) fmt::print(stderr, "  WARNING: no file match pattern {}\n", pattern);
    for (const std::filesystem::path& name : found) {
      auto rule_file = read_rule_file(name, rules::template_error);
      if (rule_file) {
        read.push_back(*std::move(rule_file));
        continue;
      }
      for (const ConfigError& error : rule_file.error()) failures.push_back(error.text());
    }
  }
  return read;
}

// In the order of the test file; groups it does not name go with the first.
std::vector<const rules::RuleGroup*> in_order(const std::vector<rules::RuleFile>& files,
                                              const std::vector<std::string>& order) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < order.size(); ++i) places[order[i]] = i;
  std::multimap<std::size_t, const rules::RuleGroup*> ordered;  // equal ones as they come
  for (const rules::RuleFile& file : files) {
    for (const rules::RuleGroup& group : file.groups) ordered.emplace(places[group.name], &group);
  }
  std::vector<const rules::RuleGroup*> groups;
  for (const auto& [place, group] : ordered) groups.push_back(group);
  return groups;
}

std::vector<std::string> test_file(const std::string& path, const Chosen& chosen) {
  const auto file = read_rule_test(path);
  std::vector<std::string> failures;
  if (!file) {
    for (const ConfigError& error : file.error()) failures.push_back(error.text());
    return failures;
  }
  const std::vector<rules::RuleFile> rule_files = read_rules(path, *file, failures);
  if (!failures.empty()) return failures;
  const auto groups = in_order(rule_files, file->group_eval_order);
  for (const RuleTest& test : file->tests) {
    if (!is_chosen(test, chosen)) continue;
    std::ranges::move(run_rule_test(test, *file, groups), std::back_inserter(failures));
  }
  return failures;
}

}  // namespace

int test_rules(const TestRulesOptions& options) {
  Chosen chosen;
  for (const std::string& text : options.run) {
    chosen.push_back(std::make_unique<re2::RE2>(text, re2::RE2::Quiet));
    if (chosen.back()->ok()) continue;
    fmt::print(stderr, "slatool test rules: --run {}: {}\n", text, chosen.back()->error());
    return 2;
  }
  bool failed = false;
  for (const std::string& path : options.files) {
    fmt::print("Unit Testing:  {}\n", path);
    const std::vector<std::string> failures = test_file(path, chosen);
    failed = failed || !failures.empty();
    if (failures.empty()) fmt::print("  SUCCESS\n");
    if (!failures.empty()) fmt::print(stderr, "  FAILED:\n");
    for (const std::string& failure : failures) fmt::print(stderr, "{}\n\n", failure);
    fmt::print("\n");
  }
  return failed ? 1 : 0;
}

}  // namespace exporter::tool
