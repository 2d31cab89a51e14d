// How services are judged from now on, when a configuration comes into force: commissioning,
// removal, renames, other checks, other cadences (docs/accounting.md, rules 1 and 15). Pure
// decisions, like freeze.h: the records to append to the ledger.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/sla/timeline.h"

namespace exporter {

struct PlanFacts {
  // The first slot of a service that has no verdict yet; the epoch when it is not known.
  std::function<Seconds(const std::string& service)> unjudged;
  // Would a slot be good or bad (not unknown) if it ended now, judged by these checks?
  std::function<bool(const std::string& service, Seconds slot, const ServiceTerms& terms,
                     const std::vector<std::string>& checks)>
      decided;
  // Until when `every`, `require` and the like are frozen; nullopt: a change holds at once.
  std::function<std::optional<Seconds>(const std::string& service)> frozen_until;
};

struct PlanChange {
  std::vector<PlanRecord> records;             // to append, in order
  std::map<std::string, std::string> renamed;  // old name to new name
  std::vector<std::string> sentences;
};

// Appends nothing when all is as wanted already.
//   - A new service is accounted from its first whole slot, or from `valid_from`, also when that
//     lies in the past (what was not observed then is unknown).
//   - A removed one ends with the slot in progress when that can be judged, else before it.
//   - A renamed one (`formerly`) goes on under its new name with the next slot.
//   - A check that is gone no longer counts in the slot in progress; a new one counts from the next
//     slot on, so that a reload makes no slot unknown.
//   - Another cadence begins where slots of both cadences begin.
PlanChange decide_plans(const PlanBook& known, const std::vector<Service>& services,
                        const PlanFacts& facts, Seconds now);

}  // namespace exporter
