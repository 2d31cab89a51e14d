// How a help desk is asked over HTTP: one request after the other, spread so that the help desk
// has its hands free for people, each with a deadline and a bound on its answer. What goes wrong
// becomes a SourceError with the reason that sla_ticket_source_errors_total counts and a remedy.
//
// Loop thread only; one request at a time. The net outlives it. Tasks of it must end, or be
// destroyed, before it.
#pragma once

#include <cstddef>
#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/oauth2.h"
#include "exporter/sources/source.h"
#include "probes/http.h"

namespace exporter {

struct SourceRequest {
  std::string path;  // with its query, encoded; begins with a slash
  std::string method = "GET";
  std::string body;                // JSON; empty: none
  std::vector<int> also_expected;  // statuses beside 2xx that are an answer to the caller
  // What the account needs to be allowed, for the message of a refusal.
  std::string_view right = "the right to read tickets";
};

struct SourceAnswer {
  int status = 0;
  std::string body;  // complete
};

using SourceAnswerResult = std::expected<SourceAnswer, SourceError>;

class HttpAsker {
 public:
  // A page of a hundred rows is some 50 kB.
  static constexpr std::size_t kMaxAnswerBytes = 4 * 1024 * 1024;
  static constexpr std::chrono::seconds kLongestRetryAfter{3600};

  HttpAsker(probes::Net& net, const TicketSource& source);

  // Waits for its turn, then asks.
  probes::Task<SourceAnswerResult> ask(SourceRequest request);

 private:
  probes::ProbeRequest probe_for(const SourceRequest& request) const;
  probes::TimePoint take_turn();

  probes::Net& net_;
  std::string url_, name_;
  std::chrono::seconds timeout_;
  probes::Duration spacing_;  // between the beginnings of two requests
  probes::HttpModule module_;
  std::shared_ptr<TokenKeeper> keeper_;  // null without oauth2
  probes::TimePoint next_turn_ = probes::TimePoint::min();
};

// What a caller may do with a status or an outcome that is no answer; a table test walks it.
SourceError source_error_of(const probes::HttpAnswer& answer, const SourceRequest& request,
                            const std::string& source, probes::WallTime now);

// `text` as a part of a query or a path (RFC 3986: everything but the unreserved is encoded).
std::string percent_encoded(std::string_view text);

}  // namespace exporter
