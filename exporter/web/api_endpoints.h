// The endpoints of the API, each a function of its context and the request. What may take long
// (queries, listings) watches a Patience. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "exporter/web/api.h"
#include "exporter/web/api_reply.h"

namespace exporter::api {

// When to stop working on a request: its time is over, or nobody waits for the answer.
class Patience {
 public:
  Patience(const WebRequest& request, std::chrono::nanoseconds time);

  bool over();
  // Of what was stopped by it; nothing as long as it was not.
  std::optional<Error> error() const;

 private:
  std::shared_ptr<const std::atomic<bool>> gone_;
  std::chrono::steady_clock::time_point deadline_;
  std::optional<Error> error_;
};

Answer query(const ApiContext& context, const WebRequest& request);
Answer query_range(const ApiContext& context, const WebRequest& request);
Answer query_exemplars(const ApiContext& context, const WebRequest& request);
Answer format_query(const ApiContext& context, const WebRequest& request);

Answer series(const ApiContext& context, const WebRequest& request);
Answer label_names(const ApiContext& context, const WebRequest& request);
Answer label_values(const ApiContext& context, const WebRequest& request);

Answer rules(const ApiContext& context, const WebRequest& request);
Answer alerts(const ApiContext& context, const WebRequest& request);

Answer metadata(const ApiContext& context, const WebRequest& request);
Answer build_info(const ApiContext& context, const WebRequest& request);

Answer tickets(const ApiContext& context, const WebRequest& request);
Answer ticket_months(const ApiContext& context, const WebRequest& request);

}  // namespace exporter::api
