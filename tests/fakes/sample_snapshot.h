// A snapshot made up of any number of services and checks, with every kind of value set, for tests
// and benchmarks of what renders one.
#pragma once

#include <cstddef>
#include <memory>

#include "exporter/snapshot.h"

namespace fakes {

// `services` services named service-1, ... under the agreement "published", each with two HTTP
// checks. The first service is bad and its first check fails; everything else is good.
std::shared_ptr<exporter::Snapshot> sample_snapshot(std::size_t services);

}  // namespace fakes
