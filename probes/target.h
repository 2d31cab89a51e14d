// From a target's text to a connection: host and port, the name's addresses in the order in which
// they are to be tried, and the trying. Shared by all probers. Loop thread only; the Net outlives
// the tasks.
//
// Two rules live here. A check of ours tries both families within its timeout (docs/accounting.md,
// rule 6). The blackbox exporter's rule, for /probe and its modules, is one address and one
// attempt.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/probe.h"

namespace probes {

struct HostPort {
  std::string host;  // without the brackets of an IPv6 literal
  std::uint16_t port = 0;
};

// "host:port", "[2001:db8::1]:25", "192.0.2.1:25"; without a port only if there is a default.
Result<HostPort> split_host_port(std::string_view target,
                                 std::optional<std::uint16_t> default_port = std::nullopt);

// What resolving found. `candidates` holds one address of each family that is to be tried, the
// preferred first; never empty.
struct Resolved {
  std::vector<Address> candidates;
  Duration lookup_time{};
};

// Looks the name up by that preference. A lookup gets at most half of the time that is left. With
// `both_families` the second family is a candidate too; without, it only stands in when the
// preferred one has no address and the preference allows it.
Task<Result<Resolved>> resolve_target(Net& net, std::string host, IpPreference preference,
                                      bool both_families, TimePoint deadline);

// An IP attempt gets this deadline: the last candidate all the time there is, one before it half.
TimePoint attempt_deadline(TimePoint now, TimePoint deadline, std::size_t index, std::size_t count);

// Which of two failed attempts to report: one of ours says less than one of the target's.
Error worse(const Error& first, const Error& second);

// What a connection to the first candidate that answered gave.
struct Connected {
  std::unique_ptr<Stream> stream;
  Address address;
};
Task<Result<Connected>> connect_target(Net& net, std::vector<Address> candidates,
                                       std::uint16_t port, ConnectOptions options,
                                       TimePoint deadline);

// probe_dns_lookup_time_seconds, and for the address talked to probe_ip_protocol and
// probe_ip_addr_hash (FNV-1a of its octets).
void measure_lookup(Duration lookup_time, Outcome& outcome);
void measure_address(const Address& address, Outcome& outcome);
// The same gauges at 0, for a target without any address.
void measure_no_address(Outcome& outcome);

// probe_ssl_earliest_cert_expiry, probe_ssl_last_chain_expiry_timestamp_seconds,
// probe_ssl_last_chain_info and probe_tls_version_info: all that the handshake came to, also when
// it failed at the certificate. When verification was skipped by configuration, the verified
// chain's expiry is the zero time of Go, as the blackbox exporter gives it.
void measure_tls(const TlsInfo& info, bool skipped_verification, Outcome& outcome);

double to_seconds(Duration duration);

}  // namespace probes
