#include "probes/tcp.h"

#include <algorithm>

#include "probes/dialog.h"
#include "probes/target.h"

namespace probes {
namespace {

bool uses_tls(const TcpModule& module) {
  return module.tls || std::ranges::any_of(module.query_response, &QueryResponse::starttls);
}

// The dialog over a connection that stands, with or without TLS from its first byte.
Task<Result<void>> converse(Stream& stream, std::shared_ptr<const Module> module, std::string host,
                            TimePoint deadline, DialogFacts& facts) {
  const TcpModule& tcp = std::get<TcpModule>(module->spec);
  if (tcp.tls) {
    Result<void> secured = co_await stream.start_tls(tcp.tls_options, host, deadline);
    if (!secured) co_return secured;
  }
  co_return co_await run_dialog(stream, module, std::move(host), deadline, facts);
}

void measure_dialog(const DialogFacts& facts, Outcome& outcome) {
  outcome.measurements.push_back(
      {"probe_failed_due_to_regex", {}, facts.failed_by_regex ? 1.0 : 0.0});
  outcome.measurements.push_back(
      {"probe_failed_due_to_bytes", {}, facts.failed_by_bytes ? 1.0 : 0.0});
  std::vector<const Measurement*> kept;
  for (const Measurement& info : facts.expect_info) {
    // Two steps may capture the same: one series is exposed once.
    const bool known = std::ranges::any_of(
        kept, [&](const Measurement* other) { return other->labels == info.labels; });
    if (known) continue;
    kept.push_back(&info);
    outcome.measurements.push_back(info);
  }
}

// Facts that hold from the first lookup on, and the outcome that says how it ended. The dialog's
// gauges are there, at 0, also when it never began: a series that comes and goes alerts nobody.
Outcome finish(Outcome outcome, const Resolved& resolved, const Address& address,
               const DialogFacts& facts) {
  measure_lookup(resolved.lookup_time, outcome);
  measure_address(address, outcome);
  measure_dialog(facts, outcome);
  return outcome;
}

Outcome unresolved(const Error& error, Duration lookup_time) {
  Outcome outcome = Outcome::failed(error);
  measure_lookup(lookup_time, outcome);
  measure_no_address(outcome);
  measure_dialog({}, outcome);
  return outcome;
}

}  // namespace

Task<Outcome> probe_tcp(Net& net, ProbeRequest request, TimePoint deadline) {
  const TcpModule& module = std::get<TcpModule>(request.module->spec);
  const TimePoint started = net.loop().now();
  const Result<HostPort> target = split_host_port(request.target);
  if (!target) co_return Outcome::failed(target.error());
  const std::string name = request.hostname.empty() ? target->host : request.hostname;

  Result<Resolved> resolved =
      co_await resolve_target(net, target->host, module.ip, request.both_families, deadline);
  if (!resolved) co_return unresolved(resolved.error(), net.loop().now() - started);

  ConnectOptions options{.source_address = module.source_ip_address};
  Result<Connected> connected =
      co_await connect_target(net, resolved->candidates, target->port, options, deadline);
  if (!connected)
    co_return finish(Outcome::failed(connected.error()), *resolved, resolved->candidates.back(),
                     {});

  DialogFacts facts;
  Stream& stream = *connected->stream;
  const Result<void> ended = co_await converse(stream, request.module, name, deadline, facts);
  Outcome outcome = finish(ended ? Outcome::up() : Outcome::failed(ended.error()), *resolved,
                           connected->address, facts);
  if (const TlsInfo* tls = stream.tls_info())
    measure_tls(*tls, module.tls_options.insecure_skip_verify, outcome);
  co_return outcome;
}

std::vector<Reason> tcp_reasons(const Module& module) {
  const TcpModule& tcp = std::get<TcpModule>(module.spec);
  std::vector<Reason> reasons;
  if (uses_tls(tcp)) reasons = {Reason::tls, Reason::certificate};
  if (!tcp.query_response.empty()) reasons.insert(reasons.end(), {Reason::protocol, Reason::size});
  return reasons;
}

}  // namespace probes
