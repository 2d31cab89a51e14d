// The two text formats, byte for byte, and what must not break them: numbers, locales, hostile
// text.
#include "exporter/metrics/writer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>

#include <clocale>
#include <limits>
#include <locale>

#include "exporter/metrics/family.h"
#include "exporter/metrics/page.h"
#include "exporter/metrics/text.h"
#include "tests/fakes/metrics_checker.h"

namespace exporter {
namespace {

using prometheus::ClientMetric;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr MetricName kRuns{"sla_runs_total", MetricKind::counter, "", "check", "Runs."};
constexpr MetricName kLag{"sla_lag_seconds", MetricKind::histogram, "seconds", "le", "Lag."};
constexpr MetricName kBuild{"sla_build_info", MetricKind::info, "", "version",
                            "A \"quoted\"\nhelp."};
constexpr MetricName kEmpty{"sla_empty", MetricKind::gauge, "", "", "Never written."};

template <class Add>
std::shared_ptr<prometheus::Collectable> family(const MetricName& name, Add add) {
  return std::make_shared<SingleFamily<Add>>(name, add);
}

std::vector<std::shared_ptr<prometheus::Collectable>> example() {
  return {
      family(kRuns,
             [](SeriesPool& out) {
               out.add(3, {{"check", "home"}});
               out.add(1e9, {{"check", "faq"}});
             }),
      family(kEmpty, [](SeriesPool&) {}),
      family(kLag,
             [](SeriesPool& out) {
               const std::vector<ClientMetric::Bucket> buckets = {
                   {2, 0.005}, {3, 1}, {4, kInfinity}};
               out.add_histogram(buckets, 2.75);
             }),
      family(kBuild, [](SeriesPool& out) { out.add(1, {{"version", "1.2"}}); }),
  };
}

TEST(MetricsWriterTest, WritesTheOlderFormatByteForByte) {
  EXPECT_EQ(render_metrics(example(), MetricsFormat::text_0_0_4),
            "# HELP sla_runs_total Runs.\n"
            "# TYPE sla_runs_total counter\n"
            "sla_runs_total{check=\"home\"} 3\n"
            "sla_runs_total{check=\"faq\"} 1000000000\n"
            "# HELP sla_lag_seconds Lag.\n"
            "# TYPE sla_lag_seconds histogram\n"
            "sla_lag_seconds_bucket{le=\"0.005\"} 2\n"
            "sla_lag_seconds_bucket{le=\"1\"} 3\n"
            "sla_lag_seconds_bucket{le=\"+Inf\"} 4\n"
            "sla_lag_seconds_sum 2.75\n"
            "sla_lag_seconds_count 4\n"
            "# HELP sla_build_info A \"quoted\"\\nhelp.\n"
            "# TYPE sla_build_info gauge\n"
            "sla_build_info{version=\"1.2\"} 1\n");
}

TEST(MetricsWriterTest, WritesOpenMetricsByteForByte) {
  EXPECT_EQ(render_metrics(example(), MetricsFormat::openmetrics_1_0_0),
            "# HELP sla_runs Runs.\n"
            "# TYPE sla_runs counter\n"
            "sla_runs_total{check=\"home\"} 3\n"
            "sla_runs_total{check=\"faq\"} 1000000000\n"
            "# HELP sla_lag_seconds Lag.\n"
            "# TYPE sla_lag_seconds histogram\n"
            "# UNIT sla_lag_seconds seconds\n"
            "sla_lag_seconds_bucket{le=\"0.005\"} 2\n"
            "sla_lag_seconds_bucket{le=\"1.0\"} 3\n"
            "sla_lag_seconds_bucket{le=\"+Inf\"} 4\n"
            "sla_lag_seconds_sum 2.75\n"
            "sla_lag_seconds_count 4\n"
            "# HELP sla_build A \\\"quoted\\\"\\nhelp.\n"
            "# TYPE sla_build info\n"
            "sla_build_info{version=\"1.2\"} 1\n"
            "# EOF\n");
}

TEST(MetricsWriterTest, WritesHistogramsWithLabelsOneAfterTheOther) {
  const auto lags = [](SeriesPool& out) {
    const std::vector<ClientMetric::Bucket> some = {{2, 1}, {3, kInfinity}},
                                            none = {{0, 1}, {0, kInfinity}};
    out.add_histogram(some, 4, {{"level", "first"}});
    out.add_histogram(none, 0, {{"level", "legal"}});
  };
  const std::string page = render_metrics({family(kLag, lags)}, MetricsFormat::text_0_0_4);
  EXPECT_EQ(page,
            "# HELP sla_lag_seconds Lag.\n"
            "# TYPE sla_lag_seconds histogram\n"
            "sla_lag_seconds_bucket{level=\"first\",le=\"1\"} 2\n"
            "sla_lag_seconds_bucket{level=\"first\",le=\"+Inf\"} 3\n"
            "sla_lag_seconds_sum{level=\"first\"} 4\n"
            "sla_lag_seconds_count{level=\"first\"} 3\n"
            "sla_lag_seconds_bucket{level=\"legal\",le=\"1\"} 0\n"
            "sla_lag_seconds_bucket{level=\"legal\",le=\"+Inf\"} 0\n"
            "sla_lag_seconds_sum{level=\"legal\"} 0\n"
            "sla_lag_seconds_count{level=\"legal\"} 0\n");
  EXPECT_EQ(fakes::check_metrics_page(page, false).problems, std::vector<std::string>());
  // The reader of pages in our tests sees a histogram that is wrong among others that are right.
  std::string wrong = page;
  wrong.replace(wrong.find("le=\"+Inf\"} 3"), 12, "le=\"+Inf\"} 1");
  EXPECT_EQ(fakes::check_metrics_page(wrong, false).problems.size(), 2u);
}

std::string number(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

TEST(MetricsWriterTest, WritesNumbersShortAndExact) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-3), "-3");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1764000000), "1764000000");
  EXPECT_EQ(number(999999999999999.0), "999999999999999");
  EXPECT_EQ(number(1e300), "1e+300");
  EXPECT_EQ(number(5e-324), "5e-324");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "NaN");
  for (double value : {0.1 + 0.2, 1.0 / 3, 123456.789e-7, 9007199254740993.0}) {
    EXPECT_EQ(std::stod(number(value)), value);
  }
}

struct GermanNumbers : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

// The C library's German locale is used too where it is installed; C++ streams always.
TEST(MetricsWriterTest, WritesTheSamePageInAGermanLocale) {
  const std::string expected = render_metrics(example(), MetricsFormat::text_0_0_4);
  const std::locale before =
      std::locale::global(std::locale(std::locale::classic(), new GermanNumbers));
  std::setlocale(LC_ALL, "de_DE.UTF-8");
  const std::string page = render_metrics(example(), MetricsFormat::text_0_0_4);
  const std::string fraction = number(1234567.5);
  std::locale::global(before);
  std::setlocale(LC_ALL, "C");
  EXPECT_EQ(page, expected);
  EXPECT_EQ(fraction, "1234567.5");
}

std::string label(std::string_view value) {
  std::string out;
  append_label_value(out, value);
  return out;
}

TEST(MetricsWriterTest, EscapesHostileLabelValues) {
  EXPECT_EQ(label("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
  EXPECT_EQ(label("\"} 1\nsla_forged 1"), "\\\"} 1\\nsla_forged 1");
  EXPECT_EQ(label(std::string_view("a\0b", 3)),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(label("Z\xc3\xbcrich \xf0\x9f\x98\x80"), "Z\xc3\xbcrich \xf0\x9f\x98\x80");
}

TEST(MetricsWriterTest, ReplacesWhatIsNotUtf8) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(label("\xff"), bad);
  EXPECT_EQ(label("a\xc3"), "a" + bad);                         // cut off
  EXPECT_EQ(label("\xc0\xaf"), bad + bad);                      // overlong
  EXPECT_EQ(label("\xed\xa0\x80"), bad + bad + bad);            // a surrogate
  EXPECT_EQ(label("\xf4\x90\x80\x80"), bad + bad + bad + bad);  // above U+10FFFF
  EXPECT_EQ(label("\xe2\x82x"), bad + bad + "x");
}

TEST(MetricsWriterTest, ReadsBackWhatItWroteWhateverTheBytes) {
  std::vector<std::string> values;
  for (int c = 1; c < 128; ++c) values.push_back(fmt::format("v{}", static_cast<char>(c)));
  const auto page = render_metrics({family(kRuns,
                                           [&](SeriesPool& out) {
                                             for (const auto& v : values)
                                               out.add(1, {{"check", v}});
                                           })},
                                   MetricsFormat::text_0_0_4);
  auto checked = fakes::check_metrics_page(page, false);
  // The checker dislikes the bare carriage return; the formats allow it inside a value.
  std::erase_if(checked.problems, [](const std::string& p) { return p.find('\r') != p.npos; });
  EXPECT_EQ(checked.problems, std::vector<std::string>());
  ASSERT_EQ(checked.samples.size(), values.size() - 1);
}

TEST(MetricsWriterTest, WritesFamiliesOfOtherCollectables) {
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter()
      .Name("foreign_total")
      .Help("F.")
      .Register(*registry)
      .Add({{"a", "b"}})
      .Increment();
  prometheus::BuildSummary()
      .Name("foreign_size")
      .Help("S.")
      .Register(*registry)
      .Add({}, prometheus::Summary::Quantiles{{0.5, 0.05}})
      .Observe(4);
  const auto page = render_metrics({registry}, MetricsFormat::openmetrics_1_0_0);
  EXPECT_NE(page.find("# TYPE foreign counter\nforeign_total{a=\"b\"} 1\n"), std::string::npos);
  EXPECT_NE(
      page.find("foreign_size{quantile=\"0.5\"} 4\nforeign_size_sum 4\nforeign_size_count 1\n"),
      std::string::npos);
}

// A family of one series for each name. The names must outlive it.
std::shared_ptr<prometheus::Collectable> family_of(const std::vector<std::string>& names) {
  const auto add = [](const std::string& name, SeriesPool& out) { out.add(1, {{"check", name}}); };
  return std::make_shared<ListFamily<std::vector<std::string>, decltype(add)>>(kRuns, nullptr,
                                                                               names, add);
}

std::vector<std::string> many_names() {
  constexpr std::size_t kSeries = 50'000;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kSeries; ++i) names.push_back(fmt::format("check-{}", i));
  return names;
}

TEST(MetricsWriterTest, WritesTheSamePageWhateverLengthWasExpected) {
  const auto names = many_names();
  const auto page = render_metrics({family_of(names)}, MetricsFormat::text_0_0_4);
  for (std::size_t expected :
       {1ul, page.size() / 2, page.size() - 1, page.size(), 2 * page.size()}) {
    EXPECT_TRUE(render_metrics({family_of(names)}, MetricsFormat::text_0_0_4, expected) == page)
        << "expected " << expected << " bytes of " << page.size();
  }
}

TEST(MetricsWriterTest, WritesPlainAndEscapedLabelsOfOneSeries) {
  const auto page = render_metrics({family(kRuns,
                                           [](SeriesPool& out) {
                                             out.add(1, {{"check", "a\"b"}, {"state", "plain"}});
                                             out.add(2, {{"check", "plain"}, {"state", ""}});
                                           })},
                                   MetricsFormat::text_0_0_4);
  EXPECT_NE(page.find("{check=\"a\\\"b\",state=\"plain\"} 1\n"), std::string::npos) << page;
  EXPECT_NE(page.find("{check=\"plain\",state=\"\"} 2\n"), std::string::npos) << page;
}

TEST(MetricsWriterTest, JoinsItsBlocksInOrder) {
  const auto names = many_names();
  const auto list = family_of(names);
  const auto page = render_metrics({list}, MetricsFormat::text_0_0_4);
  std::string expected = "# HELP sla_runs_total Runs.\n# TYPE sla_runs_total counter\n";
  for (const auto& name : names) expected += "sla_runs_total{check=\"" + name + "\"} 1\n";
  EXPECT_TRUE(page == expected);
  EXPECT_EQ(list->Collect()[0].metric.size(), names.size());
}

TEST(MetricsWriterTest, ChecksPagesStrictly) {
  const auto problems = [](std::string_view page, bool openmetrics = false) {
    return fakes::check_metrics_page(page, openmetrics).problems.size();
  };
  const std::string head = "# HELP a A.\n# TYPE a gauge\n";
  EXPECT_EQ(problems(head + "a 1\n"), 0u);
  EXPECT_EQ(problems(head + "a 1\na 1\n"), 1u);  // duplicate
  EXPECT_EQ(problems(head + "a 1\n# HELP b B.\n# TYPE b gauge\nb 1\na{x=\"1\"} 1\n"), 1u);
  EXPECT_GE(problems(head + "a 1\n# HELP b B.\n# TYPE b gauge\nb 1\n" + head + "a{x=\"1\"} 1\n"),
            1u);
  EXPECT_GE(problems("a 1\n"), 1u);
  EXPECT_GE(problems("# HELP a A.\n# TYPE a counter\na 1\n"), 1u);
  EXPECT_EQ(problems(head + "a 1\n", true), 1u);  // no end
  EXPECT_EQ(problems(head + "a 1\n# EOF\na{b=\"c\"} 2\n", true), 1u);
}

TEST(NegotiationTest, ChoosesTheFormatByQualityAndSpecificity) {
  const auto is_open = [](std::string_view accept) {
    return negotiate_metrics_format(accept) == MetricsFormat::openmetrics_1_0_0;
  };
  EXPECT_FALSE(is_open(""));
  EXPECT_FALSE(is_open("*/*"));
  EXPECT_FALSE(is_open("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"));
  // Prometheus 2.42 and 3.x
  EXPECT_TRUE(
      is_open("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
              "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  EXPECT_TRUE(
      is_open("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
              "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
              "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"));
  EXPECT_FALSE(is_open("application/openmetrics-text; version=0.0.1,text/plain;q=0.5"));
  EXPECT_FALSE(is_open("application/openmetrics-text;q=0.3,text/plain;q=0.5"));
  EXPECT_FALSE(is_open("application/openmetrics-text;q=0,*/*"));
  EXPECT_TRUE(is_open("application/openmetrics-text; version=\"1.0.0\", */*;q=0.5"));
  EXPECT_TRUE(is_open("APPLICATION/OpenMetrics-Text"));
  EXPECT_FALSE(is_open("application/openmetrics-text;q=nonsense"));
}

}  // namespace
}  // namespace exporter
