// What delivery (exporter/alerts) and the file of samples (exporter/samples) do not know of each
// other: rows of alerts that wait, as the documents that are saved with a tick, and back; and the
// figures of delivery as /metrics has them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exporter/alerts/delivery.h"
#include "exporter/metrics/stats.h"
#include "exporter/samples/sample_file.h"

namespace exporter {

// Pure.
std::vector<DocumentChange> to_documents(const std::vector<DeliveryChange>& changes);
std::vector<DeliveryRow> to_rows(const std::map<DocumentKey, std::string>& documents);

// For /metrics. Any thread.
void note_figures(const DeliveryFigures& figures, const Alerting& alerting, DeliveryStats& stats);

}  // namespace exporter
