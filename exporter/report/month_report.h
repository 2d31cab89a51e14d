// The month of an agreement as a report shows it: the figures of each service, every outage, every
// stretch that nobody observed, what was excluded, what was signed, and the terms it was counted
// by. A function of the ledger as it stood at an instant, so that a report that was lost can be
// written again, word for word. Reads the ledger, and changes nothing; one thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/ledger/ledger.h"
#include "exporter/sla/month.h"
#include "exporter/sla/terms_timeline.h"

namespace exporter {

// Slots in a row with the same effective verdict.
struct ReportStretch {
  Seconds from, to;
  std::int64_t slots = 0;
  Cause cause = Cause::none;                       // of unknown slots
  std::map<probes::Reason, std::int64_t> reasons;  // failed attempts in it; of the longest ones
};

struct ServiceReport {
  std::string service;
  Objective objective;
  std::chrono::seconds every{60};
  MonthFigures figures;
  MonthFigures unexcluded;   // as if no window and no correction had changed a verdict
  std::int64_t rescued = 0;  // slots that are good only through confirmation
  std::vector<ReportStretch> outages, unknown;  // in order of time
};

// How far the month is: still running, over and provisional, or closed.
enum class MonthStage { running, provisional, closed };
std::string_view name_of(MonthStage stage);

struct MonthReport {
  Period period;
  Seconds as_of;
  Zone zone;
  MonthStage stage = MonthStage::running;
  TermsRecord terms;                    // the month is counted by
  std::string place;                    // as the newest statement says it; empty before the first
  std::vector<ServiceReport> services;  // by name
  std::vector<RecordedWindow> windows;  // that touch the month, as recorded by then
  std::vector<Correction> corrections;  // likewise
  std::vector<Statement> statements;    // of the month, in order
  // Revision of the newest statement; 0 when there is none.
  int revision() const { return statements.empty() ? 0 : statements.back().revision; }
};

// Outages whose attempts are looked at for their reasons: the longest ones of the whole report.
inline constexpr std::size_t kExplainedOutages = 250;

// `state` is what ledger.load() gave. The agreement's month as it was known at `as_of`; nullopt
// when the agreement has no service accounted in that month.
LedgerResult<std::optional<MonthReport>> month_report(Ledger& ledger, const LedgerState& state,
                                                      const std::string& agreement,
                                                      std::chrono::year_month month, Seconds as_of);

}  // namespace exporter
