// What is a query and what is not: trees by their text with every operation in parentheses, errors
// by their whole text.
#include "rules/promql/parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "rules/promql/functions.h"
#include "rules/promql/printer.h"

namespace rules {
namespace {

// How the query groups: (a + (b * c)).
std::string grouped(const Expr& expr) {
  if (const auto* binary = std::get_if<BinaryNode>(&expr.node))
    return fmt::format("({} {} {})", grouped(*binary->left), op_text(binary->op),
                       grouped(*binary->right));
  if (const auto* unary = std::get_if<UnaryNode>(&expr.node))
    return fmt::format("{}({})", unary->negative ? "-" : "+", grouped(*unary->expr));
  if (const auto* paren = std::get_if<ParenNode>(&expr.node)) return grouped(*paren->expr);
  return print(expr);
}

std::string grouped(std::string_view query) {
  const auto expr = parse(query);
  return expr ? grouped(**expr) : expr.error().text();
}

std::string error_of(std::string_view query) {
  const auto expr = parse(query);
  return expr ? "no error: " + print(**expr) : expr.error().text();
}

std::string printed(std::string_view query) {
  const auto expr = parse(query);
  return expr ? print(**expr) : expr.error().text();
}

TEST(Parser, GroupsByPrecedence) {
  EXPECT_EQ(grouped("1 + 2 * 3"), "(1 + (2 * 3))");
  EXPECT_EQ(grouped("a - b - c"), "((a - b) - c)");
  EXPECT_EQ(grouped("a ^ b ^ c"), "(a ^ (b ^ c))");
  EXPECT_EQ(grouped("-a ^ b"), "-((a ^ b))");
  EXPECT_EQ(grouped("-a * b"), "(-(a) * b)");
  EXPECT_EQ(grouped("a ^ -b * c"), "((a ^ -(b)) * c)");
  EXPECT_EQ(grouped("-1 ^ 2"), "-((1 ^ 2))");
  EXPECT_EQ(grouped("a or b and c unless d"), "(a or ((b and c) unless d))");
  EXPECT_EQ(grouped("a + b > c and d"), "(((a + b) > c) and d)");
  EXPECT_EQ(grouped("a atan2 b + c"), "((a atan2 b) + c)");
  EXPECT_EQ(grouped("(a + b) * c"), "((a + b) * c)");
  EXPECT_EQ(grouped("a == bool b % c"), "(a == (b % c))");
}

TEST(Parser, BindsModifiersToTheNearestOperand) {
  EXPECT_EQ(grouped("-a offset 5m"), "-(a offset 5m)");
  EXPECT_EQ(grouped("a + b @ 10 offset 1m"), "(a + b @ 10.000 offset 1m)");
  EXPECT_EQ(grouped("a offset 5m + 3"), "(a offset 5m + 3)");
  EXPECT_EQ(grouped("a offset -2 ^ 2"), "(a offset -2s ^ 2)");
  EXPECT_EQ(printed("rate(a[5m] offset 1w @ end())"), "rate(a[5m] @ end() offset 1w)");
  EXPECT_EQ(printed("(a + b)[1h:5m] @ start()"), "(a + b)[1h:5m] @ start()");
  EXPECT_EQ(printed("a[1h:] offset -1m"), "a[1h:] offset -1m");
}

TEST(Parser, TakesNumbersForDurationsAndDurationsForNumbers) {
  EXPECT_EQ(printed("a[100]"), "a[1m40s]");
  EXPECT_EQ(printed("a[0x10:1.5]"), "a[16s:1s500ms]");
  EXPECT_EQ(printed("a offset 50"), "a offset 50s");
  EXPECT_EQ(printed("a @ 1m30s"), "a @ 90.000");
  EXPECT_EQ(printed("5m * 2"), "5m * 2");
  EXPECT_EQ(printed("-1h"), "-1h");
  EXPECT_EQ(printed("010 + 1_000 + .5 + 1e3 + +Inf + NaN"), "8 + 1000 + 0.5 + 1000 + +Inf + NaN");
}

TEST(Parser, KnowsWordsByTheirPlace) {
  EXPECT_EQ(printed("SUM BY (by, on, and, offset) (offset)"),
            "sum by (by, on, and, offset) (offset)");
  EXPECT_EQ(printed("start + end{bool=\"a\"}"), "start + end{bool=\"a\"}");
  EXPECT_EQ(printed("abs(avg)"), "abs(avg)");
  EXPECT_EQ(printed("fill + fill_left"), "fill + fill_left");
  EXPECT_EQ(printed("sum{a=\"b\"}"), "sum{a=\"b\"}");
  EXPECT_EQ(printed("a AND oN(b) c"), "a and on (b) c");
  EXPECT_EQ(printed("a # comment ] ) \n + b"), "a + b");
}

TEST(Parser, ReadsNamesInQuotes) {
  EXPECT_EQ(printed(R"({"a.b"})"), R"({__name__="a.b"})");
  EXPECT_EQ(printed(R"({'a.b', "c d"=~`x.*`})"), R"({"c d"=~"x.*",__name__="a.b"})");
  EXPECT_EQ(printed(R"(sum by ("a b", c) (d))"), R"(sum by ("a b", c) (d))");
  EXPECT_EQ(printed(R"(a{b!="\x41\n"})"), R"(a{b!="A\n"})");
  EXPECT_EQ(printed("a{b=\"c\",}"), "a{b=\"c\"}");
}

TEST(Parser, SaysWhatItDidNotExpect) {
  EXPECT_EQ(error_of(""), "1:1: parse error: no expression found in input");
  EXPECT_EQ(error_of("a +"), "1:4: parse error: unexpected end of input");
  EXPECT_EQ(error_of("a b"), "1:3: parse error: unexpected identifier \"b\"");
  EXPECT_EQ(error_of("a\n +\n *"), "3:2: parse error: unexpected <op:*>");
  EXPECT_EQ(error_of("(a"), "1:3: parse error: unclosed left parenthesis");
  EXPECT_EQ(error_of("(a))"), "1:5: parse error: unexpected right parenthesis ')'");
  EXPECT_EQ(error_of("a{"), "1:3: parse error: unexpected end of input inside braces");
  EXPECT_EQ(error_of("a{b=c}"),
            "1:5: parse error: unexpected identifier \"c\" in label matching, expected string");
  EXPECT_EQ(
      error_of("a{b}"),
      "1:4: parse error: unexpected \"}\" in label matching, expected label matching operator");
  EXPECT_EQ(error_of("a{,}"),
            "1:3: parse error: unexpected \",\" in label matching, expected identifier or \"}\"");
  EXPECT_EQ(
      error_of("a{b=\"c\" d}"),
      "1:9: parse error: unexpected identifier \"d\" in label matching, expected \",\" or \"}\"");
  EXPECT_EQ(error_of("sum(a) by b"),
            "1:11: parse error: unexpected identifier \"b\" in grouping opts, expected \"(\"");
  EXPECT_EQ(error_of("sum by (,) (a)"),
            "1:9: parse error: unexpected \",\" in grouping opts, expected label");
  EXPECT_EQ(error_of("abs(a,)"),
            "1:6: parse error: trailing commas not allowed in function call args");
  EXPECT_EQ(error_of("a - on(b) ignoring(c) d"), "1:11: parse error: unexpected <ignoring>");
  EXPECT_EQ(error_of("\"a"), "1:1: parse error: unterminated quoted string");
  EXPECT_EQ(error_of("a =~ b"), "1:3: parse error: unexpected character after '=': '~'");
  EXPECT_EQ(error_of("a ; b"), "1:3: parse error: unexpected character: ';'");
}

TEST(Parser, SaysWhatIsWrongWithDurations) {
  EXPECT_EQ(error_of("a[5mm]"), "1:3: parse error: bad number or duration syntax: \"5mm\"");
  EXPECT_EQ(error_of("a[5m1h]"), "1:3: parse error: not a valid duration string: \"5m1h\"");
  EXPECT_EQ(error_of("a[0]"), "1:3: parse error: duration must be greater than 0");
  EXPECT_EQ(error_of("a[-5m]"), "1:3: parse error: duration must be greater than 0");
  EXPECT_EQ(error_of("a[]"),
            "1:3: parse error: unexpected \"]\" in subquery or range selector, "
            "expected number, duration, step(), or range()");
  EXPECT_EQ(error_of("a[5m"), "1:5: parse error: unclosed left bracket");
  EXPECT_EQ(error_of("a[5m x 1m]"), "1:6: parse error: unexpected character: 'x', expected ':'");
  EXPECT_EQ(error_of("a offset"),
            "1:9: parse error: unexpected end of input in offset, expected "
            "number, duration, step(), or range()");
  EXPECT_EQ(error_of("a @ b"),
            "1:5: parse error: unexpected identifier \"b\" in @, expected timestamp");
  EXPECT_EQ(error_of("a @ +Inf"), "1:1: parse error: timestamp out of bounds for @ modifier: +Inf");
  EXPECT_EQ(error_of("a offset 9.5e10"), "1:10: parse error: duration out of range");
}

TEST(Parser, KeepsModifiersInTheirPlace) {
  EXPECT_EQ(error_of("(a + b)[5m]"), "1:8: parse error: ranges only allowed for vector selectors");
  EXPECT_EQ(error_of("a offset 1m[5m]"),
            "1:12: parse error: no offset modifiers allowed before range");
  EXPECT_EQ(error_of("a @ 1 [5m]"), "1:7: parse error: no @ modifiers allowed before range");
  EXPECT_EQ(error_of("1 offset 1m"),
            "1:1: parse error: offset modifier must be preceded by an instant "
            "vector selector or range vector selector or a subquery");
  EXPECT_EQ(error_of("a offset 1m offset 2m"),
            "1:1: parse error: offset may not be set multiple times");
  EXPECT_EQ(error_of("a @ 1 @ 2"), "1:1: parse error: @ <timestamp> may not be set multiple times");
}

TEST(Parser, ChecksTypes) {
  EXPECT_EQ(error_of("rate(a)"),
            "1:6: parse error: expected type range vector in call to function "
            "\"rate\", got instant vector");
  EXPECT_EQ(error_of("abs(1)"),
            "1:5: parse error: expected type instant vector in call to function "
            "\"abs\", got scalar");
  EXPECT_EQ(error_of("abs()"),
            "1:1: parse error: expected 1 argument(s) in call to \"abs\", got 0");
  EXPECT_EQ(error_of("hour(a, b)"),
            "1:1: parse error: expected at most 1 argument(s) in call to \"hour\", got 2");
  EXPECT_EQ(error_of("label_join(a, \"b\")"),
            "1:1: parse error: expected at least 3 argument(s) in call to \"label_join\", got 2");
  EXPECT_EQ(error_of("nonsense(a)"), "1:1: parse error: unknown function with name \"nonsense\"");
  EXPECT_EQ(error_of("sum(a[5m])"),
            "1:5: parse error: expected type instant vector in aggregation "
            "expression, got range vector");
  EXPECT_EQ(error_of("topk(\"a\", b)"),
            "1:6: parse error: expected type scalar in aggregation parameter, got string");
  EXPECT_EQ(error_of("topk(a)"),
            "1:1: parse error: wrong number of arguments for aggregate "
            "expression provided, expected 2, got 1");
  EXPECT_EQ(error_of("-\"a\""),
            "1:1: parse error: unary expression only allowed on expressions of "
            "type scalar or instant vector, got \"string\"");
  EXPECT_EQ(error_of("a[5m][1h:]"),
            "1:1: parse error: subquery is only allowed on instant vector, got matrix instead");
  EXPECT_EQ(error_of("a + a[5m]"),
            "1:5: parse error: binary expression must contain only scalar and "
            "instant vector types");
}

TEST(Parser, ChecksOperators) {
  EXPECT_EQ(error_of("1 > 2"),
            "1:3: parse error: comparisons between scalars must use BOOL modifier");
  EXPECT_EQ(error_of("a + bool b"),
            "1:3: parse error: bool modifier can only be used on comparison operators");
  EXPECT_EQ(error_of("a and 1"),
            "1:1: parse error: set operator \"and\" not allowed in binary scalar expression");
  EXPECT_EQ(error_of("a + on(b) 1"),
            "1:1: parse error: vector matching only allowed between instant vectors");
  EXPECT_EQ(error_of("a or on(b) group_left c"),
            "1:1: parse error: no grouping allowed for \"or\" operation");
  EXPECT_EQ(error_of("a * on(b) group_left(b) c"),
            "1:3: parse error: label \"b\" must not occur in ON and GROUP clause at once");
}

TEST(Parser, ChecksSelectors) {
  EXPECT_EQ(error_of("{}"),
            "1:1: parse error: vector selector must contain at least one non-empty matcher");
  EXPECT_EQ(error_of("{a=~\".*\"}"),
            "1:1: parse error: vector selector must contain at least one non-empty matcher");
  EXPECT_EQ(error_of("a{__name__=\"b\"}"),
            "1:1: parse error: metric name must not be set twice: \"a\" or \"b\"");
  EXPECT_EQ(error_of("a{b=~\"(\"}").substr(0, 38), "1:3: parse error: error parsing regexp");
  // Parentheses that only pair with those around the expression do not count.
  EXPECT_EQ(error_of("a{b=~\"x)(y\"}").substr(0, 38), "1:3: parse error: error parsing regexp");
}

TEST(Parser, RefusesWhatPrometheusKeepsBehindFlags) {
  EXPECT_EQ(error_of("a + mad_over_time(b[5m])"),
            "1:5: parse error: function \"mad_over_time\" is not enabled");
  EXPECT_EQ(error_of("limitk(1, a)"),
            "1:1: parse error: limitk() is experimental and must be enabled "
            "with --enable-feature=promql-experimental-functions");
  EXPECT_EQ(error_of("a[5m + 1m]"),
            "1:3: parse error: experimental duration expression is not enabled");
  EXPECT_EQ(error_of("a[step()]"),
            "1:3: parse error: experimental duration expression is not enabled");
  EXPECT_EQ(error_of("a offset (1m)"),
            "1:10: parse error: experimental duration expression is not enabled");
  EXPECT_EQ(error_of("rate(a[5m] anchored)"),
            "1:6: parse error: anchored modifier is experimental and not enabled");
  EXPECT_EQ(error_of("a + fill(0) b"),
            "1:5: parse error: binop fill modifiers are experimental and not enabled");
  EXPECT_EQ(error_of("histogram_count(a)"),
            "1:1: parse error: function \"histogram_count\" needs native "
            "histograms, which are not supported");
  EXPECT_EQ(error_of("a </ b"),
            "1:3: parse error: native histograms are not supported: operator </");
}

TEST(Parser, LimitsHowDeepAQueryNests) {
  const auto repeated = [](std::string_view part, int times) {
    std::string out;
    for (int each = 0; each < times; ++each) out += part;
    return out;
  };
  const std::string deep = "nested";
  EXPECT_NE(error_of(repeated("(", 100'000) + "a" + repeated(")", 100'000)).find(deep),
            std::string::npos);
  EXPECT_NE(error_of(repeated("-", 100'000) + "a").find(deep), std::string::npos);
  EXPECT_NE(error_of("a" + repeated("+a", 100'000)).find(deep), std::string::npos);
  EXPECT_NE(error_of(repeated("abs(", 100'000) + "a").find(deep), std::string::npos);
  EXPECT_NE(error_of("a" + repeated("[1m:]", 100'000)).find(deep), std::string::npos);
  EXPECT_NE(error_of("a" + repeated("^a", 100'000)).find(deep), std::string::npos);
  EXPECT_EQ(error_of(std::string(kMaxQueryBytes + 1, ' ')),
            "1:1: parse error: the query is longer than a mebibyte");
  EXPECT_TRUE(parse("a" + repeated("+a", kMaxDepth - 1)).has_value());
}

TEST(Parser, ReadsSelectorsAndLabelsAlone) {
  const auto matchers = parse_selector("up{job=~\"a|b\"}");
  ASSERT_TRUE(matchers.has_value());
  ASSERT_EQ(matchers->size(), 2U);
  EXPECT_EQ(matchers->front().value, "a|b");
  EXPECT_FALSE(parse_selector("up[5m]").has_value());
  EXPECT_FALSE(parse_selector("{}").has_value());
  EXPECT_EQ(parse_labels("up{job=\"a\"}"), Labels({{"__name__", "up"}, {"job", "a"}}));
  EXPECT_EQ(parse_labels("{}"), Labels());
  EXPECT_FALSE(parse_labels("up{job!=\"a\"}").has_value());
}

TEST(Parser, KnowsWhereEachPartStands) {
  const auto expr = parse("  sum(rate(a[5m])) / 2 ");
  ASSERT_TRUE(expr.has_value());
  const auto& binary = std::get<BinaryNode>((*expr)->node);
  EXPECT_EQ((*expr)->span.begin, 2U);
  EXPECT_EQ(binary.left->span.end, 18U);
  EXPECT_EQ(binary.right->span.begin, 21U);
}

}  // namespace
}  // namespace rules
