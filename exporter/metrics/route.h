// The /metrics page as a route of the web server.
#pragma once

#include <functional>
#include <memory>

#include "exporter/metrics/stats.h"
#include "exporter/snapshot.h"
#include "exporter/web/server.h"

namespace exporter {

// Runs on a worker, because a page of many services takes tens of milliseconds. `snapshot` is asked
// once a page; it may return null before the first commit, and the page then holds the program's
// own figures only. `stats` and `web` must outlive the server; `web` may be set after it has
// started.
Route metrics_route(std::function<std::shared_ptr<const Snapshot>()> snapshot,
                    const ExporterStats& stats, std::function<const WebStats*()> web);

}  // namespace exporter
