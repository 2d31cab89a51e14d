// The tickets' events on disk: tickets.db in the storage folder, one SQLite file. It is evidence
// like the ledger: nothing is shown before it is committed here, reading something twice changes
// nothing, and a damaged file is refused and never begun anew by itself.
//
// A batch is one transaction with the cursor after it, so a kill at any instant loses no event and
// doubles none. Corrections and terms are entries of a chain by hash; a row of events carries a
// checksum. Tickets that are over for long are removed; what they came to stays as totals.
//
// WAL with synchronous=FULL. One thread at a time. A folder has one writer: the owner of the
// ledger's lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/ledger/database.h"
#include "exporter/sources/notice_row.h"
#include "exporter/sources/source.h"
#include "exporter/ticket/support_timeline.h"
#include "exporter/ticket/ticket_book.h"

namespace exporter {

struct SourceRow {
  bool configured = true;  // now; what was read of it stays
  std::string cursor;
  std::optional<Seconds> read_until, last_success;
  // Since the first event: "event", "error" or "unmapped", and by what.
  std::map<std::pair<std::string, std::string>, std::uint64_t> counters;
};

// What came of a batch.
struct CommittedEvents {
  std::map<std::string, std::uint64_t> added;  // by type
  // Told once, and known with other content, which stays.
  std::vector<TicketEvent> differing;
};

struct StoredEntries {
  std::vector<SupportRecord> terms;
  std::vector<TicketCorrection> corrections;
};

class EventStore {
 public:
  enum class Mode { create, read };
  static constexpr const char* kFileName = "tickets.db";
  // Counted among what is unmapped: events that differ from what is known.
  static constexpr const char* kChangedEvent = "changed_event";
  static LedgerResult<std::unique_ptr<EventStore>> open(const std::filesystem::path& folder,
                                                        Mode mode);
  ~EventStore();

  // Events and the cursor after them, all or nothing. Events that are known change nothing; `at` is
  // when the source answered. A batch without a cursor leaves the one that stands.
  LedgerResult<CommittedEvents> commit(const std::string& source, const SourceBatch& batch,
                                       Seconds at);
  // Which sources there are from now on, so that whoever reads the file knows what to expect of it.
  LedgerResult<void> name_sources(const std::vector<std::string>& sources);
  LedgerResult<void> count_error(const std::string& source, SourceError::Reason reason);

  // Gives it its id, which is its place in the chain.
  LedgerResult<TicketCorrection> correct(TicketCorrection correction);
  LedgerResult<void> record_terms(const std::vector<SupportRecord>& records);

  LedgerResult<std::map<std::string, SourceRow>> sources();
  // Without the corrections of tickets that were removed. Fails when the chain is broken.
  LedgerResult<StoredEntries> entries();
  // Every event: by source, ticket and seq.
  LedgerResult<void> for_each(const std::function<void(const TicketEvent&)>& take);
  LedgerResult<std::vector<TicketEvent>> events_of(const TicketName& name);
  LedgerResult<std::int64_t> count_events(const TicketName& name);

  // What removed tickets came to, as a text of their own; empty before the first.
  LedgerResult<std::string> totals();
  LedgerResult<void> save_totals(const std::string& totals);
  // Removes the events of tickets that are over and keeps `totals` in their place. Their events are
  // remembered as known, so that reading them once more does not count them again.
  LedgerResult<void> remove(const std::vector<TicketName>& names, const std::string& totals);

  // --- notices about single tickets (event_store_notices.cc) ----------------------------------
  // Sets which levels somebody hears of, and says since when: from `now` for one that is new.
  LedgerResult<std::map<std::string, Seconds>> hear_of(const std::vector<std::string>& levels,
                                                       Seconds now);
  LedgerResult<bool> is_noticed(const NoticeKey& key);
  // The intention to send, before anything is sent. Morning lists of long ago are forgotten.
  LedgerResult<void> intend(const std::vector<NoticeRow>& rows);
  // What came of an attempt. A row that is over keeps its key and loses its content.
  LedgerResult<void> settle(const NoticeRow& row);
  LedgerResult<std::vector<NoticeRow>> notices_waiting();

  // Recomputes every checksum and the chain; a sentence for each problem.
  struct Report {
    std::uint64_t events = 0, entries = 0;
    std::vector<std::string> problems;
  };
  LedgerResult<Report> verify();
  const std::filesystem::path& file() const { return file_; }

 private:
  EventStore(std::filesystem::path file, Mode mode) : file_(std::move(file)), mode_(mode) {}
  static LedgerError with_remedy(LedgerError error);
  LedgerResult<void> connect();
  LedgerResult<void> prepare();
  LedgerResult<void> make_ready();
  bool insert(const TicketEvent& event);
  bool differs(const TicketEvent& event);
  void count(const std::string& source, std::string_view what, std::string_view name,
             std::uint64_t by);
  std::int64_t append(std::string_view kind, const std::string& body);
  bool follow_chain(const std::function<void(std::int64_t id, std::string_view kind,
                                             std::string_view body)>& take);

  std::filesystem::path file_;
  Mode mode_;
  std::unique_ptr<ledger::Database> database_;  // null after a failed reconnection
};

}  // namespace exporter
