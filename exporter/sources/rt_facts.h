// What is known of one ticket of Request Tracker: how it is now, and how it came to be so. A
// transaction is translated long after it happened, so what counts is how the ticket was then:
// the queue it was opened in, the region it had when it was handed over. That is worked out
// backwards from today through the changes, and comes out the same whenever it is asked. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sources/rt_answers.h"

namespace exporter {

class RtFacts {
 public:
  // `history` are the ticket's own rows that open or change it, in the order of their ids.
  RtFacts(std::int64_t id, RtTicket now, const std::vector<RtTransaction>& history);

  bool is_ticket() const { return now_.type == "ticket"; }
  Seconds opened() const { return opened_; }
  bool is_requestor(const std::string& account) const;
  const std::vector<std::string>& requestors() const { return now_.requestors; }
  // The name of a custom field, empty when the ticket has none of this id.
  std::string field_name(const std::string& id) const;
  const std::map<std::string, std::string>& fields() const { return now_.fields; }

  // As they were after transaction `at`. Changes of the queue name it by its id.
  struct Queue {
    std::string text;
    bool is_id = false;
  };
  Queue queue(std::int64_t at) const;
  std::string status(std::int64_t at) const;
  std::string priority(std::int64_t at) const;
  std::vector<std::string> field(const std::string& name, std::int64_t at) const;

  // A change that was read by and by; one that is known already changes nothing.
  void note(const RtTransaction& change);

 private:
  // The new value of the last change up to `at`, the old one of the first after it, or nothing.
  const std::string* changed(std::string_view type, std::string_view field, std::int64_t at) const;

  RtTicket now_;
  Seconds opened_;
  std::vector<RtTransaction> changes_;
};

// Whether facts are worked out from a row.
bool is_change(const RtTransaction& row);

}  // namespace exporter
