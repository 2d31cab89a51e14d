// The dns prober: asks one server one question over UDP, TCP or TLS, judges the code and the
// records as the blackbox exporter's module says, and measures under that exporter's names. Loop
// thread only.
#pragma once

#include <vector>

#include "probes/probe.h"

namespace probes {

// `request.module` holds a DnsModule. The target is the server: host or host:port, by default 53,
// or 853 with dns_over_tls.
Task<Outcome> probe_dns(Net& net, ProbeRequest request, TimePoint deadline);
std::vector<Reason> dns_reasons(const Module& module);

}  // namespace probes
