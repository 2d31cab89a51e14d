// A calendar is compiled day by day into stretches of UTC, with the open time before each of them:
// elapsed() is then a difference of two sums, and due() a search for one. A stretch is found
// through its UTC day, so that a question costs the same over a day and over ten years.
#include "exporter/ticket/opening_hours.h"

#include <algorithm>
#include <limits>

#include "exporter/ticket/local_windows.h"

namespace exporter {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kWeek = 7 * kDay;

constexpr std::int64_t kEnd = kHoursEnd.time_since_epoch().count();
static_assert(kEnd <= std::numeric_limits<std::uint32_t>::max());

std::int64_t count(Seconds at) { return at.time_since_epoch().count(); }
Seconds instant(std::int64_t at) { return Seconds(std::chrono::seconds(at)); }

// Sorted, and what overlaps or touches joined.
template <class Part>
void merge(std::vector<Part>& parts) {
  std::erase_if(parts, [](const Part& part) { return part.from >= part.to; });
  std::ranges::sort(parts, {}, &Part::from);
  std::size_t kept = 0;
  for (const Part& part : parts) {
    if (kept > 0 && part.from <= parts[kept - 1].to) {
      parts[kept - 1].to = std::max(parts[kept - 1].to, part.to);
    } else {
      parts[kept++] = part;
    }
  }
  parts.resize(kept);
}

}  // namespace

OpeningHours OpeningHours::compile(const CalendarTerms& terms) {
  const Zone zone = Zone::parse(terms.timezone).value();
  std::vector<Stretch> stretches;
  for (const Span& window : open_windows(terms, zone)) {
    const std::int64_t from = std::max<std::int64_t>(count(window.from), 0);
    const std::int64_t to = std::min(count(window.to), kEnd);
    if (from >= to) continue;
    stretches.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to), 0});
  }
  OpeningHours hours;
  hours.set_stretches(std::move(stretches));

  const std::int64_t offset = ordinary_offset(zone).count();
  std::vector<WeekPart> week;
  std::int64_t days_with_windows = 0;
  for (unsigned weekday = 0; weekday < 7; ++weekday) {
    // Weeks are counted from the epoch, which was a Thursday.
    const std::int64_t day = (weekday + 3) % 7 * kDay;
    if (!terms.week[weekday].empty()) ++days_with_windows;
    for (const OpenWindow& window : terms.week[weekday]) {
      week.push_back({day + window.from.count() - offset, day + end_of(window).count() - offset});
    }
  }
  hours.set_week(std::move(week));
  const std::int64_t open = hours.week_open_.count();
  if (days_with_windows > 0 && open % days_with_windows == 0) {
    hours.business_day_ = std::chrono::seconds(open / days_with_windows);
  }
  return hours;
}

OpeningHours OpeningHours::unite(std::span<const OpeningHours* const> parts) {
  std::vector<Stretch> stretches;
  std::vector<WeekPart> week;
  for (const OpeningHours* part : parts) {
    stretches.insert(stretches.end(), part->open_.begin(), part->open_.end());
    week.insert(week.end(), part->week_.begin(), part->week_.end());
  }
  OpeningHours hours;
  hours.set_stretches(std::move(stretches));
  hours.set_week(std::move(week));
  return hours;
}

OpeningHours OpeningHours::always() {
  OpeningHours hours;
  hours.set_stretches({{0, static_cast<std::uint32_t>(kEnd), 0}});
  hours.set_week({{0, kWeek}});
  return hours;
}

void OpeningHours::set_stretches(std::vector<Stretch> stretches) {
  merge(stretches);
  std::uint32_t before = 0;
  for (Stretch& stretch : stretches) {
    stretch.before = before;
    before += stretch.to - stretch.from;
  }
  open_ = std::move(stretches);
  open_.shrink_to_fit();
  first_of_day_.resize(kEnd / kDay);
  std::size_t first = 0;
  for (std::size_t day = 0; day < first_of_day_.size(); ++day) {
    while (first < open_.size() && open_[first].to <= day * kDay) ++first;
    first_of_day_[day] = static_cast<std::uint32_t>(first);
  }
}

void OpeningHours::set_week(std::vector<WeekPart> parts) {
  std::vector<WeekPart> round;  // cut where the week ends; what hangs over begins it
  for (const WeekPart& part : parts) {
    const std::int64_t from = ((part.from % kWeek) + kWeek) % kWeek;
    const std::int64_t to = from + std::min(part.to - part.from, kWeek);
    round.push_back({from, std::min(to, kWeek)});
    round.push_back({0, to - kWeek});
  }
  merge(round);
  week_ = std::move(round);
  week_open_ = {};
  for (const WeekPart& part : week_) week_open_ += std::chrono::seconds(part.to - part.from);
}

std::size_t OpeningHours::stretch_at(std::int64_t at) const {
  if (at >= kEnd) return open_.size();
  if (at < 0) return 0;
  std::size_t i = first_of_day_[static_cast<std::size_t>(at / kDay)];
  while (i < open_.size() && open_[i].to <= at) ++i;  // as many as a day has windows
  return i;
}

std::int64_t OpeningHours::open_before(std::int64_t at) const {
  const std::size_t i = stretch_at(at);
  if (i == open_.size()) {
    return open_.empty() ? 0 : open_.back().before + (open_.back().to - open_.back().from);
  }
  return open_[i].before + std::max<std::int64_t>(at - open_[i].from, 0);
}

std::chrono::seconds OpeningHours::elapsed(Seconds from, Seconds to,
                                           std::span<const Span> pauses) const {
  if (to <= from) return {};
  std::int64_t open = open_before(count(to)) - open_before(count(from));
  for (const Span& pause : pauses) {
    const Seconds begin = std::max(pause.from, from), end = std::min(pause.to, to);
    if (begin < end) open -= open_before(count(end)) - open_before(count(begin));
  }
  return std::chrono::seconds(open);
}

std::optional<OpeningHours::Due> OpeningHours::due(Seconds from, std::chrono::seconds target,
                                                   std::span<const Span> pauses) const {
  if (target.count() <= 0) return Due{.due = from, .breach_after = next_open(from, pauses)};
  // The sum of open time, pauses included, at which the target is used up.
  std::int64_t wanted = open_before(count(from)) + target.count();
  for (const Span& pause : pauses) {
    if (pause.to <= from || pause.from >= pause.to) continue;
    const std::int64_t begin = open_before(count(std::max(pause.from, from)));
    if (begin >= wanted) break;
    wanted += open_before(count(pause.to)) - begin;
  }
  const auto after = std::ranges::lower_bound(open_, wanted, {}, [](const Stretch& stretch) {
    return std::int64_t{stretch.before} + (stretch.to - stretch.from);
  });
  if (after == open_.end()) return std::nullopt;
  const Seconds due = instant(after->from + (wanted - after->before));
  return Due{.due = due, .breach_after = next_open(due, pauses)};
}

// The first open second at or after `at` that no pause covers.
Seconds OpeningHours::next_open(Seconds at, std::span<const Span> pauses) const {
  for (auto pause = pauses.begin();; ++pause) {
    const std::size_t i = stretch_at(count(at));
    if (i == open_.size()) return std::max(at, kHoursEnd);
    at = std::max(at, instant(open_[i].from));
    while (pause != pauses.end() && pause->to <= at) ++pause;
    if (pause == pauses.end() || pause->from > at) return at;
    at = pause->to;
  }
}

bool OpeningHours::open_at(Seconds at) const {
  const std::size_t i = stretch_at(count(at));
  return i < open_.size() && open_[i].from <= count(at);
}

std::optional<Seconds> OpeningHours::next_change(Seconds at) const {
  const std::size_t i = stretch_at(count(at));
  if (i == open_.size()) return std::nullopt;
  const bool is_open = open_[i].from <= count(at);
  const std::int64_t change = is_open ? open_[i].to : open_[i].from;
  // Where the table ends nothing closes.
  if (change == kEnd) return std::nullopt;
  return instant(change);
}

}  // namespace exporter
