// cctz keeps what it loads by name, so this is the very zone that Zone::parse has given.
#include "exporter/sla/zone_changes.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

namespace exporter {

std::vector<Seconds> clock_changes(const Zone& zone, Seconds from, Seconds to) {
  std::vector<Seconds> changes;
  cctz::time_zone rules;
  if (zone.fixed() || !cctz::load_time_zone(zone.name(), &rules)) return changes;
  cctz::time_point<cctz::seconds> at(cctz::seconds(from.time_since_epoch().count()));
  cctz::time_zone::civil_transition jump;
  while (rules.next_transition(at, &jump)) {
    at = rules.lookup(jump.to).trans;  // what the clocks show next is shown first by this jump
    const Seconds instant(std::chrono::seconds(at.time_since_epoch().count()));
    if (instant >= to) break;
    // A change of the name or of what counts as summer time alone leaves the clocks as they are.
    if (jump.from != jump.to) changes.push_back(instant);
  }
  return changes;
}

}  // namespace exporter
