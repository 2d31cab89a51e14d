// An event as somebody outside wrote it for one source: a webhook's sender or a file. The source
// may be left out and may not be another's; its instant must be one that a clock can have shown.
// Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/ticket/event.h"

namespace exporter {

// Clocks of senders may be ahead by this much; what lies further ahead is a mistake.
inline constexpr std::chrono::hours kFarthestAhead{24};

struct EventRefusal {
  enum class Reason {
    form,    // no event in the format of exporter/ticket/event_json.h
    source,  // another source's
    ahead,   // further ahead than kFarthestAhead
    unset    // 1970 or before: a date that was never set
  };
  Reason reason = Reason::form;
  std::string message;  // what is wrong and what to do, without a text of the event
};

std::expected<TicketEvent, EventRefusal> read_foreign_event(std::string_view json,
                                                            const std::string& source, Seconds now);
// The same for an event that was read from another form.
std::expected<TicketEvent, EventRefusal> judge_foreign_event(
    std::expected<TicketEvent, std::string> event, const std::string& source, Seconds now);

// `{"read_until":"2026-12-01T00:00:00Z"}`: the sender states that it has told everything until
// then. Absent when the text is no such object. A clock that is ahead of ours states no more than
// `now`.
std::optional<std::expected<Seconds, EventRefusal>> read_statement(std::string_view json,
                                                                   Seconds now);

std::string_view name_of(EventRefusal::Reason reason);

}  // namespace exporter
