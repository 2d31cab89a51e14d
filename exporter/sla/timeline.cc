// Folds plan records into segments. Every slot of a service belongs to exactly one segment or to
// none; `expected` is nothing but a sum over segments.
#include "exporter/sla/timeline.h"

#include <algorithm>
#include <numeric>

#include "exporter/sla/slot.h"

namespace exporter {

Seconds PlanSegment::slots_end() const { return first_slot(to, terms.every); }

void PlanTimeline::add(const PlanRecord& record) {
  while (!segments_.empty() && segments_.back().from >= record.from) segments_.pop_back();
  if (!segments_.empty()) segments_.back().to = std::min(segments_.back().to, record.from);
  if (record.removed) return;
  if (!segments_.empty()) {
    // A record that says again what holds already extends the segment.
    PlanSegment& last = segments_.back();
    const bool same = last.to == record.from && last.service == record.service &&
                      last.terms == record.terms && last.counting_checks == record.counting_checks;
    if (same) last.to = kForever;
    if (same) return;
  }
  segments_.push_back(
      {record.from, kForever, record.service, record.terms, record.counting_checks});
}

const PlanSegment* PlanTimeline::at_or_after(Seconds at) const {
  const auto it =
      std::ranges::find_if(segments_, [at](const PlanSegment& segment) { return segment.to > at; });
  return it == segments_.end() ? nullptr : &*it;
}

const PlanSegment* PlanTimeline::at(Seconds at) const {
  const PlanSegment* segment = at_or_after(at);
  return segment && segment->from <= at ? segment : nullptr;
}

std::int64_t PlanTimeline::slots_in(Seconds from, Seconds to) const {
  std::int64_t count = 0;
  for (const PlanSegment& segment : segments_) {
    count += exporter::slots_in(std::max(from, segment.from), std::min(to, segment.to),
                                segment.terms.every);
  }
  return count;
}

std::vector<std::string> PlanTimeline::names() const {
  std::vector<std::string> names;
  for (const PlanSegment& segment : segments_) {
    if (std::ranges::find(names, segment.service) == names.end()) names.push_back(segment.service);
  }
  return names;
}

void PlanBook::add(const PlanRecord& record) {
  if (!record.formerly.empty() && timelines_.contains(record.formerly)) {
    auto node = timelines_.extract(record.formerly);
    timelines_.insert_or_assign(record.service, std::move(node.mapped()));
  }
  timelines_[record.service].add(record);
}

const PlanTimeline* PlanBook::find(const std::string& service) const {
  const auto it = timelines_.find(service);
  return it == timelines_.end() ? nullptr : &it->second;
}

const PlanRecord* plan_at(std::span<const PlanRecord> plans, const std::string& service,
                          Seconds slot) {
  // The last committed record that had begun by then: later ones take the place of earlier ones.
  const PlanRecord* found = nullptr;
  for (const PlanRecord& plan : plans) {
    if (plan.service == service && plan.from <= slot) found = &plan;
  }
  return found && !found->removed ? found : nullptr;
}

Seconds cadence_change(Seconds at, std::chrono::seconds old_every, std::chrono::seconds new_every) {
  const Seconds earliest = first_slot(at, old_every);
  const std::chrono::seconds both(std::lcm(old_every.count(), new_every.count()));
  const Seconds aligned = first_slot(earliest, both);
  if (aligned - earliest <= std::chrono::days(1)) return aligned;
  return first_slot(earliest, new_every);
}

}  // namespace exporter
