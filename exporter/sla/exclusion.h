// What lies over the verdicts: maintenance windows that exclude slots (docs/accounting.md, rule 8)
// and corrections (rule 9), for one service under one agreement. Works on runs and stretches, so
// its cost does not depend on the number of slots. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exporter/ledger/records.h"
#include "exporter/sla/month.h"

namespace exporter {

struct Span {
  Seconds from, to;  // [from, to)
  bool operator==(const Span&) const = default;
};

// Does a list of names in a window or correction (empty: all) mean one of `names`?
bool concerns(std::span<const std::string> listed, std::span<const std::string> names);

// The slots that a window excludes, as a stretch of their starts: wholly inside the window,
// committed before the slot began, not withdrawn before it began, and announced `notice` before the
// window begins (where the agreement demands notice, a window without a stated announcement counts
// as not announced). nullopt when there are none.
std::optional<Span> excluded_starts(const RecordedWindow& window, const AgreementTerms& terms,
                                    std::chrono::seconds every);

// The part of a run whose slots start in [from, to); count 0 when there is none.
VerdictRun clip(const VerdictRun& run, Seconds from, Seconds to);

// Stretches of slot starts whose effective verdict is not the one that was committed.
class Overlay {
 public:
  struct Stretch {
    Seconds from, to;
    Verdict verdict = Verdict::excluded;
    std::int64_t correction = 0;  // its id; 0 for a maintenance window
  };

  // Windows first, then corrections in order of their entry, so that later ones win. Only what
  // touches [from, to) is kept. `names` are all the names the service has had.
  static Overlay make(std::span<const RecordedWindow> windows,
                      std::span<const Correction> corrections, const AgreementTerms& terms,
                      std::span<const std::string> names, std::chrono::seconds every, Span within);

  // Later calls win where stretches overlap.
  void paint(Stretch stretch);
  bool empty() const { return stretches_.empty(); }
  const std::vector<Stretch>& stretches() const { return stretches_; }
  // The stretch that a slot lies in, or nullptr.
  const Stretch* over(Seconds slot) const;
  Verdict effective(Seconds slot, Verdict committed) const;
  // Effective counts of the slots of a run.
  SlotCounts counts(const VerdictRun& run) const;
  // The run cut where the effective verdict changes, with it in place of the committed one.
  std::vector<VerdictRun> apply(const VerdictRun& run) const;

 private:
  std::vector<Stretch> stretches_;  // in order, disjoint
};

}  // namespace exporter
