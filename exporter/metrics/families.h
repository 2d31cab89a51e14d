// The families of /metrics by topic, each topic in a file of its own. Every function adds its
// families in the order of the table in names.h. The families keep the snapshot alive; the live
// counters (ExporterStats, WebStats) must outlive them.
#pragma once

#include <prometheus/collectable.h>

#include <chrono>
#include <memory>
#include <vector>

#include "exporter/metrics/family.h"
#include "exporter/metrics/stats.h"
#include "exporter/snapshot.h"
#include "exporter/web/server.h"

namespace exporter {

using Families = std::vector<std::shared_ptr<prometheus::Collectable>>;
using SnapshotPtr = std::shared_ptr<const Snapshot>;

void add_agreement_families(Families& out, const SnapshotPtr& snapshot);  // sla_*_info
void add_service_families(Families& out, const SnapshotPtr& snapshot);    // sla_slots_total, ...
void add_reaction_families(Families& out, const SnapshotPtr& snapshot);   // sla_ticket_open, ...
void add_desk_families(Families& out, const SnapshotPtr& snapshot);   // sla_ticket_source_up, ...
void add_check_families(Families& out, const SnapshotPtr& snapshot);  // probe_*, sla_check_*
void add_exporter_families(Families& out, const SnapshotPtr& snapshot, const ExporterStats& stats,
                           const WebStats* web);  // sla_exporter_*
void add_process_families(Families& out);         // process_*
// How long the page has been in the making when its last family is collected.
void add_scrape_family(Families& out, std::chrono::steady_clock::time_point begun);

// One family with the series of each item of a list that `owner` keeps alive.
template <class Items, class Add>
void add_list(Families& out, const MetricName& name, std::shared_ptr<const void> owner,
              const Items& items, Add add) {
  out.push_back(
      std::make_shared<ListFamily<Items, Add>>(name, std::move(owner), items, std::move(add)));
}

template <class Add>
void add_single(Families& out, const MetricName& name, Add add) {
  out.push_back(std::make_shared<SingleFamily<Add>>(name, std::move(add)));
}

// What Prometheus takes for a label's name (and no reserved one). Names from the configuration and
// from targets are checked here once more, since one bad name would cost the whole page.
bool is_label_name(std::string_view name);

}  // namespace exporter
