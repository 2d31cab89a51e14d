// A signed correction as JSON: as it stands in tickets.db, and the words of it that the admin
// socket and slatool share. Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/ticket/ticket.h"

namespace exporter {

// Without its id, which is its place in the chain.
std::string correction_json(const TicketCorrection& correction);
std::expected<TicketCorrection, std::string> parse_correction(std::string_view json);

std::string_view name_of(TicketCorrection::Action action);  // "void", "reacted-at", ...
std::optional<TicketCorrection::Action> correction_action(std::string_view name);
// What a correction must say, whoever sent it; the error is a sentence.
std::expected<void, std::string> check_correction(const TicketCorrection& correction);

}  // namespace exporter
