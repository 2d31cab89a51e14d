#include "exporter/calendar_watch.h"

#include "exporter/sla/icalendar.h"

namespace exporter {

CalendarWatch::Stamp CalendarWatch::stamp_of(const std::filesystem::path& file) {
  std::error_code failed;
  std::filesystem::file_time_type time = std::filesystem::last_write_time(file, failed);
  std::uintmax_t size = std::filesystem::file_size(file, failed);
  return failed ? Stamp{} : Stamp{time, size};
}

std::expected<std::vector<MaintenanceWindow>, std::string> CalendarWatch::read(const Config& config,
                                                                               Seconds now) {
  std::vector<MaintenanceWindow> windows;
  read_.clear();
  read_at_ = now;
  for (const std::filesystem::path& file : config.maintenance_calendars) {
    // The stamp is taken first: a change while reading is then seen as one.
    read_[file] = stamp_of(file);
    auto zone = Zone::parse(config.agreements.front().timezone);
    if (!zone) return std::unexpected(zone.error());
    CalendarQuestion question{
        .file = file.string(), .zone = *zone, .within = {now, now + kCalendarHorizon}};
    for (const Service& service : config.services) question.services.push_back(service.name);
    for (const AgreementTerms& terms : config.agreements) question.agreements.push_back(terms.name);
    auto found = read_calendar_file(question);
    if (!found) return std::unexpected(found.error());
    windows.insert(windows.end(), found->begin(), found->end());
  }
  return windows;
}

bool CalendarWatch::stale(const Config& config, Seconds now) const {
  if (config.maintenance_calendars.empty()) return false;
  if (now - read_at_ >= kReadAgainAfter) return true;
  for (const std::filesystem::path& file : config.maintenance_calendars) {
    auto known = read_.find(file);
    if (known == read_.end() || known->second != stamp_of(file)) return true;
  }
  return false;
}

}  // namespace exporter
