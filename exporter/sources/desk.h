// The centre of reaction times: takes what the help desks say, commits it, folds it into tickets,
// and publishes what they come to. Nothing is shown before it is committed.
//
// What changes anything runs on the desk's executor; view() and accept() may be called from any
// thread. Without a section `support` the desk opens no file and shows nothing.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/executor.h"
#include "exporter/sources/event_store.h"
#include "exporter/ticket/ticket_book.h"

namespace exporter {

struct TakenEvents {
  std::uint64_t added = 0;
  std::uint64_t differing = 0;  // known with other content, which stays
};

class Desk {
 public:
  // A view is published when something changed, and at least this often.
  static constexpr std::chrono::seconds kShowEvery{10};
  // How long a delivery waits for its commit before its sender is told to try again.
  static constexpr std::chrono::seconds kLongestAccept{10};
  static constexpr int kMaxAccepting = 256;
  // Tickets removed in one step, and how long after a step that failed it is tried again.
  static constexpr std::size_t kRemovedAtOnce = 100;
  static constexpr std::chrono::seconds kRemoveRetry{60};

  Desk(std::filesystem::path folder, Executor& executor);

  // --- on the executor; configure() also before anything runs ---------------------------------
  // Takes a configuration in force, opening the file at the first one that has a section `support`.
  // Returns sentences for the log: which terms wait for the next month.
  LedgerResult<std::vector<std::string>> configure(const Config& config, Seconds now);
  // What a source said, with its cursor: all of it or nothing. On an error nothing was taken, and
  // the source is read again from the cursor that stands.
  LedgerResult<TakenEvents> commit(const std::string& source, const SourceBatch& batch,
                                   Seconds now);
  // A reading failed: figures stay, the source is down.
  void failed(const std::string& source, const SourceError& error);
  LedgerResult<std::string> correct(TicketCorrection correction, Seconds now);
  // Brings the terms that wait for the next month in force, signed.
  LedgerResult<std::string> take_terms_now(const std::string& by, const std::string& why,
                                           Seconds now);
  // Once a second: reactions fall due, calendars open, old tickets go.
  void tick(Seconds now);
  // From where to read on; empty at the beginning.
  std::string cursor_of(const std::string& source) const;
  // For whoever tells of single tickets; null without a section `support`.
  EventStore* store() { return configured_ ? store_.get() : nullptr; }
  void count_notice(const NoticeRow& row);  // that was sent or given up
  const TicketBook* book() const { return configured_ && book_ ? &*book_ : nullptr; }

  // --- any thread -----------------------------------------------------------------------------
  // What somebody delivered, such as a webhook: returns when it is committed, or says why it is
  // not. Delivering it again is harmless. A batch that does not say up to when it is complete is
  // complete up to its last event.
  std::expected<TakenEvents, std::string> accept(const std::string& source, SourceBatch batch,
                                                 Seconds now);
  // Null without a section `support`.
  std::shared_ptr<const SupportView> view() const;

 private:
  struct Accepting;

  LedgerResult<void> open(Seconds now);
  LedgerResult<void> take_records(const std::vector<SupportRecord>& records);
  LedgerResult<void> refold_late();
  void set_sources(const Support& support);
  bool remove_old(Seconds now);
  void save_kept();
  void publish(Seconds now);
  Seconds next_turn(const SupportView& view, Seconds now) const;
  void show_sources(SupportView& view) const;
  void show_calendars(SupportView& view, Seconds now) const;

  std::filesystem::path folder_;
  Executor& executor_;
  // Executor only:
  std::unique_ptr<EventStore> store_;
  std::optional<TicketBook> book_;
  std::map<std::string, SourceRow> rows_;  // as committed, by source
  std::map<std::string, SourceView> states_;
  std::map<NoticeCount, std::uint64_t> notices_;
  std::set<TicketName> late_;  // to be looked at, because an event of theirs was no next one
  // Configured:
  std::vector<std::string> sources_;
  std::vector<CalendarTerms> calendars_;  // in their order
  Duration retention_{};
  bool configured_ = false, failing_ = false;
  Seconds next_show_{}, next_remove_{};

  std::atomic<int> accepting_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const SupportView> view_;
};

// The terms of support that a configuration asks for; `from` is left open.
SupportRecord support_record(const Config& config);

}  // namespace exporter
