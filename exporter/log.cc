#include "exporter/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>

namespace exporter {
namespace {

std::atomic<LogFormat> g_format{LogFormat::logfmt};

constexpr spdlog::level::level_enum kSpdlogLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                       spdlog::level::warn, spdlog::level::err};
constexpr std::string_view kLevelNames[] = {"DEBUG", "INFO", "WARN", "ERROR"};

bool needs_quotes(std::string_view value) {
  if (value.empty()) return true;
  for (unsigned char c : value) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return true;
  }
  return false;
}

// Quoted as in JSON, which is also how logfmt readers take quoted values. A value cannot start a
// new line or a new field.
std::string quoted(std::string_view value) {
  std::string out = "\"";
  for (unsigned char c : value) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

std::string now_text() {
  auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), (now - seconds).count());
}

}  // namespace

std::string format_log_line(LogFormat format, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields) {
  std::string_view level_name = kLevelNames[static_cast<int>(level)];
  if (format == LogFormat::json) {
    std::string line = fmt::format("\"level\":\"{}\",\"msg\":{}", level_name, quoted(message));
    for (const auto& [key, value] : fields)
      line += fmt::format(",{}:{}", quoted(key), quoted(value));
    return line;
  }
  std::string line = fmt::format("level={} msg={}", level_name, quoted(message));
  for (const auto& [key, value] : fields) {
    line += fmt::format(" {}={}", key, needs_quotes(value) ? quoted(value) : value);
  }
  return line;
}

void setup_log(LogLevel level, LogFormat format) {
  g_format = format;
  auto logger = std::make_shared<spdlog::logger>("sla_exporter",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(kSpdlogLevels[static_cast<int>(level)]);
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(logger);
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  spdlog::level::level_enum spdlog_level = kSpdlogLevels[static_cast<int>(level)];
  spdlog::logger* logger = spdlog::default_logger_raw();
  if (!logger->should_log(spdlog_level)) return;
  LogFormat format = g_format;
  std::string line = format_log_line(format, level, message, fields);
  if (format == LogFormat::json) {
    logger->log(spdlog_level, "{{\"time\":\"{}\",{}}}", now_text(), line);
  } else {
    logger->log(spdlog_level, "time={} {}", now_text(), line);
  }
}

}  // namespace exporter
