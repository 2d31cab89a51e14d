// The maintenance calendars of a configuration, read again when a file changes and once a day,
// because recurring events are expanded only so far ahead. One thread at a time.
#pragma once

#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/sla/window.h"

namespace exporter {

class CalendarWatch {
 public:
  static constexpr std::chrono::seconds kReadAgainAfter = std::chrono::hours(24);

  // The windows of all calendars. The error names file, line and remedy; nothing is half read.
  std::expected<std::vector<MaintenanceWindow>, std::string> read(const Config& config,
                                                                  Seconds now);
  // Whether a file differs from what was read last, or the last reading is a day old.
  bool stale(const Config& config, Seconds now) const;

 private:
  using Stamp = std::pair<std::filesystem::file_time_type, std::uintmax_t>;
  static Stamp stamp_of(const std::filesystem::path& file);

  std::map<std::filesystem::path, Stamp> read_;
  Seconds read_at_{};
};

}  // namespace exporter
