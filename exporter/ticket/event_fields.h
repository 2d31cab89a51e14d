// The fields of an event as they stand in files, whatever the form: their names, what may be in
// them, and what an event of each type needs. JSON and CSV put their values in here, so that both
// are strict in the same way. docs/reactions.md describes the fields. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/ticket/event.h"

namespace exporter {

// An error is a sentence that names the field.
using FieldResult = std::expected<void, std::string>;

inline constexpr std::size_t kLongestEventId = 200;   // bytes: source, ticket, into
inline constexpr std::size_t kLongestEventWord = 64;  // bytes: everything else that is text

class EventBuilder {
 public:
  FieldResult put_text(std::string_view name, std::string_view text);
  // Of `seq`; and an instant in seconds since 1970.
  FieldResult put_number(std::string_view name, std::int64_t number);
  // Of `public`.
  FieldResult put_flag(std::string_view name, bool flag);
  // Whatever the field is, as text; of forms that know nothing else.
  FieldResult put_written(std::string_view name, std::string_view text);

  // The event, if nothing is missing. An actor that is not given is the one its type implies.
  std::expected<TicketEvent, std::string> finish();

 private:
  FieldResult mark(std::string_view name);

  TicketEvent event_;
  std::vector<bool> given_;  // by place of the field
  std::optional<bool> public_;
};

// Names of the fields that a written event has, in their order; `public` is read alone, because
// the type says it.
std::span<const std::string_view> written_event_fields();
// As text; empty when the event does not have it.
std::string event_field(const TicketEvent& event, std::string_view name);
bool has_event_field(std::string_view name);

}  // namespace exporter
