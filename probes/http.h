// The http prober: asks for a URL as the blackbox exporter's module says, follows redirects, judges
// the last answer and measures every hop under that exporter's metric names. Loop thread only.
#pragma once

#include <vector>

#include "probes/probe.h"

namespace probes {

// `request.module` holds an HttpModule; a target without scheme is http.
Task<Outcome> probe_http(Net& net, ProbeRequest request, TimePoint deadline);
std::vector<Reason> http_reasons(const Module& module);

}  // namespace probes
