// The reader of each type of source.
#pragma once

#include <memory>
#include <vector>

#include "exporter/config/support.h"
#include "exporter/sources/source.h"

namespace exporter {

// Null for webhooks, which are told and not asked. `levels` are those of the agreement, lowest
// first. The net outlives the reader.
std::unique_ptr<TicketReader> make_reader(const TicketSource& source, probes::Net& net,
                                          const std::vector<LevelTerms>& levels);

}  // namespace exporter
