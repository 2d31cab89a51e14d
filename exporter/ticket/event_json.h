// An event as one JSON object on a line, the form in which tickets are replayed and files are read:
//   {"source":"desk","ticket":"4711","seq":3,"at":"2026-01-14T09:00:00Z","type":"reaction"}
// Strict: an unknown key, a value of another kind, a key that stands twice, or an object inside
// the object are errors. exporter/ticket/event_fields.h says what may be in a field. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "exporter/ticket/event.h"

namespace exporter {

inline constexpr std::size_t kLongestEventLine = 16 * 1024;  // bytes

// The error is a sentence that names the key.
std::expected<TicketEvent, std::string> parse_event_json(std::string_view line);
// Without a newline; parse_event_json gives the same event again.
std::string event_json(const TicketEvent& event);

}  // namespace exporter
