// Which terms hold from when (docs/accounting.md, rule 15): terms are frozen when a month starts, a
// change waits for the next month, and what is commissioned takes effect at once. Pure decisions:
// what the configuration wants and what the ledger knows give the records to append and sentences
// for the log.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exporter/sla/terms_timeline.h"
#include "exporter/sla/timeline.h"

namespace exporter {

// What the configuration says about one agreement.
struct WantedTerms {
  AgreementTerms terms;
  std::map<std::string, ServiceTerms> services;  // of the services covered
};

struct TermsChange {
  std::vector<TermsRecord> records;  // to append, in order
  std::vector<std::string> sentences;
};

struct FreezeFacts {
  std::map<std::string, std::string> renamed;    // old name to new name, from now on
  std::map<std::string, Seconds> commissioned;   // first slot of each service
  std::map<std::string, ServiceTerms> in_force;  // how services are run from now on
  std::map<std::string, Seconds> begun;          // first slot of services that are new just now
  std::string tzdata_version;                    // of the zone data this machine has now
};

// Appends nothing when all is as wanted already.
//   - An agreement the ledger does not know comes into force at once.
//   - In the month in which the agreement was commissioned everything takes effect at once; in the
//     month in which a service was, everything about that service.
//   - A service that is new to the agreement is added at once; one that counts from an earlier day
//     (`valid_from`) from that day on, as far as it lies in this month. One that is gone keeps its
//     objective to the end of the month, so that its slots stay in the books.
//   - Another version of the zone data is a change of terms only where the zone depends on it; the
//     records of a fixed offset name the version of the day they were written.
//   - Everything else waits for the next month, which begins in the agreement's zone.
TermsChange decide_terms(const TermsTimeline& known, const WantedTerms& wanted,
                         const FreezeFacts& facts, Seconds now);

// The agreement left the configuration: it covers nothing from the next month on.
TermsChange end_terms(const TermsTimeline& known, Seconds now);

// What differs, one short phrase each: "objective of api 99 % -> 99.9 %", "timezone UTC -> ...".
std::vector<std::string> differences(const TermsRecord& before, const TermsRecord& after);

// "99 %", "99.95 %"
std::string format_objective(Objective objective);

}  // namespace exporter
