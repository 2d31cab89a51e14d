// The terms of an agreement: everything in the configuration that changes a figure. They are stored
// in the ledger with a hash, frozen when a month starts, and printed in every report
// (docs/accounting.md, rule 15). Pure values; no I/O.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace exporter {

// Whole seconds in UTC: slots, months and windows have no finer parts.
using Seconds = std::chrono::sys_seconds;

// A fraction of at most six decimals, exact: 99.9 % is 999,000 parts per million.
struct Objective {
  std::int64_t parts_per_million = 990'000;
  double ratio() const { return static_cast<double>(parts_per_million) / 1e6; }
  bool operator==(const Objective&) const = default;
};

enum class UnknownPolicy { unproven, bad, good, excluded };

// What belongs to the service and is the same for every agreement that covers it.
struct ServiceTerms {
  std::chrono::seconds every{60};
  int require = 0;  // 0: all counting checks
  bool degraded_is_good = true;
  bool operator==(const ServiceTerms&) const = default;
};

struct AgreementTerms {
  std::string name = "published";
  std::string provider;
  std::string timezone = "UTC";  // IANA name or UTC+hh:mm; months begin and end here
  std::string period = "month";
  UnknownPolicy unknown_slots = UnknownPolicy::unproven;
  bool exclude_maintenance = true;
  std::chrono::seconds notice{0};  // a window excludes only if announced this long before it begins
  std::chrono::seconds close_after{std::chrono::hours(24 * 5)};
  std::map<std::string, Objective> objectives;  // services covered, by name
  bool operator==(const AgreementTerms&) const = default;
};

}  // namespace exporter
