// slatool check: is this file good? `check config` loads a configuration as the daemon would and
// says what it found: the errors, or a summary with the numbers that decide whether the cadences
// can be kept. `check web-config` does the same for the file that guards the web server, and
// `check rules` for rule files.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/config/load.h"
#include "exporter/config/support_summary.h"
#include "exporter/config/values.h"
#include "exporter/tool/check_rules.h"
#include "exporter/tool/ledger_file.h"
#include "exporter/tool/verbs.h"
#include "exporter/web/web_config.h"

namespace exporter::tool {
namespace {

using config::format_duration;
using config::format_objective;

// "1 service", "2 services".
std::string count_of(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// What makes a slot good: "its check is good", "all 2 checks are good", "1 of 3 checks is good".
std::string require_text(const Service& service) {
  const auto counting = std::ranges::count_if(service.checks, &Check::counts);
  if (counting == 1) return "its check is good";
  if (service.terms.require == 0) return fmt::format("all {} checks are good", counting);
  return fmt::format("{} of {} checks {} good", service.terms.require, counting,
                     service.terms.require == 1 ? "is" : "are");
}

// The slowest counting check decides how much of the slot is spoken for.
Duration longest_work(const Service& service) {
  Duration longest{};
  for (const Check& check : service.checks) {
    if (check.counts) longest = std::max(longest, check.work());
  }
  return longest;
}

void print_agreement(const Config& config, const AgreementTerms& terms) {
  fmt::print("agreement {}: {}, {}\n", terms.name, count_of(terms.objectives.size(), "service"),
             terms.timezone);
  for (const Service& service : config.services) {
    const auto objective = terms.objectives.find(service.name);
    if (objective == terms.objectives.end()) continue;
    fmt::print("  {:<24} {:>9}, every {}, {} slots a day, good when {}; a slot needs {}\n",
               service.name, format_objective(objective->second),
               format_duration(service.terms.every), std::chrono::hours(24) / service.terms.every,
               require_text(service), format_duration(longest_work(service)));
  }
}

void print_summary(const std::string& file, const Config& config) {
  std::size_t checks = 0;
  for (const Service& service : config.services) checks += service.checks.size();
  std::vector<std::string> warnings = config.warnings;
  for (std::string& warning : holiday_warnings(config.support, now())) {
    warnings.push_back(std::move(warning));
  }
  for (const std::string& warning : warnings) fmt::print("warning: {}\n", warning);
  for (const AgreementTerms& terms : config.agreements) print_agreement(config, terms);
  for (const std::string& line : calendar_lines(config.support)) fmt::print("{}\n", line);
  for (const std::string& line : level_lines(config.support)) fmt::print("{}\n", line);
  fmt::print(
      "{}: good: {}, {}, {}, {}, {}\n", file, count_of(config.agreements.size(), "agreement"),
      count_of(config.services.size(), "service"), count_of(checks, "check"),
      count_of(config.windows.size(), "maintenance window"), count_of(warnings.size(), "warning"));
}

int check_config(const std::string& file) {
  const ConfigResult config = load_config(file);
  if (config) {
    print_summary(file, *config);
    return 0;
  }
  for (const ConfigError& error : config.error()) fmt::print(stderr, "{}\n", error.text());
  fmt::print(stderr, "{}: bad: {}\n", file, count_of(config.error().size(), "error"));
  return 1;
}

int check_web_config(const std::string& file) {
  const auto config = load_web_config(file);
  if (!config) {
    fmt::print(stderr, "{}\n{}: bad\n", config.error(), file);
    return 1;
  }
  fmt::print("{}: good: {}, {}{}\n", file, config->tls ? "TLS" : "plain HTTP",
             config->users.empty() ? "no users" : count_of(config->users.size(), "user"),
             config->rate_limit ? ", rate limit" : "");
  return 0;
}

void add_check_rules(CLI::App& check, int& exit_code) {
  CLI::App* verb = check.add_subcommand(
      "rules", "Read rule files as promtool does: exit 0 good, 1 bad, 2 usage, 3 lint");
  auto options = std::make_shared<CheckRulesOptions>();
  verb->add_option("FILE", options->files, "Rule files; none: standard input");
  verb->add_option("--lint", options->lint, lint_help())->capture_default_str();
  verb->add_flag("--lint-fatal", options->lint_fatal, "Exit 3 when a lint finds something");
  verb->add_option(
      "--config.file", options->config,
      "sla.yml, for lints: cadences, objectives and further rules; none: every minute");
  verb->add_option("--retention", options->retention,
                   "For long-range: how long samples are kept where the rules run");
  verb->add_option("--target", options->target,
                   "Also find what this version of Prometheus does not know, such as 2.42 or 3");
  verb->callback([options, &exit_code] { exit_code = check_rules(*options); });
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  CLI::App* check = app.add_subcommand("check", "Say whether a file is good, and if not, why");
  check->require_subcommand(1);
  CLI::App* config =
      check->add_subcommand("config", "Load a configuration: exit 0 good, 1 bad, 2 usage");
  auto file = std::make_shared<std::string>();
  config->add_option("FILE", *file, "The configuration, such as sla.yml")->required();
  config->callback([file, &exit_code] { exit_code = check_config(*file); });
  CLI::App* web = check->add_subcommand(
      "web-config", "Load a web configuration with what it names: exit 0 good, 1 bad, 2 usage");
  auto web_file = std::make_shared<std::string>();
  web->add_option("FILE", *web_file, "The file of --web.config.file")->required();
  web->callback([web_file, &exit_code] { exit_code = check_web_config(*web_file); });
  add_check_rules(*check, exit_code);
}

}  // namespace exporter::tool
