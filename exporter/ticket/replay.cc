// A ticket from the start: events and corrections, each in its place.
#include "exporter/ticket/ticket.h"

namespace exporter {
namespace {

template <class Rules>
Ticket replay_by(std::span<const TicketEvent> events, std::span<const TicketCorrection> corrections,
                 const Rules& rules) {
  Ticket ticket;
  std::size_t signed_off = 0;
  for (const TicketEvent& event : events) {
    for (; signed_off < corrections.size() && corrections[signed_off].after_seq < event.seq;
         ++signed_off) {
      ticket.apply(corrections[signed_off], rules);
    }
    ticket.apply(event, rules);
  }
  for (; signed_off < corrections.size(); ++signed_off)
    ticket.apply(corrections[signed_off], rules);
  return ticket;
}

}  // namespace

Ticket replay(std::span<const TicketEvent> events, std::span<const TicketCorrection> corrections,
              const SupportRules& rules) {
  return replay_by(events, corrections, rules);
}

Ticket replay(std::span<const TicketEvent> events, std::span<const TicketCorrection> corrections,
              const SupportTimeline& timeline) {
  return replay_by(events, corrections, timeline);
}

}  // namespace exporter
