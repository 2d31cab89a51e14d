// A help desk that tickets are read from, step by step: from a cursor, a batch of events in the
// order of its sequence and the cursor after them. A reader keeps nothing that it could not read
// again: after a restart it goes on from the cursor that was committed with the events.
//
// Readers run on the loop thread and speak through probes/net only; one read at a time.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/support.h"
#include "exporter/ticket/event.h"
#include "probes/async/task.h"
#include "probes/net/net.h"

namespace exporter {

struct SourceBatch {
  std::vector<TicketEvent> events;  // ascending seq within a ticket
  std::string cursor;               // opaque to all but the reader
  // Everything that happened before is read; results are counted only up to here.
  std::optional<Seconds> read_until;
  bool more = false;  // there is more to read at once
  // Values that no map of the configuration knows, by what they are of ("queue", "region").
  std::map<std::string, std::uint64_t> unmapped;
  // Whoever wrote the events says each of them once, so that one which is known with other content
  // is a mistake of his; the help desks' own histories may read differently every time.
  bool told_once = false;
};

struct SourceError {
  // The closed set of sla_ticket_source_errors_total{reason}.
  enum class Reason { auth, connect, timeout, rate_limited, server, answer, local };
  Reason reason = Reason::answer;
  std::string message;  // one sentence with the remedy; never a secret or a customer's data
  std::optional<std::chrono::seconds> retry_after;
};

using SourceResult = std::expected<SourceBatch, SourceError>;

class TicketReader {
 public:
  virtual ~TicketReader() = default;
  // An empty cursor begins at `since`. `now` is the wall clock's.
  virtual probes::Task<SourceResult> read(std::string cursor, Seconds now) = 0;
  // Leaves an internal note on a ticket; false when the source has none.
  virtual probes::Task<std::expected<void, SourceError>> leave_note(std::string ticket,
                                                                    std::string text) = 0;
};

std::string_view name_of(SourceError::Reason reason);

}  // namespace exporter
