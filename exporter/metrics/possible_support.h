// What can occur in the reaction half under given terms, so that its counters are there at 0 from
// the start and nothing else is. A calendar that no clock of a level can be on has no series; a
// level above all others cannot hand a ticket over. Pure functions of the configuration.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/config/support.h"
#include "exporter/sources/source.h"
#include "exporter/ticket/clock.h"

namespace exporter {

// A value that a help desk did not give, or that no map knows.
inline constexpr std::string_view kNotKnown = "unknown";

// Null when there is no such level.
const LevelTerms* find_level(const SupportTerms& terms, std::string_view name);

// Calendars that clocks of the level count by: its own, or that of the ticket; when it is unknown
// the union "all", unless there is only one calendar to be united.
std::set<std::string> possible_calendars(const SupportTerms& terms, const LevelTerms& level);
// What ends a clock of the level.
std::set<ReactionKind> possible_reactions(const SupportTerms& terms, const LevelTerms& level);
// As first decided: corrections are no reason there.
std::set<VoidReason> possible_voids(const SupportTerms& terms, const LevelTerms& level);

std::set<SourceError::Reason> possible_errors(TicketSource::Type type);
// Channel and language of a new ticket, as far as the maps of the sources name them.
std::set<std::pair<std::string, std::string>> possible_openings(
    std::span<const TicketSource> sources);
// Where hand-overs go: what the maps of the sources name, else the level.
std::set<std::string> possible_destinations(const SupportTerms& terms,
                                            std::span<const TicketSource> sources);

// By level and event: a team hears of all, notes are left for the two that are about one ticket.
std::set<std::pair<std::string, std::string>> possible_notices(const Support& support);

}  // namespace exporter
