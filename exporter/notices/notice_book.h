// Decides on the desk's thread what is to be sent, and writes it into tickets.db before anybody
// sends it (exporter/notices/notifier.h). Asked once a second; goes through the open clocks, and
// asks the file only about those that newly are at risk or breached.
//
// On the desk's executor only; the desk outlives it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/notices/notice_text.h"
#include "exporter/sources/desk.h"

namespace exporter {

class NoticeBook {
 public:
  // Notices recorded in one step; what is left is for the next one.
  static constexpr std::size_t kMostAtOnce = 200;

  explicit NoticeBook(Desk& desk) : desk_(desk) {}
  NoticeBook(const NoticeBook&) = delete;
  NoticeBook& operator=(const NoticeBook&) = delete;

  // The desk has taken the same configuration before.
  void configure(const Config& config, Seconds now);
  // What is to be sent from now on and is recorded; at the first time also what an earlier run of
  // the program left. Empty when nothing is due or the disk does not take it.
  std::vector<NoticeRow> step(Seconds now);
  // What came of an attempt; kept until the file takes it. False while it does not.
  bool settle(const NoticeRow& row);
  bool write_settled();

 private:
  struct Due {
    NoticeKey key;
    ReactionClock clock;
  };

  bool make_ready(std::vector<NoticeRow>& rows);
  std::vector<NoticeChannel> channels(const std::string& level, const std::string& source) const;
  bool is_told(const NoticeKey& key);
  std::vector<Due> clocks_due();
  OpenClockView look(const std::string& source, const std::string& ticket,
                     const ReactionClock& clock, Seconds now) const;
  void add_notice(const Due& due, Seconds now, std::vector<NoticeRow>& rows) const;
  void add_mornings(Seconds now, std::vector<NoticeRow>& rows);
  void add_morning(const NoticeKey& key, std::chrono::local_days day, Seconds now,
                   std::vector<NoticeRow>& rows) const;
  std::vector<OpenClockView> open_of(const std::string& level, Seconds now) const;
  void note_trouble(const std::optional<LedgerError>& error);

  Desk& desk_;
  TicketNotices settings_;
  std::map<std::string, TicketSource> sources_;
  NoticeFrame frame_;
  std::optional<std::chrono::seconds> morning_;
  std::vector<std::string> levels_;  // of which somebody hears
  Seconds configured_at_{};
  std::optional<HeardSince> heard_;  // nothing: to be asked of the file
  bool resumed_ = false, failing_ = false;
  std::vector<NoticeRow> settled_;  // not in the file yet
  std::set<NoticeKey> told_;        // of those in `seen_`; the file knows them all
  std::set<NoticeKey> seen_;        // asked about in this step
};

}  // namespace exporter
