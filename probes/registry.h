// The table of probers: a new one is a file and one line in registry.cc.
#pragma once

#include <string_view>
#include <vector>

#include "probes/probe.h"

namespace probes {

struct ProberEntry {
  std::string_view name;
  // Speaks the protocol until the deadline and measures what it sees. What all probers have in
  // common (probe_success, duration, slow) is run_probe's business. The request's module holds
  // this prober's kind of spec.
  Task<Outcome> (*run)(Net& net, ProbeRequest request, TimePoint deadline);
  // What it can give with such a module, besides what every prober can (dns, connect, timeout,
  // local).
  std::vector<Reason> (*reasons)(const Module& module);
};

}  // namespace probes
