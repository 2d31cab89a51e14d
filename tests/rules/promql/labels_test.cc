// Label sets: values with an order, an equality and a text.
#include "rules/promql/labels.h"

#include <gtest/gtest.h>

namespace rules {
namespace {

TEST(Labels, AreSortedWithTheLastOfEqualNamesAndWithoutEmptyValues) {
  const Labels labels({{"b", "2"}, {"a", "0"}, {"c", ""}, {"a", "1"}});
  EXPECT_EQ(labels.size(), 2U);
  EXPECT_EQ(labels.get("a"), "1");
  EXPECT_EQ(labels.text(), R"({a="1", b="2"})");
  EXPECT_FALSE(labels.has("c"));
  // An empty value takes the name away, also when it comes last.
  EXPECT_TRUE(Labels({{"a", "1"}, {"a", ""}}).empty());
}

TEST(Labels, WithTheSameContentAreEqualAndHashAlike) {
  const Labels one({{"a", "1"}, {"b", "2"}});
  const Labels other = Labels{{"b", "2"}}.with("a", "1");
  EXPECT_EQ(one, other);
  EXPECT_EQ(one.hash(), other.hash());
  EXPECT_NE(one, one.with("a", "2"));
  // The border between name and value counts.
  EXPECT_NE(Labels({{"ab", "c"}}).hash(), Labels({{"a", "bc"}}).hash());
  EXPECT_EQ(Labels(), Labels({{"a", ""}}));
}

TEST(Labels, AreOrderedByNameAndThenByValue) {
  EXPECT_LT(Labels({{"a", "1"}}), Labels({{"a", "2"}}));
  EXPECT_LT(Labels({{"a", "2"}}), Labels({{"b", "1"}}));
  EXPECT_LT(Labels({{"a", "1"}}), Labels({{"a", "1"}, {"b", "1"}}));
  EXPECT_LT(Labels(), Labels({{"a", "1"}}));
}

TEST(Labels, LoseAndKeepNames) {
  const Labels labels({{"__name__", "up"}, {"job", "a"}, {"zone", "b"}});
  const std::vector<std::string> names = {"job", "other"};
  EXPECT_EQ(labels.keep(names).text(), R"({job="a"})");
  EXPECT_EQ(labels.drop(names).text(), R"(up{zone="b"})");
  EXPECT_EQ(labels.without("zone").text(), R"(up{job="a"})");
  EXPECT_EQ(labels.without("none"), labels);
  EXPECT_EQ(labels.with("zone", ""), labels.without("zone"));
}

TEST(Labels, ShowTheNameInFrontWhenItIsPlain) {
  EXPECT_EQ(Labels({{"__name__", "up"}}).text(), "up");
  EXPECT_EQ(Labels().text(), "{}");
  EXPECT_EQ(Labels({{"__name__", "a:b"}, {"c", "d"}}).text(), R"(a:b{c="d"})");
  EXPECT_EQ(Labels({{"__name__", "a.b"}, {"c.d", "e"}}).text(), R"({__name__="a.b", "c.d"="e"})");
  EXPECT_EQ(Labels({{"a", "quote \" slash \\ line\n"}}).text(),
            R"({a="quote \" slash \\ line\n"})");
}

}  // namespace
}  // namespace rules
