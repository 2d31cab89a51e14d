// Matchers as Prometheus understands them.
#include "rules/promql/matcher.h"

#include <gtest/gtest.h>

namespace rules {
namespace {

bool matches(Matcher::Kind kind, std::string pattern, std::string_view value) {
  return CompiledMatcher({kind, "a", std::move(pattern)}).matches(value);
}

TEST(Matcher, MatchesTheWholeValue) {
  using enum Matcher::Kind;
  EXPECT_TRUE(matches(equal, "x", "x"));
  EXPECT_FALSE(matches(equal, "x", ""));
  EXPECT_TRUE(matches(not_equal, "x", ""));
  EXPECT_TRUE(matches(regex, "a|b", "b"));
  EXPECT_FALSE(matches(regex, "a|b", "ab"));
  EXPECT_FALSE(matches(regex, "b", "abc"));
  EXPECT_TRUE(matches(not_regex, "b", "abc"));
  EXPECT_TRUE(matches(regex, "a.c", "a\nc")) << "a dot is any character";
  EXPECT_TRUE(matches(regex, "(?i:PRO).*", "production"));
  EXPECT_TRUE(matches(regex, ".*((?i)TION)", "production"));
  EXPECT_FALSE(matches(regex, "PRO.*", "production"));
  EXPECT_TRUE(matches(regex, "", ""));
  EXPECT_TRUE(matches(regex, "ü.", "üé"));
}

TEST(Matcher, TellsWhatIsWrongWithAnExpression) {
  EXPECT_TRUE(regex_error({Matcher::Kind::regex, "a", "("}).has_value());
  EXPECT_TRUE(regex_error({Matcher::Kind::not_regex, "a", "x)(y"}).has_value());
  EXPECT_FALSE(regex_error({Matcher::Kind::equal, "a", "("}).has_value());
}

TEST(Matcher, ShowsItselfAsWritten) {
  EXPECT_EQ(text(Matcher{Matcher::Kind::not_regex, "a", "b\"c"}), R"(a!~"b\"c")");
  EXPECT_EQ(text(Matcher{Matcher::Kind::equal, "a.b", "c"}), R"("a.b"="c")");
}

}  // namespace
}  // namespace rules
