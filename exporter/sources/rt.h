// Request Tracker 5, read through REST 2.0: the transactions of all tickets in the order of their
// ids, each translated into what happened to its ticket.
//
// A pass begins with the newest transaction the account may see, because RT tells most accounts
// neither how many there are nor where the list ends; rows they may not see leave pages short or
// empty. Then it reads upwards, page by page, until that one is reached. Ids are given when a
// transaction begins and seen when it is committed, so a pass begins a little before the end of
// the last one. Each batch is one page or less, and its cursor is exact.
//
// Loop thread only; one read at a time. The net outlives it. Tasks of it must end, or be
// destroyed, before it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "exporter/sources/rt_cursor.h"
#include "exporter/sources/rt_desk.h"
#include "exporter/sources/rt_events.h"
#include "exporter/sources/rt_mapping.h"
#include "exporter/sources/source.h"

namespace exporter {

class RtReader final : public TicketReader {
 public:
  // Levels are lowest first.
  RtReader(probes::Net& net, const TicketSource& source, std::vector<LevelTerms> levels);

  probes::Task<SourceResult> read(std::string cursor, Seconds now) override;
  probes::Task<std::expected<void, SourceError>> leave_note(std::string ticket,
                                                            std::string text) override;

 private:
  // What happened up to this long before a pass may still be uncommitted when it begins.
  static constexpr std::chrono::seconds kSettled{60};
  // Empty pages in a row after which an account is taken to see nothing at all.
  static constexpr int kMaxEmptyPages = 50;
  // A batch ends after so many requests, so that a long page is not lost when the last one fails.
  static constexpr std::uint64_t kMaxRequests = 60;

  // One on its way; nothing of it counts until it is given out whole.
  struct Batch {
    RtCursor cursor;
    SourceBatch taken;
    std::set<std::int64_t> ids;
  };

  probes::Task<RtAnswer<void>> know_myself();
  probes::Task<RtAnswer<RtPage>> search(RtCursor cursor, RtDesk::Order order, int page);
  probes::Task<RtAnswer<void>> begin_pass(RtCursor& cursor, Seconds now);
  probes::Task<RtAnswer<std::vector<RtTransaction>>> next_rows(RtCursor cursor);
  probes::Task<RtAnswer<void>> take(RtTransaction row, Batch& batch);
  SourceResult finish(Batch batch);
  std::string query_of(const RtCursor& cursor) const;
  void take_word(const std::string& cursor);
  std::int64_t overlap() const;

  RtDesk desk_;
  RtMapping mapping_;
  RtTranslator translator_;
  bool knows_itself_ = false;
  // Rows that are safe with whoever reads, as far as a pass meets them again; and those of the last
  // batch, of which that is not known yet.
  std::set<std::int64_t> known_, given_;
  std::string given_cursor_;
};

}  // namespace exporter
