// What happened to a Zammad ticket, as our events. Pure: the same record gives the same events, so
// a ticket is simply read as a whole whenever it changed.
//
// The sequence. Zammad has two id spaces, of history entries and of articles, but every article has
// an entry that says it was created, so the ids of the history order everything. What one agent
// saves at once (a note, a state, another group) comes as several entries in the order of Zammad's
// columns, not of the meaning: the move first, then the note that belongs before it. Such entries
// within kOneAct are one act; its messages come first, then what was learnt, then the level, then
// the state. A seq is (id of the act's first entry, part of the act, place of the entry, kind of
// event): it does not depend on what came later, so reading again gives the same keys, and an entry
// that shows up late has a key of its own in its right place.
//
//   bits  61..30 id   29..28 part   27..16 place   15..0 kind
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/support.h"
#include "exporter/sources/zammad_answers.h"
#include "exporter/ticket/event.h"

namespace exporter {

// How a record is to be understood.
struct ZammadReading {
  TicketSource source;
  std::vector<LevelTerms> levels;  // lowest first
};

inline constexpr std::chrono::seconds kOneAct{2};
// The mark of the notes that we leave: they are nobody's reaction.
inline constexpr std::string_view kNoteSubject = "SLA exporter";

// Ascending seq. `unmapped` counts values that no map knows.
std::vector<TicketEvent> zammad_events(const ZammadRecord& record, const ZammadReading& reading,
                                       std::map<std::string, std::uint64_t>& unmapped);

// Articles that the history tells of and the list lacks although they exist: a merge gave them to
// the surviving ticket.
std::vector<std::int64_t> zammad_articles_moved(const ZammadRecord& record);

// Since when somebody waited on a ticket when it was merged into another, if anybody did.
std::optional<Waiting> zammad_waiting(const ZammadRecord& merged, const ZammadReading& reading,
                                      std::int64_t into);

// A ticket that was listed and is not there any more.
TicketEvent zammad_deleted(const ZammadTicket& ticket, const std::string& source);

}  // namespace exporter
