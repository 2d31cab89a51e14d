// Compares what the configuration wants with what is planned, service by service. For each it
// writes down the whole wish as records and then drops those that change nothing.
#include "exporter/sla/plan_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "exporter/sla/slot.h"
#include "exporter/sla/zone.h"

namespace exporter {
namespace {

using Checks = std::vector<std::string>;

struct Wish {
  const Service& service;
  const PlanTimeline* timeline;  // its own, or that of the name it had before; may be nullptr
  std::string formerly;          // the name it had before, when it is renamed just now
  Seconds now;                   // not before the first slot without verdict
};

Checks counting_checks(const Service& service) {
  Checks names;
  for (const Check& check : service.checks) {
    if (check.counts) names.push_back(check.name);
  }
  return names;
}

PlanRecord plan(const std::string& service, Seconds from, const ServiceTerms& terms,
                const Checks& checks) {
  return {.service = service, .from = from, .terms = terms, .counting_checks = checks};
}

PlanRecord removal(const std::string& service, Seconds from) {
  return {.service = service, .from = from, .removed = true};
}

void add_end(const Wish& wish, std::vector<PlanRecord>& records) {
  if (!wish.service.valid_until || records.empty()) return;
  const Seconds until = std::chrono::ceil<std::chrono::seconds>(*wish.service.valid_until);
  // Slots that begin before `valid_until` belong to the service; the cadence is that of then.
  PlanTimeline timeline = wish.timeline ? *wish.timeline : PlanTimeline();
  for (const PlanRecord& record : records) timeline.add(record);
  const PlanSegment* last = timeline.at(until - std::chrono::seconds(1));
  const std::chrono::seconds every = last ? last->terms.every : wish.service.terms.every;
  const Seconds end = first_slot(std::max(until, wish.now), every);
  std::erase_if(records, [end](const PlanRecord& record) { return record.from >= end; });
  records.push_back(removal(wish.service.name, end));
}

// The service is not accounted now: it begins with its first whole slot or with `valid_from`.
std::vector<PlanRecord> commissioning(const Wish& wish) {
  const Service& service = wish.service;
  Seconds start = wish.now;
  if (service.valid_from) {
    start = std::chrono::ceil<std::chrono::seconds>(*service.valid_from);
    if (wish.timeline) start = std::max(start, wish.now);
  }
  std::vector<PlanRecord> records;
  if (wish.timeline && wish.timeline->at_or_after(wish.now)) {
    records.push_back(removal(service.name, wish.now));
  }
  records.push_back(plan(service.name, first_slot(start, service.terms.every), service.terms,
                         counting_checks(service)));
  records.back().formerly = wish.formerly;
  add_end(wish, records);
  return records;
}

// The checks that decide the slot in progress: those that were and still are counted. When there
// are none left, the old ones as far as they decide it already, else the new ones, which still run.
Checks checks_in_progress(const Checks& before, const Checks& after, bool decided_by_old) {
  Checks kept;
  std::ranges::copy_if(before, std::back_inserter(kept), [&after](const std::string& name) {
    return std::ranges::find(after, name) != after.end();
  });
  if (!kept.empty()) return kept;
  return decided_by_old ? before : after;
}

std::vector<PlanRecord> changes(const Wish& wish, const PlanSegment& current,
                                const PlanFacts& facts) {
  const Service& service = wish.service;
  const Checks checks = counting_checks(service);
  const std::chrono::seconds every = current.terms.every;
  const Seconds slot = slot_of(wish.now, every);
  Seconds next = slot + every;
  std::vector<PlanRecord> records;
  if (!wish.formerly.empty()) {
    next = first_slot(wish.now, every);
    records.push_back(removal(wish.formerly, next));
  } else {
    const bool decided = facts.decided(service.name, slot, current.terms, current.counting_checks);
    const Checks now_counting = checks_in_progress(current.counting_checks, checks, decided);
    records.push_back(
        plan(service.name, std::max(slot, current.from), current.terms, now_counting));
  }
  records.push_back(plan(service.name, next, current.terms, checks));
  records.back().formerly = wish.formerly;
  if (service.terms != current.terms) {
    Seconds at = next;
    if (const auto frozen = facts.frozen_until(service.name)) at = std::max(at, *frozen);
    at = cadence_change(at, every, service.terms.every);
    records.push_back(plan(service.name, at, service.terms, checks));
  }
  add_end(wish, records);
  return records;
}

// What a timeline says from `now` on.
std::vector<PlanSegment> future(PlanTimeline timeline, std::span<const PlanRecord> records,
                                Seconds now) {
  for (const PlanRecord& record : records) timeline.add(record);
  std::vector<PlanSegment> segments;
  for (PlanSegment segment : timeline.segments()) {
    if (segment.to <= now) continue;
    segment.from = std::max(segment.from, slot_of(now, segment.terms.every));
    segments.push_back(segment);
  }
  return segments;
}

// Drops the records without which the future is the same.
std::vector<PlanRecord> needed(const Wish& wish, std::vector<PlanRecord> records) {
  const PlanTimeline known = wish.timeline ? *wish.timeline : PlanTimeline();
  const auto wanted = future(known, records, wish.now);
  if (wish.formerly.empty() && future(known, {}, wish.now) == wanted) return {};
  for (std::size_t i = 0; i < records.size() && records.size() > 1;) {
    std::vector<PlanRecord> fewer = records;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    const bool carries_name = !records[i].formerly.empty() || !wish.formerly.empty();
    if (!carries_name && future(known, fewer, wish.now) == wanted) {
      records = std::move(fewer);
    } else {
      ++i;
    }
  }
  return records;
}

// The name under which the ledger knows a service that it does not know by its own.
std::string former_name(const Service& service, const PlanBook& known,
                        const std::set<std::string>& configured) {
  for (const std::string& name : service.formerly | std::views::reverse) {
    if (!configured.contains(name) && known.find(name)) return name;
  }
  return "";
}

void decide_one(const Service& service, const PlanBook& known,
                const std::set<std::string>& configured, const PlanFacts& facts, Seconds now,
                PlanChange& change) {
  Wish wish{.service = service, .timeline = known.find(service.name), .formerly = {}, .now = now};
  if (!wish.timeline) {
    wish.formerly = former_name(service, known, configured);
    if (!wish.formerly.empty()) wish.timeline = known.find(wish.formerly);
  }
  const std::string& known_as = wish.formerly.empty() ? service.name : wish.formerly;
  wish.now = std::max(now, facts.unjudged(known_as));
  const PlanSegment* current = wish.timeline ? wish.timeline->at(wish.now) : nullptr;
  const bool over =
      service.valid_until && std::chrono::ceil<std::chrono::seconds>(*service.valid_until) <= now;
  if (over && !current) return;
  const bool commissions = !current;
  std::vector<PlanRecord> records =
      needed(wish, current ? changes(wish, *current, facts) : commissioning(wish));
  if (records.empty()) return;
  if (!wish.formerly.empty()) {
    change.renamed[wish.formerly] = service.name;
    change.sentences.push_back(
        fmt::format("service {}: continues the history of {}", service.name, wish.formerly));
  } else if (commissions) {
    const auto first = std::ranges::find(records, false, &PlanRecord::removed);
    if (first == records.end()) return;
    change.sentences.push_back(fmt::format("service {}: accounted from {}, slots of {} s",
                                           service.name, format_utc(first->from),
                                           service.terms.every.count()));
  }
  for (PlanRecord& record : records) change.records.push_back(std::move(record));
}

void remove_one(const std::string& name, const PlanTimeline& timeline, const PlanFacts& facts,
                Seconds now, PlanChange& change) {
  const Seconds base = std::max(now, facts.unjudged(name));
  const PlanSegment* segment = timeline.at_or_after(base);
  if (!segment) return;
  Seconds end = base;
  if (segment->from <= base) {
    end = slot_of(base, segment->terms.every);
    if (facts.decided(name, end, segment->terms, segment->counting_checks)) {
      end += segment->terms.every;
    }
    if (segment->to <= end && !timeline.at_or_after(segment->to)) return;  // ends there anyway
  }
  change.records.push_back(removal(name, end));
  change.sentences.push_back(
      fmt::format("service {}: removed, accounted until {}", name, format_utc(end)));
}

}  // namespace

PlanChange decide_plans(const PlanBook& known, const std::vector<Service>& services,
                        const PlanFacts& facts, Seconds now) {
  PlanChange change;
  std::set<std::string> configured;
  for (const Service& service : services) configured.insert(service.name);
  for (const Service& service : services) {
    decide_one(service, known, configured, facts, now, change);
  }
  for (const auto& [name, timeline] : known.timelines()) {
    if (configured.contains(name) || change.renamed.contains(name)) continue;
    remove_one(name, timeline, facts, now, change);
  }
  return change;
}

}  // namespace exporter
