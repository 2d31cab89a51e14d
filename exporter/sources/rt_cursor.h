// How far a Request Tracker is read, as text between two batches. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>

#include "exporter/sla/terms.h"

namespace exporter {

struct RtCursor {
  std::int64_t read = 0;           // the highest id that was read
  std::int64_t at = 0;             // where the pass stands: rows beyond it come next
  std::optional<std::int64_t> to;  // where the pass ends; absent between two passes
  Seconds asked;                   // when the pass began
  std::optional<Seconds> until;    // everything before has been read
  // Tickets that were opened and whose mail with the number has not been seen.
  std::set<std::int64_t> unmailed;
  bool operator==(const RtCursor&) const = default;
};

std::string to_text(const RtCursor& cursor);
// An empty text is the beginning. The error is a sentence.
std::expected<RtCursor, std::string> parse_rt_cursor(const std::string& text);

}  // namespace exporter
