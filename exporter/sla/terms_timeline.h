// The terms of one agreement over time, folded from its records, and the months they cut. A record
// holds from its `from` on and takes the place of everything that waited for later. A month ends
// where the zone in force during it says, and the next one begins right there, so that no second is
// lost or counted twice when an agreement changes its zone. Values; one thread at a time (months
// are found lazily).
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exporter/sla/exclusion.h"
#include "exporter/sla/zone.h"

namespace exporter {

struct Period {
  std::chrono::year_month month{};
  Seconds begin, end;
  bool operator==(const Period&) const = default;
};

class TermsTimeline {
 public:
  // Records in order of commit. Fails when the record's zone is unknown to this machine.
  std::expected<void, std::string> add(TermsRecord record);

  bool empty() const { return entries_.empty(); }
  // In force at `at`; before the first record, the first one. Not for an empty timeline.
  const TermsRecord& at(Seconds at) const { return *entry(at).record; }
  const Zone& zone_at(Seconds at) const { return entry(at).zone; }
  // What comes into force first after `at`, or nullptr.
  const TermsRecord* waiting(Seconds at) const;
  const TermsRecord& first() const { return *entries_.front().record; }

  // All terms in order, each with the stretch in which it held or will hold.
  std::vector<std::pair<Span, const TermsRecord*>> stretches() const;

  // The month that contains `at`; the month of commissioning for anything before it.
  Period period_at(Seconds at) const;
  std::optional<Period> period_of(std::chrono::year_month month) const;
  std::optional<Period> period_before(const Period& period) const;
  // The terms a month is accounted by: those in force when it ends.
  const TermsRecord& terms_of(const Period& period) const {
    return at(period.end - std::chrono::seconds(1));
  }
  std::shared_ptr<const TermsRecord> shared_terms_of(const Period& period) const;

  // The stretches of [from, to) in which the terms cover a service under one of its names.
  std::vector<Span> coverage(std::span<const std::string> names, Seconds from, Seconds to) const;
  // The objective of a service in a month, also when it was taken out during the month.
  std::optional<Objective> objective_of(std::span<const std::string> names,
                                        const Period& period) const;

 private:
  struct Entry {
    std::shared_ptr<const TermsRecord> record;
    Zone zone;
  };
  const Entry& entry(Seconds at) const;
  Seconds end_of(const Period& period) const;

  std::vector<Entry> entries_;           // by `from`, ascending
  mutable std::vector<Period> periods_;  // from the month of commissioning on
};

}  // namespace exporter
