// Numbers, durations and quoted texts, as Go writes and reads them.
#include "rules/promql/number.h"

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <limits>

#include "rules/promql/quote.h"

namespace rules {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Numbers, AreWrittenWithTheShortestDigits) {
  EXPECT_EQ(format_number(0.1), "0.1");
  EXPECT_EQ(format_number(-2), "-2");
  EXPECT_EQ(format_number(0), "0");
  EXPECT_EQ(format_number(1e23), "100000000000000000000000");
  EXPECT_EQ(format_number(1.5e-7), "0.00000015");
  EXPECT_EQ(format_number(123.456), "123.456");
  EXPECT_EQ(format_number(kInfinity), "+Inf");
  EXPECT_EQ(format_number(std::nan("")), "NaN");
  EXPECT_EQ(format_short(1e21), "1e+21");
  EXPECT_EQ(format_short(1.25e-5), "1.25e-05");
  EXPECT_EQ(format_short(0.0001), "0.0001");
  EXPECT_EQ(format_significant(1234.5, 2), "1.2e+03");
}

TEST(Numbers, AreReadAsGoReadsThem) {
  EXPECT_EQ(parse_number("1_000"), 1000);
  EXPECT_EQ(parse_number("0x1F"), 31);
  EXPECT_EQ(parse_number("010"), 8);
  EXPECT_EQ(parse_number("089"), 89);
  EXPECT_EQ(parse_number(".5"), 0.5);
  EXPECT_EQ(parse_number("1e3"), 1000);
  EXPECT_EQ(parse_number("inF"), kInfinity);
  EXPECT_FALSE(parse_number("1__0"));
  EXPECT_FALSE(parse_number("1_000.5"));
  EXPECT_FALSE(parse_number("0x"));
  EXPECT_EQ(parse_float("+Inf"), kInfinity);
  EXPECT_EQ(parse_float("-infinity"), -kInfinity);
  EXPECT_EQ(parse_float("1e400"), kInfinity);
  EXPECT_EQ(parse_float("1e-400"), 0);
  EXPECT_FALSE(parse_float(""));
  EXPECT_FALSE(parse_float(" 1"));
  EXPECT_FALSE(parse_float("--1"));
  EXPECT_FALSE(parse_float("1x"));
  EXPECT_EQ(parse_float("0x1p4"), 16);
  for (const char* wrong : {"0x10", "0x", "-nan", "+NaN"})
    EXPECT_FALSE(parse_float(wrong)) << wrong;
}

TEST(Numbers, HaveNoCommaInAnyLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) GTEST_SKIP() << "no German locale here";
  EXPECT_EQ(format_number(1.5), "1.5");
  EXPECT_EQ(format_significant(1.5, 2), "1.5");
  EXPECT_EQ(parse_number("1.5"), 1.5);
  std::setlocale(LC_ALL, before.c_str());
}

TEST(Durations, AreReadInTheOrderOfTheirUnits) {
  EXPECT_EQ(parse_duration("1h30m"), 5'400'000);
  EXPECT_EQ(parse_duration("1y2w3d4h5m6s7ms"), 33'019'506'007);
  EXPECT_EQ(parse_duration("0"), 0);
  EXPECT_EQ(parse_duration("100ms"), 100);
  for (const char* wrong : {"", "5", "1m1h", "1h1h", "1.5h", "-1m", "1mm", "h", "9999999999y"})
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(Durations, AreWrittenAsPrometheusDoes) {
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(5'400'000), "1h30m");
  EXPECT_EQ(format_duration(7LL * 24 * 3600 * 1000), "1w");
  EXPECT_EQ(format_duration(8LL * 24 * 3600 * 1000), "8d");
  EXPECT_EQ(format_duration(365LL * 24 * 3600 * 1000), "1y");
  EXPECT_EQ(format_duration(1001), "1s1ms");
  EXPECT_EQ(format_duration(-300'000), "-5m");
}

TEST(Quotes, ComeOffAndGoOn) {
  EXPECT_EQ(unquote(R"("a\tb\"\\\x41\101\u00e9\U0001F600")"), "a\tb\"\\AA\u00e9\U0001F600");
  EXPECT_EQ(unquote(R"('it\'s')"), "it's");
  EXPECT_EQ(unquote(R"(`raw \n`)"), R"(raw \n)");
  for (const char* wrong :
       {R"("\q")", R"("\'")", R"("\xf")", R"("\ud800")", R"("\400")", "\"", "'a\""})
    EXPECT_FALSE(unquote(wrong)) << wrong;
  EXPECT_EQ(quote("a\n\x01\"\\\u00e9"), "\"a\\n\\x01\\\"\\\\\u00e9\"");
  EXPECT_EQ(quote("\xff"), R"("\xff")");
  EXPECT_EQ(unquote(quote("any \x80 \x7f `'\" bytes")), "any \x80 \x7f `'\" bytes");
}

TEST(Quotes, TellPlainNamesFromOthers) {
  EXPECT_TRUE(is_label_name("_a1"));
  EXPECT_FALSE(is_label_name("a:b"));
  EXPECT_TRUE(is_metric_name("a:b"));
  EXPECT_FALSE(is_metric_name("1a"));
  EXPECT_TRUE(is_utf8("a.b \u00e9"));
  EXPECT_FALSE(is_utf8("\xc3"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80")) << "a surrogate";
  EXPECT_FALSE(is_utf8(""));
}

}  // namespace
}  // namespace rules
