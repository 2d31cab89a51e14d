// When a zone puts its clocks forward or back. Whoever converts many local times asks once and
// subtracts a constant offset in between, instead of asking the zone each time.
#pragma once

#include <vector>

#include "exporter/sla/terms.h"
#include "exporter/sla/zone.h"

namespace exporter {

// The instants in (from, to) at which the clocks of the zone jump, in order; none for a fixed
// offset. Changes of the name alone do not count.
std::vector<Seconds> clock_changes(const Zone& zone, Seconds from, Seconds to);

}  // namespace exporter
