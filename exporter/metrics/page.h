// /metrics: families collected from one snapshot, written and freed one after the other.
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/collectable.h>

#include "exporter/metrics/stats.h"
#include "exporter/snapshot.h"
#include "exporter/web/server.h"

namespace exporter {

enum class MetricsFormat { text_0_0_4, openmetrics_1_0_0 };

// By the Accept header, with q-values; text 0.0.4 when nothing we speak is asked for.
MetricsFormat negotiate_metrics_format(std::string_view accept);
std::string_view content_type(MetricsFormat format);

// One Collectable a family, in the order of the page. They read the snapshot through `snapshot`
// (which must return the same one for a whole page) and the live counters of the program.
std::vector<std::shared_ptr<prometheus::Collectable>> make_collectables(
    std::shared_ptr<const Snapshot> snapshot, const ExporterStats& stats, const WebStats* web);

// Collects, writes and frees each collectable in turn. Help, unit and type come from names.h. A
// page of `expected_bytes` or less takes no more memory than itself; a longer one is copied once.
std::string render_metrics(std::vector<std::shared_ptr<prometheus::Collectable>> collectables,
                           MetricsFormat format, std::size_t expected_bytes = 0);

}  // namespace exporter
