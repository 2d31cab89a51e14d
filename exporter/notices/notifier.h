// Sends the notices that the book recorded: by mail, by web hook and as internal notes, each way on
// its own, so that a mail server that hangs holds up no web hook. What is not taken is tried again,
// less and less often, and given up after a day. What came of each attempt is written down before
// the next one; a kill between the two repeats one notice a way, with the same id, and loses none.
//
// Loop thread only. Tasks and jobs hold what they use, so that nothing is gone before them; the
// desk and its executor outlive the loop.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "exporter/config/support.h"
#include "exporter/executor.h"
#include "exporter/notices/notice_book.h"
#include "probes/async/loop.h"
#include "probes/http.h"
#include "probes/net/net.h"
#include "probes/smtp_client.h"

namespace exporter {

struct NotifierParts {
  probes::Net& net;
  Executor& executor;                // the desk's
  std::shared_ptr<NoticeBook> book;  // on the executor
  // As SourceRunner::leave_note.
  std::function<bool(const std::string& source, std::string ticket, std::string text,
                     std::function<void(bool left)> done)>
      leave_note;
  std::string host;  // of this machine
};

class Notifier : public std::enable_shared_from_this<Notifier> {
 public:
  static constexpr std::chrono::seconds kStep{1}, kTimeout{60};
  static constexpr std::chrono::seconds kFirstPause{30}, kLongestPause{1800};
  static constexpr std::chrono::seconds kGiveUpAfter{86'400};

  explicit Notifier(NotifierParts parts);

  // A configuration in force; the book has taken it, too.
  void apply(const TicketNotices& settings) { settings_ = settings; }
  void start();
  // Ends at once. What was not sent by then is sent by the next run of the program.
  void stop();

 private:
  static constexpr std::size_t kWays = 3;  // mail, web hook, note
  enum class Tried { taken, refused, nobody };
  struct Way {
    std::multimap<Seconds, NoticeRow> waiting;  // by the next attempt
    probes::SpawnId task = 0;
    bool failing = false;
    std::string trouble;  // of the latest attempt that failed
  };

  static probes::Task<void> run(std::shared_ptr<Notifier> self, NoticeChannel channel);
  probes::Task<Tried> deliver(NoticeRow row);
  probes::Task<Tried> deliver_mail(NoticeRow row);
  probes::Task<Tried> deliver_hook(NoticeRow row);
  probes::Task<Tried> deliver_note(NoticeRow row);
  probes::Mail mail_of(const NoticeRow& row, const TicketNotices::Team& team) const;
  void tick();
  void add(std::vector<NoticeRow> rows);
  std::optional<NoticeRow> next(NoticeChannel channel);
  NoticeRow judge(NoticeRow row, Tried tried);
  probes::Task<void> settle(NoticeRow row);
  probes::Task<bool> on_desk(std::function<bool()> job);
  void note_health(const NoticeRow& row, bool good);
  Way& way(NoticeChannel channel) { return ways_[static_cast<std::size_t>(channel)]; }
  const TicketNotices::Team* team(const NoticeRow& row) const;
  Seconds wall_now() const;

  NotifierParts parts_;
  TicketNotices settings_;
  std::array<Way, kWays> ways_;
  probes::TimerId timer_ = 0;
  bool stopped_ = false, step_under_way_ = false;
};

}  // namespace exporter
