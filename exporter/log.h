// Log lines in the family's form: time= level= msg= and fields, as logfmt or JSON, on standard
// error. Every line says what, which target, and what to do next. Thread-safe after setup_log.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace exporter {

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { logfmt, json };

// Throws nothing; unknown names are refused by the command line before.
void setup_log(LogLevel level, LogFormat format);

using LogField = std::pair<std::string_view, std::string>;
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

inline void log_debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::debug, message, fields);
}
inline void log_info(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::info, message, fields);
}
inline void log_warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::warn, message, fields);
}
inline void log_error(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::error, message, fields);
}

// The line without its time, for tests: `level=INFO msg="..." key=value`.
std::string format_log_line(LogFormat format, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields);

}  // namespace exporter
