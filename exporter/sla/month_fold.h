// The month of one service under one agreement, folded from runs of verdicts: the book adds to it
// slot by slot, reports fold it in one go, and both get the same figures, because this is the only
// place where verdicts become counts. Pure; cost by runs, not by slots.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exporter/sla/exclusion.h"
#include "exporter/sla/month.h"
#include "exporter/sla/terms_timeline.h"
#include "exporter/sla/timeline.h"

namespace exporter {

// Everything a fold depends on besides the verdicts. The references must outlive the call only.
struct FoldRules {
  const PlanTimeline& plan;
  const TermsTimeline& terms;
  std::span<const RecordedWindow> windows;
  std::span<const Correction> corrections;
};

class MonthFold {
 public:
  // nullopt when no slot of the service belongs to the agreement in that month.
  static std::optional<MonthFold> begin(const FoldRules& rules, const Period& period);

  // Adds the slots of a run that belong to this month. Each slot may be added once. Returns their
  // counts as first committed: with windows, without corrections.
  SlotCounts add(const VerdictRun& run);
  // Windows that were recorded or withdrawn: they change slots that have not begun, never counts.
  void take_windows(const FoldRules& rules);
  MonthFigures figures(Seconds now) const;

  const Period& period() const { return period_; }
  const TermsRecord& terms() const { return *terms_; }
  std::shared_ptr<const TermsRecord> shared_terms() const { return terms_; }
  Objective objective() const { return objective_; }
  std::chrono::seconds every() const { return every_; }  // of its last slots
  Seconds observed_from() const { return observed_from_; }
  std::int64_t expected() const { return expected_; }
  const SlotCounts& counts() const { return counts_; }
  // Counts without windows and corrections: availability as if nothing had been excluded.
  const SlotCounts& committed_counts() const { return committed_; }
  const std::vector<Span>& covered() const { return covered_; }
  const Overlay& overlay(std::chrono::seconds every) const;
  // The effective parts of a run that belong to this month.
  std::vector<VerdictRun> effective(const VerdictRun& run) const;

 private:
  Period period_;
  std::shared_ptr<const TermsRecord> terms_;
  Objective objective_;
  std::chrono::seconds every_{60};
  std::vector<Span> covered_;  // where the agreement covers the service
  std::int64_t expected_ = 0;
  Seconds observed_from_;
  bool partial_ = false;
  SlotCounts counts_, committed_;
  struct Overlays {
    Overlay effective;  // windows and corrections
    Overlay windows;
  };
  Overlays make_overlays(const FoldRules& rules, std::chrono::seconds every) const;
  std::map<std::chrono::seconds, Overlays> overlays_;  // one for each cadence of the month
};

}  // namespace exporter
