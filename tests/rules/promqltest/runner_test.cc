// The runner of scripts must fail where a script is not met, in every way a script can state.
#include "rules/promqltest/runner.h"

#include <gmock/gmock.h>

namespace rules::promqltest {
namespace {

using testing::HasSubstr;

constexpr std::string_view kLoad =
    "load 1m\n  a{x=\"1\"} 1 2 3\n  a{x=\"2\"} 4 5 6\n  b_gauge 1 2 3\n\n";

std::string first_failure(std::string_view cases) {
  const Outcome outcome = run_script(std::string(kLoad) + std::string(cases));
  EXPECT_EQ(outcome.failed, outcome.failures.size());
  return outcome.failures.empty() ? "none" : outcome.failures.front().message;
}

TEST(Runner, PassesWhatIsMet) {
  const Outcome outcome =
      run_script(std::string(kLoad) +
                 "# a comment\n"
                 "eval instant at 1m a\n  a{x=\"2\"} 5\n  a{x=\"1\"} 2\n\n"
                 "eval instant at 0 1 + 1\n  2\n"
                 "eval range from 0 to 2m step 1m a{x=\"1\"}\n  a{x=\"1\"} 1+1x2\n");
  EXPECT_EQ(outcome.passed, 3U);
  EXPECT_EQ(outcome.failed, 0U);
  EXPECT_GT(outcome.evaluations, 20U) << "each instant case runs at many times";
}

TEST(Runner, ComparesValuesAndSeries) {
  EXPECT_THAT(first_failure("eval instant at 0 a{x=\"1\"}\n  a{x=\"1\"} 2\n"),
              HasSubstr("expected 2"));
  EXPECT_THAT(first_failure("eval instant at 0 a{x=\"1\"}\n  a{x=\"1\"} 1.00001\n"),
              HasSubstr("expected 1.00001"));
  EXPECT_EQ(first_failure("eval instant at 0 a{x=\"1\"}\n  a{x=\"1\"} 1.0000001\n"), "none");
  EXPECT_THAT(first_failure("eval instant at 0 a\n  a{x=\"1\"} 1\n"),
              HasSubstr("unexpected series a{x=\"2\"}"));
  EXPECT_THAT(first_failure("eval instant at 0 a{x=\"1\"}\n  a{x=\"1\"} 1\n  a{x=\"2\"} 4\n"),
              HasSubstr("expected 2 series, got 1"));
  EXPECT_THAT(first_failure("eval instant at 0 a\n"), HasSubstr("unexpected series"));
  EXPECT_THAT(first_failure("eval instant at 0 1\n  2\n"), HasSubstr("expected 2, got 1"));
  EXPECT_THAT(first_failure("eval instant at 0 1\n  {} 1\n"), HasSubstr("got a scalar"));
  EXPECT_THAT(first_failure("eval instant at 0 vector(1)\n  1\n"), HasSubstr("expected a scalar"));
  EXPECT_THAT(first_failure("eval instant at 0 \"a\"\n  expect string \"b\"\n"),
              HasSubstr("expected the text 'b'"));
}

TEST(Runner, ComparesRangesPointByPoint) {
  const std::string range = "eval range from 0 to 2m step 1m a{x=\"1\"}\n";
  EXPECT_THAT(first_failure(range + "  a{x=\"1\"} 1 2 4\n"), HasSubstr("expected 1@0 2@60 4@120"));
  EXPECT_THAT(first_failure(range + "  a{x=\"1\"} 1 _ 3\n"), HasSubstr("got 1@0 2@60 3@120"));
  EXPECT_THAT(first_failure(range + "  a{x=\"1\"} 1 2 3 4\n"), HasSubstr("expected"));
}

TEST(Runner, HoldsOrderFailuresAndAnnotationsToWhatIsExpected) {
  EXPECT_THAT(first_failure(
                  "eval instant at 0 sort(a)\n  expect ordered\n  a{x=\"2\"} 4\n  a{x=\"1\"} 1\n"),
              HasSubstr("wrong place"));
  EXPECT_THAT(first_failure("eval instant at 0 a\n  expect fail\n"), HasSubstr("expected to fail"));
  EXPECT_THAT(first_failure("eval instant at 0 sum(a) by\n  expect fail msg: nonsense\n"),
              HasSubstr("otherwise than expected"));
  EXPECT_EQ(
      first_failure("eval instant at 0 sum(a) by\n  expect fail regex: grouping .* expected\n"),
      "none");
  EXPECT_THAT(first_failure("eval instant at 2m rate(b_gauge[5m])\n  expect no_info\n  {} 0.01\n"),
              HasSubstr("unexpected infos"));
  EXPECT_THAT(first_failure("eval instant at 2m rate(a[5m])\n  expect warn\n"),
              HasSubstr("expected warnings"));
  EXPECT_THAT(
      first_failure("eval instant at 2m rate(b_gauge[5m])\n  expect info msg: other\n  {} 1\n"),
      HasSubstr("no infos is as expected"));
}

TEST(Runner, TellsWhichLineIsNoScript) {
  const auto line_of = [](std::string_view text) { return run_script(text).failures.at(0).line; };
  EXPECT_EQ(line_of("load 1m\n  a 1\n\nnonsense\n"), 4U);
  EXPECT_EQ(line_of("load often\n"), 1U);
  EXPECT_EQ(line_of("load 1m\n  a 1x\n"), 2U);
  EXPECT_EQ(line_of("load 1m\n  a{ 1\n"), 2U);
  EXPECT_EQ(line_of("load 1m\n  a {{count:1}}\n"), 2U);
  EXPECT_EQ(line_of("load 1m\n  a 1x99999999999\n"), 2U);
  EXPECT_EQ(line_of("eval instant at noon a\n"), 1U);
  EXPECT_EQ(line_of("eval range from 2m to 1m step 1m a\n"), 1U);
  EXPECT_EQ(line_of("eval instant at 0 a\n  expect everything\n"), 2U);
  EXPECT_EQ(line_of("eval instant at 0 a\n  expect warn\n  expect no_warn\n"), 3U);
}

TEST(Runner, ForgetsOnClear) { EXPECT_EQ(first_failure("clear\n\neval instant at 0 a\n"), "none"); }

TEST(SeriesLine, ReadsEveryFormOfValues) {
  const auto line = parse_series_line(
      R"(a {b="c d", "e.f"='}'}  1 _ 2x1 _x2 3+1x2 4-0.5x1 stale -Inf 1e-3+1e1x1)");
  ASSERT_TRUE(line.has_value()) << line.error();
  EXPECT_EQ(line->labels, Labels({{"__name__", "a"}, {"b", "c d"}, {"e.f", "}"}}));
  std::string text;
  for (const auto& value : line->values)
    text += !value                 ? "_ "
            : is_stale_nan(*value) ? "stale "
                                   : std::to_string(*value).substr(0, 6) + " ";
  EXPECT_EQ(
      text,
      "1.0000 _ 2.0000 2.0000 _ _ 3.0000 4.0000 5.0000 4.0000 3.5000 stale -inf 0.0010 10.001 ");
}

}  // namespace
}  // namespace rules::promqltest
