#include "probes/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "probes/async/finish_by.h"
#include "probes/dns.h"
#include "probes/http.h"
#include "probes/target.h"
#include "probes/tcp.h"

namespace probes {
namespace {

constexpr std::array kProbers = {
    ProberEntry{"http", probe_http, http_reasons},
    ProberEntry{"tcp", probe_tcp, tcp_reasons},
    ProberEntry{"dns", probe_dns, dns_reasons},
};

// In the order of ModuleSpec.
constexpr std::array<std::string_view, std::variant_size_v<ModuleSpec>> kNames = {"http", "tcp",
                                                                                  "dns"};

// Probers keep their deadline themselves and then know best what was missing. Should one fail to,
// it is cut off here.
constexpr std::chrono::milliseconds kGrace(20);

const ProberEntry* find_prober(std::string_view name) {
  const auto found = std::ranges::find(kProbers, name, &ProberEntry::name);
  return found == kProbers.end() ? nullptr : &*found;
}

// What went wrong inside us is never charged to the target.
Outcome our_bug(std::string_view what) {
  return Outcome::unknown(Reason::local, fmt::format("the probe failed by itself: {}", what));
}

Task<Outcome> run_guarded(Net& net, ProbeRequest request, TimePoint deadline) {
  const ProberEntry* prober = find_prober(prober_name(*request.module));
  if (prober == nullptr) co_return our_bug("no such prober");
  Loop& loop = net.loop();
  Task<Outcome> probe = prober->run(net, std::move(request), deadline);
  const TimePoint latest = deadline + kGrace;
  Outcome outcome;
  try {
    std::optional<Outcome> ended = co_await finish_by(loop, std::move(probe), latest);
    outcome = ended ? std::move(*ended)
                    : Outcome::down(Reason::timeout, "the probe did not end within its timeout");
  } catch (const std::exception& error) {
    outcome = our_bug(error.what());
  }
  co_return outcome;
}

void judge_speed(Duration slow_after, Outcome& outcome) {
  if (outcome.status != Status::up || slow_after <= Duration::zero()) return;
  if (outcome.duration <= slow_after) return;
  const std::string message = fmt::format("took {:.3f} s, more than {:.3f} s",
                                          to_seconds(outcome.duration), to_seconds(slow_after));
  outcome.status = Status::degraded;
  outcome.reason = Reason::slow;
  outcome.message = message;
}

}  // namespace

Task<Outcome> run_probe(Net& net, ProbeRequest request, TimePoint deadline) {
  const TimePoint started = net.loop().now();
  const Duration slow_after = request.slow_after;
  Outcome outcome = co_await run_guarded(net, std::move(request), deadline);
  outcome.duration = net.loop().now() - started;
  judge_speed(slow_after, outcome);
  outcome.measurements.push_back({"probe_success", {}, outcome.good() ? 1.0 : 0.0});
  outcome.measurements.push_back({"probe_duration_seconds", {}, to_seconds(outcome.duration)});
  co_return outcome;
}

std::string_view prober_name(const Module& module) { return kNames[module.spec.index()]; }

std::vector<Reason> possible_reasons(const Module& module) {
  std::vector<Reason> reasons = {Reason::dns, Reason::connect, Reason::timeout, Reason::local};
  const ProberEntry* prober = find_prober(prober_name(module));
  if (prober == nullptr) return reasons;
  for (const Reason reason : prober->reasons(module))
    if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(reason);
  std::ranges::sort(reasons);
  return reasons;
}

}  // namespace probes
