#include "exporter/ticket/ticket.h"

#include <algorithm>

namespace exporter {

const ReactionClock* Ticket::open_clock() const {
  const auto open = std::ranges::find_if(
      clocks_, [](const ReactionClock& clock) { return !clock.end.has_value(); });
  return open == clocks_.end() ? nullptr : &*open;
}

}  // namespace exporter
