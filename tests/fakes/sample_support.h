// The reaction half of a snapshot with every kind of value set, for tests of what renders one.
#pragma once

#include <memory>

#include "exporter/snapshot.h"
#include "exporter/ticket/support_view.h"

namespace fakes {

// The promises of the example: first level four business hours, second eight, legal five business
// days on a calendar of its own; `europe` and `america`; the number of a ticket within a quarter
// of an hour; a checklist of two items.
exporter::SupportTerms sample_support_terms();

// Levels first, second and legal under the agreement "published". At the first level a clock is
// breached, one at risk and three run; of its 20 first reactions in the current month 18 were in
// time. Nothing waits at the others. The help desk `helpdesk` is read, `phones` is not.
std::shared_ptr<exporter::SupportView> sample_support();

// A copy of the snapshot with a section `support` and what came of it.
std::shared_ptr<exporter::Snapshot> with_support(
    const exporter::Snapshot& snapshot, std::shared_ptr<const exporter::SupportView> support);

}  // namespace fakes
