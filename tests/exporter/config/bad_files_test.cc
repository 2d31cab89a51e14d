// Every kind of bad configuration has a file in tests/testdata/config/bad. Its first lines say, as
// comments, exactly what must be reported:
//   # expect: LINE:COLUMN: message      an error in this file
//   # expect: message                   an error without a place
//   # expect: other.yml:LINE:COLUMN: message
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "exporter/config/load.h"

namespace exporter {
namespace {

const std::filesystem::path kFolder =
    std::filesystem::path(SLA_SOURCE_DIR) / "tests/testdata/config/bad";

// Files whose bytes are the point cannot begin with a comment; their expectation lies beside them.
std::vector<std::string> expectations(const std::filesystem::path& path) {
  std::filesystem::path beside = path;
  beside.replace_extension(".txt");
  std::ifstream in(std::filesystem::exists(beside) ? beside : path);
  const std::string mark = "# expect: ";
  std::vector<std::string> expected;
  for (std::string line; std::getline(in, line) && line.starts_with(mark);) {
    expected.push_back(line.substr(mark.size()));
  }
  return expected;
}

// An error as the expectations write it: the file's own name is left out.
std::string shown(const ConfigError& error, const std::filesystem::path& path) {
  std::string text = error.text();
  const std::string folder = path.parent_path().string() + "/";
  for (std::size_t at; (at = text.find(folder)) != text.npos;) text.erase(at, folder.size());
  const std::string own = path.filename().string() + ":";
  if (text.starts_with(own)) text.erase(0, own.size());
  return text.starts_with(' ') ? text.substr(1) : text;
}

std::vector<std::string> bad_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yml") names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

class BadFile : public testing::TestWithParam<std::string> {};

TEST_P(BadFile, IsRefusedWithExactlyTheseErrors) {
  const std::filesystem::path path = kFolder / GetParam();
  const ConfigResult config = load_config(path);
  ASSERT_FALSE(config.has_value()) << "the file loaded";
  std::vector<std::string> errors;
  for (const ConfigError& error : config.error()) errors.push_back(shown(error, path));
  EXPECT_EQ(errors, expectations(path));
}

INSTANTIATE_TEST_SUITE_P(Config, BadFile, testing::ValuesIn(bad_files()), [](const auto& test) {
  std::string name = test.param.substr(0, test.param.size() - 4);
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(BadFiles, CoverAtLeastSeventyKinds) { EXPECT_GE(bad_files().size(), 70u); }

}  // namespace
}  // namespace exporter
