// A maintenance window, from sla.yml, from an iCalendar file or from `slatool maintenance`. Pure
// values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exporter/sla/terms.h"

namespace exporter {

struct MaintenanceWindow {
  std::string id;                       // stable: the event's UID, or a hash of its content
  std::vector<std::string> services;    // empty: all
  std::vector<std::string> agreements;  // empty: all
  Seconds from, to;                     // [from, to)
  std::optional<Seconds> announced;     // when customers were told, if stated
  std::string summary;
  bool operator==(const MaintenanceWindow&) const = default;
};

// A window as the ledger knows it. It excludes a slot when it was committed before the slot began,
// was announced early enough, and was not withdrawn before the slot began (docs/accounting.md, rule
// 8).
struct RecordedWindow {
  MaintenanceWindow window;
  Seconds first_seen;                // commit time in the ledger
  std::optional<Seconds> withdrawn;  // commit time of its removal
};

}  // namespace exporter
