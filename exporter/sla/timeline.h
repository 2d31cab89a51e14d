// How a service was judged over time, folded from its plan records. A record holds from its `from`
// on and takes the place of everything that was planned for later, so a change that was announced
// for the next month can be superseded. A renamed service continues the timeline of its old name.
// Pure values; used by the book, by reports and by verify.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "exporter/ledger/records.h"

namespace exporter {

inline constexpr Seconds kForever = Seconds(std::chrono::seconds(253'402'300'800));  // year 10000

// One stretch with the same rules. Slots that start in [from, to) are judged by them.
struct PlanSegment {
  Seconds from, to;
  std::string service;  // the name in the ledger: an earlier one before a rename
  ServiceTerms terms;
  std::vector<std::string> counting_checks;
  // End of the last slot that starts in it.
  Seconds slots_end() const;
  bool operator==(const PlanSegment&) const = default;
};

class PlanTimeline {
 public:
  // Records in order of commit.
  void add(const PlanRecord& record);

  // The segment that a slot starting at `at` belongs to; nullptr when none is expected there.
  const PlanSegment* at(Seconds at) const;
  // The segment that contains `at`, or the first one after it; nullptr when nothing is planned.
  const PlanSegment* at_or_after(Seconds at) const;
  std::span<const PlanSegment> segments() const { return segments_; }
  bool empty() const { return segments_.empty(); }
  // Slots that start in [from, to).
  std::int64_t slots_in(Seconds from, Seconds to) const;
  // Names this service has had, oldest first.
  std::vector<std::string> names() const;

 private:
  std::vector<PlanSegment> segments_;  // in order, disjoint
};

// The timelines of all services by their newest name. A record with `formerly` takes the old
// name's timeline over; the old name is then free for another service.
class PlanBook {
 public:
  void add(const PlanRecord& record);
  const PlanTimeline* find(const std::string& service) const;
  const std::map<std::string, PlanTimeline>& timelines() const { return timelines_; }

 private:
  std::map<std::string, PlanTimeline> timelines_;
};

// By which rules the slot of a ledger name is judged, for readers that know no renames; nullptr
// when the service was not accounted then. `plans` in order of commit.
const PlanRecord* plan_at(std::span<const PlanRecord> plans, const std::string& service,
                          Seconds slot);

// The first slot of a new cadence that may follow slots of an old one which are aligned to their
// own cadence: not before `at`, not before the old slot in progress at `at` has ended, and where
// slots of both cadences begin, so that no minute lies between them. Cadences that meet less often
// than daily change at the next possible slot instead.
Seconds cadence_change(Seconds at, std::chrono::seconds old_every, std::chrono::seconds new_every);

}  // namespace exporter
