// The tcp prober: connects, perhaps speaks TLS, and follows a dialog of query_response steps as the
// blackbox exporter does (its module keys and metric names). Loop thread only.
#pragma once

#include <vector>

#include "probes/probe.h"

namespace probes {

// `request.module` holds a TcpModule; the target is host:port.
Task<Outcome> probe_tcp(Net& net, ProbeRequest request, TimePoint deadline);
std::vector<Reason> tcp_reasons(const Module& module);

}  // namespace probes
