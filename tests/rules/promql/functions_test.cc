// The table of functions, line by line.
#include "rules/promql/functions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "rules/promql/engine.h"
#include "rules/promql/parser.h"
#include "rules/promqltest/memory_source.h"

namespace rules {
namespace {

std::string sample_argument(ValueType type) {
  switch (type) {
    case ValueType::scalar:
      return "0.5";
    case ValueType::vector:
      return "a";
    case ValueType::matrix:
      return "a[5m]";
    default:
      return "\"b\"";
  }
}

std::string sample_call(const Function& function) {
  std::string args;
  for (const ValueType type : function.args()) {
    if (!args.empty()) args += ", ";
    args += sample_argument(type);
  }
  return std::string(function.name) + "(" + args + ")";
}

TEST(Functions, AreFoundByName) {
  for (const Function& function : functions()) EXPECT_EQ(find_function(function.name), &function);
  EXPECT_EQ(find_function("nonsense"), nullptr);
  EXPECT_EQ(find_function("ABS"), nullptr);
  EXPECT_EQ(find_function(""), nullptr);
}

// Prometheus multiplies the growth by a factor that holds the division by the window; dividing the
// extrapolated growth afterwards would give 0.1.
TEST(Functions, RoundARateAsPrometheusDoes) {
  promqltest::MemorySource source;
  for (int minute = 0; minute <= 11; ++minute)
    source.add(Labels{{"__name__", "a_total"}}, {minute * 60'000, 1000 + 6.0 * minute});
  const auto expr = parse("rate(a_total[12m])");
  ASSERT_TRUE(expr.has_value());
  const auto answer = evaluate(**expr, source, 690'000);
  ASSERT_TRUE(answer.has_value()) << answer.error();
  EXPECT_EQ(std::get<Vector>(answer->value).at(0).sample.value, 0.09999999999999999);
}

TEST(Functions, RunWhenSupportedAndAreRefusedByNameWhenNot) {
  promqltest::MemorySource source;
  for (std::int64_t at = 0; at <= 300'000; at += 30'000)
    source.add(Labels{{"__name__", "a"}, {"le", "+Inf"}}, {at, static_cast<double>(at)});
  for (const Function& function : functions()) {
    const std::string query = sample_call(function);
    const auto expr = parse(query);
    if (function.support != Support::full) {
      ASSERT_FALSE(expr.has_value()) << query;
      EXPECT_NE(expr.error().message.find(function.name), std::string::npos) << query;
      EXPECT_TRUE(std::holds_alternative<std::monostate>(function.run)) << query;
      continue;
    }
    ASSERT_TRUE(expr.has_value()) << query << ": " << expr.error().text();
    EXPECT_EQ((*expr)->type(), function.returns) << query;
    ASSERT_FALSE(std::holds_alternative<std::monostate>(function.run)) << query;
    const auto answer = evaluate(**expr, source, 300'000);
    EXPECT_TRUE(answer.has_value()) << query << ": " << answer.error();
    const auto range = evaluate(**expr, source, Range{0, 300'000, 60'000});
    EXPECT_TRUE(range.has_value()) << query << ": " << range.error();
  }
}

TEST(Functions, TakeAsManyArgumentsAsTheirLineSays) {
  for (const Function& function : functions()) {
    EXPECT_LE(function.arg_count, function.arg_types.size());
    if (function.variadic != 0) {
      EXPECT_GE(function.arg_count, 1U) << function.name;
    }
    const auto is_type = [](ValueType type) { return type != ValueType::none; };
    EXPECT_TRUE(std::ranges::all_of(function.args(), is_type)) << function.name;
  }
}

}  // namespace
}  // namespace rules
