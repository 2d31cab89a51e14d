// Whether a DNS answer is what the module expects: its code, then the records of each section. Pure
// functions, so that every condition is a table test without a network.
#pragma once

#include "probes/dns_codec.h"
#include "probes/probe.h"

namespace probes {

// The first thing that is wrong: Reason::status for the code, Reason::body for a record.
Result<void> judge_dns(const DnsModule& module, const dns::Message& message);

}  // namespace probes
