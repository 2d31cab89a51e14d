// What scripts cannot show: limits, settings, and what a query costs.
#include "rules/promql/engine.h"

#include <gtest/gtest.h>

#include <cmath>

#include "rules/promql/parser.h"
#include "rules/promqltest/memory_source.h"

namespace rules {
namespace {

using promqltest::MemorySource;

constexpr std::int64_t kMinute = 60'000;

class Engine : public testing::Test {
 protected:
  void load(const Labels& labels, std::initializer_list<double> values,
            std::int64_t step = kMinute) {
    std::int64_t at = 0;
    for (const double value : values) {
      source_.add(labels, {at, value});
      at += step;
    }
  }

  std::expected<Answer, std::string> at(std::string_view query, std::int64_t time) {
    const auto expr = parse(query);
    if (!expr) return std::unexpected(expr.error().text());
    return evaluate(**expr, source_, time, options_);
  }

  std::expected<Answer, std::string> over(std::string_view query, Range range) {
    const auto expr = parse(query);
    if (!expr) return std::unexpected(expr.error().text());
    return evaluate(**expr, source_, range, options_);
  }

  // The one value of an instant query.
  double value(std::string_view query, std::int64_t time) {
    const auto answer = at(query, time);
    if (!answer) {
      ADD_FAILURE() << query << ": " << answer.error();
      return 0;
    }
    if (const auto* scalar = std::get_if<Scalar>(&answer->value)) return scalar->sample.value;
    const auto& vector = std::get<Vector>(answer->value);
    EXPECT_EQ(vector.size(), 1U) << query;
    return vector.size() == 1 ? vector.front().sample.value : std::nan("");
  }

  std::string error(std::string_view query, std::int64_t time = 0) {
    const auto answer = at(query, time);
    return answer ? "no error" : answer.error();
  }

  MemorySource source_;
  QueryOptions options_;
};

TEST_F(Engine, AnswersInTheFormThatWasAskedFor) {
  load({{"__name__", "a"}, {"x", "1"}}, {1, 2, 3});
  EXPECT_TRUE(std::holds_alternative<Scalar>(at("1 + 1", 0)->value));
  EXPECT_EQ(std::get<std::string>(at("(\"text\")", 0)->value), "text");
  EXPECT_EQ(std::get<Vector>(at("a", 0)->value).size(), 1U);
  const auto window = std::get<Matrix>(at("a[2m]", 2 * kMinute)->value);
  ASSERT_EQ(window.size(), 1U);
  EXPECT_EQ(window.front().points.size(), 2U) << "the sample on the left edge is outside";
  const auto range = std::get<Matrix>(over("a", {0, 2 * kMinute, kMinute})->value);
  ASSERT_EQ(range.size(), 1U);
  EXPECT_EQ(range.front().points.size(), 3U);
}

TEST_F(Engine, RefusesRangesThatMakeNoSense) {
  EXPECT_EQ(
      over("a[5m]", {0, kMinute, kMinute}).error(),
      "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
  EXPECT_EQ(over("a", {0, kMinute, 0}).error(), "the step must be greater than 0");
  EXPECT_EQ(over("a", {0, std::int64_t{1} << 62, 1}).error(), "the time is out of bounds");
  const auto backwards = over("a", {kMinute, 0, kMinute});
  ASSERT_TRUE(backwards.has_value());
  EXPECT_TRUE(std::get<Matrix>(backwards->value).empty());
}

TEST_F(Engine, LooksBackAsFarAsItIsTold) {
  load({{"__name__", "a"}}, {7});
  EXPECT_EQ(value("a", 5 * kMinute - 1), 7);
  EXPECT_TRUE(std::get<Vector>(at("a", 5 * kMinute)->value).empty());
  options_.lookback = 10 * kMinute;
  EXPECT_EQ(value("a", 10 * kMinute - 1), 7);
}

TEST_F(Engine, DropsNamesAtOnceUnlessToldToWait) {
  load({{"__name__", "a"}, {"x", "1"}}, {1, 2});
  load({{"__name__", "b"}, {"x", "1"}}, {1, 2});
  const std::string twice = "vector cannot contain metrics with the same labelset";
  EXPECT_EQ(error("abs({x=\"1\"})"), twice);
  const std::string renamed = "label_replace(abs(a), \"was\", \"$1\", \"__name__\", \"(.*)\")";
  EXPECT_EQ(std::get<Vector>(at(renamed, 0)->value).front().labels.text(), "{x=\"1\"}");
  EXPECT_EQ(error("sum(abs({x=\"1\"}))"), twice);

  options_.delayed_name_removal = true;
  EXPECT_EQ(error("abs({x=\"1\"})"), twice) << "in the end they are equal all the same";
  EXPECT_EQ(std::get<Vector>(at(renamed, 0)->value).front().labels.text(), "{was=\"a\", x=\"1\"}");
  EXPECT_EQ(value("sum(abs({x=\"1\"}))", 0), 2);
}

TEST_F(Engine, EndsQueriesThatHoldTooManySamples) {
  for (int each = 0; each < 20; ++each)
    load({{"__name__", "a"}, {"x", std::to_string(each)}}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  options_.max_samples = 100;
  const std::string too_many =
      "query processing would load too many samples into memory in query execution";
  EXPECT_EQ(value("sum(a)", 0), 20);
  EXPECT_EQ(error("sum(stddev_over_time(a[1m]))", kMinute), "no error");
  EXPECT_EQ(error("a[10m]", 9 * kMinute), too_many);
  EXPECT_EQ(over("a", {0, 9 * kMinute, kMinute}).error(), too_many);
  EXPECT_EQ(error("sum_over_time(vector(1)[1h:1s])"), too_many);
  // What one part of a query needed is free for the next.
  EXPECT_EQ(error("sum(a) + sum(a) + sum(a) + sum(a) + sum(a) + sum(a)"), "no error");
}

TEST_F(Engine, NeverWalksMoreStepsThanSamplesAllow) {
  EXPECT_NE(error("absent_over_time(nothing[1000y:1ms])"), "no error");
  EXPECT_NE(error("sum_over_time((nothing > 1)[200y:1ms])"), "no error");
  EXPECT_FALSE(over("nothing", {0, std::int64_t{1} << 60, 1}).has_value());
  EXPECT_FALSE(over("1", {0, std::int64_t{1} << 60, 1}).has_value());
}

TEST_F(Engine, LimitsWhatLabelsGrowTo) {
  load({{"__name__", "a"}, {"x", "12345678"}}, {1});
  std::string joined = "a", replaced = "a";
  for (int each = 0; each < 60; ++each) {
    joined.insert(0, "label_join(").append(R"(, "x", "", "x", "x"))");
    replaced.insert(0, "label_replace(").append(R"q(, "x", "$1$1", "x", "(.*)"))q");
  }
  EXPECT_EQ(error(joined), "a label's value is longer than 16 KiB");
  EXPECT_EQ(error(replaced), "a label's value is longer than 16 KiB");
}

TEST_F(Engine, StopsWhenToldTo) {
  load({{"__name__", "a"}}, {1, 2, 3});
  int asked = 0;
  options_.stop = [&] { return ++asked > 3; };
  EXPECT_EQ(error("sum_over_time(sum_over_time(a[1m])[10d:1s])", kMinute),
            "query timed out in expression evaluation");
  EXPECT_EQ(asked, 4) << "asked no more once it is over";
  asked = -1000;
  EXPECT_EQ(value("a", 0), 1);
}

TEST_F(Engine, AsksWhetherToStopByTheWorkOfItsWindows) {
  // A step is one window, but a window may be a million samples: it counts by what it holds.
  const Range ten_steps{0, 9000, 1000};
  for (const char* query : {"quantile_over_time(0.5, vector(time())[100000s:1s])",
                            "sum_over_time(vector(time())[100000s:1s])"}) {
    int asked = 0;
    options_.stop = [&] { return ++asked, false; };
    EXPECT_TRUE(over(query, ten_steps).has_value());
    EXPECT_GE(asked, 10) << query;
  }
}

TEST_F(Engine, WalksTheDeepestTreesThatParse) {
  load({{"__name__", "a"}}, {1, 2, 3});
  const auto nested = [](std::string_view front, std::string_view back) {
    std::string fronts, backs;
    for (int level = 0; level < kMaxDepth - 2; ++level) {
      fronts += front;
      backs += back;
    }
    return fronts + "a" + backs;
  };
  EXPECT_EQ(value(nested("(", ")"), 0), 1);
  EXPECT_EQ(value(nested("-", ""), 0), 1);
  EXPECT_EQ(value(nested("abs(", ")"), 0), 1);
  EXPECT_EQ(value(nested("sum(", ")"), 0), 1);
  EXPECT_EQ(value(nested("", " + a"), 0), kMaxDepth - 1);
  EXPECT_EQ(value(nested("1 * ", ""), 0), 1);
}

TEST_F(Engine, SaysWhatItCould) {
  load({{"__name__", "a_gauge"}}, {1, 2, 3});
  const std::string query = "sum(\n  rate(a_gauge[5m]))";
  const auto answer = at(query, 2 * kMinute);
  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(answer->annotations.infos(query).size(), 1U);
  EXPECT_EQ(answer->annotations.infos(query).front(),
            "PromQL info: metric might not be a counter, name does not end in "
            "_total/_sum/_count/_bucket: \"a_gauge\" (2:8)");
  EXPECT_TRUE(answer->annotations.warnings().empty());
}

TEST_F(Engine, NamesBothSeriesThatAreOneTooMany) {
  load({{"__name__", "a"}, {"x", "1"}}, {1});
  load({{"__name__", "b"}, {"x", "1"}, {"y", "1"}}, {1});
  load({{"__name__", "b"}, {"x", "1"}, {"y", "2"}}, {1});
  EXPECT_EQ(error("a + on(x) b"),
            "found duplicate series for the match group {x=\"1\"} on the right hand-side of the "
            "operation: [{__name__=\"b\", x=\"1\", y=\"1\"}, {__name__=\"b\", x=\"1\", y=\"2\"}]"
            ";many-to-many matching not allowed: matching labels must be unique on one side");
  EXPECT_EQ(error("b + on(x) a"),
            "multiple matches for labels: many-to-one matching must be explicit "
            "(group_left/group_right)");
  EXPECT_EQ(error("label_replace(b, \"y\", \"same\", \"\", \"\")"),
            "vector cannot contain metrics with the same labelset");
}

// Counts how its cursors are read.
class CountingSource : public Source {
 public:
  struct Reads {
    int selects = 0, samples = 0, summaries = 0;
  };

  explicit CountingSource(const Source& source) : source_(source) {}

  std::vector<std::unique_ptr<Cursor>> select(const std::vector<Matcher>& matchers,
                                              std::int64_t from, std::int64_t to) const override {
    ++reads.selects;
    std::vector<std::unique_ptr<Cursor>> cursors;
    for (auto& cursor : source_.select(matchers, from, to))
      cursors.push_back(std::make_unique<Counting>(std::move(cursor), reads));
    return cursors;
  }

  mutable Reads reads;

 private:
  class Counting : public Cursor {
   public:
    Counting(std::unique_ptr<Cursor> cursor, Reads& reads)
        : cursor_(std::move(cursor)), reads_(reads) {}
    const Labels& labels() const override { return cursor_->labels(); }
    void samples(std::int64_t from, std::int64_t to, std::vector<Sample>& out) override {
      const std::size_t before = out.size();
      cursor_->samples(from, to, out);
      reads_.samples += static_cast<int>(out.size() - before);
    }
    bool latest(std::int64_t from, std::int64_t to, Sample& out) override {
      return cursor_->latest(from, to, out);
    }
    WindowSummary summary(std::int64_t from, std::int64_t to) override {
      ++reads_.summaries;
      return cursor_->summary(from, to);
    }

   private:
    std::unique_ptr<Cursor> cursor_;
    Reads& reads_;
  };

  const Source& source_;
};

TEST_F(Engine, TakesWindowsFromSummariesAndSelectsOnce) {
  load({{"__name__", "a_total"}}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  for (const char* function :
       {"rate", "increase", "delta", "sum_over_time", "avg_over_time", "min_over_time",
        "max_over_time", "count_over_time", "last_over_time", "first_over_time",
        "present_over_time", "changes", "resets", "absent_over_time"}) {
    const CountingSource counting(source_);
    const auto expr = parse(std::string(function) + "(a_total[5m])");
    ASSERT_TRUE(expr.has_value()) << function;
    // One behind the other, so that none has seen what the next one needs.
    ASSERT_TRUE(evaluate(**expr, counting, Range{0, 45 * kMinute, 5 * kMinute}).has_value());
    EXPECT_EQ(counting.reads.selects, 1) << function;
    EXPECT_EQ(counting.reads.summaries, 10) << function;
    EXPECT_EQ(counting.reads.samples, 0) << function;
    // Over each other: a window of few samples slides.
    ASSERT_TRUE(evaluate(**expr, counting, Range{0, 9 * kMinute, kMinute}).has_value());
    EXPECT_EQ(counting.reads.summaries, 11) << function;
    EXPECT_LE(counting.reads.samples, 10) << function;
  }
}

TEST_F(Engine, ReadsEachSampleOfOverlappingWindowsOnce) {
  load({{"__name__", "a"}}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  const CountingSource counting(source_);
  const auto expr = parse("stddev_over_time(a[5m])");
  ASSERT_TRUE(expr.has_value());
  ASSERT_TRUE(evaluate(**expr, counting, Range{0, 9 * kMinute, kMinute}).has_value());
  EXPECT_EQ(counting.reads.samples, 10);
  EXPECT_EQ(counting.reads.summaries, 0);
}

// The straight way to the value of some window functions, to compare with.
double naive(std::string_view function, const std::vector<double>& values) {
  double sum = 0, resets = 0, changes = 0;
  for (std::size_t at = 0; at < values.size(); ++at) {
    sum += values[at];
    if (at > 0 && values[at] < values[at - 1]) ++resets;
    if (at > 0 && values[at] != values[at - 1]) ++changes;
  }
  if (function == "sum_over_time") return sum;
  if (function == "avg_over_time") return sum / static_cast<double>(values.size());
  if (function == "resets") return resets;
  if (function == "changes") return changes;
  if (function == "min_over_time") return *std::ranges::min_element(values);
  if (function == "max_over_time") return *std::ranges::max_element(values);
  return static_cast<double>(values.size());
}

TEST_F(Engine, AgreesWithTheStraightWayOnEveryWindow) {
  const std::vector<double> values = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9};
  for (std::size_t at = 0; at < values.size(); ++at)
    source_.add({{"__name__", "a"}}, {static_cast<std::int64_t>(at) * kMinute, values[at]});
  const std::string functions[] = {"sum_over_time", "avg_over_time", "resets",         "changes",
                                   "min_over_time", "max_over_time", "count_over_time"};
  for (const std::string& function : functions) {
    for (std::size_t from = 0; from < values.size(); ++from) {
      for (std::size_t to = from + 1; to <= values.size(); ++to) {
        const std::vector<double> window(values.begin() + static_cast<std::ptrdiff_t>(from),
                                         values.begin() + static_cast<std::ptrdiff_t>(to));
        const std::string query = function + "(a[" + std::to_string(to - from) + "m])";
        EXPECT_DOUBLE_EQ(value(query, static_cast<std::int64_t>(to - 1) * kMinute),
                         naive(function, window))
            << query;
      }
    }
  }
}

}  // namespace
}  // namespace rules
