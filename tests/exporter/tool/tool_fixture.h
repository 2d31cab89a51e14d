// slatool called as from the command line, on a storage folder of its own.
#pragma once

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "exporter/ledger/ledger.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {

class ToolTest : public testing::Test {
 protected:
  ToolTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sla-tool-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~ToolTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Ledger> open(bool read_only = true) {
    LedgerOptions options;
    options.folder = folder_;
    options.read_only = read_only;
    auto ledger = Ledger::open(options);
    EXPECT_TRUE(ledger.has_value()) << ledger.error().message;
    return *std::move(ledger);
  }

  // The exit code; what was printed is in out_ and error_.
  int call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "slatool");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run(static_cast<int>(argv.size()), argv.data());
    out_ = testing::internal::GetCapturedStdout();
    error_ = testing::internal::GetCapturedStderr();
    return code;
  }
  // A verb that is about the ledger in the folder.
  int slatool(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--storage.path", folder_.string()});
    return call(std::move(arguments));
  }

  std::filesystem::path folder_;
  std::string out_, error_;
};

}  // namespace exporter::tool
