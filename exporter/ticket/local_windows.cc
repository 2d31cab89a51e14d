#include "exporter/ticket/local_windows.h"

#include <algorithm>

#include "exporter/sla/zone_changes.h"

namespace exporter {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::local_seconds;

// Zone::from_local for times that mostly ascend. Far from any jump of the clocks the offset is
// constant; only around one the zone is asked.
class LocalClock {
 public:
  LocalClock(const Zone& zone, Seconds from, Seconds to) : zone_(zone) {
    std::vector<Seconds> edges = clock_changes(zone, from - days(2), to + days(2));
    edges.insert(edges.begin(), from - days(2));
    edges.push_back(to + days(2));
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      const std::chrono::seconds offset = zone.to_local(edges[i]).time_since_epoch() -  //
                                          edges[i].time_since_epoch();
      // No clock has ever jumped by more than a day.
      const local_seconds begin(edges[i].time_since_epoch() + offset + days(1));
      const local_seconds end(edges[i + 1].time_since_epoch() + offset - days(1));
      if (begin < end) calm_.push_back({begin, end, offset});
    }
  }

  Seconds at(local_seconds local) {
    while (next_ < calm_.size() && calm_[next_].to <= local) ++next_;
    while (next_ > 0 && calm_[next_ - 1].to > local) --next_;
    if (next_ < calm_.size() && calm_[next_].from <= local) {
      return Seconds(local.time_since_epoch() - calm_[next_].offset);
    }
    return zone_.from_local(local);
  }

 private:
  struct Calm {
    local_seconds from, to;
    std::chrono::seconds offset;
  };
  const Zone& zone_;
  std::vector<Calm> calm_;
  std::size_t next_ = 0;
};

// [from, to) without a day of the local calendar.
std::vector<Span> without(std::vector<Span> parts, const Span& day) {
  std::vector<Span> left;
  for (const Span& part : parts) {
    if (part.from < day.from) left.push_back({part.from, std::min(part.to, day.from)});
    if (part.to > day.to) left.push_back({std::max(part.from, day.to), part.to});
  }
  return left;
}

class Calendar {
 public:
  Calendar(const CalendarTerms& terms, const Zone& zone, Seconds from, Seconds to)
      : terms_(terms), clock_(zone, from, to) {}

  void add_day(local_days day, std::vector<Span>& open) {
    const auto replaced = terms_.overrides.find(day);
    const bool is_replaced = replaced != terms_.overrides.end();
    const std::chrono::weekday weekday{day};
    const auto& windows = is_replaced ? replaced->second : terms_.week[weekday.c_encoding()];
    if (windows.empty()) return;
    // No window reaches beyond the day that follows the one it begins on.
    const bool cut_today = is_holiday(day) && !is_replaced,
               cut_tomorrow = is_holiday(day + days(1));
    for (const OpenWindow& window : windows) {
      const Span whole{clock_.at(day + window.from), clock_.at(day + end_of(window))};
      if (!cut_today && !cut_tomorrow) {
        open.push_back(whole);
        continue;
      }
      std::vector<Span> left{whole};
      if (cut_today) left = without(std::move(left), local_day(day));
      if (cut_tomorrow) left = without(std::move(left), local_day(day + days(1)));
      open.insert(open.end(), left.begin(), left.end());
    }
  }

 private:
  bool is_holiday(local_days day) const { return std::ranges::binary_search(terms_.holidays, day); }
  Span local_day(local_days day) {
    return {clock_.at(local_seconds(day)), clock_.at(local_seconds(day + days(1)))};
  }

  const CalendarTerms& terms_;
  LocalClock clock_;
};

}  // namespace

std::vector<Span> open_windows(const CalendarTerms& terms, const Zone& zone) {
  // Local days that begin before 1970 in UTC and windows that begin the day before.
  constexpr Seconds kBegin = std::chrono::sys_days(std::chrono::year(1970) / 1 / 1) - days(3);
  constexpr Seconds kStop = kHoursEnd + days(3);
  Calendar calendar(terms, zone, kBegin, kStop);
  std::vector<Span> open;
  const auto local = [](Seconds at) {
    return local_days(std::chrono::floor<days>(at).time_since_epoch());
  };
  for (local_days day = local(kBegin); day < local(kStop); day += days(1)) {
    calendar.add_day(day, open);
  }
  return open;
}

std::chrono::seconds ordinary_offset(const Zone& zone) {
  constexpr Seconds kMidwinter = std::chrono::sys_days(std::chrono::year(2026) / 1 / 14);
  return zone.to_local(kMidwinter).time_since_epoch() - kMidwinter.time_since_epoch();
}

}  // namespace exporter
