// Conversions of times, and the lock.
#include "exporter/sla/ical_time.h"

namespace exporter {

using std::chrono::local_seconds;

std::unique_lock<std::mutex> hold_libical() {
  static std::mutex mutex;
  return std::unique_lock(mutex);
}

local_seconds local_of(const icaltimetype& time) {
  const std::chrono::year_month_day date(std::chrono::year(time.year),
                                         std::chrono::month(static_cast<unsigned>(time.month)),
                                         std::chrono::day(static_cast<unsigned>(time.day)));
  const local_seconds day{std::chrono::local_days{date}};
  if (time.is_date) return day;
  return day + std::chrono::hours(time.hour) + std::chrono::minutes(time.minute) +
         std::chrono::seconds(time.second);
}

icaltimetype ical_of(local_seconds at, bool is_date) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  icaltimetype result = icaltime_null_time();
  result.year = static_cast<int>(date.year());
  result.month = static_cast<int>(static_cast<unsigned>(date.month()));
  result.day = static_cast<int>(static_cast<unsigned>(date.day()));
  result.is_date = is_date ? 1 : 0;
  if (is_date) return result;
  result.hour = static_cast<int>(time.hours().count());
  result.minute = static_cast<int>(time.minutes().count());
  result.second = static_cast<int>(time.seconds().count());
  return result;
}

Wall wall_of(Zone zone) {
  return {[zone](local_seconds at) { return zone.from_local(at); },
          [zone](Seconds at) { return zone.to_local(at); }};
}

Wall wall_of(icaltimezone* zone) {
  return {
      [zone](local_seconds at) {
        return Seconds(std::chrono::seconds(icaltime_as_timet_with_zone(ical_of(at, false), zone)));
      },
      [zone](Seconds at) {
        return local_of(icaltime_from_timet_with_zone(at.time_since_epoch().count(), 0, zone));
      }};
}

}  // namespace exporter
