// Reads all files first, because lints look at them together, then says for each what is wrong with
// it, or how many rules it has.
#include "exporter/tool/check_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <set>

#include "exporter/config/load.h"
#include "exporter/config/rule_file.h"
#include "exporter/tool/lint/lint.h"
#include "rules/group/templates.h"
#include "rules/promql/number.h"

namespace exporter::tool {
namespace {

constexpr int kUsageExitCode = 2;
constexpr int kLintExitCode = 3;

enum class Verdict { good, lint, bad };

struct Chosen {
  bool duplicates = false;
  std::vector<const lint::Lint*> lints;
};

void choose(std::string_view name, Chosen& chosen) {
  if (name == "none") return;
  if (name == "all" || name == "duplicate-rules") {
    chosen.duplicates = true;
  } else if (name == "sla") {
    for (const lint::Lint& each : lint::lints()) chosen.lints.push_back(&each);
  } else if (const lint::Lint* each = lint::find_lint(name)) {
    chosen.lints.push_back(each);
  } else {
    fmt::print("WARNING: unknown lint option: \"{}\"\n", name);
  }
}

// The lints to run; promtool only warns of one that it does not know.
Chosen chosen_lints(const std::string& lints) {
  Chosen chosen;
  for (std::size_t begin = 0; begin <= lints.size();) {
    const std::size_t end = std::min(lints.find(',', begin), lints.size());
    choose(std::string_view(lints).substr(begin, end - begin), chosen);
    begin = end + 1;
  }
  // Each once, in the order of the table.
  std::ranges::sort(chosen.lints);
  const auto twice = std::ranges::unique(chosen.lints);
  chosen.lints.erase(twice.begin(), twice.end());
  return chosen;
}

RuleFileResult read(const std::string& file) {
  if (!file.empty()) return read_rule_file(file, rules::template_error);
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  return read_rule_text(text, "standard input", rules::template_error);
}

std::string lint_texts(const rules::RuleFile& file, const Chosen& chosen,
                       const std::vector<lint::Finding>& findings) {
  std::string texts;
  const std::string duplicates = chosen.duplicates ? duplicate_rules(file) : "";
  if (!duplicates.empty()) texts += fmt::format("{}: lint error {}\n", file.path, duplicates);
  for (const lint::Finding& finding : findings) {
    if (finding.file != file.path) continue;
    texts += fmt::format("{}:{}:{}: {} [{}]\n", finding.file, finding.place.line,
                         finding.place.column, finding.text, finding.lint);
  }
  return texts;
}

Verdict judge(const std::string& name, const RuleFileResult& file, const Chosen& chosen,
              const std::vector<lint::Finding>& findings) {
  fmt::print("Checking {}\n", name.empty() ? "standard input" : name);
  if (!file) {
    fmt::print(stderr, "  FAILED:\n");
    for (const ConfigError& error : file.error()) fmt::print(stderr, "{}\n", error.text());
    return Verdict::bad;
  }
  const std::string texts = lint_texts(*file, chosen, findings);
  if (!texts.empty()) {
    fmt::print(stderr, "  FAILED:\n{}", texts);
    return Verdict::lint;
  }
  std::size_t count = 0;
  for (const rules::RuleGroup& group : file->groups) count += group.rules.size();
  fmt::print("  SUCCESS: {} rules found\n", count);
  return Verdict::good;
}

// False when an option cannot be read; `exit_code` says how the program ends then.
bool read_options(const CheckRulesOptions& options, lint::Input& input, int& exit_code) {
  exit_code = kUsageExitCode;
  if (!options.target.empty()) {
    input.target = lint::parse_version(options.target);
    if (!input.target) {
      fmt::print(stderr, "--target {}: not a version such as 2.42 or 3\n", options.target);
      return false;
    }
  }
  if (!options.retention.empty()) {
    input.retention = rules::parse_duration(options.retention);
    if (!input.retention) {
      fmt::print(stderr, "--retention {}: not a duration such as 15d\n", options.retention);
      return false;
    }
  }
  if (options.config.empty()) return true;
  exit_code = 1;
  ConfigResult config = load_config(options.config);
  if (config) {
    input.config = std::make_shared<const Config>(*std::move(config));
    return true;
  }
  for (const ConfigError& error : config.error()) fmt::print(stderr, "{}\n", error.text());
  return false;
}

}  // namespace

std::string lint_help() {
  std::string text =
      "Lints to apply, with commas: promtool's all, duplicate-rules, none; sla: all of these:";
  for (const lint::Lint& each : lint::lints()) {
    text += fmt::format("\n{}: {}", each.name, each.finds);
  }
  return text;
}

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
  lint::Input input;
  int exit_code = 0;
  if (!read_options(options, input, exit_code)) return exit_code;
  const Chosen chosen = chosen_lints(options.lint);
  std::vector<std::string> names = options.files;
  if (names.empty()) names.emplace_back();
  std::vector<RuleFileResult> files;
  files.reserve(names.size());
  for (const std::string& name : names) files.push_back(read(name));
  for (const RuleFileResult& file : files) {
    if (file) input.files.push_back(&*file);
  }
  const std::vector<lint::Finding> findings = lint::run(input, chosen.lints);
  Verdict worst = Verdict::good;
  for (std::size_t i = 0; i < names.size(); ++i) {
    worst = std::max(worst, judge(names[i], files[i], chosen, findings));
    fmt::print("\n");
  }
  if (worst == Verdict::bad) return 1;
  return worst == Verdict::lint && options.lint_fatal ? kLintExitCode : 0;
}

}  // namespace exporter::tool
