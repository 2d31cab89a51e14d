// Texts, numbers and times as Prometheus writes them.
#include "exporter/web/api_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace exporter::api {
namespace {

template <class Append, class Value>
std::string written(Append append, const Value& value) {
  std::string out;
  append(out, value);
  return out;
}

TEST(ApiJson, WritesValuesAsTextsWithTheShortestDigits) {
  const std::pair<double, const char*> cases[] = {
      {0, "\"0\""},           {-0.0, "\"-0\""},
      {0.1, "\"0.1\""},       {1e-6, "\"0.000001\""},
      {1e-7, "\"1e-07\""},    {-1.5e-9, "\"-1.5e-09\""},
      {1e21, "\"1e+21\""},    {123456789012345680000.0, "\"123456789012345680000\""},
      {1e300, "\"1e+300\""},  {std::nan(""), "\"NaN\""},
      {INFINITY, "\"+Inf\""}, {-INFINITY, "\"-Inf\""},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(written(append_value, value), text);
}

TEST(ApiJson, WritesTheValuesOfAlertsWithAnExponent) {
  EXPECT_EQ(written(append_exponent, 0.0), "\"0e+00\"");
  EXPECT_EQ(written(append_exponent, 12.5), "\"1.25e+01\"");
  EXPECT_EQ(written(append_exponent, -1e-100), "\"-1e-100\"");
  EXPECT_EQ(written(append_exponent, INFINITY), "\"+Inf\"");
}

TEST(ApiJson, WritesPlainNumbersAsGoDoes) {
  EXPECT_EQ(written(append_number, 0.001), "0.001");
  EXPECT_EQ(written(append_number, 1e-7), "1e-7");
  EXPECT_EQ(written(append_number, 1e-10), "1e-10");
  EXPECT_EQ(written(append_number, 1e22), "1e+22");
}

TEST(ApiJson, WritesTimesWithThreeDecimalsOrNone) {
  EXPECT_EQ(written(append_timestamp, 1'435'781'451'781), "1435781451.781");
  EXPECT_EQ(written(append_timestamp, 1000), "1");
  EXPECT_EQ(written(append_timestamp, 1050), "1.050");
  EXPECT_EQ(written(append_timestamp, -1), "-0.001");
  EXPECT_EQ(written(append_timestamp, -2500), "-2.500");
}

TEST(ApiJson, WritesInstantsWithoutTrailingZeros) {
  EXPECT_EQ(written(append_instant, 1'700'000'000'000), "\"2023-11-14T22:13:20Z\"");
  EXPECT_EQ(written(append_instant, 1'700'000'000'500), "\"2023-11-14T22:13:20.5Z\"");
  EXPECT_EQ(written(append_instant, -1), "\"1969-12-31T23:59:59.999Z\"");
}

TEST(ApiJson, EscapesWhatJsonCannotHold) {
  EXPECT_EQ(written(append_text, "a\"b\\c\n\r\t\x01 <&> ä€"),
            "\"a\\\"b\\\\c\\n\\r\\t\\u0001 <&> ä€\"");
  EXPECT_EQ(written(append_text,
                    "\xff"
                    "a\xc3"),
            "\"\\ufffda\\ufffd\"");
  EXPECT_EQ(written(append_escaped, "<a&b>\u2028"), "\"\\u003ca\\u0026b\\u003e\\u2028\"");
}

TEST(ApiJson, WritesEachKindOfResult) {
  const auto result = [](const rules::Value& value) {
    std::string out;
    append_result(out, value, 5000);
    return out;
  };
  const rules::Labels labels{{"__name__", "up"}, {"job", "a"}};
  EXPECT_EQ(result(rules::Scalar{{5000, 1e21}}),
            R"({"resultType":"scalar","result":[5,"1000000000000000000000"]})");
  EXPECT_EQ(result(std::string("<x>")), R"({"resultType":"string","result":[5,"\u003cx\u003e"]})");
  EXPECT_EQ(result(rules::Vector{}), R"({"resultType":"vector","result":[]})");
  EXPECT_EQ(result(rules::Vector{{labels, {5000, 1}}, {{}, {5000, 2}}}),
            R"({"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},)"
            R"("value":[5,"1"]},{"metric":{},"value":[5,"2"]}]})");
  EXPECT_EQ(result(rules::Matrix{{labels, {{1, 1}, {2, 2}}}}),
            R"({"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a"},)"
            R"("values":[[0.001,"1"],[0.002,"2"]]}]})");
}

}  // namespace
}  // namespace exporter::api
