// The ledger: the durable, append-only record every SLA figure is a function of. One SQLite file
// (WAL, synchronous=FULL) in the storage folder. docs: exporter/ledger/FORMAT.md.
//
// One process owns it for writing (a lock file beside it keeps a second one out); any number may
// read. A writing Ledger is used by one thread. Errors are sentences with what to do next. A commit
// that returned is on disk; one that failed changed nothing and may be tried again.
#pragma once

#include <array>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/ledger/records.h"

namespace exporter {

struct LedgerError {
  enum class Kind { locked, damaged, newer_schema, disk_full, io, not_found, refused };
  Kind kind = Kind::io;
  std::string message;  // names the file and the remedy
};
template <class T>
using LedgerResult = std::expected<T, LedgerError>;

// Counters of one check since its first attempt; they outlive the outcomes they were counted from.
struct CheckTotals {
  std::array<std::uint64_t, 4> by_status{};           // index: probes::Status
  std::map<probes::Reason, std::uint64_t> by_reason;  // of failed attempts
};

struct ServiceHistory {
  Seconds first_slot;              // start of the first committed slot
  Seconds next_slot;               // end of the last committed slot: nothing after it is judged
  std::chrono::seconds every{60};  // of the last committed slot
  // All slots ever committed, by verdict (good, bad, unknown; [3] unused), cause and rescue.
  std::array<std::uint64_t, 4> verdicts{};
  std::map<Cause, std::uint64_t> unknown_causes;
  std::uint64_t rescued = 0;
};

// What a start needs to know, read in one go.
struct LedgerState {
  std::map<std::string, ServiceHistory> services;
  std::map<std::pair<std::string, std::string>, CheckTotals> checks;           // service, check
  std::map<std::pair<std::string, std::string>, OutcomeRecord> last_outcomes;  // of each check
  std::vector<OutcomeRecord> open_outcomes;  // of slots without verdict
  std::vector<PlanRecord> plans;             // in order of commit, as all below
  std::vector<TermsRecord> terms;
  std::vector<RecordedWindow> windows;
  std::vector<Correction> corrections;
  std::vector<Statement> statements;
  std::vector<GapAcceptance> gaps;
  Seconds last_commit{};  // epoch when nothing was ever committed
};

struct VerifyReport {
  std::vector<std::string> problems;  // empty: all is well
  std::uint64_t days = 0, verdicts = 0, outcomes = 0, statements = 0;
};

struct LedgerOptions {
  std::filesystem::path folder;  // --storage.path; the file is <folder>/ledger.db
  bool read_only = false;
  std::chrono::seconds outcome_retention = std::chrono::hours(24 * 457);
  std::uint64_t evidence_bytes = 64ull << 20;
};

class Ledger {
 public:
  // Creates the file if the folder holds none; migrates an older one after copying it; refuses a
  // damaged one, one of a newer schema, and one whose writer is alive. Never starts empty over a
  // file.
  static LedgerResult<std::unique_ptr<Ledger>> open(LedgerOptions options);
  virtual ~Ledger() = default;

  virtual LedgerResult<LedgerState> load() = 0;
  // Atomic and durable when it returns; idempotent. `now` stamps the commit.
  virtual LedgerResult<void> commit(const Batch& batch, Seconds now) = 0;
  // Packs days that are over and complete into blocks, chained and checksummed, and prunes what is
  // past its retention. Bounded work a call (about `budget`); returns whether more is waiting.
  virtual LedgerResult<bool> pack(Seconds now, std::chrono::milliseconds budget) = 0;

  // Runs of slots that start in [from, to), in order, clipped to it and merged.
  virtual LedgerResult<std::vector<VerdictRun>> verdicts(const std::string& service, Seconds from,
                                                         Seconds to) = 0;
  // Attempts of slots that start in [from, to); an empty check means all checks.
  virtual LedgerResult<std::vector<OutcomeRecord>> outcomes(const std::string& service,
                                                            const std::string& check, Seconds from,
                                                            Seconds to) = 0;
  // The chain hashes of the day blocks of a service that overlap [from, to), by day ("2026-11-22").
  virtual LedgerResult<std::vector<std::pair<std::string, std::string>>> day_hashes(
      const std::string& service, Seconds from, Seconds to) = 0;
  // Recomputes checksums, chains, identities, and each verdict from its outcomes where they are
  // kept.
  virtual LedgerResult<VerifyReport> verify(
      const std::function<void(std::string_view)>& progress) = 0;
  // A consistent copy while the ledger is in use.
  virtual LedgerResult<void> backup(const std::filesystem::path& to) = 0;
  virtual std::filesystem::path file() const = 0;
};

}  // namespace exporter
