// Business time: the instants at which a calendar is open, and arithmetic on them. Exact to the
// second, over daylight saving, midnight and holidays; the cost of a question does not depend on
// the span it is about.
//
// A window is [from, to) in local time and belongs to the day it begins on. A boundary that local
// clocks skip is the instant of the change; one that happens twice is the first. A holiday takes
// out its local day from 00:00 to 24:00, wherever the window began; an override replaces the
// windows that begin on its day. Instants before 1970 or after the year 2099 are outside every
// calendar: closed.
//
// Immutable after compile(); any thread may ask.
#pragma once

#include <chrono>
#include <memory>
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
    Seconds due;           // the earliest instant with elapsed(from, due) = target
    Seconds breach_after;  // the latest one; a reaction then is still in time
    bool operator==(const Due&) const = default;
  };
  // Absent when the calendar never opens for so long.
  std::optional<Due> due(Seconds from, std::chrono::seconds target,
                         std::span<const Span> pauses = {}) const;

  bool open_at(Seconds at) const;
  // When it opens or closes next after `at`; absent when it never does.
  std::optional<Seconds> next_change(Seconds at) const;

  // Of an ordinary week without holidays, as written: 45 hours for mon-fri 08:00-17:00.
  std::chrono::seconds week_open() const;
  // Weekly open time divided by the number of weekdays on which a window begins; absent for
  // unions, for real time and where it is no whole number of seconds.
  std::optional<std::chrono::seconds> business_day() const;

 private:
  // Sorted, disjoint, not adjacent; `before` is the open time of all earlier stretches.
  struct Stretch {
    std::int64_t from, to, before;
  };
  std::vector<Stretch> open_;
  std::chrono::seconds week_open_{};
  std::optional<std::chrono::seconds> business_day_;
};

}  // namespace exporter
