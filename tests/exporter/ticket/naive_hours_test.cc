// Business time against a count that knows nothing of compiled stretches, prefix sums or cctz, and
// deadlines against their definition.
//
// The naive side asks the C library what the clocks on the wall show at an instant and keeps the
// latest time they have ever shown: a boundary that is skipped is passed at the jump then, and one
// that comes twice the first time. A second is open when that time lies in a window of its day or
// of the day before.
//
// Around every change of 2020 to 2030 in every zone of the machine's time zone data, one day to
// each side, every minute is counted: offsets and boundaries are whole minutes, so that nothing
// opens or closes within one (asserted of the offsets). The seconds beside each opening, closing
// and jump are asked one by one. With SLA_FULL=1 each second is counted alone.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "exporter/sla/zone_changes.h"
#include "tests/exporter/ticket/case_calendars.h"

namespace exporter {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;

const bool kFull = std::getenv("SLA_FULL") != nullptr;
const Seconds kBegin = utc("2020-01-01T00:00Z"), kEnd = utc("2031-01-01T00:00Z");

// The C library's clock in a zone; one at a time, because TZ belongs to the process.
class WallClock {
 public:
  explicit WallClock(const std::string& zone) {
    setenv("TZ", (":" + zone).c_str(), 1);
    tzset();
  }
  ~WallClock() {
    unsetenv("TZ");
    tzset();
  }
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  static seconds offset(Seconds at) {
    const std::time_t time = at.time_since_epoch().count();
    std::tm shown{};
    localtime_r(&time, &shown);
    return seconds(shown.tm_gmtoff);
  }
  static local_seconds shows(Seconds at) {
    return local_seconds(at.time_since_epoch() + offset(at));
  }
};

// One name for each file: the others are links and copies.
std::vector<std::string> zones_of_the_machine() {
  const std::filesystem::path root = "/usr/share/zoneinfo";
  std::set<std::string> seen, names;
  if (!std::filesystem::exists(root)) return {};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string name = entry.path().lexically_relative(root).string();
    if (!entry.is_regular_file() || !Zone::parse(name)) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (seen.insert(std::move(bytes)).second) names.insert(name);
  }
  return {names.begin(), names.end()};
}

// When the C library's clock jumps; no zone does so twice in half a day.
std::vector<Seconds> naive_changes() {
  std::vector<Seconds> changes;
  for (Seconds at = kBegin; at < kEnd; at += hours(12)) {
    Seconds low = at, high = at + hours(12);
    if (WallClock::offset(low) == WallClock::offset(high)) continue;
    while (high - low > seconds(1)) {
      const Seconds middle = low + (high - low) / 2;
      (WallClock::offset(middle) == WallClock::offset(low) ? low : high) = middle;
    }
    changes.push_back(high);
  }
  return changes;
}

// The definition, word by word.
bool naive_open(const CalendarTerms& terms, local_seconds shown) {
  const auto today = std::chrono::floor<days>(shown);
  const bool holiday = std::ranges::find(terms.holidays, today) != terms.holidays.end();
  for (const local_days day : {today, today - days(1)}) {
    const auto replaced = terms.overrides.find(day);
    const bool is_replaced = replaced != terms.overrides.end();
    if (holiday && !(is_replaced && day == today)) continue;
    const std::chrono::weekday weekday{day};
    const auto& windows = is_replaced ? replaced->second : terms.week[weekday.c_encoding()];
    for (const OpenWindow& window : windows) {
      const seconds to = window.to > window.from ? window.to : window.to + days(1);
      if (day + window.from <= shown && shown < day + to) return true;
    }
  }
  return false;
}

// Windows around the hours in which clocks jump, and holidays where they do.
std::vector<CalendarTerms> hazards(const std::string& zone, const std::vector<Seconds>& changes) {
  std::vector<CalendarTerms> all{
      calendar_of("day", zone, {"daily 00:00-24:00"}),
      calendar_of("office", zone, {"mon-fri 08:00-12:00", "mon-fri 13:00-17:00"}),
      calendar_of("night", zone, {"mon-fri 21:00-17:00"}),
      calendar_of("gap", zone, {"daily 02:30-06:00", "sat,sun 01:45-02:15"}),
      calendar_of("late", zone, {"daily 22:00-02:30"}),
      calendar_of("midnight", zone, {"daily 23:30-00:30"}),
      calendar_of("inside", zone, {"daily 02:10-02:50", "daily 00:05-00:10", "daily 03:00-03:01"}),
  };
  CalendarTerms holidays = calendar_of("holidays", zone, {"daily 21:00-17:00"});
  CalendarTerms overrides = calendar_of("overrides", zone, {"daily 22:00-06:00"});
  for (const Seconds change : changes) {
    const auto day = std::chrono::floor<days>(WallClock::shows(change));
    holidays.holidays.push_back(day);
    overrides.overrides[day] = parse_day_windows("01:30-02:30, 23:00-01:00").value();
    overrides.holidays.push_back(day);
  }
  all.push_back(std::move(holidays));
  all.push_back(std::move(overrides));
  return all;
}

// What clocks showed at most, at every step of the stretch.
struct Steps {
  Seconds from;
  seconds step;
  std::vector<local_seconds> latest;
};

Steps steps_around(Seconds change) {
  Steps steps{.from = change - days(1), .step = kFull ? seconds(1) : seconds(60), .latest = {}};
  local_seconds latest{};
  for (Seconds at = steps.from - days(2); at < change + days(1); at += steps.step) {
    if (!kFull) {
      EXPECT_EQ(seconds(0), WallClock::offset(at) % seconds(60)) << format_utc(at);
    }
    latest = std::max(latest, WallClock::shows(at));
    if (at >= steps.from) steps.latest.push_back(latest);
  }
  return steps;
}

// Sums from the beginning of the stretch to each step, and each second beside a border.
void compare(const OpeningHours& compiled, const CalendarTerms& terms, const Steps& steps) {
  const std::string what = terms.name + " in " + terms.timezone;
  seconds sum{};
  bool before = naive_open(terms, steps.latest.front());
  ASSERT_EQ(before, compiled.open_at(steps.from)) << what << " " << format_utc(steps.from);
  for (std::size_t i = 0; i < steps.latest.size(); ++i) {
    const Seconds at = steps.from + steps.step * static_cast<std::int64_t>(i);
    ASSERT_EQ(sum, compiled.elapsed(steps.from, at)) << what << " " << format_utc(at);
    const bool open = naive_open(terms, steps.latest[i]);
    if (open != before) {
      ASSERT_EQ(before, compiled.open_at(at - seconds(1))) << what << " " << format_utc(at);
      ASSERT_EQ(open, compiled.open_at(at)) << what << " " << format_utc(at);
      ASSERT_EQ(open, compiled.open_at(at + seconds(1))) << what << " " << format_utc(at);
      ASSERT_EQ(at, compiled.next_change(at - seconds(1))) << what << " " << format_utc(at);
      ASSERT_EQ(before ? seconds(1) : seconds(0), compiled.elapsed(at - seconds(1), at)) << what;
      ASSERT_EQ(open ? seconds(1) : seconds(0), compiled.elapsed(at, at + seconds(1))) << what;
    }
    before = open;
    if (open) sum += steps.step;
  }
}

TEST(NaiveHours, AgreeAroundEveryChangeOfEveryZone) {
  const std::vector<std::string> zones = zones_of_the_machine();
  if (zones.empty()) GTEST_SKIP() << "no /usr/share/zoneinfo: install tzdata";
  EXPECT_GE(zones.size(), 300U);
  std::size_t compared = 0;
  for (const std::string& name : zones) {
    const WallClock clock(name);
    std::vector<Seconds> changes = naive_changes();
    ASSERT_EQ(changes, clock_changes(Zone::parse(name).value(), kBegin, kEnd)) << name;
    if (changes.empty()) changes.push_back(utc("2026-03-29T01:00Z"));  // a zone at rest
    std::vector<Steps> stretches;
    for (const Seconds change : changes) stretches.push_back(steps_around(change));
    for (const CalendarTerms& terms : hazards(name, changes)) {
      const OpeningHours compiled = OpeningHours::compile(terms);
      for (const Steps& steps : stretches) {
        compare(compiled, terms, steps);
        if (HasFatalFailure()) return;
        ++compared;
      }
    }
  }
  RecordProperty("stretches_compared", static_cast<int>(compared));
  EXPECT_GE(compared, 20'000U);
}

class RandomHours {
 public:
  explicit RandomHours(std::uint64_t seed) : random_(seed) {}

  std::int64_t upto(std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(0, most)(random_);
  }
  Seconds instant() { return kBegin + seconds(upto((kEnd - kBegin).count())); }

  // Boundaries at odd seconds, so that nothing rests on minutes.
  CalendarTerms terms() {
    static constexpr const char* kZones[] = {
        "UTC",         "UTC-06:00",       "Europe/Berlin",     "Africa/Cairo",
        "Asia/Tehran", "America/Chicago", "Africa/Casablanca", "Australia/Lord_Howe"};
    CalendarTerms terms = calendar_of("random", kZones[upto(7)], {});
    for (auto& windows : terms.week) {
      for (std::int64_t i = upto(3); i > 0; --i) windows.push_back(window());
    }
    if (std::ranges::all_of(terms.week, &std::vector<OpenWindow>::empty)) {
      terms.week[2].push_back(window());
    }
    std::set<local_days> holidays;
    for (int i = 0; i < 60; ++i) holidays.insert(day());
    terms.holidays.assign(holidays.begin(), holidays.end());
    for (int i = 0; i < 30; ++i) {
      auto& windows = terms.overrides[day()];
      for (std::int64_t many = upto(2); many > 0; --many) windows.push_back(window());
    }
    return terms;
  }

  std::vector<Span> pauses(Seconds from, seconds longest) {
    std::vector<Span> pauses;
    Seconds at = from - hours(1);
    for (std::int64_t i = upto(5); i > 0; --i) {
      const Seconds begin = at + seconds(upto(longest.count()));
      at = begin + seconds(upto(longest.count()));
      pauses.push_back({begin, at});
    }
    return pauses;
  }

 private:
  OpenWindow window() { return {seconds(upto(86'399)), seconds(upto(86'400))}; }
  local_days day() { return local_days(std::chrono::floor<days>(instant()).time_since_epoch()); }
  std::mt19937_64 random_;
};

std::uint64_t seed_of_this_run() {
  const char* const given = std::getenv("SLA_SEED");
  return given ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

bool paused(Seconds at, std::span<const Span> pauses) {
  return std::ranges::any_of(pauses,
                             [&](const Span& pause) { return pause.from <= at && at < pause.to; });
}

TEST(NaiveHours, AgreeSecondBySecondOnRandomCalendarsWithPauses) {
  const std::uint64_t seed = seed_of_this_run();
  SCOPED_TRACE("SLA_SEED=" + std::to_string(seed));
  RandomHours random(seed);
  for (int round = 0; round < 20; ++round) {
    const CalendarTerms terms = random.terms();
    const OpeningHours compiled = OpeningHours::compile(terms);
    const WallClock clock(terms.timezone.starts_with("UTC") ? "UTC" : terms.timezone);
    const seconds fixed(terms.timezone == "UTC-06:00" ? hours(-6) : hours(0));
    const Seconds from = random.instant(), to = from + seconds(random.upto(2 * 86'400));
    const std::vector<Span> pauses = random.pauses(from, hours(12));
    local_seconds latest{};
    seconds sum{};
    for (Seconds at = from - days(2); at < to; at += seconds(1)) {
      latest = std::max(latest, WallClock::shows(at) + fixed);
      if (at >= from && naive_open(terms, latest) && !paused(at, pauses)) sum += seconds(1);
    }
    ASSERT_EQ(sum, compiled.elapsed(from, to, pauses)) << format_utc(from) << " " << format_utc(to);
  }
}

TEST(NaiveHours, ProveEveryDeadlineMinimalAndMaximal) {
  const std::uint64_t seed = seed_of_this_run();
  SCOPED_TRACE("SLA_SEED=" + std::to_string(seed));
  RandomHours random(seed);
  constexpr seconds kSecond(1);
  for (int round = 0; round < 100; ++round) {
    const OpeningHours hours_of = OpeningHours::compile(random.terms());
    for (int i = 0; i < 200; ++i) {
      const Seconds from = random.instant();
      const seconds target(random.upto(i % 2 == 0 ? 200'000 : 20'000));
      const std::vector<Span> pauses = random.pauses(from, hours(40));
      const auto due = hours_of.due(from, target, pauses);
      ASSERT_TRUE(due) << format_utc(from);
      ASSERT_LE(from, due->due);
      ASSERT_LE(due->due, due->breach_after);
      if (target > seconds(0)) {
        ASSERT_EQ(target - kSecond, hours_of.elapsed(from, due->due - kSecond, pauses));
      }
      ASSERT_EQ(target, hours_of.elapsed(from, due->due, pauses));
      ASSERT_EQ(target, hours_of.elapsed(from, due->breach_after, pauses));
      ASSERT_EQ(target + kSecond, hours_of.elapsed(from, due->breach_after + kSecond, pauses));
    }
  }
}

// A union is open whenever one of its parts is, and nothing of a union is counted twice.
TEST(NaiveHours, UniteWhatTheirPartsAreOpenFor) {
  const std::uint64_t seed = seed_of_this_run();
  SCOPED_TRACE("SLA_SEED=" + std::to_string(seed));
  RandomHours random(seed);
  for (int round = 0; round < 20; ++round) {
    const OpeningHours a = OpeningHours::compile(random.terms());
    const OpeningHours b = OpeningHours::compile(random.terms());
    const OpeningHours* parts[] = {&a, &b};
    const OpeningHours both = OpeningHours::unite(parts);
    const Seconds from = random.instant();
    seconds sum{};
    for (Seconds at = from; at < from + days(3); at += seconds(1)) {
      ASSERT_EQ(a.open_at(at) || b.open_at(at), both.open_at(at)) << format_utc(at);
      if (both.open_at(at)) sum += seconds(1);
    }
    ASSERT_EQ(sum, both.elapsed(from, from + days(3)));
  }
}

}  // namespace
}  // namespace exporter
