// The figures of a month from four counts. Everything that decides is integer arithmetic; the
// ratios only inform.
#include "exporter/sla/month.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace exporter {
namespace {

constexpr std::int64_t kMillion = 1'000'000;

std::int64_t allowed_slots(Objective objective, std::int64_t eligible) {
  // Counts are never negative, so the division rounds down as rule 11 wants.
  return (kMillion - objective.parts_per_million) * eligible / kMillion;
}

// Rule 12. The policy for unknown slots changes this test and nothing else.
MonthState state_of(const MonthFigures& figures, Objective objective, UnknownPolicy policy) {
  std::int64_t bad = figures.counts.bad, unknown = figures.counts.unknown;
  std::int64_t allowed = figures.allowed;
  if (policy == UnknownPolicy::bad) bad += unknown;
  if (policy == UnknownPolicy::excluded)
    allowed = allowed_slots(objective, figures.eligible - unknown);
  if (policy != UnknownPolicy::unproven) unknown = 0;
  if (bad > allowed) return MonthState::missed;
  if (bad + unknown + figures.pending <= allowed) return MonthState::met;
  return figures.pending > 0 ? MonthState::open : MonthState::unproven;
}

std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::int64_t& SlotCounts::of(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return good;
    case Verdict::bad:
      return bad;
    case Verdict::unknown:
      return unknown;
    case Verdict::excluded:
      return excluded;
  }
  std::abort();
}

SlotCounts& SlotCounts::operator+=(const SlotCounts& other) {
  good += other.good;
  bad += other.bad;
  unknown += other.unknown;
  excluded += other.excluded;
  return *this;
}

std::string_view name_of(MonthState state) {
  constexpr std::array<std::string_view, 4> kNames = {"open", "met", "missed", "unproven"};
  return kNames[static_cast<std::size_t>(state)];
}

MonthFigures month_figures(SlotCounts counts, std::int64_t expected, Objective objective,
                           UnknownPolicy policy) {
  MonthFigures figures;
  figures.counts = counts;
  figures.expected = expected;
  figures.pending = expected - counts.ended();
  if (figures.pending < 0) {
    // More verdicts than slots: the books are wrong, and wrong figures are worse than a crash.
    std::fprintf(stderr,
                 "sla accounting: identity broken: expected %lld, ended %lld "
                 "(good %lld, bad %lld, unknown %lld, excluded %lld)\n",
                 static_cast<long long>(expected), static_cast<long long>(counts.ended()),
                 static_cast<long long>(counts.good), static_cast<long long>(counts.bad),
                 static_cast<long long>(counts.unknown), static_cast<long long>(counts.excluded));
    std::abort();
  }
  figures.eligible = expected - counts.excluded;
  figures.allowed = allowed_slots(objective, figures.eligible);
  figures.remaining = figures.allowed - counts.bad;
  figures.remaining_ratio = ratio(figures.remaining, figures.allowed);
  const std::int64_t judged = counts.good + counts.bad;
  const std::int64_t ended = judged + counts.unknown;
  figures.availability = ratio(counts.good, judged);
  figures.low = ratio(counts.good, ended);
  figures.high = ratio(counts.good + counts.unknown, ended);
  figures.state = state_of(figures, objective, policy);
  return figures;
}

double budget_minutes(Objective objective, std::int64_t eligible, std::chrono::seconds every) {
  const std::int64_t numerator =
      (kMillion - objective.parts_per_million) * eligible * every.count();
  return static_cast<double>(numerator) / (60.0 * static_cast<double>(kMillion));
}

}  // namespace exporter
