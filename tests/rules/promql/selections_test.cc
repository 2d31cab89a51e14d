#include "rules/promql/selections.h"

#include <gtest/gtest.h>

#include "rules/promql/parser.h"

namespace rules {
namespace {

constexpr std::int64_t kMinute = 60'000;

std::vector<std::int64_t> look_backs(std::string_view query) {
  const auto expr = parse(query);
  EXPECT_TRUE(expr) << query;
  std::vector<std::int64_t> minutes;
  for (const Selection& selection : selections(**expr)) {
    minutes.push_back(selection.look_back / kMinute);
  }
  return minutes;
}

using Minutes = std::vector<std::int64_t>;

TEST(Selections, LookBackByWindowOrLookback) {
  EXPECT_EQ(look_backs("x"), Minutes{5});
  EXPECT_EQ(look_backs("rate(x[3h])"), Minutes{180});
  EXPECT_EQ(look_backs("x + on() rate(y[10m]) > 2"), (Minutes{5, 10}));
}

TEST(Selections, OffsetsAddAndNegativeOnesTakeAway) {
  EXPECT_EQ(look_backs("x offset 1h"), Minutes{65});
  EXPECT_EQ(look_backs("rate(x[10m] offset -4m)"), Minutes{6});
  EXPECT_EQ(look_backs("rate(x[10m] offset -1h)"), Minutes{0});
}

TEST(Selections, SubqueriesReachAsFarAsTheirOldestStep) {
  EXPECT_EQ(look_backs("max_over_time(rate(x[10m])[1h:1m])"), Minutes{70});
  EXPECT_EQ(look_backs("max_over_time(rate(x[10m] offset 5m)[1h:1m] offset 2h)"), Minutes{195});
}

TEST(Selections, APinnedMomentIsNotKeptForEver) {
  EXPECT_EQ(look_backs("rate(x[10m] @ 1000)"), Minutes{10});
  EXPECT_EQ(look_backs("max_over_time((rate(x[10m] @ end()))[1h:1m])"), Minutes{10});
}

TEST(Selections, NamesWhatIsSelected) {
  const auto expr = parse(R"(sum(x{a="b"}))");
  ASSERT_TRUE(expr);
  const auto found = selections(**expr);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].matchers, (std::vector<Matcher>{{Matcher::Kind::equal, "a", "b"},
                                                     {Matcher::Kind::equal, "__name__", "x"}}));
}

}  // namespace
}  // namespace rules
