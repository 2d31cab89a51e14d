// A ledger in memory, one row a slot, with nothing packed or clever about it: what the book is
// tested against, and the independent oracle its figures are recomputed from. It can be told to
// fail. One thread; dies with the test.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "exporter/ledger/ledger.h"

namespace exporter::fakes {

class MemoryLedger : public Ledger {
 public:
  struct Row {
    std::chrono::seconds every{60};
    Verdict verdict = Verdict::unknown;
    Cause cause = Cause::none;
    bool rescued = false;
  };
  // service, check, slot, extra, attempt, start of the attempt (of re-probes only)
  using OutcomeKey =
      std::tuple<std::string, std::string, Seconds, bool, std::uint8_t, std::int64_t>;

  LedgerResult<LedgerState> load() override;
  LedgerResult<void> commit(const Batch& batch, Seconds now) override;
  LedgerResult<bool> pack(Seconds, std::chrono::milliseconds) override { return false; }
  LedgerResult<std::vector<VerdictRun>> verdicts(const std::string& service, Seconds from,
                                                 Seconds to) override;
  LedgerResult<std::vector<OutcomeRecord>> outcomes(const std::string& service,
                                                    const std::string& check, Seconds from,
                                                    Seconds to) override;
  LedgerResult<std::vector<std::pair<std::string, std::string>>> day_hashes(
      const std::string& service, Seconds from, Seconds to) override;
  LedgerResult<VerifyReport> verify(const std::function<void(std::string_view)>&) override;
  LedgerResult<void> backup(const std::filesystem::path&) override;
  std::filesystem::path file() const override { return "memory"; }

  // Asked before every commit; a true makes it fail as a full disk does, changing nothing.
  std::function<bool(const Batch&)> fails;
  // Long simulations forget attempts once their slot has its verdict.
  bool keep_outcomes = true;

  // Open to tests, which recompute figures from them.
  std::map<std::string, std::map<Seconds, Row>> rows;
  std::map<OutcomeKey, OutcomeRecord> attempts;
  std::map<std::pair<std::string, std::string>, CheckTotals> totals;
  std::vector<PlanRecord> plans;
  std::vector<TermsRecord> terms;
  std::vector<RecordedWindow> windows;
  std::vector<Correction> corrections;
  std::vector<Statement> statements;
  std::vector<GapAcceptance> gaps;
  Seconds last_commit{};
  int commits = 0;
  int loads = 0;

 private:
  void take_outcomes(const Batch& batch);
  void take_verdicts(const Batch& batch);
  void take_entries(const Batch& batch, Seconds now);
  bool judged(const std::string& service, Seconds slot) const;
};

}  // namespace exporter::fakes
