// slatool test: runs tests in Prometheus' own formats against the engine of the exporter.
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "exporter/tool/test_rules.h"
#include "exporter/tool/verbs.h"
#include "rules/promqltest/runner.h"

namespace exporter::tool {
namespace {

struct Options {
  std::vector<std::string> files;
};

int test_promql(const Options& options) {
  std::size_t passed = 0, failed = 0;
  for (const std::string& file : options.files) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      fmt::print(stderr, "slatool test promql: cannot read {}\n", file);
      return 2;
    }
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const rules::promqltest::Outcome outcome = rules::promqltest::run_script(text);
    for (const auto& failure : outcome.failures)
      fmt::print("{}:{}: {}\n", file, failure.line, failure.message);
    fmt::print("{}: {} passed, {} failed, {} evaluations\n", file, outcome.passed, outcome.failed,
               outcome.evaluations);
    passed += outcome.passed;
    failed += outcome.failed;
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

void add_test_rules(CLI::App& test, int& exit_code) {
  CLI::App* verb =
      test.add_subcommand("rules", "Run promtool's unit tests of rules: exit 0 good, 1 failed");
  auto options = std::make_shared<TestRulesOptions>();
  verb->add_option("files", options->files, "Unit-test files")->required();
  verb->add_option("--run", options->run,
                   "Only tests whose name matches this regular expression; may be repeated")
      ->expected(1)
      ->take_all();
  verb->callback([options, &exit_code] { exit_code = test_rules(*options); });
}

}  // namespace

void add_test(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("test", "Run tests of rules and queries");
  verb->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* promql =
      verb->add_subcommand("promql", "Run scripts in the language of Prometheus' own PromQL tests");
  promql->add_option("files", options->files, "Scripts, such as functions.test")->required();
  promql->callback([options, &exit_code] { exit_code = test_promql(*options); });
  add_test_rules(*verb, exit_code);
}

}  // namespace exporter::tool
