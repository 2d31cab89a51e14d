// A month of one service under one agreement, as exact integers: docs/accounting.md, rules 10
// to 13. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "exporter/ledger/records.h"
#include "exporter/sla/terms.h"

namespace exporter {

struct SlotCounts {
  std::int64_t good = 0, bad = 0, unknown = 0, excluded = 0;
  std::int64_t ended() const { return good + bad + unknown + excluded; }
  std::int64_t& of(Verdict verdict);
  SlotCounts& operator+=(const SlotCounts& other);
  bool operator==(const SlotCounts&) const = default;
};

enum class MonthState { open, met, missed, unproven };
std::string_view name_of(MonthState state);

struct MonthFigures {
  std::chrono::year_month month{};
  Seconds begin, end;     // of the month, in the agreement's zone
  Seconds observed_from;  // later than `begin` in a partial month
  bool partial = false;
  bool closed = false;  // close_after has passed
  SlotCounts counts;
  std::int64_t expected = 0, pending = 0;  // expected = good + bad + unknown + excluded + pending
  std::int64_t eligible = 0, allowed = 0, remaining = 0;
  MonthState state = MonthState::open;
  std::optional<double> remaining_ratio;          // absent when allowed is 0
  std::optional<double> availability, low, high;  // absent while no slot has ended
  bool exhausted() const { return remaining <= 0; }
};

// `expected`: slots of the month inside the accounted span. Asserts the identity of rule 10.
MonthFigures month_figures(SlotCounts counts, std::int64_t expected, Objective objective,
                           UnknownPolicy policy);

// (1 - objective) x eligible x every, in minutes (rule 13); exact before the one division.
double budget_minutes(Objective objective, std::int64_t eligible, std::chrono::seconds every);

}  // namespace exporter
