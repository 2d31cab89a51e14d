// The measurements of one probe as a page of metrics, for `slatool probe`. Pure.
#pragma once

#include <string>

#include "probes/outcome.h"

namespace exporter {

// Text format 0.0.4, in the order in which the probe measured, without labels of the agreement.
std::string render_outcome(const probes::Outcome& outcome);

}  // namespace exporter
