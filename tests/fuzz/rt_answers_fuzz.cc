// Any bytes as what a Request Tracker answers, and as the position that was kept.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "exporter/sources/rt_answers.h"
#include "exporter/sources/rt_cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto page = exporter::read_transactions(text, "helpdesk");
  // A row is whole or the page is refused.
  if (page && page->rows.size() != page->count) std::abort();
  (void)exporter::read_ticket(text, "helpdesk");
  (void)exporter::read_person(text, "helpdesk");
  (void)exporter::read_attachments(text, "helpdesk");
  (void)exporter::read_content(text, "helpdesk");
  (void)exporter::read_name(text, "helpdesk", "/REST/2.0/queue");
  (void)exporter::ticket_of_link(text);
  for (const auto& [name, value] : exporter::read_headers(text)) {
    if (name.find('\n') != name.npos || value.find('\n') != value.npos) std::abort();
  }
  const auto cursor = exporter::parse_rt_cursor(text);
  if (cursor && exporter::parse_rt_cursor(exporter::to_text(*cursor)) != cursor) std::abort();
  return 0;
}
