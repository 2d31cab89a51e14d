// What is printed parses to the same tree: for random queries of every construct, and for how long
// queries are laid out.
#include "rules/promql/printer.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "rules/promql/parser.h"

namespace rules {
namespace {

// Writes random queries of the right types, in many spellings.
class Writer {
 public:
  explicit Writer(unsigned seed) : random_(seed) {}

  std::string vector(int depth) {
    switch (depth <= 0 ? roll(2) : roll(10)) {
      case 0:
      case 1:
        return selector() + shift();
      case 2:
        return "(" + vector(depth - 1) + ")";
      case 3:
        return "-" + vector(depth - 1);
      case 4:
        return vector(depth - 1) + binary_op() + vector(depth - 1);
      case 5:
        return scalar(depth - 1) + pick({" + ", " ^ ", " >= ", " == bool "}) + vector(depth - 1);
      case 6:
        return aggregate(depth - 1);
      case 7:
        return pick({"rate", "avg_over_time", "last_over_time", "resets"}) + "(" +
               range(depth - 1) + ")";
      case 8:
        return "clamp(" + vector(depth - 1) + ", " + scalar(depth - 1) + ", " + scalar(depth - 1) +
               ")";
      default:
        return "label_replace(" + vector(depth - 1) + ", \"a\", '$1\\n', `b`, \"(.*)\")";
    }
  }

 private:
  std::size_t roll(std::size_t sides) {
    return std::uniform_int_distribution<std::size_t>(0, sides - 1)(random_);
  }
  std::string pick(std::initializer_list<const char*> choices) {
    return choices.begin()[roll(choices.size())];
  }

  std::string selector() {
    return pick({"a", "b:c", "start", "offset", "{x=\"y\"}", "{\"u.v\"}", "a{b!~'.+',c=\"\"}",
                 "sum{\"é\"='ü'}", "{__name__=~`a|b`, \"l m\"='n'}", "a{}"});
  }
  std::string shift() {
    return pick({"", "", " offset 5m", " offset -1w", " @ 1.5", " @ start()", " @ end() offset 3",
                 " @ -7"});
  }
  std::string range(int depth) {
    if (roll(2) == 0) return selector() + pick({"[5m]", "[90]", "[1d12h]"}) + shift();
    return "(" + vector(depth) + ")" + pick({"[1h:5m]", "[1h:]", "[100:7]"}) + shift();
  }
  std::string scalar(int depth) {
    if (depth > 0 && roll(3) == 0) return "scalar(" + vector(depth - 1) + ")";
    return pick({"1", "-2.5", "0x1f", "5m", "Inf", "NaN", "1e-7", "time()", "(pi() + 1)", "- -3",
                 "2 ^ -1"});
  }
  std::string binary_op() {
    return pick({" + ", "-", " * ", "/", "%", " ^ ", " atan2 ", " == bool ", " != ", " and ",
                 " or on() ", " unless ignoring(a) ", " + on(a, \"b c\") ",
                 " / ignoring(a) group_left ", " > bool on(a) group_right(c) "});
  }
  std::string aggregate(int depth) {
    const std::string grouping = pick({"", " by (a, \"b c\") ", " without (by) ", " by () "});
    if (roll(3) == 0)
      return pick({"topk", "QUANTILE"}) + grouping + "(" + scalar(depth) + "," + vector(depth) +
             ")";
    return pick({"sum", "Avg", "count"}) + grouping + "(" + vector(depth) + ")";
  }

  std::mt19937 random_;
};

TEST(Printer, WritesWhatParsesToTheSameTree) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Writer writer(seed);
  int parsed = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string query = writer.vector(4);
    const auto expr = parse(query);
    if (!expr) continue;  // a group label on both sides and the like
    ++parsed;
    for (const std::string& text : {print(**expr), print_pretty(**expr)}) {
      const auto again = parse(text);
      ASSERT_TRUE(again.has_value()) << query << "\n" << text << "\n" << again.error().text();
      ASSERT_TRUE(**again == **expr) << query << "\n" << text;
      ASSERT_EQ(print(**again), print(**expr)) << query;
    }
  }
  EXPECT_GT(parsed, 1000) << "most of what is written must be a query, or nothing is shown";
}

std::string pretty(std::string_view query) {
  const auto expr = parse(query);
  return expr ? print_pretty(**expr) : expr.error().text();
}

TEST(Printer, LeavesShortQueriesOnOneLine) {
  EXPECT_EQ(pretty("sum  by(a)( rate( b [5m] ) )>1"), "sum by (a) (rate(b[5m])) > 1");
}

TEST(Printer, SplitsLongQueriesWithTwoBlanksALevel) {
  EXPECT_EQ(
      pretty("sum by (service, agreement) (rate(probe_duration_seconds_sum{job=\"a long "
             "name\"}[5m])) / "
             "sum by (service, agreement) (rate(probe_duration_seconds_count{job=\"a long "
             "name\"}[5m]))"),
      "  sum by (service, agreement) (rate(probe_duration_seconds_sum{job=\"a long name\"}[5m]))\n"
      "/\n"
      "  sum by (service, agreement) (rate(probe_duration_seconds_count{job=\"a long "
      "name\"}[5m]))");
  EXPECT_EQ(pretty("histogram_quantile(0.99, sum by (le, instance, service) "
                   "(rate(request_duration_seconds_bucket{job=\"somewhere far away\"}[10m])))"),
            "histogram_quantile(\n"
            "  0.99,\n"
            "  sum by (le, instance, service) (\n"
            "    rate(request_duration_seconds_bucket{job=\"somewhere far away\"}[10m])\n"
            "  )\n"
            ")");
}

}  // namespace
}  // namespace rules
