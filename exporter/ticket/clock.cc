// Reads a clock at an instant. All arithmetic is OpeningHours'; here stands only which question is
// asked of it and what the answer means: met up to the target and with it, breached from one
// business second later.
#include "exporter/ticket/clock.h"

#include <algorithm>
#include <array>
#include <span>

namespace exporter {
namespace {

constexpr std::array<std::string_view, 2> kKinds = {"first", "next"};
constexpr std::array<std::string_view, 7> kStates = {
    "running", "at_risk", "breached_open", "paused", "met", "missed", "void"};
constexpr std::array<std::string_view, 8> kReasons = {
    "none", "spam", "deleted", "merged", "routed", "returned", "withdrawn", "corrected"};
constexpr std::array<std::string_view, 4> kReactions = {"reply", "note", "handed_over", "closed"};

// The hours a clock counts by. A target in real seconds has the calendar's name and real time, so
// the rule is asked first; where the terms have moved on, the clock keeps the calendar it has.
const OpeningHours& hours_of(const ReactionClock& clock, const SupportRules& rules) {
  static const OpeningHours always = OpeningHours::always();
  if (const LevelTerms* level = rules.level(clock.level)) {
    const ClockRule rule = rules.rule(*level, clock.agreement, clock.calendar);
    if (rule.hours != nullptr && rule.calendar == clock.calendar) return *rule.hours;
  }
  for (std::string_view name : {std::string_view(clock.calendar), std::string_view("all")}) {
    if (const OpeningHours* hours = rules.hours(name)) return *hours;
  }
  return always;
}

// The pauses as known at an instant: one that lasts ends there.
class Pauses {
 public:
  Pauses(const ReactionClock& clock, Seconds until) : ended_(clock.pauses) {
    if (!clock.paused_since || *clock.paused_since >= until) return;
    all_ = clock.pauses;
    all_.push_back({*clock.paused_since, until});
    ended_ = all_;
  }
  Pauses(const Pauses&) = delete;
  std::span<const Span> all() const { return ended_; }

 private:
  std::span<const Span> ended_;
  std::vector<Span> all_;
};

bool at_risk(const ReactionClock& clock, const SupportRules& rules, std::chrono::seconds business) {
  const LevelTerms* level = rules.level(clock.level);
  const double share = level != nullptr ? level->at_risk_from : LevelTerms{}.at_risk_from;
  // A share such as 0.8 has no exact double; a millionth of a second is not worth a state.
  return static_cast<double>(business.count()) >=
         share * static_cast<double>(clock.target.count()) - 1e-6;
}

}  // namespace

bool is_breached(const ReactionClock& clock, const SupportRules& rules, Seconds now) {
  if (clock.breach_stands) return true;
  const Pauses pauses(clock, now);
  return hours_of(clock, rules).elapsed(clock.start, now, pauses.all()) > clock.target;
}

ClockReading read_clock(const ReactionClock& clock, const SupportRules& rules, Seconds now) {
  const OpeningHours& hours = hours_of(clock, rules);
  const Seconds until = clock.end.value_or(now);
  const Pauses pauses(clock, until);
  ClockReading reading;
  reading.business = hours.elapsed(clock.start, until, pauses.all());
  reading.due = hours.due(clock.start, clock.target, pauses.all());

  const bool late = reading.business > clock.target || clock.breach_stands;
  if (late && reading.due) reading.breached = std::max(reading.due->breach_after, clock.known_at);
  if (clock.voided != VoidReason::none) {
    reading.state = ClockState::voided;
    return reading;
  }
  reading.decided = late ? reading.breached : clock.end;
  if (clock.end) {
    reading.state = late ? ClockState::missed : ClockState::met;
  } else if (late) {
    reading.state = ClockState::breached_open;
  } else if (clock.paused_since) {
    reading.state = ClockState::paused;
  } else if (at_risk(clock, rules, reading.business)) {
    reading.state = ClockState::at_risk;
  }
  return reading;
}

std::string_view name_of(ClockKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
std::string_view name_of(ClockState state) { return kStates[static_cast<std::size_t>(state)]; }
std::string_view name_of(VoidReason reason) { return kReasons[static_cast<std::size_t>(reason)]; }
std::string_view name_of(ReactionKind kind) { return kReactions[static_cast<std::size_t>(kind)]; }

std::string result_text(const ReactionClock& clock, const ClockReading& reading) {
  std::string text(name_of(reading.state));
  if (reading.state == ClockState::voided) return text.append(":").append(name_of(clock.voided));
  if (clock.reaction) text.append(":").append(name_of(*clock.reaction));
  return text;
}

}  // namespace exporter
