// Decides between "at once" and "with the next month".
#include "exporter/sla/freeze.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <functional>
#include <set>

#include "exporter/sla/canonical.h"

namespace exporter {
namespace {

// A fixed offset does not depend on zone data, so an upgrade of it is no change of terms.
bool depends_on_zone_data(const AgreementTerms& terms) {
  const auto zone = Zone::parse(terms.timezone);
  return zone && !zone->fixed();
}

bool same_content(const TermsRecord& a, const TermsRecord& b) {
  return a.terms == b.terms && a.services == b.services &&
         (a.tzdata_version == b.tzdata_version || !depends_on_zone_data(a.terms));
}

TermsRecord sealed(TermsRecord record, Seconds from, Seconds now) {
  record.from = from;
  record.committed = now;
  record.signed_by.clear();
  record.hash = terms_hash(record);
  return record;
}

TermsRecord wanted_record(const WantedTerms& wanted, const FreezeFacts& facts) {
  TermsRecord record;
  record.terms = wanted.terms;
  record.services = wanted.services;
  record.tzdata_version = facts.tzdata_version;
  return record;
}

template <class Map>
void rename_keys(Map& map, const std::map<std::string, std::string>& renamed) {
  for (const auto& [from, to] : renamed) {
    auto node = map.extract(from);
    if (node.empty()) continue;
    node.key() = to;
    map.insert(std::move(node));
  }
}

// The terms from now on: the frozen ones, with what takes effect at once.
TermsRecord immediate_record(const TermsTimeline& known, const TermsRecord& wanted,
                             const FreezeFacts& facts, Seconds now) {
  TermsRecord frozen = known.at(now);
  rename_keys(frozen.terms.objectives, facts.renamed);
  rename_keys(frozen.services, facts.renamed);
  const Period period = known.period_at(now);
  const bool commissioning = known.first().from >= period.begin;
  TermsRecord result = commissioning ? wanted : frozen;
  for (const auto& [service, objective] : frozen.terms.objectives) {
    // What is gone stays to the end of the month; where nothing is frozen this adds nothing else.
    result.terms.objectives.try_emplace(service, objective);
    const auto terms = frozen.services.find(service);
    if (terms != frozen.services.end()) result.services.try_emplace(service, terms->second);
  }
  for (const auto& [service, objective] : wanted.terms.objectives) {
    const auto first = facts.commissioned.find(service);
    const bool new_service = first != facts.commissioned.end() && first->second >= period.begin;
    if (new_service) result.terms.objectives[service] = objective;
    result.terms.objectives.try_emplace(service, objective);
  }
  for (auto& [service, objective] : result.terms.objectives) {
    const auto run = facts.in_force.find(service);
    if (run != facts.in_force.end()) result.services[service] = run->second;
  }
  return result;
}

// Adds services that are new just now from the day on from which they count. What held then for
// the others still does; the months before this one have been stated and stay as they are.
void append_backdated(const TermsTimeline& known, const TermsRecord& wanted,
                      const FreezeFacts& facts, Seconds at,
                      const std::function<void(const TermsRecord&, Seconds)>& append) {
  const Seconds earliest = known.period_at(at).begin;
  std::map<std::string, Seconds> begun;
  std::set<Seconds> changes;
  for (const auto& [service, from] : facts.begun) {
    if (from >= at || !wanted.terms.objectives.contains(service)) continue;
    begun[service] = std::max(from, earliest);
    changes.insert(begun[service]);
  }
  if (begun.empty()) return;
  const Seconds first = *changes.begin();
  for (const auto& [held, record] : known.stretches()) {
    if (held.from > first && held.from <= at) changes.insert(held.from);
  }
  for (const Seconds change : changes) {
    TermsRecord record = known.at(change);
    for (const auto& [service, from] : begun) {
      if (from > change) continue;
      record.terms.objectives[service] = wanted.terms.objectives.at(service);
      const auto terms = facts.in_force.find(service);
      if (terms != facts.in_force.end()) record.services[service] = terms->second;
    }
    append(record, change);
  }
}

std::string change_sentence(const TermsRecord& before, const TermsRecord& after, const Zone& zone,
                            bool waits) {
  const std::vector<std::string> changes = differences(before, after);
  return fmt::format("agreement {}: {} {} {}{}", after.terms.name,
                     fmt::join(changes.begin(), changes.end(), "; "),
                     waits ? "takes effect with the month that begins at" : "in force from",
                     zone.format(after.from), waits ? "; until then the frozen terms hold" : "");
}

}  // namespace

TermsChange decide_terms(const TermsTimeline& known, const WantedTerms& wanted,
                         const FreezeFacts& facts, Seconds now) {
  TermsChange change;
  const TermsRecord target = wanted_record(wanted, facts);
  if (known.empty()) {
    // A service that counts from an earlier day takes its agreement back to that day.
    Seconds from = now;
    for (const auto& [service, objective] : wanted.terms.objectives) {
      const auto first = facts.commissioned.find(service);
      if (first != facts.commissioned.end()) from = std::min(from, first->second);
    }
    change.records.push_back(sealed(target, from, now));
    change.sentences.push_back(fmt::format("agreement {}: commissioned, months are cut in {}",
                                           target.terms.name, target.terms.timezone));
    return change;
  }
  TermsTimeline after = known;
  const auto append = [&](const TermsRecord& content, Seconds from, bool waits) {
    TermsRecord record = sealed(content, from, now);
    change.sentences.push_back(change_sentence(after.at(now), record, after.zone_at(now), waits));
    const bool zone_known = after.add(record).has_value();
    assert(zone_known && "the configuration was checked");
    static_cast<void>(zone_known);
    change.records.push_back(std::move(record));
  };
  const TermsRecord immediate = immediate_record(known, target, facts, now);
  const Seconds at = std::max(now, known.first().from);
  append_backdated(known, target, facts, at, [&append](const TermsRecord& content, Seconds from) {
    append(content, from, false);
  });
  if (!same_content(immediate, after.at(at))) append(immediate, at, false);
  const TermsRecord* waiting = after.waiting(at);
  const Seconds next = after.period_at(at).end;
  if (waiting ? same_content(*waiting, target) : same_content(immediate, target)) return change;
  append(target, waiting ? waiting->from : next, true);
  return change;
}

TermsChange end_terms(const TermsTimeline& known, Seconds now) {
  TermsChange change;
  if (known.empty()) return change;
  TermsRecord nothing = known.at(now);
  nothing.terms.objectives.clear();
  nothing.services.clear();
  const TermsRecord* waiting = known.waiting(now);
  if (same_content(waiting ? *waiting : known.at(now), nothing)) return change;
  const Seconds end = known.period_at(now).end;
  change.records.push_back(sealed(nothing, end, now));
  change.sentences.push_back(fmt::format("agreement {}: no longer configured, ends at {}",
                                         nothing.terms.name, known.zone_at(now).format(end)));
  return change;
}

std::string format_objective(Objective objective) {
  // Parts per million are hundredths of a hundredth of a percent; zeros at the end say nothing.
  std::string text = fmt::format("{}.{:04}", objective.parts_per_million / 10'000,
                                 objective.parts_per_million % 10'000);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + " %";
}

namespace {

template <class T>
void compare(std::vector<std::string>& found, std::string_view what, const T& before,
             const T& after) {
  if (before != after) found.push_back(fmt::format("{} {} -> {}", what, before, after));
}

// Ledgers may hold terms from before the version was recorded.
std::string_view version_text(const TermsRecord& record) {
  return record.tzdata_version.empty() ? "not recorded" : std::string_view(record.tzdata_version);
}

void compare_services(std::vector<std::string>& found, const TermsRecord& before,
                      const TermsRecord& after) {
  for (const auto& [service, terms] : after.services) {
    const auto old = before.services.find(service);
    if (old == before.services.end()) continue;
    const ServiceTerms& was = old->second;
    compare(found, fmt::format("seconds of a slot of {}", service), was.every.count(),
            terms.every.count());
    compare(found, fmt::format("checks required of {} (0: all)", service), was.require,
            terms.require);
    compare(found, fmt::format("degraded counts as good for {}", service), was.degraded_is_good,
            terms.degraded_is_good);
  }
}

}  // namespace

std::vector<std::string> differences(const TermsRecord& before, const TermsRecord& after) {
  std::vector<std::string> found;
  const AgreementTerms &a = before.terms, &b = after.terms;
  for (const auto& [service, objective] : b.objectives) {
    const auto old = a.objectives.find(service);
    if (old == a.objectives.end()) {
      found.push_back(fmt::format("{} covered at {}", service, format_objective(objective)));
    } else {
      compare(found, fmt::format("objective of {}", service), format_objective(old->second),
              format_objective(objective));
    }
  }
  for (const auto& [service, objective] : a.objectives) {
    if (!b.objectives.contains(service)) found.push_back(service + " no longer covered");
  }
  compare(found, "timezone", a.timezone, b.timezone);
  compare(found, "unknown_slots", name_of(a.unknown_slots), name_of(b.unknown_slots));
  compare(found, "exclude_maintenance", a.exclude_maintenance, b.exclude_maintenance);
  compare(found, "notice in seconds", a.notice.count(), b.notice.count());
  compare(found, "close_after in seconds", a.close_after.count(), b.close_after.count());
  compare(found, "provider", a.provider, b.provider);
  compare(found, "period", a.period, b.period);
  compare_services(found, before, after);
  if (depends_on_zone_data(a) || depends_on_zone_data(b)) {
    compare(found, "tzdata", version_text(before), version_text(after));
  }
  if (found.empty()) found.push_back("no change");
  return found;
}

}  // namespace exporter
