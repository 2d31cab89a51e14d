// iCalendar through libical's parser and recurrence iterator. All arithmetic of zones is ours
// (ical_time.h), on local times without a zone.
#include "exporter/sla/icalendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include "exporter/sla/ical_events.h"
#include "exporter/sla/ical_time.h"

namespace exporter {
namespace {

using std::chrono::local_seconds;
using Event = IcalEvent;
using Windows = std::vector<MaintenanceWindow>;
template <class T>
using Read = std::expected<T, std::string>;

// A rule that has not reached today after so many occurrences is refused instead of computed.
constexpr int kMaxOccurrences = 100'000;

class Reader {
 public:
  Reader(const CalendarQuestion& question, IcalEvents& events)
      : question_(question), events_(events) {}
  Read<Windows> read();

 private:
  struct Times {
    Wall wall;
    icaltimetype start;  // as written
    local_seconds local_start;
    std::function<Seconds(local_seconds)> end;  // of the occurrence that starts then
  };

  Read<Times> times_of(const Event& event) const;
  Read<Wall> wall_for(const Event& event, icalproperty* property, const icaltimetype& time) const;
  Read<void> set_end(const Event& event, Times& times) const;
  Read<std::set<local_seconds>> excluded(const Event& event, const Times& times) const;
  Read<std::vector<local_seconds>> occurrences(const Event& event, const Times& times) const;
  Read<void> expand_rule(const Event& event, const Times& times, icalproperty* property,
                         std::set<local_seconds>& starts) const;
  Read<MaintenanceWindow> describe(const Event& event) const;
  Read<std::vector<std::string>> names(const Event& event, const char* property,
                                       const std::vector<std::string>& known) const;
  Read<std::vector<std::string>> categories(const Event& event) const;
  Read<void> add_event(const Event& event, Windows& windows);
  std::unexpected<std::string> fail(const Event& event, std::string_view what) const {
    return events_.fail(event, what);
  }

  const CalendarQuestion& question_;
  IcalEvents& events_;
};

std::int64_t number_of(Seconds at) { return at.time_since_epoch().count(); }

// The value of an X- property of ours, or nullptr.
const char* own_property(icalcomponent* component, std::string_view name) {
  for (icalproperty* p = icalcomponent_get_first_property(component, ICAL_X_PROPERTY); p;
       p = icalcomponent_get_next_property(component, ICAL_X_PROPERTY)) {
    if (text_or_empty(icalproperty_get_x_name(p)) == name) return icalproperty_get_x(p);
  }
  return nullptr;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string word(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    std::erase(word, '\\');  // the value may be escaped as text
    const std::size_t first = word.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    words.push_back(word.substr(first, word.find_last_not_of(' ') - first + 1));
  }
  return words;
}

Read<Wall> Reader::wall_for(const Event& event, icalproperty* property,
                            const icaltimetype& time) const {
  if (icaltime_is_utc(time)) return wall_of(Zone());
  icalparameter* parameter = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
  if (!parameter) return wall_of(question_.zone);
  const std::string tzid(text_or_empty(icalparameter_get_tzid(parameter)));
  // Some programs write a prefix: /softwarestudio.org/Tzfile/Europe/Berlin.
  for (std::string_view name = tzid;;) {
    if (const auto zone = Zone::parse(name)) return wall_of(*zone);
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos) break;
    name.remove_prefix(slash + 1);
  }
  icalcomponent* calendar = icalcomponent_get_parent(event.component);
  icaltimezone* own = calendar ? icalcomponent_get_timezone(calendar, tzid.c_str()) : nullptr;
  if (own) return wall_of(own);
  return fail(event,
              fmt::format("TZID \"{}\" is neither an IANA zone nor a VTIMEZONE of the file", tzid));
}

Read<Reader::Times> Reader::times_of(const Event& event) const {
  icalproperty* start = icalcomponent_get_first_property(event.component, ICAL_DTSTART_PROPERTY);
  if (!start) return fail(event, "DTSTART is missing");
  Times times{.wall = {}, .start = icalproperty_get_dtstart(start), .local_start = {}, .end = {}};
  if (icaltime_is_null_time(times.start) || !icaltime_is_valid_time(times.start)) {
    return fail(event, "DTSTART is no time");
  }
  auto wall = wall_for(event, start, times.start);
  if (!wall) return std::unexpected(wall.error());
  times.wall = *std::move(wall);
  times.local_start = local_of(times.start);
  if (auto set = set_end(event, times); !set) return std::unexpected(set.error());
  if (times.end(times.local_start) <= times.wall.instant(times.local_start)) {
    return fail(event, "it must end after it begins (DTEND or DURATION)");
  }
  return times;
}

Read<void> Reader::set_end(const Event& event, Times& times) const {
  const Wall wall = times.wall;
  icalproperty* end = icalcomponent_get_first_property(event.component, ICAL_DTEND_PROPERTY);
  if (end) {
    const icaltimetype time = icalproperty_get_dtend(end);
    if (icaltime_is_null_time(time)) return fail(event, "DTEND is no time");
    const auto end_wall = wall_for(event, end, time);
    if (!end_wall) return std::unexpected(end_wall.error());
    if (times.start.is_date && time.is_date) {
      const auto days = local_of(time) - times.local_start;
      times.end = [wall, days](local_seconds at) { return wall.instant(at + days); };
      return {};
    }
    // Every occurrence lasts exactly as long as the first (RFC 5545, 3.8.5.3).
    const auto length = end_wall->instant(local_of(time)) - wall.instant(times.local_start);
    times.end = [wall, length](local_seconds at) { return wall.instant(at) + length; };
    return {};
  }
  icalproperty* duration =
      icalcomponent_get_first_property(event.component, ICAL_DURATION_PROPERTY);
  if (!duration) {
    // A date without an end is that day; an instant without an end is no window.
    const auto day = std::chrono::days(times.start.is_date ? 1 : 0);
    times.end = [wall, day](local_seconds at) { return wall.instant(at + day); };
    return {};
  }
  const icaldurationtype length = icalproperty_get_duration(duration);
  if (length.is_neg) return fail(event, "DURATION is negative");
  // Days are days of the calendar, the rest is elapsed time (RFC 5545, 3.3.6).
  const auto days = std::chrono::days(length.weeks * 7 + length.days);
  const auto rest = std::chrono::hours(length.hours) + std::chrono::minutes(length.minutes) +
                    std::chrono::seconds(length.seconds);
  times.end = [wall, days, rest](local_seconds at) { return wall.instant(at + days) + rest; };
  return {};
}

Read<std::set<local_seconds>> Reader::excluded(const Event& event, const Times& times) const {
  std::set<local_seconds> starts;
  for (icalproperty* p = icalcomponent_get_first_property(event.component, ICAL_EXDATE_PROPERTY); p;
       p = icalcomponent_get_next_property(event.component, ICAL_EXDATE_PROPERTY)) {
    const icaltimetype time = icalproperty_get_exdate(p);
    if (time.is_date && !times.start.is_date) {
      // A whole day is excluded: the occurrence has the same time of day as the first.
      const auto midnight = std::chrono::floor<std::chrono::days>(times.local_start);
      starts.insert(local_of(time) + (times.local_start - midnight));
      continue;
    }
    const auto wall = wall_for(event, p, time);
    if (!wall) return std::unexpected(wall.error());
    starts.insert(times.wall.local(wall->instant(local_of(time))));
  }
  return starts;
}

Read<void> Reader::expand_rule(const Event& event, const Times& times, icalproperty* property,
                               std::set<local_seconds>& starts) const {
  icalrecurrencetype rule = icalproperty_get_rrule(property);
  if (rule.freq == ICAL_SECONDLY_RECURRENCE || rule.freq == ICAL_MINUTELY_RECURRENCE) {
    return fail(event, "RRULE recurs more often than hourly; write one longer event");
  }
  const bool is_date = times.start.is_date != 0;
  if (!icaltime_is_null_time(rule.until)) {
    // libical compares UNTIL with the occurrences as it finds them: give it the same kind of time.
    local_seconds until = local_of(rule.until);
    if (icaltime_is_utc(rule.until)) {
      until = times.wall.local(Zone().from_local(until));
    } else if (rule.until.is_date && !is_date) {
      until += std::chrono::days(1) - std::chrono::seconds(1);
    }
    rule.until = ical_of(until, is_date);
  }
  const std::unique_ptr<icalrecur_iterator, decltype(&icalrecur_iterator_free)> iterator(
      icalrecur_iterator_new(rule, ical_of(times.local_start, is_date)), icalrecur_iterator_free);
  if (!iterator) return fail(event, "RRULE cannot be read");
  // A day of slack on both sides: local times are compared with instants.
  const local_seconds last = times.wall.local(question_.within.to) + std::chrono::days(1);
  const auto length =
      times.end(times.local_start) - times.wall.instant(times.local_start) + std::chrono::days(2);
  const local_seconds soonest = times.wall.local(question_.within.from) - length;
  for (int i = 0;; ++i) {
    const icaltimetype time = icalrecur_iterator_next(iterator.get());
    if (icaltime_is_null_time(time) || local_of(time) > last) return {};
    if (i >= kMaxOccurrences) {
      return fail(event, fmt::format("RRULE gives more than {} occurrences before {}; begin it "
                                     "later",
                                     kMaxOccurrences, format_utc(question_.within.to)));
    }
    const local_seconds at = local_of(time);
    if (at < soonest) continue;
    if (times.end(at) > question_.within.from) starts.insert(at);
    if (starts.size() > kMaxCalendarWindows) return fail(event, "RRULE gives too many windows");
  }
}

Read<std::vector<local_seconds>> Reader::occurrences(const Event& event, const Times& times) const {
  std::set<local_seconds> starts;
  icalproperty* rule = icalcomponent_get_first_property(event.component, ICAL_RRULE_PROPERTY);
  // The first occurrence counts even where the rule would not give it.
  starts.insert(times.local_start);
  for (; rule; rule = icalcomponent_get_next_property(event.component, ICAL_RRULE_PROPERTY)) {
    if (auto done = expand_rule(event, times, rule, starts); !done) {
      return std::unexpected(done.error());
    }
  }
  for (icalproperty* p = icalcomponent_get_first_property(event.component, ICAL_RDATE_PROPERTY); p;
       p = icalcomponent_get_next_property(event.component, ICAL_RDATE_PROPERTY)) {
    const icaldatetimeperiodtype date = icalproperty_get_rdate(p);
    if (icaltime_is_null_time(date.time)) return fail(event, "RDATE with periods is not supported");
    const auto wall = wall_for(event, p, date.time);
    if (!wall) return std::unexpected(wall.error());
    starts.insert(times.wall.local(wall->instant(local_of(date.time))));
  }
  const auto without = excluded(event, times);
  if (!without) return std::unexpected(without.error());
  for (const local_seconds at : *without) starts.erase(at);
  return std::vector<local_seconds>(starts.begin(), starts.end());
}

Read<std::vector<std::string>> Reader::names(const Event& event, const char* property,
                                             const std::vector<std::string>& known) const {
  const char* value = own_property(event.component, property);
  if (!value) return std::vector<std::string>();
  std::vector<std::string> listed = split(value);
  for (const std::string& name : listed) {
    if (std::ranges::find(known, name) == known.end()) {
      return fail(event, fmt::format("{} names \"{}\", which does not exist; there are: {}",
                                     property, name, fmt::join(known, ", ")));
    }
  }
  if (listed.empty()) return fail(event, fmt::format("{} is empty", property));
  return listed;
}

Read<std::vector<std::string>> Reader::categories(const Event& event) const {
  std::vector<std::string> services;
  bool any = false;
  for (icalproperty* p =
           icalcomponent_get_first_property(event.component, ICAL_CATEGORIES_PROPERTY);
       p; p = icalcomponent_get_next_property(event.component, ICAL_CATEGORIES_PROPERTY)) {
    any = true;
    for (std::string& word : split(text_or_empty(icalproperty_get_categories(p)))) {
      const bool is_service =
          std::ranges::find(question_.services, word) != question_.services.end();
      if (is_service) services.push_back(std::move(word));
    }
  }
  if (any && services.empty()) {
    return fail(event, fmt::format("CATEGORIES names no service ({}); leave it out if the event is "
                                   "about all services, or list them in X-SLA-SERVICES",
                                   fmt::join(question_.services, ", ")));
  }
  return services;
}

std::expected<Seconds, std::string> announced_at(std::string_view text) {
  const icaltimetype time = icaltime_from_string(std::string(text).c_str());
  if (!icaltime_is_null_time(time) && icaltime_is_utc(time)) {
    return Zone().from_local(local_of(time));
  }
  return parse_instant(text);
}

Read<MaintenanceWindow> Reader::describe(const Event& event) const {
  MaintenanceWindow window;
  auto services = names(event, "X-SLA-SERVICES", question_.services);
  if (services && services->empty()) services = categories(event);
  if (!services) return std::unexpected(services.error());
  auto agreements = names(event, "X-SLA-AGREEMENTS", question_.agreements);
  if (!agreements) return std::unexpected(agreements.error());
  window.services = *std::move(services);
  window.agreements = *std::move(agreements);
  window.summary = text_or_empty(icalcomponent_get_summary(event.component));
  if (const char* text = own_property(event.component, "X-SLA-ANNOUNCED")) {
    const auto announced = announced_at(text);
    if (!announced) return fail(event, "X-SLA-ANNOUNCED: " + announced.error());
    window.announced = *announced;
  }
  return window;
}

Read<void> Reader::add_event(const Event& event, Windows& windows) {
  if (event.cancelled) return {};
  auto window = describe(event);
  if (!window) return std::unexpected(window.error());
  const auto times = times_of(event);
  if (!times) return std::unexpected(times.error());
  const auto starts = occurrences(event, *times);
  if (!starts) return std::unexpected(starts.error());
  const bool recurs = icalcomponent_get_first_property(event.component, ICAL_RRULE_PROPERTY) ||
                      icalcomponent_get_first_property(event.component, ICAL_RDATE_PROPERTY);
  for (const local_seconds at : *starts) {
    window->from = times->wall.instant(at);
    window->to = times->end(at);
    window->id = "ical:" + event.uid;
    if (recurs) window->id += "/" + format_utc(window->from);
    if (events_.is_replaced(event, number_of(window->from))) continue;
    const bool touches = window->to > question_.within.from && window->from < question_.within.to;
    if (touches) windows.push_back(*window);
    if (windows.size() > kMaxCalendarWindows) return fail(event, "too many windows");
  }
  return {};
}

Read<Windows> Reader::read() {
  const auto original = [this](const Event& event, icalproperty* id) -> Read<std::int64_t> {
    const icaltimetype time = icalproperty_get_recurrenceid(id);
    const auto wall = wall_for(event, id, time);
    if (!wall) return std::unexpected(wall.error());
    return number_of(wall->instant(local_of(time)));
  };
  if (auto collected = events_.collect(original); !collected) {
    return std::unexpected(collected.error());
  }
  Windows windows;
  for (const auto& [uid, event] : events_.masters()) {
    if (auto added = add_event(event, windows); !added) return std::unexpected(added.error());
  }
  for (const auto& [uid, events] : events_.replacements()) {
    if (events_.is_cancelled(uid)) continue;
    for (const auto& [replaced, event] : events) {
      const std::size_t before = windows.size();
      if (auto added = add_event(event, windows); !added) return std::unexpected(added.error());
      for (std::size_t i = before; i < windows.size(); ++i) {
        windows[i].id = "ical:" + uid + "/" + format_utc(Seconds(std::chrono::seconds(replaced)));
      }
    }
  }
  std::ranges::sort(windows, [](const MaintenanceWindow& a, const MaintenanceWindow& b) {
    return std::tie(a.from, a.id) < std::tie(b.from, b.id);
  });
  return windows;
}

}  // namespace

Read<Windows> read_calendar(std::string_view text, const CalendarQuestion& question) {
  auto events = IcalEvents::parse(text, question.file,
                                  {.bytes = kMaxCalendarBytes,
                                   .events = kMaxCalendarEvents,
                                   .remedy = "move what is over to another file"});
  if (!events) return std::unexpected(events.error());
  return Reader(question, *events).read();
}

Read<Windows> read_calendar_file(const CalendarQuestion& question) {
  std::ifstream file(question.file, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file) {
    return std::unexpected(
        fmt::format("{}: cannot be read; check that it exists and that the "
                    "exporter may read it",
                    question.file));
  }
  return read_calendar(text.view(), question);
}

}  // namespace exporter
