// Zammad, read through its API: a page of the tickets that changed, and of each of them the whole
// history and all articles, from which exporter/sources/zammad_events.h makes events. What is read
// again gives the same events, so a reading may be cut off anywhere.
//
// One answer that is broken holds up neither the other tickets nor, after kMaxAttempts, the rest:
// the ticket is then passed over until it changes, which is logged and counted. Loop thread only,
// one read at a time; the net outlives it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/sources/http_asker.h"
#include "exporter/sources/source.h"
#include "exporter/sources/zammad_cursor.h"
#include "exporter/sources/zammad_events.h"

namespace exporter {

class ZammadReader final : public TicketReader {
 public:
  static constexpr std::size_t kTicketsPerRead = 20;  // then what was read is committed
  static constexpr std::size_t kMaxFailuresPerRead = 3;
  static constexpr int kMaxAttempts = 10;           // in a row, of one ticket
  static constexpr int kMaxMerges = 5;              // one into the next, followed back
  static constexpr std::size_t kMaxCarried = 1000;  // merges whose waiting is remembered
  // What happened so shortly ago may not be visible yet.
  static constexpr std::chrono::seconds kSettling{60};

  // `levels` are lowest first.
  ZammadReader(probes::Net& net, TicketSource source, std::vector<LevelTerms> levels);

  probes::Task<SourceResult> read(std::string cursor, Seconds now) override;
  probes::Task<std::expected<void, SourceError>> leave_note(std::string ticket,
                                                            std::string text) override;

 private:
  using Rows = std::expected<std::vector<ZammadTicket>, SourceError>;
  using Listed = std::expected<std::optional<ZammadTicket>, SourceError>;
  using Record = std::expected<std::optional<ZammadRecord>, SourceError>;
  using Done = std::expected<void, SourceError>;

  probes::Task<Rows> search(std::string path);
  // `merges`: how many merges lead from the ticket that is being read to this one.
  probes::Task<Record> fetch(ZammadTicket ticket, int merges);
  probes::Task<Record> fetch_articles(ZammadRecord record, int merges);
  probes::Task<Done> fetch_moved(ZammadRecord& record);
  probes::Task<Done> fetch_carried(ZammadRecord& record, int merges);
  // Nothing when there is none.
  probes::Task<Listed> fetch_ticket(std::int64_t id);
  // Why a history is not there: nothing when the ticket is not either.
  probes::Task<Record> explain_missing(ZammadTicket ticket);

  std::string search_path(const ZammadCursor& cursor) const;
  std::vector<ZammadTicket> unknown(const std::vector<ZammadTicket>& rows,
                                    const ZammadCursor& cursor) const;
  void take(const ZammadTicket& ticket, const std::optional<ZammadRecord>& record,
            SourceBatch& batch) const;
  // Whether to pass the ticket over, after an answer that could not be used.
  bool give_up(const ZammadTicket& ticket, const SourceError& error, SourceBatch& batch);

  HttpAsker asker_;
  const ZammadReading reading_;
  std::map<std::int64_t, int> failures_;  // in a row, by ticket
  // By the entry that tells of the merge: what went before it does not change any more.
  std::map<std::int64_t, std::optional<Waiting>> carried_;
};

}  // namespace exporter
