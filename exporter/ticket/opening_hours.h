// Business time: the instants at which a calendar is open, and arithmetic on them. Exact to the
// second, over daylight saving, midnight and holidays; the cost of a question does not depend on
// the span it is about.
//
// A window is [from, to) in local time and belongs to the day it begins on. A boundary that local
// clocks skip is the instant of the change; one that happens twice is the first. A holiday takes
// out its local day from 00:00 to 24:00, wherever the window began; an override replaces the
// windows that begin on its day, on a holiday as well. Instants before 1970 or after the year 2099
// (UTC) are outside every calendar: closed.
//
// Immutable after compile(); any thread may ask.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "exporter/sla/exclusion.h"
#include "exporter/sla/zone.h"
#include "exporter/ticket/support_terms.h"

namespace exporter {

class OpeningHours {
 public:
  // Of a calendar that is no union. Its zone must be one that Zone::parse takes.
  static OpeningHours compile(const CalendarTerms& terms);
  // Open whenever one of them is; overlaps count once.
  static OpeningHours unite(std::span<const OpeningHours* const> parts);
  // Real time.
  static OpeningHours always();

  // Open seconds in [from, to) outside the pauses; 0 when `to` is not after `from`. Pauses are
  // sorted and do not overlap.
  std::chrono::seconds elapsed(Seconds from, Seconds to, std::span<const Span> pauses = {}) const;

  struct Due {
    Seconds due;  // the earliest instant with elapsed(from, due) = target
    // The latest one; a reaction then is still in time. The end of 2099 where it never opens again.
    Seconds breach_after;
    bool operator==(const Due&) const = default;
  };
  // Absent when the calendar never opens for so long. A pause that is still under way is one that
  // ends far away.
  std::optional<Due> due(Seconds from, std::chrono::seconds target,
                         std::span<const Span> pauses = {}) const;

  bool open_at(Seconds at) const;
  // When it opens or closes next after `at`; absent when it never does.
  std::optional<Seconds> next_change(Seconds at) const;

  // Of an ordinary week without holidays, as written: 45 hours for mon-fri 08:00-17:00. For a union
  // of zones that differ through the year: of a week in the middle of January.
  std::chrono::seconds week_open() const { return week_open_; }
  // Weekly open time divided by the number of weekdays on which a window begins; absent for
  // unions, for real time and where it is no whole number of seconds.
  std::optional<std::chrono::seconds> business_day() const { return business_day_; }

 private:
  // Seconds since 1970 up to 2100 fit into 32 bits, which keeps a calendar of 130 years in half a
  // megabyte.
  struct Stretch {
    std::uint32_t from, to;
    std::uint32_t before;  // the open time of all earlier stretches
  };
  struct WeekPart {
    std::int64_t from, to;
  };

  // Takes stretches in any order, overlapping or adjacent.
  void set_stretches(std::vector<Stretch> stretches);
  void set_week(std::vector<WeekPart> parts);
  // The first stretch that ends after `at`; the number of stretches when there is none.
  std::size_t stretch_at(std::int64_t at) const;
  // Open time before `at`.
  std::int64_t open_before(std::int64_t at) const;
  Seconds next_open(Seconds at, std::span<const Span> pauses) const;

  std::vector<Stretch> open_;  // sorted, disjoint, not adjacent
  std::vector<std::uint32_t>
      first_of_day_;            // by UTC day: the first stretch that ends after its 0:00
  std::vector<WeekPart> week_;  // an ordinary week in UTC; sorted, disjoint, from its Thursday on
  std::chrono::seconds week_open_{};
  std::optional<std::chrono::seconds> business_day_;
};

}  // namespace exporter
