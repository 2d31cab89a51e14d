// What the ledger keeps, as plain values: outcomes, verdicts, and the entries that change what
// verdicts mean (terms, plans, windows, corrections, statements). ledger.h stores them; sla/ folds
// them. Nothing here is ever changed once committed; a change is a new record.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sla/terms.h"
#include "exporter/sla/window.h"
#include "probes/outcome.h"

namespace exporter {

// The final judgement of a slot. `excluded` is an overlay that an agreement's windows lay over it,
// so it is never stored as a verdict, only as a correction.
enum class Verdict : std::uint8_t { good, bad, unknown, excluded };

// Why a slot is unknown. Closed and stored by number: append only.
enum class Cause : std::uint8_t {
  none,
  not_running,   // the exporter was not running
  suspended,     // the machine slept
  clock_step,    // the clock jumped over it
  overload,      // the check could not run or be committed in time
  local,         // our own fault: descriptors, route, resolver
  connectivity,  // no canary answered
  unconfirmed,   // down, but the confirmation could not be made
};
std::string_view name_of(Verdict verdict);
std::string_view name_of(Cause cause);

// `count` slots of `every` seconds from `start` with the same verdict.
struct VerdictRun {
  std::string service;
  std::chrono::seconds every{60};
  Seconds start;
  std::int64_t count = 1;
  Verdict verdict = Verdict::unknown;  // good, bad or unknown
  Cause cause = Cause::none;           // none unless unknown
  bool rescued = false;                // good only through confirmation
  Seconds end() const { return start + every * count; }
  bool operator==(const VerdictRun&) const = default;
};

// One attempt of a check.
struct OutcomeRecord {
  std::string service, check;
  Seconds slot;              // start of the slot it counts for
  std::uint8_t attempt = 0;  // 0, then confirmations; extra re-probes have `extra` set
  bool final = true;         // no confirmation of this slot is outstanding after it
  bool extra = false;        // a re-probe between slots: alerting and outage times only
  std::chrono::sys_time<std::chrono::milliseconds> at;  // start of the attempt
  probes::Status status = probes::Status::unknown;
  probes::Reason reason = probes::Reason::none;
  std::chrono::microseconds latency{};
  std::string address;
  std::string message;  // evidence of a failure, bounded; empty for up
  bool operator==(const OutcomeRecord&) const = default;
};

// How a service is judged from an instant on: kept so that verify can recompute each verdict from
// its outcomes alone.
struct PlanRecord {
  std::string service;
  Seconds from;  // first slot judged by it
  ServiceTerms terms;
  std::vector<std::string> counting_checks;
  bool removed = false;  // the service is not accounted from `from` on
  // The service whose history this one continues under a new name (`formerly:`); else empty.
  std::string formerly;
  bool operator==(const PlanRecord&) const = default;
};

// Terms of one agreement in force from the start of a month (or at once, in the month of
// commissioning or by a signed correction).
struct TermsRecord {
  Seconds committed;
  Seconds from;  // start of the month (or the instant) from which they hold
  AgreementTerms terms;
  std::map<std::string, ServiceTerms> services;
  std::string tzdata_version;
  std::string hash;       // SHA-256 of the canonical JSON of all of the above but `committed`
  std::string signed_by;  // empty unless brought in force by a correction
  bool operator==(const TermsRecord&) const = default;
};

struct Correction {
  std::int64_t id = 0;  // given by the ledger; later entries win
  Seconds committed;
  std::string by, why;
  std::string service;
  std::vector<std::string> agreements;  // empty: all
  Seconds from, to;                     // slots that start in [from, to)
  Verdict verdict = Verdict::unknown;   // also `excluded`
  bool operator==(const Correction&) const = default;
};

// A month's statement of one agreement: provisional when the month ends, closed after close_after,
// and again (revision 2, ...) after a later correction.
struct Statement {
  std::string agreement;
  int year = 0;
  unsigned month = 0;
  int revision = 1;
  bool closed = false;
  Seconds committed;
  std::string json;                 // terms, counts per service, hashes of the days
  std::string previous_hash, hash;  // SHA-256, chained per agreement
  bool operator==(const Statement&) const = default;
};

// A gap that may not be filled by itself was accepted by a person (`slatool ledger accept-gap`).
struct GapAcceptance {
  Seconds committed, from, to;
  std::string by, why;
};

// Everything of one commit. Applying a batch twice changes nothing the second time: the first
// verdict of a slot and the first record of an attempt win.
struct Batch {
  std::vector<OutcomeRecord> outcomes;
  std::vector<VerdictRun> verdicts;
  std::vector<PlanRecord> plans;
  std::vector<TermsRecord> terms;
  std::vector<RecordedWindow> windows;  // new ones, and known ones that were withdrawn
  std::vector<Correction> corrections;
  std::vector<Statement> statements;
  std::vector<GapAcceptance> gaps;
  bool empty() const {
    return outcomes.empty() && verdicts.empty() && plans.empty() && terms.empty() &&
           windows.empty() && corrections.empty() && statements.empty() && gaps.empty();
  }
};

}  // namespace exporter
