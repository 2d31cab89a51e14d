// Request Tracker as it is asked: searches of transactions, and what is known of tickets, queues,
// accounts and messages, each asked once and kept for a while. An answer that an account may not
// see is no error: it is nothing.
//
// Loop thread only; one question at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/sources/http_asker.h"
#include "exporter/sources/rt_answers.h"
#include "exporter/sources/rt_facts.h"

namespace exporter {

class RtDesk {
 public:
  static constexpr int kLargestPage = 100;                   // RT gives no more
  static constexpr std::size_t kMaxKept = 5000;              // tickets, and accounts
  static constexpr std::int64_t kMaxTextBytes = 256 * 1024;  // of a note that is looked at
  static constexpr std::size_t kMaxTexts = 4;

  RtDesk(probes::Net& net, const TicketSource& source);

  enum class Order { oldest_first, newest_first };
  probes::Task<RtAnswer<RtPage>> transactions(std::string query, Order order, int per_page,
                                              int page);
  // Every row of a search for one ticket, oldest first, up to kMaxHistoryPages.
  probes::Task<RtAnswer<std::vector<RtTransaction>>> history(std::string query);

  // Nothing when the account may not see the ticket, or when it is gone.
  probes::Task<RtAnswer<std::optional<RtFacts>>> facts(std::int64_t ticket);
  // The row changed what is known.
  void note(const RtTransaction& row);

  // "queue 7" when the account may not see it.
  probes::Task<RtAnswer<std::string>> queue_name(std::string id);
  probes::Task<RtAnswer<RtPerson>> person(std::string account);
  // Of the message itself, not of its parts.
  probes::Task<RtAnswer<RtHeaders>> headers(std::int64_t transaction);
  // All texts of a message, as far as they are short.
  probes::Task<RtAnswer<std::string>> text(std::int64_t transaction);
  // Our own account's name; empty when neither the user of the log-in nor the token tells it.
  probes::Task<RtAnswer<std::string>> own_name();
  probes::Task<RtAnswer<bool>> sees_queues();
  probes::Task<RtAnswer<void>> comment(std::string ticket, std::string text);

  std::uint64_t requests() const { return requests_; }
  const std::string& source() const { return source_; }

 private:
  static constexpr int kMaxHistoryPages = 20;

  probes::Task<RtAnswer<std::string>> name_at(std::string path, std::string otherwise);
  // The body, or nothing when the account may not see it.
  probes::Task<RtAnswer<std::optional<std::string>>> look(std::string path);

  HttpAsker asker_;
  std::string source_, own_account_;
  std::uint64_t requests_ = 0;
  std::map<std::int64_t, std::optional<RtFacts>> facts_;
  std::map<std::string, std::string> queues_;  // names by ids
  std::map<std::string, RtPerson> people_;
};

}  // namespace exporter
