// The book: turns outcomes into verdicts and verdicts into figures, and commits them. It owns no
// clock: every call is told the time. One thread (the accounting thread) calls it; the snapshots it
// returns may go anywhere. Everything it shows was committed first (docs/accounting.md, rule 16).
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/ledger/ledger.h"
#include "exporter/snapshot.h"

namespace exporter {

// What arrived from the scheduler: the record for the ledger and the whole outcome for the metrics.
struct Arrival {
  OutcomeRecord record;
  std::shared_ptr<const probes::Outcome> outcome;  // with measurements
};

// How the scheduler must run a service now: frozen terms may differ from the configuration.
struct Plan {
  struct Entry {
    std::string service;
    ServiceTerms terms;
  };
  std::vector<Entry> services;
  bool operator==(const Plan&) const;
};

class Book {
 public:
  explicit Book(Ledger& ledger) : ledger_(ledger) {}
  virtual ~Book() = default;

  // Folds the ledger, fills the gap since the last commit with unknown (not_running), takes
  // `config` in force. Returns sentences for the log. Refuses a gap of more than 31 days and a last
  // slot in the future that nobody has accepted, with the remedy.
  virtual LedgerResult<std::vector<std::string>> start(
      std::shared_ptr<const Config> config, std::vector<MaintenanceWindow> calendar_windows,
      Seconds now) = 0;
  // A new configuration. Terms that are frozen until the next month are named in the sentences.
  virtual LedgerResult<std::vector<std::string>> reload(
      std::shared_ptr<const Config> config, std::vector<MaintenanceWindow> calendar_windows,
      Seconds now) = 0;
  // Takes what arrived, judges every slot that ended by `now`, commits once, and returns the new
  // snapshot. On an error nothing is lost: what arrived is kept (bounded) and goes with the next
  // step.
  virtual LedgerResult<std::shared_ptr<const Snapshot>> step(std::vector<Arrival> arrivals,
                                                             Seconds now) = 0;
  // Slots that start in [from, to) were not observed for this reason (suspend, clock step).
  virtual void mark_unobserved(Seconds from, Seconds to, Cause cause) = 0;

  virtual LedgerResult<Correction> correct(Correction correction, Seconds now) = 0;
  virtual LedgerResult<void> record_windows(std::vector<MaintenanceWindow> windows,
                                            Seconds now) = 0;
  // Withdraws windows by id; slots that have begun stay excluded.
  virtual LedgerResult<void> withdraw_windows(std::vector<std::string> ids, Seconds now) = 0;
  // Brings waiting terms in force at once, signed.
  virtual LedgerResult<void> take_terms_now(const std::string& agreement, const std::string& by,
                                            const std::string& why, Seconds now) = 0;

  virtual Plan plan() const = 0;  // changes at start, reload, and when a month turns
  virtual std::uint64_t plan_version() const = 0;  // grows with every change of plan()
  // Outcomes that arrived while nothing could be committed, and were more than could be kept.
  virtual std::uint64_t outcomes_dropped() const = 0;
  // Commits since this book was made; a step with nothing to write is none.
  virtual std::uint64_t commits() const = 0;
  virtual std::shared_ptr<const Snapshot> snapshot() const = 0;

 protected:
  Ledger& ledger_;
};

// `tzdata_version`: of the zone data this machine cuts months by; one of the terms.
std::unique_ptr<Book> make_book(Ledger& ledger, std::string tzdata_version);

}  // namespace exporter
