// The configuration as plain values: what sla.yml says after merge keys, includes, defaults and
// overrides have been applied. config/load.h reads it. Nothing here is checked again later: a
// Config that exists is valid. Immutable after load; shared between threads as shared_ptr<const
// Config>.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/alerting.h"
#include "exporter/config/support.h"
#include "exporter/sla/terms.h"
#include "exporter/sla/window.h"
#include "probes/probe.h"

namespace exporter {

using probes::Duration;

struct Place {
  std::string name;     // "Geneva outside"; defaults to the host name
  std::string network;  // "AS64496"
  std::string source_address;
  bool operator==(const Place&) const = default;
};

struct Connectivity {
  std::vector<std::string>
      targets;  // tcp://host:port (an address literal is best), https://..., dns://resolver/name
  int require = 1;  // so many must answer for us to count as connected
  Duration timeout = std::chrono::seconds(5);
  bool operator==(const Connectivity&) const = default;
};

struct Confirm {
  int retries = 1;
  Duration after{};
  // Reasons that are confirmed by another attempt; the default is what the path can cause.
  std::vector<probes::Reason> reasons = {probes::Reason::dns, probes::Reason::connect,
                                         probes::Reason::timeout};
  bool operator==(const Confirm&) const = default;
};

struct Check {
  std::string service;
  std::string name;  // "home", "home/1", "home/key"
  std::string target;
  std::string hostname;
  std::shared_ptr<const probes::Module> module;  // with: {...} already applied
  Duration every{};                              // the service's, or its own when it does not count
  Duration timeout{};
  Duration slow_after{};  // 0: never
  Confirm confirm;
  bool counts = true;
  bool blackbox_families = false;  // a loaded blackbox module keeps that exporter's address rule
  // Time that one slot needs: (1 + retries) x timeout + retries x after + 1 s (docs/accounting.md,
  // rule 2).
  Duration work() const;
  bool operator==(const Check& other) const;  // modules by value, so that a reload can compare
};

struct Service {
  std::string name;
  std::map<std::string, std::string> title;   // by language
  std::map<std::string, std::string> labels;  // owner labels for sla_service_info
  std::string runbook_url;
  std::vector<std::string> depends_on;
  std::vector<std::string> formerly;
  std::optional<probes::WallTime> valid_from, valid_until;
  ServiceTerms terms;
  std::vector<Check> checks;
  bool operator==(const Service&) const = default;
};

struct Retention {
  Duration outcomes = std::chrono::hours(24 * 457);  // 15 months
  std::uint64_t evidence_bytes = 64ull << 20;        // bound of kept failure messages
  // Of samples, in memory; never less than the loaded rules look back on.
  Duration samples = std::chrono::hours(24 * 40);
  Duration probe_samples = std::chrono::hours(24 * 7);  // probe_* and the program's own series
  std::uint64_t sample_bytes = 192ull << 20;
  bool operator==(const Retention&) const = default;
};

struct Config {
  std::filesystem::path file;
  Place place;
  Connectivity connectivity;
  std::vector<AgreementTerms> agreements;                                // the published one first
  std::vector<Service> services;                                         // in file order
  std::vector<MaintenanceWindow> windows;                                // of sla.yml
  std::vector<std::filesystem::path> maintenance_calendars;              // .ics, absolute
  std::map<std::string, std::shared_ptr<const probes::Module>> modules;  // built in and configured
  Retention retention;
  Alerting alerting;
  Support support;
  std::string contact;                // where customers turn to when a service cannot be reached
  std::vector<std::string> warnings;  // what loaded but deserves a look, each with file:line:column
  bool operator==(
      const Config& other) const;  // what is configured; not from which file, with what warnings
};

}  // namespace exporter
