// What is read of the store besides events, and how a correction is signed: the same for the
// running exporter and for slatool when none runs. Blocks.
#pragma once

#include <string>

#include "exporter/sources/event_store.h"

namespace exporter {

// Fails when recorded terms do not compile on this machine, such as for want of a time zone.
LedgerResult<SupportTimeline> timeline_of(const StoredEntries& entries);
LedgerResult<SupportTotals> read_totals(EventStore& store);
// All tickets of a store as they stand at `now`.
LedgerResult<TicketBook> read_book(EventStore& store, Seconds now);

// Checks that the ticket and what is to be corrected exist, gives the correction its place behind
// the last event that is known, and records it. An empty source is the only one there is.
LedgerResult<TicketCorrection> sign_correction(EventStore& store, TicketCorrection correction,
                                               Seconds now);
// Records that the terms which wait for the next month hold from `now` on, signed.
LedgerResult<std::string> sign_terms_now(EventStore& store, const std::string& by,
                                         const std::string& why, Seconds now);
// "correction 7 is recorded: ..."
std::string sentence_of(const TicketCorrection& correction);
// "the terms of reaction times that waited hold ..."
std::string sentence_of(const SupportRecord& record);

}  // namespace exporter
