// slatool explain: why a slot has its verdict. Reads the ledger alone, also while the daemon runs:
// the attempts of every check in the slot, the plan it was judged by, the windows and corrections
// that touch it.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "exporter/config/values.h"
#include "exporter/sla/slot.h"
#include "exporter/tool/ledger_file.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {
namespace {

struct Options {
  std::string storage = "data", service, time;
};

std::string attempt_text(const OutcomeRecord& record) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(record.at);
  std::string kind = record.extra ? "re-probe" : record.attempt == 0 ? "attempt" : "confirmation";
  std::string text = fmt::format("  {} {:%H:%M:%S} {}: {}", record.check, fmt::gmtime(seconds),
                                 kind, probes::name_of(record.status));
  if (record.reason != probes::Reason::none)
    text += fmt::format(" ({})", probes::name_of(record.reason));
  text +=
      fmt::format(" after {} ms",
                  std::chrono::duration_cast<std::chrono::milliseconds>(record.latency).count());
  if (!record.address.empty()) text += " from " + record.address;
  if (!record.message.empty()) text += ": " + record.message;
  return text;
}

void print_plan(const LedgerState& state, const std::string& service, Seconds slot) {
  const PlanRecord* in_force = nullptr;
  for (const PlanRecord& plan : state.plans) {
    if (plan.service == service && plan.from <= slot) in_force = &plan;
  }
  if (in_force == nullptr) return;
  std::string checks;
  for (const std::string& check : in_force->counting_checks)
    checks += (checks.empty() ? "" : ", ") + check;
  std::string required =
      in_force->terms.require == 0 ? "all" : std::to_string(in_force->terms.require);
  fmt::print("judged by: {} of the checks {}{}\n", required, checks,
             in_force->terms.degraded_is_good ? "" : "; degraded does not count as good");
}

bool touches(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

void print_overlays(const LedgerState& state, const std::string& service, Seconds slot,
                    Seconds end) {
  for (const RecordedWindow& recorded : state.windows) {
    const MaintenanceWindow& window = recorded.window;
    if (window.to <= slot || window.from >= end || !touches(window.services, service)) continue;
    fmt::print("maintenance: {} to {}, first seen {}{}{}\n", format_utc(window.from),
               format_utc(window.to), format_utc(recorded.first_seen),
               recorded.withdrawn ? ", withdrawn " + format_utc(*recorded.withdrawn) : "",
               recorded.first_seen > slot ? ": too late for this slot, it excludes nothing" : "");
  }
  for (const Correction& correction : state.corrections) {
    if (correction.service != service || slot < correction.from || slot >= correction.to) continue;
    fmt::print("correction {}: {} since {}, signed by {}: {}\n", correction.id,
               name_of(correction.verdict), format_utc(correction.committed), correction.by,
               correction.why);
  }
}

int refuse(std::string_view message) { return complain("explain", message, kUsageError); }

int explain(const Options& options) {
  auto contents = read_ledger(options.storage);
  if (!contents) return refuse(contents.error().message);
  auto& [ledger, state] = *contents;
  const auto time = config::parse_time(options.time, zone_of(state));
  if (!time) return refuse("TIME: " + time.error());
  auto history = state.services.find(options.service);
  if (history == state.services.end()) {
    return refuse(fmt::format("the ledger knows no service '{}'", options.service));
  }
  // The run that holds the instant says how long slots were then.
  constexpr std::chrono::seconds kLongestSlot = std::chrono::hours(24);
  std::chrono::seconds every = history->second.every;
  auto runs =
      ledger->verdicts(options.service, *time - kLongestSlot, *time + std::chrono::seconds(1));
  if (!runs) return refuse(runs.error().message);
  const VerdictRun* found = nullptr;
  for (const VerdictRun& run : *runs) {
    if (run.start + run.every > *time || run.end() > *time) found = &run;
  }
  if (found != nullptr) every = found->every;
  Seconds slot = slot_of(*time, every);
  fmt::print("{}: slot {} to {}\n", options.service, format_utc(slot), format_utc(slot + every));
  if (found == nullptr || found->start > *time || found->end() <= slot) {
    fmt::print("verdict: none; the slot is not accounted or has not ended\n");
  } else {
    fmt::print("verdict: {}{}{}\n", name_of(found->verdict),
               found->cause == Cause::none ? "" : fmt::format(" ({})", name_of(found->cause)),
               found->rescued ? ", saved by confirmation" : "");
  }
  print_plan(state, options.service, slot);
  print_overlays(state, options.service, slot, slot + every);
  auto outcomes = ledger->outcomes(options.service, "", slot, slot + every);
  if (!outcomes) return refuse(outcomes.error().message);
  fmt::print("observed:{}\n", outcomes->empty() ? " nothing" : "");
  for (const OutcomeRecord& record : *outcomes) fmt::print("{}\n", attempt_text(record));
  return 0;
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_ledger_verb(app, "explain", "Say why a slot of a service has its verdict",
                                   options, explain, exit_code);
  verb->add_option("SERVICE", options->service, "As in the configuration")->required();
  verb->add_option(
          "TIME", options->time,
          "Any instant of the slot: 2026-11-22T23:00Z; without an offset in the agreement's zone")
      ->required();
}

}  // namespace exporter::tool
