// slatool test promql says which case of which file is not met, and ends with how many are.
#include <fstream>

#include "tests/exporter/tool/tool_fixture.h"

namespace exporter::tool {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class TestVerb : public ToolTest {
 protected:
  std::string script(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  int test_promql(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"test", "promql"});
    return call(std::move(arguments));
  }
};

TEST_F(TestVerb, CountsTheCasesOfAllFiles) {
  const std::string one = script("one.test", "eval instant at 0 1 + 1\n  2\n");
  const std::string two = script("two.test", "load 1m\n  a 1\n\neval instant at 0 a\n  a 1\n");
  EXPECT_EQ(test_promql({one, two}), 0) << out_ << error_;
  EXPECT_THAT(out_, EndsWith("2 passed, 0 failed\n"));
}

TEST_F(TestVerb, NamesFileAndLineOfWhatIsNotMet) {
  const std::string bad =
      script("bad.test", "eval instant at 0 1 + 1\n  2\n\neval instant at 0 1 + 1\n  3\n");
  EXPECT_EQ(test_promql({bad}), 1);
  EXPECT_THAT(out_, HasSubstr(bad + ":4: 1 + 1: expected 3, got 2\n"));
  EXPECT_THAT(out_, EndsWith("1 passed, 1 failed\n"));
}

TEST_F(TestVerb, RefusesWhatIsNoScript) {
  const std::string none = script("none.test", "hello\n");
  EXPECT_EQ(test_promql({none}), 1);
  EXPECT_THAT(out_, HasSubstr("none.test:1: invalid command: hello"));
  EXPECT_EQ(test_promql({"/nonexistent/x.test"}), 2);
  EXPECT_THAT(error_, HasSubstr("cannot read /nonexistent/x.test"));
  EXPECT_EQ(test_promql({}), 2);
}

}  // namespace
}  // namespace exporter::tool
