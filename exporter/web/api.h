// Prometheus' HTTP API over the exporter's own series and rules, so that whatever talks to a
// Prometheus (Grafana, promtool, a script) can talk to the exporter. docs/api.md describes it and
// says where it differs. Handlers run on worker threads and see immutable snapshots only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exporter/rules/view.h"
#include "exporter/web/server.h"
#include "rules/promql/source.h"

namespace exporter {

struct Snapshot;  // exporter/snapshot.h

struct ApiLimits {
  std::chrono::milliseconds timeout{120'000};  // of a query; a request may ask for less
  // What one query may hold at a time. How many run at once is WebOptions::query_workers.
  std::size_t max_samples = 5'000'000;
};

// The version of Prometheus whose API and query language these are: clients look at it to know
// what they may ask for.
inline constexpr const char* kPrometheusVersion = "3.0.0";

// The functions are called on worker threads, so each must be thread-safe and outlive the server.
struct ApiContext {
  // The series as they stand now, to be kept for one request. Null: there are none, 503.
  std::function<std::shared_ptr<const rules::Source>()> source;
  std::function<std::shared_ptr<const RulesView>()> rules;  // null: no groups
  // Tickets are shown from it. Null before the first commit; empty: never any.
  std::function<std::shared_ptr<const Snapshot>()> snapshot;
  std::function<std::int64_t()> now;  // milliseconds since the epoch
  std::string version, revision;      // of this program
  std::string external_url;           // as people reach it; may be empty
  ApiLimits limits;
};

std::vector<Route> api_routes(ApiContext context);

}  // namespace exporter
