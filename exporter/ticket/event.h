// One thing that happened to a ticket, in the one shape every help desk is translated to. The key
// is source, ticket and seq: reading an event again is harmless. The order is the source's
// sequence alone; instants may run backwards. Pure values; no subject, body, name or address has a
// place here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sla/terms.h"

namespace exporter {

enum class TicketEventType {
  opened,            // actor: who it came from; an agent may open one for a customer (channel)
  auto_reply,        // a mail that no human wrote left for the customer: the ticket number
  reaction,          // a public message of an agent
  note,              // an internal note of an agent
  escalated,         // a human moved the ticket up to `level`
  routed,            // an automaton moved it to `level`
  returned,          // moved down to `level`
  waiting,           // for the customer
  resumed,           // no longer waiting, without a word of the customer
  customer_replied,  // a human message of the customer
  customer_auto,     // an automatic one, such as an absence notice
  closed,
  reopened,
  spam,
  deleted,
  merged,       // into the ticket `into`
  carry,        // this ticket took over a merged one whose clock began at `since`
  assigned,     // without effect
  attributes,   // calendar, agreement, channel or language became known or changed
  checked_item  // `item` of the hand-over checklist was done
};

enum class TicketActor { customer, agent, system };

struct TicketEvent {
  std::string source, ticket;
  std::int64_t seq = 0;
  Seconds at;
  TicketEventType type = TicketEventType::opened;
  TicketActor actor = TicketActor::system;
  std::string level;      // of opened (empty: the lowest), escalated, routed, returned
  std::string calendar;   // the region's; empty: unknown or unchanged
  std::string agreement;  // empty: the published one, or unchanged
  std::string channel, language;
  std::string destination;       // to whom a hand-over went, where it is more than the level
  std::optional<Seconds> since;  // of carry
  std::string into;              // of merged
  std::string item;              // of checked_item
  std::string reason;            // of closed, waiting: a word, never a text
  bool operator==(const TicketEvent&) const = default;
};

std::string_view name_of(TicketEventType type);
std::optional<TicketEventType> ticket_event_type(std::string_view name);
std::string_view name_of(TicketActor actor);
std::optional<TicketActor> ticket_actor(std::string_view name);

}  // namespace exporter
