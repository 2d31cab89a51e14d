// Questions that the page and the API of tickets both ask of the reaction half. Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/sla/zone.h"
#include "exporter/snapshot.h"
#include "exporter/ticket/support_view.h"

namespace exporter {

// Of an open clock: "breached", "paused", "at_risk" or "running", the words of sla_ticket_open.
std::string_view open_state_name(ClockState state);
bool is_open_state_name(std::string_view name);
std::string_view name_of(ReactionMonth::State state);  // "open", "ended", "unproven"

// The agreement a clock counts under: the published one for a name that is not promised to.
std::string_view agreement_of(const ReactionClock& clock, const SupportView& view);

// What is left of the target in business time; negative once it is breached.
std::chrono::seconds remaining(const ReactionClock& clock, const ClockReading& reading);

// An open clock that waits for the customer has no due date: it moves as long as that lasts.
std::optional<OpeningHours::Due> due_of(const ClockReading& reading);

// The zones in which the months of agreements are cut, and in which people read their due dates.
class AgreementZones {
 public:
  explicit AgreementZones(const Snapshot& snapshot);
  // UTC for an agreement that is not in the books yet.
  const Zone& of(std::string_view agreement) const;

 private:
  void add(const AgreementTerms& terms);
  std::map<std::string, Zone, std::less<>> zones_;
  Zone utc_;
};

}  // namespace exporter
