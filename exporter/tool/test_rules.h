// slatool test rules: promtool's unit tests of rules.
#pragma once

#include <string>
#include <vector>

namespace exporter::tool {

struct TestRulesOptions {
  std::vector<std::string> files;
  std::vector<std::string> run;  // only tests whose name one of these regular expressions matches
};

// 0 when every test passes, 1 when one fails or cannot be read, 2 for a bad regular expression.
int test_rules(const TestRulesOptions& options);

}  // namespace exporter::tool
