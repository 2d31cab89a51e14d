// Since when a customer waits on a ticket, by the ticket's events alone: what a merge hands over to
// the survivor (TicketEventType::carry). Follows the clocks' rules (docs/reactions.md) as far as
// they say when a clock begins and when it is decided. Pure.
#pragma once

#include <optional>
#include <vector>

#include "exporter/ticket/event.h"
#include "exporter/ticket/support_terms.h"

namespace exporter {

struct Waiting {
  Seconds since;
  bool first = true;  // for the first answer, or that of a level that was handed the ticket
  bool operator==(const Waiting&) const = default;
};

// After `events` of one ticket, in the order of their seq; nothing when nobody waits. `levels` are
// lowest first.
std::optional<Waiting> waiting_after(const std::vector<TicketEvent>& events,
                                     const std::vector<LevelTerms>& levels);

}  // namespace exporter
