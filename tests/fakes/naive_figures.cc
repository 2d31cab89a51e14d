// The slow second opinion.
#include "tests/fakes/naive_figures.h"

#include <cctz/time_zone.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace exporter::fakes {
namespace {

using Names = std::vector<std::string>;

bool listed(const Names& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

Seconds month_begin(const std::string& zone_name, int year, int month) {
  cctz::time_zone zone;
  if (zone_name.size() == 9 && zone_name.substr(0, 3) == "UTC") {
    const int sign = zone_name[3] == '-' ? -1 : 1;
    const int seconds = std::atoi(zone_name.substr(4, 2).c_str()) * 3600 +
                        std::atoi(zone_name.substr(7).c_str()) * 60;
    zone = cctz::fixed_time_zone(cctz::seconds(sign * seconds));
  } else {
    EXPECT_TRUE(cctz::load_time_zone(zone_name, &zone)) << zone_name;
  }
  const auto at = cctz::convert(cctz::civil_second(year, month, 1), zone);
  return Seconds(std::chrono::seconds(at.time_since_epoch().count()));
}

const TermsRecord* terms_at(const MemoryLedger& ledger, const std::string& agreement, Seconds at) {
  const TermsRecord* found = nullptr;
  for (const TermsRecord& record : ledger.terms) {
    if (record.terms.name == agreement && record.from <= at) found = &record;
  }
  return found;
}

bool covered(const TermsRecord* terms, const Names& names) {
  if (!terms) return false;
  for (const auto& [service, objective] : terms->terms.objectives) {
    if (listed(names, service)) return true;
  }
  return false;
}

// The plan of the slot that begins at `at`, if there is one: the last record of any of the names.
const PlanRecord* plan_of(const MemoryLedger& ledger, const Names& names, Seconds at) {
  const PlanRecord* found = nullptr;
  for (const PlanRecord& plan : ledger.plans) {
    if (listed(names, plan.service) && plan.from <= at) found = &plan;
  }
  if (!found || found->removed) return nullptr;
  return at.time_since_epoch().count() % found->terms.every.count() == 0 ? found : nullptr;
}

bool excluded(const MemoryLedger& ledger, const AgreementTerms& terms, const Names& names,
              Seconds slot, std::chrono::seconds every) {
  if (!terms.exclude_maintenance) return false;
  for (const RecordedWindow& window : ledger.windows) {
    const MaintenanceWindow& w = window.window;
    const bool ours =
        w.services.empty() || std::any_of(names.begin(), names.end(),
                                          [&](auto& name) { return listed(w.services, name); });
    if (!ours || (!w.agreements.empty() && !listed(w.agreements, terms.name))) continue;
    if (slot < w.from || slot + every > w.to) continue;
    if (window.first_seen >= slot) continue;
    if (window.withdrawn && *window.withdrawn < slot) continue;
    if (terms.notice.count() > 0 && (!w.announced || *w.announced + terms.notice > w.from))
      continue;
    return true;
  }
  return false;
}

const Correction* correction_of(const MemoryLedger& ledger, const std::string& agreement,
                                const Names& names, Seconds slot) {
  const Correction* last = nullptr;
  for (const Correction& correction : ledger.corrections) {
    if (!listed(names, correction.service)) continue;
    if (!correction.agreements.empty() && !listed(correction.agreements, agreement)) continue;
    if (slot >= correction.from && slot < correction.to) last = &correction;
  }
  return last;
}

const MemoryLedger::Row* row_of(const MemoryLedger& ledger, const std::string& service,
                                Seconds slot) {
  const auto slots = ledger.rows.find(service);
  if (slots == ledger.rows.end()) return nullptr;
  const auto row = slots->second.find(slot);
  return row == slots->second.end() ? nullptr : &row->second;
}

std::int64_t allowance(std::int64_t parts_per_million, std::int64_t eligible) {
  return (1'000'000 - parts_per_million) * eligible / 1'000'000;
}

void finish(NaiveMonth& result, std::int64_t objective, UnknownPolicy policy) {
  std::int64_t eligible = result.expected - result.counts.excluded;
  result.allowed = allowance(objective, eligible);
  result.remaining = result.allowed - result.counts.bad;
  std::int64_t bad = result.counts.bad, open = result.counts.unknown + result.pending;
  if (policy == UnknownPolicy::bad) bad += result.counts.unknown;
  if (policy == UnknownPolicy::excluded) eligible -= result.counts.unknown;
  if (policy != UnknownPolicy::unproven) open = result.pending;
  const std::int64_t allowed = allowance(objective, eligible);
  result.state = "open";
  if (result.pending == 0) result.state = "unproven";
  if (bad + open <= allowed) result.state = "met";
  if (bad > allowed) result.state = "missed";
}

}  // namespace

NaiveMonth naive_month(const MemoryLedger& ledger, const std::string& agreement, const Names& names,
                       int year, int month) {
  NaiveMonth result;
  // The zone of the month is that of the terms in force in it; tests that change the zone say so.
  const TermsRecord* first = nullptr;
  for (const TermsRecord& record : ledger.terms) {
    if (!first && record.terms.name == agreement) first = &record;
  }
  result.begin = month_begin(first->terms.timezone, year, month);
  const int next_year = month == 12 ? year + 1 : year, next_month = month % 12 + 1;
  result.end = month_begin(first->terms.timezone, next_year, next_month);
  const TermsRecord* terms = terms_at(ledger, agreement, result.end - std::chrono::seconds(1));
  std::int64_t objective = -1;
  for (const TermsRecord& record : ledger.terms) {
    if (record.terms.name != agreement || record.from >= result.end) continue;
    for (const auto& [service, value] : record.terms.objectives) {
      if (listed(names, service)) objective = value.parts_per_million;
    }
  }
  // Every instant at which any cadence of this ledger could begin a slot.
  std::int64_t stride = 0;
  for (const PlanRecord& plan : ledger.plans) {
    if (!plan.removed) stride = std::gcd(stride, plan.terms.every.count());
  }
  stride = std::gcd(stride, result.begin.time_since_epoch().count());
  for (Seconds slot = result.begin; slot < result.end; slot += std::chrono::seconds(stride)) {
    const PlanRecord* plan = plan_of(ledger, names, slot);
    if (!plan || !covered(terms_at(ledger, agreement, slot), names)) continue;
    if (!result.observed_from) result.observed_from = slot;
    ++result.expected;
    const auto* row = row_of(ledger, plan->service, slot);
    if (!row) {
      ++result.pending;
      continue;
    }
    Verdict verdict = row->verdict;
    if (excluded(ledger, terms->terms, names, slot, plan->terms.every)) verdict = Verdict::excluded;
    if (const auto* correction = correction_of(ledger, agreement, names, slot)) {
      verdict = correction->verdict;
    }
    if (verdict == Verdict::good) ++result.counts.good;
    if (verdict == Verdict::bad) ++result.counts.bad;
    if (verdict == Verdict::unknown) ++result.counts.unknown;
    if (verdict == Verdict::excluded) ++result.counts.excluded;
  }
  finish(result, objective, terms->terms.unknown_slots);
  return result;
}

std::array<std::uint64_t, 4> naive_totals(const MemoryLedger& ledger, const std::string& agreement,
                                          const Names& names) {
  std::array<std::uint64_t, 4> totals{};
  for (const std::string& name : names) {
    const auto slots = ledger.rows.find(name);
    if (slots == ledger.rows.end()) continue;
    for (const auto& [slot, row] : slots->second) {
      const TermsRecord* terms = terms_at(ledger, agreement, slot);
      if (!covered(terms, names)) continue;
      const bool out = excluded(ledger, terms->terms, names, slot, row.every);
      ++totals[out ? 3 : static_cast<std::size_t>(row.verdict)];
    }
  }
  return totals;
}

}  // namespace exporter::fakes
