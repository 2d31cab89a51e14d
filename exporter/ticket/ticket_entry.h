// What a TicketBook holds of one ticket, and the orders in which it looks tickets up. For
// ticket_book*.cc alone.
#pragma once

#include "exporter/ticket/ticket_book.h"

namespace exporter {

struct TicketBook::Entry {
  // An open clock, as of the last look at it.
  struct Open {
    LevelKey key;
    ClockReading reading;
    const OpeningHours* hours = nullptr;  // of its terms; null when they know none
  };

  Ticket ticket;
  std::unique_ptr<Ticket> uncorrected;  // null: the same
  std::vector<TicketCorrection> corrections;
  std::int64_t events = 0;
  // Loose: its facts are not in the totals, or no longer; `before` are those that were.
  bool loose = true;
  std::unique_ptr<TicketFacts> before;
  Viewpoint view;
  std::optional<Seconds> next_time, next_read, quiet_since;
  std::unique_ptr<Open> open;

  const Ticket& first_decided() const { return uncorrected ? *uncorrected : ticket; }
};

struct TicketBook::Indexed {
  struct ByName {
    bool operator()(Tickets::iterator a, Tickets::iterator b) const { return a->first < b->first; }
  };
  // By an instant; equal ones in no order that matters.
  struct ByInstant {
    using Row = std::pair<Seconds, Tickets::iterator>;
    bool operator()(const Row& a, const Row& b) const {
      if (a.first != b.first) return a.first < b.first;
      return &*a.second < &*b.second;
    }
  };
  using Instants = std::set<ByInstant::Row, ByInstant>;

  std::vector<Tickets::iterator> loose;
  Instants by_time, quiet;
  std::map<std::string, Instants> by_read;  // by source
  std::set<Tickets::iterator, ByName> open;
  std::map<std::chrono::year_month, std::set<Tickets::iterator, ByName>> misses;
};

}  // namespace exporter
