// Opening hours: windows of the week in a zone, holidays from a list or from iCalendar files, days
// with hours of their own, and unions of calendars.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/support_reading.h"
#include "exporter/ticket/holidays.h"
#include "exporter/ticket/window_text.h"

namespace exporter::config {
namespace {

using std::chrono::local_days;

constexpr std::size_t kMaxCalendars = 50;
constexpr std::size_t kMaxWindows = 1000;  // of a week
constexpr std::size_t kMaxItems = 1000;    // of a list of holidays, and of overrides
constexpr std::size_t kMaxFiles = 20;

// Of one calendar, besides its terms: what is checked or shown later.
struct CalendarSource {
  YamlPtr union_of;  // null unless it is a union
  std::vector<std::string> written_holidays;
};

// Capitals are allowed, because calendars are often named for an office, as EU_West.
bool check_calendar_name(Errors& errors, const Yaml& key) {
  const std::string& name = key.text;
  const bool sound = !name.empty() && name.size() <= 63 && std::ranges::all_of(name, [](char c) {
    return c == '-' || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  });
  if (!sound) {
    errors.add(key, fmt::format("\"{}\" cannot be the name of a calendar: use letters, digits, - "
                                "and _, at most 63",
                                name));
  } else if (name == "all") {
    errors.add(key, "\"all\" is the union of all calendars; give this one another name");
  }
  return sound && name != "all";
}

// "2026-12-25"
Parsed<local_days> parse_day(std::string_view text) {
  const auto part = [&](std::size_t at, std::size_t size) {
    const std::string_view digits = text.substr(at, size);
    const bool plain = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    return plain ? static_cast<int>(parse_integer(digits).value_or(-1)) : -1;
  };
  const bool form = text.size() == 10 && text[4] == '-' && text[7] == '-';
  if (!form || part(0, 4) < 0 || part(5, 2) < 0 || part(8, 2) < 0) {
    return std::unexpected(fmt::format("\"{}\" is not a date; write it like 2026-12-25", text));
  }
  const std::chrono::year_month_day date{std::chrono::year(part(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(part(8, 2)))};
  if (!date.ok()) return std::unexpected(fmt::format("there is no day {}", text));
  if (date.year() < std::chrono::year(1970) || date.year() > std::chrono::year(2099)) {
    return std::unexpected(fmt::format("{} is outside the years 1970 to 2099", text));
  }
  return local_days(date);
}

void read_open(Loading& loading, MapReader& map, CalendarTerms& calendar) {
  const YamlPtr node = map.find("open");
  std::vector<std::string> texts;
  if (!map.texts("open", texts)) {
    if (map.node().find("open") != nullptr && node) return;
    loading.errors.add(map.node(), fmt::format("{}: open: is missing; write it like open: "
                                               "[\"mon-fri 08:00-17:00\"]",
                                               map.what()));
    return;
  }
  std::size_t windows = 0;
  for (const YamlPtr& item : as_list(node)) {
    const auto read = parse_open_windows(item->text);
    if (!read) {
      loading.errors.add(*item, fmt::format("open: {}", read.error()));
      continue;
    }
    windows += read->size();
    if (windows > kMaxWindows) {
      map.error("open", fmt::format("more than {} windows a week", kMaxWindows));
      return;
    }
    for (const auto& [weekday, window] : *read) calendar.week[weekday].push_back(window);
  }
  for (std::vector<OpenWindow>& day : calendar.week) {
    std::ranges::sort(day);
    const auto twice = std::ranges::unique(day);
    day.erase(twice.begin(), twice.end());
  }
  if (texts.empty()) map.error("open", "the list is empty; a calendar opens at some time");
}

std::expected<Holidays, std::string> holidays_of_file(Loading& loading,
                                                      const std::filesystem::path& path) {
  const auto text = loading.files.read(path, kMaxHolidayBytes);
  if (!text) return std::unexpected(fmt::format("{}: {}", path.string(), text.error()));
  return exporter::read_holidays(*text, path.string());
}

// A file, or days as they are written in a list.
std::expected<Holidays, std::string> holidays_of_item(Loading& loading, const Yaml& item,
                                                      CalendarTerms& calendar,
                                                      CalendarSource& source) {
  if (item.text.ends_with(".ics")) {
    const std::filesystem::path path = resolve_path(item, item.text);
    if (std::ranges::find(calendar.holiday_files, path) != calendar.holiday_files.end()) return {};
    if (calendar.holiday_files.size() >= kMaxFiles) {
      return std::unexpected(fmt::format("more than {} files", kMaxFiles));
    }
    calendar.holiday_files.push_back(path);
    return holidays_of_file(loading, path);
  }
  source.written_holidays.push_back(item.text);
  auto days = parse_holidays(item.text);
  const bool like_a_day = !item.text.empty() && item.text[0] >= '0' && item.text[0] <= '9';
  if (days || like_a_day) return days;
  return std::unexpected(days.error() + "; the name of a file ends in .ics");
}

void read_holidays(Loading& loading, MapReader& map, CalendarTerms& calendar,
                   CalendarSource& source) {
  std::vector<std::string> texts;
  if (!map.texts("holidays", texts)) {
    if (map.node().find("holidays") != nullptr) return;
    loading.warn(map.node(), fmt::format("{} has no holidays, so every one of its weekdays is "
                                         "open; list dates or .ics files, or write holidays: [] "
                                         "if that is meant",
                                         map.what()));
    return;
  }
  if (texts.size() > kMaxItems) {
    map.error("holidays", fmt::format("more than {}", kMaxItems));
    return;
  }
  // Sorted once, at the end: a list of yearly days is long.
  Holidays found, holidays;
  for (const YamlPtr& item : as_list(map.find("holidays"))) {
    if (loading.errors.full()) return;
    const auto read = holidays_of_item(loading, *item, calendar, source);
    if (!read) {
      loading.errors.add(*item, fmt::format("holidays: {}", read.error()));
      continue;
    }
    found.days.insert(found.days.end(), read->days.begin(), read->days.end());
    found.known_until = std::max(found.known_until, read->known_until);
    if (found.days.size() > kMaxHolidays) {
      map.error("holidays", fmt::format("more than {} days up to 2099", kMaxHolidays));
      return;
    }
  }
  holidays.add(found);
  calendar.holidays = std::move(holidays.days);
  calendar.holidays_known_until = holidays.known_until;
}

void read_overrides(Loading& loading, MapReader& map, CalendarTerms& calendar) {
  const YamlPtr node = map.find("overrides");
  if (!node) return;
  MapReader days(loading.errors, node, fmt::format("overrides of {}", map.what()));
  if (!days.valid()) return;
  if (node->entries.size() > kMaxItems) {
    map.error("overrides", fmt::format("more than {}", kMaxItems));
    return;
  }
  for (const YamlEntry& entry : node->entries) {
    if (entry.key->text.starts_with("x-")) continue;
    const auto day = parse_day(entry.key->text);
    if (!day) {
      loading.errors.add(*entry.key, fmt::format("overrides: {}", day.error()));
      continue;
    }
    const auto text = scalar_text(loading.errors, *entry.value, entry.key->text);
    if (!text) continue;
    auto windows = parse_day_windows(*text);
    if (!windows) {
      loading.errors.add(*entry.value, fmt::format("overrides: {}", windows.error()));
      continue;
    }
    std::ranges::sort(*windows);
    calendar.overrides[*day] = std::move(*windows);
  }
}

void read_hours(Loading& loading, MapReader& map, CalendarTerms& calendar, CalendarSource& source) {
  calendar.timezone = loading.zone.name();
  map.value("timezone", calendar.timezone, [](std::string_view text) -> Parsed<std::string> {
    const auto zone = Zone::parse(text);
    if (!zone) return std::unexpected(zone.error());
    return zone->name();
  });
  read_open(loading, map, calendar);
  read_holidays(loading, map, calendar, source);
  read_overrides(loading, map, calendar);
}

void read_union(MapReader& map, CalendarTerms& calendar, CalendarSource& source) {
  source.union_of = map.find("union");
  map.texts("union", calendar.union_of);
  if (calendar.union_of.empty()) map.error("union", "the list is empty");
  for (const char* key : {"timezone", "open", "holidays", "overrides"}) {
    map.refuse(key, "a union has no hours of its own; it is open whenever one of its calendars is");
  }
}

// Once every calendar is known.
void check_union(Loading& loading, const CalendarTerms& calendar, const YamlPtr& union_of) {
  const std::vector<CalendarTerms>& all = loading.config.support.terms.calendars;
  const std::vector<YamlPtr> items = as_list(union_of);
  for (auto item = items.begin(); item != items.end(); ++item) {
    const std::string& name = (*item)->text;
    if (!check_known(loading.errors, **item, "calendar", name,
                     calendar_names(loading.config.support))) {
      continue;
    }
    const bool again = std::any_of(items.begin(), item,
                                   [&](const YamlPtr& before) { return before->text == name; });
    if (name == calendar.name) {
      loading.errors.add(**item, "union: a calendar cannot be a part of itself");
    } else if (!std::ranges::find(all, name, &CalendarTerms::name)->union_of.empty()) {
      loading.errors.add(**item, fmt::format("union: \"{}\" is a union itself; name its calendars "
                                             "instead",
                                             name));
    } else if (again) {
      loading.errors.add(**item, fmt::format("union: \"{}\" is listed twice", name));
    }
  }
}

}  // namespace

void read_support_calendars(Loading& loading, MapReader& support) {
  const YamlPtr node = support.find("calendars");
  if (!node) return;
  MapReader map(loading.errors, node, "calendars");
  if (!map.valid()) return;
  Support& out = loading.config.support;
  std::vector<CalendarSource> sources;
  for (const YamlEntry& entry : node->entries) {
    if (entry.key->text.starts_with("x-")) continue;
    if (sources.size() >= kMaxCalendars) {
      support.error("calendars", fmt::format("more than {}", kMaxCalendars));
      return;
    }
    check_calendar_name(loading.errors, *entry.key);
    CalendarTerms& calendar = out.terms.calendars.emplace_back();
    CalendarSource& source = sources.emplace_back();
    calendar.name = entry.key->text;
    MapReader own(loading.errors, entry.value, fmt::format("calendar \"{}\"", calendar.name));
    if (!own.valid()) continue;
    if (own.has("union")) {
      read_union(own, calendar, source);
    } else {
      read_hours(loading, own, calendar, source);
    }
    own.finish();
    if (!source.written_holidays.empty()) {
      out.written_holidays[calendar.name] = std::move(source.written_holidays);
    }
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].union_of) check_union(loading, out.terms.calendars[i], sources[i].union_of);
  }
}

}  // namespace exporter::config
