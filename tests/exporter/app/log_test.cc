// A log line is one line, and a value cannot forge a field or another line.
#include "exporter/log.h"

#include <gtest/gtest.h>

namespace exporter {
namespace {

TEST(Log, WritesFieldsInTheFamilysForm) {
  EXPECT_EQ(format_log_line(LogFormat::logfmt, LogLevel::info, "ready", {{"checks", "5"}}),
            "level=INFO msg=\"ready\" checks=5");
  EXPECT_EQ(format_log_line(LogFormat::json, LogLevel::warn, "slow", {{"seconds", "2"}}),
            R"("level":"WARN","msg":"slow","seconds":"2")");
}

TEST(Log, QuotesWhatCouldForgeAFieldOrALine) {
  std::string line = format_log_line(LogFormat::logfmt, LogLevel::error, "a\nb",
                                     {{"error", "x level=INFO msg=\"ok\"\r\n"}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\r'), std::string::npos);
  EXPECT_EQ(line, R"(level=ERROR msg="a\nb" error="x level=INFO msg=\"ok\"\u000d\n")");
}

}  // namespace
}  // namespace exporter
