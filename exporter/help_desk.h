// The reaction half of the daemon in one piece: the desk with its thread, the readers of the help
// desks, the doors for those that tell us themselves, and the notices about single tickets.
//
// Made, opened and ended by whoever owns the loop; it must outlive the web server, whose routes
// hold it. What each call may be made from is said beside it.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "exporter/admin_commands.h"
#include "exporter/executor.h"
#include "exporter/notices/notifier.h"
#include "exporter/sources/desk.h"
#include "exporter/sources/runner.h"
#include "exporter/web/ticket_events.h"

namespace exporter {

class HelpDesk {
 public:
  using Result = std::expected<std::string, std::string>;
  // No answer of the desk within this long: the disk is stuck.
  static constexpr std::chrono::seconds kLongestWait{60};

  // `host` is this machine's name, for mail servers.
  HelpDesk(probes::Loop& loop, probes::Net& net, std::filesystem::path folder, std::string host);
  // Commits what was handed over. The loop has ended.
  ~HelpDesk();

  // Blocks, before anything runs. The error is a sentence with the remedy.
  std::expected<void, std::string> open(const Config& config);
  // Loop thread.
  void start(const Support& support);
  void stop();
  // A configuration in force; a thread that may wait. Gives sentences, each begun with "; ".
  Result configure(const std::shared_ptr<const Config>& config);
  // What a person signed, with slatool; likewise.
  Result execute(const DeskCommand& command);

  // Any thread.
  std::shared_ptr<const SupportView> view() const { return desk_->view(); }
  std::vector<Route> routes() { return doors_.routes(); }

 private:
  Result on_desk(std::function<LedgerResult<std::string>(Seconds)> job);
  Seconds wall_now() const;
  std::expected<AcceptedEvents, std::string> take(const std::string& source,
                                                  DeliveredEvents delivered);

  probes::Loop& loop_;
  probes::Net& net_;
  std::unique_ptr<ThreadExecutor> thread_;
  std::unique_ptr<Desk> desk_;            // its thread only, but what it lets any thread ask
  std::unique_ptr<SourceRunner> runner_;  // loop only
  std::mt19937 random_;                   // loop only
  std::shared_ptr<NoticeBook> notices_;   // the desk's thread only
  std::shared_ptr<Notifier> notifier_;    // loop only
  TicketEvents doors_;
};

}  // namespace exporter
