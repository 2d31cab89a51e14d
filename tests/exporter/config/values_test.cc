// How people write durations, objectives, sizes and moments; and that no locale changes it.
#include "exporter/config/values.h"

#include <gtest/gtest.h>

#include <clocale>
#include <locale>
#include <sstream>

#include "exporter/config/show.h"
#include "tests/exporter/config/memory_files.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

TEST(Durations, AreReadAsPrometheusReadsThem) {
  EXPECT_EQ(parse_duration("500ms"), Duration(500ms));
  EXPECT_EQ(parse_duration("90s"), Duration(90s));
  EXPECT_EQ(parse_duration("1h30m"), Duration(90min));
  EXPECT_EQ(parse_duration("1y2w3d4h5m6s7ms"),
            Duration(24h * (365 + 14 + 3) + 4h + 5min + 6s + 7ms));
  EXPECT_EQ(parse_duration("0"), Duration{});
  for (const char* wrong : {"", "s", "1", "1.5h", "1h 30m", "30m1h", "1m1m", "-1s", "+1s", "1S",
                            "1us", "1h30", "0x1s", "10000000000000s", "101y"}) {
    EXPECT_FALSE(parse_duration(wrong).has_value()) << wrong;
  }
}

TEST(Durations, AreWrittenSoThatTheyReadTheSame) {
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(90min), "1h30m");
  EXPECT_EQ(format_duration(36h), "1d12h");
  for (std::int64_t ms = 1; ms < 200'000'000'000; ms = ms * 3 + 7) {
    const Duration duration = std::chrono::milliseconds(ms);
    EXPECT_EQ(parse_duration(format_duration(duration)), duration) << ms;
  }
}

TEST(Retention, CountsMonthsInWholeDays) {
  EXPECT_EQ(parse_retention("15 months"), Duration(24h * 457));
  EXPECT_EQ(parse_retention("15mo"), Duration(24h * 457));
  EXPECT_EQ(parse_retention("1 month"), Duration(24h * 31));
  EXPECT_EQ(parse_retention("12 months"), Duration(24h * 366));
  EXPECT_FALSE(parse_retention("months").has_value());
  EXPECT_FALSE(parse_retention("1201 months").has_value());
}

TEST(Objectives, AreExactToSixDecimals) {
  const auto ppm = [](std::string_view text) {
    const auto objective = parse_objective(text);
    return objective ? objective->parts_per_million : -1;
  };
  EXPECT_EQ(ppm("99%"), 990'000);
  EXPECT_EQ(ppm("99.95%"), 999'500);
  EXPECT_EQ(ppm("99.9999%"), 999'999);
  EXPECT_EQ(ppm("99.99990000%"), 999'999);
  EXPECT_EQ(ppm("99 %"), 990'000);
  EXPECT_EQ(ppm("0.999"), 999'000);
  EXPECT_EQ(ppm("0.999999"), 999'999);
  EXPECT_EQ(ppm("0.0001%"), 1);
  EXPECT_EQ(ppm("100%"), 1'000'000);
  for (const char* wrong : {"", "%", "99", "1", "1.0", "100.0001%", "99.99999%", "0.9999999", "0",
                            "0%", ".9", "99.%", "99,9%", "1e-3", "-1%", "nan", "99%%", "9999%"}) {
    EXPECT_EQ(ppm(wrong), -1) << wrong;
  }
}

TEST(Objectives, AreWrittenSoThatTheyReadTheSame) {
  EXPECT_EQ(format_objective({990'000}), "99%");
  EXPECT_EQ(format_objective({999'500}), "99.95%");
  EXPECT_EQ(format_objective({1}), "0.0001%");
  for (std::int64_t ppm = 1; ppm <= 1'000'000; ppm += 97) {
    EXPECT_EQ(parse_objective(format_objective({ppm})), Objective{ppm});
  }
}

TEST(Sizes, CountInStepsOf1024) {
  EXPECT_EQ(parse_size("1048576"), 1048576u);
  EXPECT_EQ(parse_size("64MiB"), 64u << 20);
  EXPECT_EQ(parse_size("10MB"), 10u << 20);
  EXPECT_EQ(parse_size("1024TiB"), 1ull << 50);
  for (const char* wrong : {"", "MB", "1 MB", "1mb", "-1", "1025TiB", "99999999999999"}) {
    EXPECT_FALSE(parse_size(wrong).has_value()) << wrong;
  }
}

TEST(Moments, TakeTheZoneWhenTheyHaveNoOffset) {
  const Zone geneva = *Zone::parse("Europe/Zurich");
  const auto utc = [&](std::string_view text) {
    const auto at = parse_time(text, geneva);
    return at ? format_utc(*at) : at.error();
  };
  EXPECT_EQ(utc("2026-12-06T02:00+01:00"), "2026-12-06T01:00:00Z");
  EXPECT_EQ(utc("2026-12-06T02:00:30-06:30"), "2026-12-06T08:30:30Z");
  EXPECT_EQ(utc("2026-12-06T02:00Z"), "2026-12-06T02:00:00Z");
  EXPECT_EQ(utc("2026-12-06 02:00"), "2026-12-06T01:00:00Z");
  EXPECT_EQ(utc("2026-07-06"), "2026-07-05T22:00:00Z");
  EXPECT_EQ(utc("2026-10-25T02:30+01:00"), "2026-10-25T01:30:00Z") << "an offset settles it";
  for (const char* wrong :
       {"", "2026", "2026-13-01", "2026-02-29", "2026-12-06T24:00", "2026-12-06T02", "1969-12-31",
        "2026-12-06T02:00+1", "2026-12-06T02:00+15:00", "2026-12-06T02:00:00.5Z", "2200-01-01",
        "2026-12-06T02:00Zulu", "06.12.2026", "2026-12-06T02:60", "@1764550800"}) {
    EXPECT_FALSE(parse_time(wrong, geneva).has_value()) << wrong;
  }
}

// German punctuation, which no machine has to have installed.
class GermanNumbers : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

class GermanLocale {
 public:
  GermanLocale() {
    before_c_ = std::setlocale(LC_ALL, nullptr);
    before_ = std::locale::global(std::locale(std::locale::classic(), new GermanNumbers));
    // Where the real one is installed, C functions see it too.
    std::setlocale(LC_ALL, "de_DE.UTF-8");
  }
  GermanLocale(const GermanLocale&) = delete;
  GermanLocale& operator=(const GermanLocale&) = delete;
  ~GermanLocale() {
    std::locale::global(before_);
    std::setlocale(LC_ALL, before_c_.c_str());
  }

 private:
  std::locale before_;
  std::string before_c_;
};

TEST(Values, MeanTheSameUnderAGermanLocale) {
  const GermanLocale german;
  std::ostringstream proof;
  proof << 1234.5;
  ASSERT_EQ(proof.str(), "1.234,5") << "the locale is in force";
  const auto config = load_text(
      "defaults: {objective: 99.95%, every: 1m, timeout: 1s500ms}\nservices:\n  web: {checks: "
      "[{module: tcp_connect, target: \"a.example:25\"}]}\nretention: {evidence: 1500000}\n");
  const std::string shown = config ? show_config(*config) : errors_of(config);
  EXPECT_NE(shown.find("objective: 99.95%"), shown.npos) << shown;
  EXPECT_NE(shown.find("timeout: 1s500ms"), shown.npos) << shown;
  EXPECT_NE(shown.find("evidence: 1500000"), shown.npos) << shown;
}

}  // namespace
}  // namespace exporter::config
