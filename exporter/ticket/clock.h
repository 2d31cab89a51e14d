// A reaction clock: how long a customer waited for a level, in its opening hours, and what came of
// it. The rules it follows: docs/reactions.md. Pure values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sla/exclusion.h"
#include "exporter/ticket/support_rules.h"

namespace exporter {

enum class ClockKind { first, next };
enum class ClockState { running, at_risk, breached_open, paused, met, missed, voided };
enum class VoidReason {
  none,
  spam,
  deleted,
  merged,
  routed,     // an automaton moved the ticket on before anybody acted
  returned,   // to a lower level before the upper one had reacted
  withdrawn,  // the customer closed it
  corrected   // a person signed it off
};

struct ReactionClock {
  std::string level;
  int instance = 1;  // counts the clocks of this level of this ticket
  ClockKind kind = ClockKind::first;
  std::string agreement;  // empty: the published one
  std::string calendar;   // by which it counts
  std::chrono::seconds target{};
  Seconds start;
  std::optional<Seconds> end;  // the reaction, or the voiding; a breached clock gets it late
  std::vector<Span> pauses;    // ended ones; in order, disjoint
  std::optional<Seconds> paused_since;
  // When it came to count as it does: a start taken over or a calendar learnt late may put the
  // breach before that, and a breach is never dated back into what was told already.
  Seconds known_at;
  std::optional<ReactionKind> reaction;  // with end, unless void
  VoidReason voided = VoidReason::none;
  bool voided_after_breach = false;
  bool breach_stands = false;  // breached before an instant ran backwards, which undoes nothing
  bool operator==(const ReactionClock&) const = default;
};

// A clock as seen at an instant.
struct ClockReading {
  ClockState state = ClockState::running;
  std::chrono::seconds business{};  // until its end or the instant
  // With the pauses known by then, one that lasts counted up to the instant. Lists show none for
  // a paused clock.
  std::optional<OpeningHours::Due> due;
  // When the result became final: the reaction if met, the breach if missed or breached and open.
  // Absent when neither has happened, and when void. Its month in the agreement's zone is the
  // month that counts it.
  std::optional<Seconds> decided;
  // The breach, if there was one: also of a clock that was voided after it.
  std::optional<Seconds> breached;
};

ClockReading read_clock(const ReactionClock& clock, const SupportRules& rules, Seconds now);
// Whether an open clock has used up more than its target; without the cost of a reading.
bool is_breached(const ReactionClock& clock, const SupportRules& rules, Seconds now);

std::string_view name_of(ClockKind kind);
std::string_view name_of(ClockState state);  // "breached_open"
std::string_view name_of(VoidReason reason);
std::string_view name_of(ReactionKind kind);
// "met:reply", "missed:handed_over", "void:spam"; "running", "at_risk", "breached_open", "paused".
std::string result_text(const ReactionClock& clock, const ClockReading& reading);

}  // namespace exporter
