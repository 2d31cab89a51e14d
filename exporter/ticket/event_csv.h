// Events as CSV (RFC 4180): a header line with the names of the fields in any order, then a record
// an event; an empty value is one that is not given. As strict as the JSON form. Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/ticket/event.h"

namespace exporter {

// The next record of `rest`, which moves on behind its line end; line ends inside quotes belong to
// the record. Without the line end. nullopt at the end.
std::optional<std::string_view> take_csv_record(std::string_view& rest);
// The values of a record. The error says which quote is wrong.
std::expected<std::vector<std::string>, std::string> csv_values(std::string_view record);

class EventCsv {
 public:
  // From the header line.
  static std::expected<EventCsv, std::string> open(std::string_view header);
  std::expected<TicketEvent, std::string> parse(std::string_view record) const;

 private:
  std::vector<std::string> names_;
};

std::string event_csv_header();
std::string event_csv(const TicketEvent& event);

}  // namespace exporter
