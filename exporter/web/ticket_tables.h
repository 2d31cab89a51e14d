// The parts of the page of tickets: tables, and how a time, a wait and a state are written in them.
// Whatever comes from outside is escaped here. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/sla/zone.h"

namespace exporter {

struct Column {
  std::string_view head;
  bool number = false;
};
// The note and the rows are HTML. The note stands above the table and not in it, because a caption
// is as wide as its table, and on a telephone that is wider than the screen.
std::string ticket_table(std::string_view note, std::initializer_list<Column> columns,
                         std::string_view rows);

// "<td ...>" with a shape, for those who do not see the colours; "at_risk" reads "at risk". `note`
// is HTML.
std::string ticket_state_cell(std::string_view word, std::string_view note = "");
std::string text_cell(std::string_view text);   // escaped
std::string whole_cell(std::string_view html);  // never broken over lines
std::string number_cell(std::string_view html);
std::string count_cell(std::uint64_t count, std::string_view style = "");  // 0 without the style

// "3 h 25 min", "12 min", "40 s"; rounded down.
std::string wait_text(std::chrono::seconds wait);
// "2026-11-22 21:30", a dash when there is none.
std::string moment_text(const Zone& zone, std::optional<Seconds> at);

}  // namespace exporter
