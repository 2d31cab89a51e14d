// Holidays of iCalendar files, through libical's parser and recurrence iterator. Everything is a
// date here, so that no zone plays a part: a holiday is the day it is written on, wherever the
// calendar is.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "exporter/sla/ical_events.h"
#include "exporter/sla/ical_time.h"
#include "exporter/ticket/holidays.h"

namespace exporter {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using Event = IcalEvent;
template <class T>
using Read = std::expected<T, std::string>;

// A rule that is not at its end after so many occurrences is refused instead of computed.
constexpr std::size_t kMaxOccurrences = kMaxHolidays;

local_days date_of(const icaltimetype& time) { return std::chrono::floor<days>(local_of(time)); }

// A date, or midnight on somebody's clock.
bool is_whole(const icaltimetype& time) {
  if (time.is_date) return true;
  return !icaltime_is_utc(time) && time.hour == 0 && time.minute == 0 && time.second == 0;
}

class Reader {
 public:
  explicit Reader(IcalEvents& events) : events_(events) {}
  Read<Holidays> read();

 private:
  struct Dates {
    local_days first;
    days length{1};
  };

  Read<Dates> dates_of(const Event& event) const;
  Read<days> length_of(const Event& event, local_days first) const;
  Read<local_days> date_of_property(const Event& event, const char* name,
                                    const icaltimetype& time) const;
  // The days on which the event begins; `endless` when its rule has no end.
  Read<std::set<local_days>> starts_of(const Event& event, local_days first, bool& endless) const;
  Read<void> expand_rule(const Event& event, local_days first, icalproperty* property,
                         std::set<local_days>& starts, bool& endless) const;
  Read<void> add_event(const Event& event);
  std::unexpected<std::string> fail(const Event& event, std::string_view what) const {
    return events_.fail(event, what);
  }

  IcalEvents& events_;
  Holidays holidays_;
};

std::int64_t number_of(local_days day) { return day.time_since_epoch().count(); }

Read<Holidays> Reader::read() {
  const auto original = [this](const Event& event, icalproperty* id) -> Read<std::int64_t> {
    const auto day = date_of_property(event, "RECURRENCE-ID", icalproperty_get_recurrenceid(id));
    if (!day) return std::unexpected(day.error());
    return number_of(*day);
  };
  if (auto collected = events_.collect(original); !collected) {
    return std::unexpected(collected.error());
  }
  for (const auto& [uid, event] : events_.masters()) {
    if (auto added = add_event(event); !added) return std::unexpected(added.error());
  }
  for (const auto& [uid, events] : events_.replacements()) {
    if (events_.is_cancelled(uid)) continue;
    for (const auto& [original_day, event] : events) {
      if (auto added = add_event(event); !added) return std::unexpected(added.error());
    }
  }
  Holidays sorted;
  sorted.add(holidays_);
  return sorted;
}

Read<local_days> Reader::date_of_property(const Event& event, const char* name,
                                          const icaltimetype& time) const {
  if (icaltime_is_null_time(time) || !icaltime_is_valid_time(time)) {
    return fail(event, fmt::format("{} is no date", name));
  }
  if (is_whole(time)) return date_of(time);
  return fail(event, fmt::format("{} has a time of day, but a holiday is whole days; write "
                                 "{};VALUE=DATE:{:04}{:02}{:02}, or leave the event out and give "
                                 "the calendar an override for a short day",
                                 name, name, time.year, time.month, time.day));
}

Read<Reader::Dates> Reader::dates_of(const Event& event) const {
  icalproperty* start = icalcomponent_get_first_property(event.component, ICAL_DTSTART_PROPERTY);
  if (!start) return fail(event, "DTSTART is missing");
  const auto first = date_of_property(event, "DTSTART", icalproperty_get_dtstart(start));
  if (!first) return std::unexpected(first.error());
  const auto length = length_of(event, *first);
  if (!length) return std::unexpected(length.error());
  if (*length < days(1)) return fail(event, "it must end after it begins: DTEND is the day after");
  if (*length > days(kMaxHolidays)) return fail(event, "it is too long");
  return Dates{.first = *first, .length = *length};
}

Read<days> Reader::length_of(const Event& event, local_days first) const {
  icalproperty* end = icalcomponent_get_first_property(event.component, ICAL_DTEND_PROPERTY);
  if (end) {
    const auto after = date_of_property(event, "DTEND", icalproperty_get_dtend(end));
    if (!after) return std::unexpected(after.error());
    return *after - first;
  }
  icalproperty* duration =
      icalcomponent_get_first_property(event.component, ICAL_DURATION_PROPERTY);
  if (!duration) return days(1);  // a date without an end is that day
  const icaldurationtype length = icalproperty_get_duration(duration);
  const auto hours = std::chrono::hours(length.hours) + std::chrono::minutes(length.minutes) +
                     std::chrono::seconds(length.seconds);
  if (length.is_neg || hours % days(1) != hours.zero()) {
    return fail(event, "DURATION is no number of days, but a holiday is whole days");
  }
  return days(length.weeks * 7 + length.days) + std::chrono::floor<days>(hours);
}

Read<void> Reader::expand_rule(const Event& event, local_days first, icalproperty* property,
                               std::set<local_days>& starts, bool& endless) const {
  icalrecurrencetype rule = icalproperty_get_rrule(property);
  if (rule.freq < ICAL_DAILY_RECURRENCE) {
    return fail(event, "RRULE recurs within a day, but a holiday is whole days");
  }
  const bool ends = !icaltime_is_null_time(rule.until);
  if (!ends && rule.count == 0) endless = true;
  // libical compares UNTIL with the occurrences as it finds them: give it the same kind of time.
  if (ends) rule.until = ical_of(date_of(rule.until), true);
  const std::unique_ptr<icalrecur_iterator, decltype(&icalrecur_iterator_free)> iterator(
      icalrecur_iterator_new(rule, ical_of(first, true)), icalrecur_iterator_free);
  if (!iterator) return fail(event, "RRULE cannot be read");
  for (std::size_t i = 0;; ++i) {
    const icaltimetype time = icalrecur_iterator_next(iterator.get());
    if (icaltime_is_null_time(time) || date_of(time) >= kHolidaysEnd) return {};
    if (i >= kMaxOccurrences) {
      return fail(event,
                  fmt::format("RRULE gives more than {} days; give it an UNTIL", kMaxOccurrences));
    }
    starts.insert(date_of(time));
  }
}

Read<std::set<local_days>> Reader::starts_of(const Event& event, local_days first,
                                             bool& endless) const {
  // The first occurrence counts even where the rule would not give it.
  std::set<local_days> starts{first};
  icalcomponent* c = event.component;
  for (icalproperty* p = icalcomponent_get_first_property(c, ICAL_RRULE_PROPERTY); p;
       p = icalcomponent_get_next_property(c, ICAL_RRULE_PROPERTY)) {
    if (auto done = expand_rule(event, first, p, starts, endless); !done) {
      return std::unexpected(done.error());
    }
  }
  for (icalproperty* p = icalcomponent_get_first_property(c, ICAL_RDATE_PROPERTY); p;
       p = icalcomponent_get_next_property(c, ICAL_RDATE_PROPERTY)) {
    const icaldatetimeperiodtype date = icalproperty_get_rdate(p);
    if (icaltime_is_null_time(date.time)) return fail(event, "RDATE with periods is not supported");
    const auto day = date_of_property(event, "RDATE", date.time);
    if (!day) return std::unexpected(day.error());
    starts.insert(*day);
  }
  for (icalproperty* p = icalcomponent_get_first_property(c, ICAL_EXDATE_PROPERTY); p;
       p = icalcomponent_get_next_property(c, ICAL_EXDATE_PROPERTY)) {
    const auto day = date_of_property(event, "EXDATE", icalproperty_get_exdate(p));
    if (!day) return std::unexpected(day.error());
    starts.erase(*day);
  }
  return starts;
}

Read<void> Reader::add_event(const Event& event) {
  if (event.cancelled) return {};
  const auto dates = dates_of(event);
  if (!dates) return std::unexpected(dates.error());
  bool endless = false;
  const auto starts = starts_of(event, dates->first, endless);
  if (!starts) return std::unexpected(starts.error());
  for (const local_days start : *starts) {
    if (events_.is_replaced(event, number_of(start))) continue;
    const local_days last = std::min(start + dates->length, kHolidaysEnd) - days(1);
    for (local_days day = start; day <= last; day += days(1)) holidays_.days.push_back(day);
    if (holidays_.days.size() > kMaxHolidays) {
      return fail(event, fmt::format("the file has more than {} days", kMaxHolidays));
    }
    if (!endless) holidays_.known_until = std::max(holidays_.known_until, std::optional(last));
  }
  return {};
}

}  // namespace

Read<Holidays> read_holidays(std::string_view text, std::string_view file) {
  auto events = IcalEvents::parse(
      text, std::string(file),
      {.bytes = kMaxHolidayBytes, .events = kMaxHolidayEvents, .remedy = "leave out what is over"});
  if (!events) return std::unexpected(events.error());
  return Reader(*events).read();
}

Read<Holidays> read_holiday_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream) {
    return std::unexpected(
        fmt::format("{}: cannot be read; check that it exists and that the "
                    "exporter may read it",
                    file.string()));
  }
  return read_holidays(text.view(), file.string());
}

}  // namespace exporter
