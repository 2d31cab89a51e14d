// Shortcuts find what the regular expression finds, and the index leaves nobody out.
#include "rules/series/matching.h"

#include "tests/rules/series/naive_store.h"

namespace rules::series {
namespace {

using Kind = Matcher::Kind;

void expect_agrees(const Matcher& matcher, const std::vector<std::string>& values) {
  const Matching test(matcher);
  for (const std::string& value : values) {
    const bool want = naive_match(matcher, Labels{{"x", value}});
    EXPECT_EQ(want, test.matches(value)) << matcher.value << " on " << value;
    if (matcher.kind != Kind::regex || !want) continue;
    EXPECT_TRUE(value.starts_with(test.prefix())) << matcher.value << " on " << value;
  }
}

TEST(Matching, ShortcutsAgreeWithTheRegularExpression) {
  const std::vector<std::string> patterns = {
      "",     "a",     "a|b",     "(a|b)", "(?:a|bb|)",  "ab.*",  "ab.+",  ".*",
      ".+",   "ab?",   "ab*c",    "a{2}",  "a.c",        "a\\.c", "^a.*$", "a|b.*",
      "(a)b", "[ab]+", "ab(c|d)", "a||b",  "(a|b)(c|d)", "abc"};
  const std::vector<std::string> values = {"",   "a",  "b",   "bb",  "ab", "abc", "abd",
                                           "ac", "aa", "a.c", "axc", "c",  "bd"};
  for (const std::string& pattern : patterns) {
    expect_agrees({Kind::regex, "x", pattern}, values);
    expect_agrees({Kind::not_regex, "x", pattern}, values);
  }
}

TEST(Matching, AnOptionalLetterIsMissingWithAllItsBytes) {
  const Matching test({Kind::regex, "x", "b\xc3\xa4*"});
  EXPECT_EQ("b", test.prefix());
  EXPECT_TRUE(test.matches("b"));
  EXPECT_TRUE(test.matches("b\xc3\xa4\xc3\xa4"));
}

TEST(Matching, DotsMatchNewlinesAsInPrometheus3) {
  EXPECT_TRUE(Matching({Kind::regex, "x", "a.*"}).matches("a\nb"));
  EXPECT_TRUE(Matching({Kind::regex, "x", "a.b"}).matches("a\nb"));
}

TEST(Matching, WhatIsNotValidMatchesNothing) {
  EXPECT_FALSE(Matching({Kind::regex, "x", "a("}).matches("a("));
  EXPECT_FALSE(Matching({Kind::not_regex, "x", "a("}).matches("b"));
}

TEST(Index, FindsAsManyAsAScan) {
  const unsigned seed = fresh_seed();
  SCOPED_TRACE(seed);
  Random random(seed);
  Store store;
  NaiveStore naive;
  for (int i = 0; i < 300; ++i) {
    const Labels labels{{"__name__", "m" + std::to_string(between(random, 0, 9))},
                        {"a", between(random, 0, 3) ? std::to_string(between(random, 0, 20)) : ""},
                        {"b", std::to_string(between(random, 0, 200))}};
    store.append(labels, 1, i);
    naive.append(labels, {1, static_cast<double>(i)});
  }
  store.commit(1);
  const auto snapshot = store.snapshot();
  const std::vector<std::string> texts = {"",   "1",    "m1",  "m1|m2", "1.*", ".+",
                                          ".*", "[12]", "17?", "|1",    "m.",  "none"};
  for (int i = 0; i < 3'000; ++i) {
    std::vector<Matcher> matchers;
    for (std::int64_t n = between(random, 0, 3); n > 0; --n) {
      matchers.push_back({static_cast<Kind>(between(random, 0, 3)),
                          std::vector{"__name__", "a", "b", "c"}[between(random, 0, 3)],
                          texts[between(random, 0, static_cast<std::int64_t>(texts.size()) - 1)]});
    }
    expect_same(naive.dump(matchers, 0, 1), dump(*snapshot, matchers, 0, 1));
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace rules::series
