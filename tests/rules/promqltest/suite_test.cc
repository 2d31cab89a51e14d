// The scripts: our own, and those of Prometheus' own suite where they are at hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "rules/promqltest/runner.h"

namespace rules::promqltest {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> scripts_in(const fs::path& folder) {
  std::vector<fs::path> scripts;
  if (!fs::is_directory(folder)) return scripts;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".test") scripts.push_back(entry.path());
  std::ranges::sort(scripts);
  return scripts;
}

// How many cases of a folder passed; each that did not is a failure of the test.
std::size_t passed_in(const std::vector<fs::path>& scripts) {
  std::size_t passed = 0;
  for (const fs::path& script : scripts) {
    std::ifstream stream(script, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const Outcome outcome = run_script(text);
    for (const Failure& failure : outcome.failures)
      ADD_FAILURE() << script.string() << ":" << failure.line << ": " << failure.message;
    EXPECT_GT(outcome.passed, 0U) << script << " has no case that passes";
    passed += outcome.passed;
  }
  return passed;
}

TEST(Suite, OwnScriptsPass) {
  const auto scripts = scripts_in(fs::path(SLA_SOURCE_DIR) / "tests/rules/promql/scripts");
  EXPECT_GE(scripts.size(), 4U);
  EXPECT_GE(passed_in(scripts), 50U);
}

TEST(Suite, PrometheusScriptsPass) {
  const char* const data = std::getenv("SLA_TEST_DATA");
  const fs::path folder =
      data != nullptr ? fs::path(data) : fs::path(SLA_SOURCE_DIR).parent_path() / "shared";
  const auto scripts = scripts_in(folder / "promqltest");
  if (scripts.empty())
    GTEST_SKIP() << "no scripts in " << folder / "promqltest" << ": SLA_TEST_DATA names the folder";
  EXPECT_GE(passed_in(scripts), 600U);
}

}  // namespace
}  // namespace rules::promqltest
