// Windows and corrections as stretches of slot starts, painted one over the other.
#include "exporter/sla/exclusion.h"

#include <algorithm>

#include "exporter/sla/slot.h"

namespace exporter {
namespace {

constexpr std::chrono::seconds kSecond{1};

bool announced_in_time(const MaintenanceWindow& window, std::chrono::seconds notice) {
  if (notice.count() <= 0) return true;
  return window.announced && *window.announced + notice <= window.from;
}

}  // namespace

bool concerns(std::span<const std::string> listed, std::span<const std::string> names) {
  if (listed.empty()) return true;
  return std::ranges::any_of(names, [listed](const std::string& name) {
    return std::ranges::find(listed, name) != listed.end();
  });
}

std::optional<Span> excluded_starts(const RecordedWindow& recorded, const AgreementTerms& terms,
                                    std::chrono::seconds every) {
  const MaintenanceWindow& window = recorded.window;
  if (!terms.exclude_maintenance || !announced_in_time(window, terms.notice)) return std::nullopt;
  if (!concerns(window.agreements, std::span(&terms.name, 1))) return std::nullopt;
  Span span;
  span.from = first_slot(std::max(window.from, recorded.first_seen + kSecond), every);
  span.to = window.to - every + kSecond;
  if (recorded.withdrawn) span.to = std::min(span.to, *recorded.withdrawn + kSecond);
  if (span.to <= span.from) return std::nullopt;
  return span;
}

VerdictRun clip(const VerdictRun& run, Seconds from, Seconds to) {
  VerdictRun part = run;
  const Seconds begin = std::max(run.start, first_slot(from, run.every));
  const Seconds end = std::min(run.end(), first_slot(to, run.every));
  part.start = begin;
  part.count = end > begin ? (end - begin) / run.every : 0;
  return part;
}

Overlay Overlay::make(std::span<const RecordedWindow> windows,
                      std::span<const Correction> corrections, const AgreementTerms& terms,
                      std::span<const std::string> names, std::chrono::seconds every, Span within) {
  Overlay overlay;
  const auto paint = [&overlay, within](Span span, Verdict verdict, std::int64_t correction) {
    span.from = std::max(span.from, within.from);
    span.to = std::min(span.to, within.to);
    if (span.from < span.to) overlay.paint({span.from, span.to, verdict, correction});
  };
  for (const RecordedWindow& window : windows) {
    if (window.window.to <= within.from || window.window.from >= within.to) continue;
    if (!concerns(window.window.services, names)) continue;
    if (const auto span = excluded_starts(window, terms, every)) paint(*span, Verdict::excluded, 0);
  }
  for (const Correction& correction : corrections) {
    if (std::ranges::find(names, correction.service) == names.end()) continue;
    if (!concerns(correction.agreements, std::span(&terms.name, 1))) continue;
    paint({correction.from, correction.to}, correction.verdict, correction.id);
  }
  return overlay;
}

void Overlay::paint(Stretch stretch) {
  std::vector<Stretch> painted;
  painted.reserve(stretches_.size() + 2);
  bool placed = false;
  const auto place = [&] {
    if (!placed) painted.push_back(stretch);
    placed = true;
  };
  for (const Stretch& old : stretches_) {
    if (old.to <= stretch.from) {
      painted.push_back(old);
      continue;
    }
    if (old.from < stretch.from) {
      painted.push_back({old.from, stretch.from, old.verdict, old.correction});
    }
    place();
    if (old.to > stretch.to) {
      painted.push_back({std::max(old.from, stretch.to), old.to, old.verdict, old.correction});
    }
  }
  place();
  stretches_ = std::move(painted);
}

const Overlay::Stretch* Overlay::over(Seconds slot) const {
  const auto it = std::ranges::upper_bound(stretches_, slot, {}, &Stretch::to);
  return it != stretches_.end() && it->from <= slot ? &*it : nullptr;
}

Verdict Overlay::effective(Seconds slot, Verdict committed) const {
  const Stretch* stretch = over(slot);
  return stretch ? stretch->verdict : committed;
}

SlotCounts Overlay::counts(const VerdictRun& run) const {
  SlotCounts counts;
  std::int64_t untouched = run.count;
  auto it = std::ranges::upper_bound(stretches_, run.start, {}, &Stretch::to);
  for (; it != stretches_.end() && it->from < run.end(); ++it) {
    const std::int64_t covered = clip(run, it->from, it->to).count;
    counts.of(it->verdict) += covered;
    untouched -= covered;
  }
  counts.of(run.verdict) += untouched;
  return counts;
}

std::vector<VerdictRun> Overlay::apply(const VerdictRun& run) const {
  std::vector<VerdictRun> parts;
  const auto add = [&parts](VerdictRun part) {
    if (part.count > 0) parts.push_back(std::move(part));
  };
  Seconds done = run.start;
  auto it = std::ranges::upper_bound(stretches_, run.start, {}, &Stretch::to);
  for (; it != stretches_.end() && it->from < run.end(); ++it) {
    add(clip(run, done, it->from));
    VerdictRun covered = clip(run, it->from, it->to);
    covered.verdict = it->verdict;
    add(std::move(covered));
    done = std::max(done, it->to);
  }
  add(clip(run, done, run.end()));
  return parts;
}

}  // namespace exporter
