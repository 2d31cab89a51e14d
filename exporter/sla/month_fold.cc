// Folds runs of verdicts into a month.
#include "exporter/sla/month_fold.h"

#include <algorithm>

#include "exporter/sla/slot.h"

namespace exporter {

std::optional<MonthFold> MonthFold::begin(const FoldRules& rules, const Period& period) {
  const std::vector<std::string> names = rules.plan.names();
  const auto objective = rules.terms.objective_of(names, period);
  if (!objective) return std::nullopt;
  MonthFold fold;
  fold.period_ = period;
  fold.terms_ = rules.terms.shared_terms_of(period);
  fold.objective_ = *objective;
  fold.covered_ = rules.terms.coverage(names, period.begin, period.end);
  bool first = true, to_the_end = false;
  for (const Span& span : fold.covered_) {
    for (const PlanSegment& segment : rules.plan.segments()) {
      const std::chrono::seconds every = segment.terms.every;
      const Seconds from = first_slot(std::max(span.from, segment.from), every);
      const Seconds to = std::min(span.to, segment.to);
      if (from >= to) continue;
      fold.expected_ += slots_in(from, to, every);
      if (first) fold.observed_from_ = from;
      // A month may well begin inside a slot; the slot after it is still the month's first.
      if (first) fold.partial_ = from >= period.begin + every;
      first = false;
      to_the_end = to == period.end;
      fold.every_ = every;
      if (fold.overlays_.contains(every)) continue;
      fold.overlays_[every] = fold.make_overlays(rules, every);
    }
  }
  if (fold.expected_ == 0) return std::nullopt;
  fold.partial_ |= !to_the_end;
  return fold;
}

MonthFold::Overlays MonthFold::make_overlays(const FoldRules& rules,
                                             std::chrono::seconds every) const {
  const std::vector<std::string> names = rules.plan.names();
  const Span within{period_.begin, period_.end};
  Overlays overlays;
  overlays.windows = Overlay::make(rules.windows, {}, terms_->terms, names, every, within);
  overlays.effective =
      Overlay::make(rules.windows, rules.corrections, terms_->terms, names, every, within);
  return overlays;
}

void MonthFold::take_windows(const FoldRules& rules) {
  for (auto& [every, overlays] : overlays_) overlays = make_overlays(rules, every);
}

const Overlay& MonthFold::overlay(std::chrono::seconds every) const {
  static const Overlay kNothing;
  const auto it = overlays_.find(every);
  return it == overlays_.end() ? kNothing : it->second.effective;
}

SlotCounts MonthFold::add(const VerdictRun& run) {
  SlotCounts as_committed;
  for (const Span& span : covered_) {
    const VerdictRun part = clip(run, span.from, span.to);
    if (part.count == 0) continue;
    const auto overlays = overlays_.find(run.every);
    if (overlays == overlays_.end()) {
      counts_.of(part.verdict) += part.count;
      as_committed.of(part.verdict) += part.count;
    } else {
      counts_ += overlays->second.effective.counts(part);
      as_committed += overlays->second.windows.counts(part);
    }
    committed_.of(part.verdict) += part.count;
  }
  return as_committed;
}

std::vector<VerdictRun> MonthFold::effective(const VerdictRun& run) const {
  std::vector<VerdictRun> parts;
  for (const Span& span : covered_) {
    const VerdictRun part = clip(run, span.from, span.to);
    if (part.count == 0) continue;
    for (VerdictRun& piece : overlay(run.every).apply(part)) parts.push_back(std::move(piece));
  }
  return parts;
}

MonthFigures MonthFold::figures(Seconds now) const {
  MonthFigures figures = month_figures(counts_, expected_, objective_, terms_->terms.unknown_slots);
  figures.month = period_.month;
  figures.begin = period_.begin;
  figures.end = period_.end;
  figures.observed_from = observed_from_;
  figures.partial = partial_;
  figures.closed = now >= period_.end + terms_->terms.close_after;
  return figures;
}

}  // namespace exporter
