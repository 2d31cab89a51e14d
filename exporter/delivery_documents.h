// Alerts between the evaluator, which finds and saves them, and the loop, which sends them: hands
// over what is to be sent, and gives the rows of what waits the form in which samples.db keeps
// them.
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
