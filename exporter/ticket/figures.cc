// From one ticket to its facts. Two clocks decide what counts: the one on the wall says whether a
// reaction is overdue, the watermark says up to when everything is known.
#include "exporter/ticket/figures.h"

#include <algorithm>
#include <cmath>

namespace exporter {
namespace {

using std::chrono::seconds;

void earliest(std::optional<Seconds>& next, Seconds at) { next = next ? std::min(*next, at) : at; }

class Facts {
 public:
  Facts(const SupportTimeline& timeline, const Viewpoint& view, TicketFacts& out)
      : timeline_(timeline), view_(view), out_(out) {}

  ClockFact clock(const Ticket& ticket, std::size_t index) {
    const ReactionClock& clock = ticket.clocks()[index];
    ClockFact fact;
    fact.index = index;
    fact.key = key_of(clock, timeline_);
    fact.calendar = clock.calendar;
    fact.kind = clock.kind;
    if (clock.voided == VoidReason::none) {
      decide(fact, clock);
    } else {
      take_void(fact, clock);
    }
    return fact;
  }

  void number_mail(const Ticket& ticket) {
    const auto opened = ticket.opened();
    if (!opened || !ticket.number_mail_expected()) return;
    const auto mailed = ticket.number_mailed();
    if (mailed) out_.number_mail = std::max(seconds(0), *mailed - *opened);
    const auto within = timeline_.rules_at(*opened).terms().number_mail_within;
    if (!within) return;
    const Seconds due = *opened + *within;
    if (mailed) {
      out_.number_mail_late = *mailed > due;
      return;
    }
    const Seconds overdue = due + seconds(1);
    if (!ticket.alive() && ticket.last_at() < overdue) return;
    out_.number_mail_late = counts_at(overdue);
    out_.number_mail_missing = out_.number_mail_late && ticket.alive();
  }

 private:
  // Whether what was decided at `at` counts already; if not, when to look again.
  bool counts_at(Seconds at) {
    if (view_.reads(at)) return true;
    earliest(out_.next_read, at);
    return false;
  }

  void decide(ClockFact& fact, const ReactionClock& clock) {
    // What is read decides, so that a clock on the wall that steps back takes no result away.
    const Seconds seen = std::max(view_.now, view_.read_until.value_or(view_.now));
    const ClockReading reading =
        read_clock(clock, timeline_.rules_at(clock.start), clock.end.value_or(seen));
    if (clock.end && counts_at(*clock.end)) {
      fact.reaction = clock.reaction;
      fact.business = reading.business;
    }
    if (!clock.end) {
      if (const auto next = next_change_of(clock, timeline_, view_.now)) {
        earliest(out_.next_time, *next);
      }
    }
    if (!reading.decided || !counts_at(*reading.decided)) return;
    fact.met = reading.state == ClockState::met;
    fact.month = timeline_.month_of(fact.key.agreement, *reading.decided);
    fact.in_month = true;
  }

  void take_void(ClockFact& fact, const ReactionClock& clock) {
    fact.voided = clock.voided;
    if (!clock.voided_after_breach || !clock.end) return;
    fact.voided_after_breach = true;
    const auto breach = read_clock(clock, timeline_.rules_at(clock.start), *clock.end).breached;
    if (!breach || !counts_at(*breach)) return;
    fact.met = false;
    fact.month = timeline_.month_of(fact.key.agreement, *breach);
    // A month that has closed stays as it is, but for what a person signs.
    const bool closed = *clock.end >= timeline_.month_close(fact.key.agreement, fact.month);
    fact.in_month = closed && clock.voided != VoidReason::corrected;
  }

  const SupportTimeline& timeline_;
  const Viewpoint& view_;
  TicketFacts& out_;
};

}  // namespace

LevelKey key_of(const ReactionClock& clock, const SupportTimeline& timeline) {
  return {std::string(timeline.agreement_of(clock.agreement, clock.start)), clock.level};
}

const OpeningHours* hours_of(const ReactionClock& clock, const SupportRules& rules) {
  if (const LevelTerms* level = rules.level(clock.level)) {
    const ClockRule rule = rules.rule(*level, clock.agreement, clock.calendar);
    if (rule.hours && rule.calendar == clock.calendar) return rule.hours;
  }
  const OpeningHours* named = rules.hours(clock.calendar);
  return named ? named : rules.hours("all");
}

std::optional<Seconds> next_change_of(const ReactionClock& clock, const SupportTimeline& timeline,
                                      Seconds now) {
  if (clock.end || clock.paused_since) return std::nullopt;
  const SupportRules& rules = timeline.rules_at(clock.start);
  const OpeningHours* hours = hours_of(clock, rules);
  if (!hours) return std::nullopt;
  std::optional<Seconds> next;
  const LevelTerms* level = rules.level(clock.level);
  const double share = level ? level->at_risk_from : LevelTerms{}.at_risk_from;
  // A share such as 0.8 has no exact double.
  const double risk_seconds = std::ceil(share * static_cast<double>(clock.target.count()) - 1e-6);
  const seconds risk(std::llround(risk_seconds));
  if (const auto due = hours->due(clock.start, risk, clock.pauses); due && due->due > now) {
    earliest(next, due->due);
  }
  if (const auto due = hours->due(clock.start, clock.target, clock.pauses);
      due && due->breach_after >= now) {
    earliest(next, due->breach_after + seconds(1));
  }
  return next;
}

TicketFacts facts_of(const Ticket& ticket, const Ticket& uncorrected,
                     const SupportTimeline& timeline, const Viewpoint& view) {
  TicketFacts out;
  Facts facts(timeline, view, out);
  const auto all_of = [&facts](const Ticket& each) {
    std::vector<ClockFact> all;
    all.reserve(each.clocks().size());
    for (std::size_t index = 0; index < each.clocks().size(); ++index) {
      all.push_back(facts.clock(each, index));
    }
    return all;
  };
  out.clocks = all_of(uncorrected);
  out.months = &ticket == &uncorrected ? out.clocks : all_of(ticket);
  std::erase_if(out.months, [](const ClockFact& fact) { return !fact.in_month; });
  if (ticket.opened()) {
    out.opened = {ticket.channel(), ticket.language()};
    if (const auto reply = ticket.first_human_reply()) {
      out.first_human_reply = std::max(seconds(0), *reply - *ticket.opened());
    }
  }
  facts.number_mail(ticket);
  for (const HandOver& each : ticket.hand_overs()) {
    const SupportRules& rules = timeline.rules_at(each.at);
    const bool checked = rules.rank(each.from) == 0 && !rules.terms().checklist.empty();
    out.hand_overs.push_back({each, checked && each.missing.empty()});
  }
  out.level_changes = ticket.level_changes();
  out.skews = ticket.skews();
  return out;
}

}  // namespace exporter
