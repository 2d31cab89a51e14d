// The fold of a ticket: one handler an event, in the order in which a ticket lives. A clock runs
// from a customer's message, or from the moment a level is given the ticket, to what a human of
// that level does. Whatever is dated back (a start taken over, a calendar learnt late, an instant
// that ran backwards) never changes what had been decided by then: `last_at_` is how far the past
// is settled. docs/reactions.md names every rule.
#include "exporter/ticket/ticket.h"

#include <algorithm>
#include <array>
#include <utility>

namespace exporter {

// Terms that never changed, or those in force at an instant.
class RulesInForce {
 public:
  RulesInForce(const SupportRules& rules) : always_(&rules) {}
  RulesInForce(const SupportTimeline& timeline) : timeline_(&timeline) {}
  const SupportRules& at(Seconds at) const { return always_ ? *always_ : timeline_->rules_at(at); }

 private:
  const SupportRules* always_ = nullptr;
  const SupportTimeline* timeline_ = nullptr;
};

// One event, or one correction, on its way into a ticket.
class TicketFold {
 public:
  TicketFold(Ticket& ticket, RulesInForce in_force, Seconds at)
      : ticket_(ticket), in_force_(in_force), rules_(in_force.at(at)) {
    if (ticket_.level_.empty()) ticket_.level_ = rules_.lowest().name;
  }

  void apply(const TicketEvent& event);
  void apply(const TicketCorrection& correction);

 private:
  // The life of a ticket.
  void opened();
  void auto_reply();
  void reaction();
  void note();
  void escalated();
  void routed();
  void returned();
  void waiting();
  void resumed();
  void customer_replied();
  void closed();
  void reopened();
  void spam() { end_of_life(VoidReason::spam); }
  void deleted() { end_of_life(VoidReason::deleted); }
  void merged() { end_of_life(VoidReason::merged); }
  void carry();
  void checked_item() { ticket_.checked_.insert(event_->item); }
  void nothing() {}

  bool take_instant();
  void take_attributes();
  bool take_agreement();
  void move();
  void closed_without_agent(ReactionClock& clock);
  void end_of_life(VoidReason reason);
  void revive();

  // A message that waits for a human: a clock runs for it as long as the ticket lives.
  void ask(Seconds since, ClockKind kind);
  void start(const std::string& level, Ticket::Ask asked);
  void measure(ReactionClock& clock, std::string_view calendar) const;
  void decide(ReactionKind kind);
  void withdraw(ReactionClock& clock, VoidReason reason);
  void pause(ReactionClock& clock);
  void end_pause(ReactionClock& clock);
  void stop_waiting();

  void correct_void(const TicketCorrection& correction);
  void correct_reaction(const TicketCorrection& correction);
  void correct_calendar(const TicketCorrection& correction);
  void correct_level(const TicketCorrection& correction);
  ReactionClock* clock_of(const TicketCorrection& correction);

  ReactionClock* open() { return const_cast<ReactionClock*>(ticket_.open_clock()); }
  bool breached(const ReactionClock& clock) const {
    return is_breached(clock, rules_of(clock), ticket_.last_at_);
  }
  // A clock is judged by the terms in force when it began.
  const SupportRules& rules_of(const ReactionClock& clock) const {
    return in_force_.at(clock.start);
  }
  // The first level is never paused, whatever its terms say.
  bool pauses(const ReactionClock& clock) const {
    const SupportRules& rules = rules_of(clock);
    const LevelTerms* terms = rules.level(clock.level);
    return terms != nullptr && terms->pauses && rules.rank(clock.level) > 0;
  }
  // A level without a promise, and the one it has already, move nothing.
  bool moves() const {
    return event_->level != ticket_.level_ && rules_.level(event_->level) != nullptr;
  }
  bool by_agent() const { return event_->actor == TicketActor::agent; }

  using Handler = void (TicketFold::*)();
  static const std::array<Handler, 20> kHandlers;  // in the order of TicketEventType

  Ticket& ticket_;
  RulesInForce in_force_;
  const SupportRules& rules_;  // when it happened
  const TicketEvent* event_ = nullptr;
};

constinit const std::array<TicketFold::Handler, 20> TicketFold::kHandlers = {
    &TicketFold::opened,       &TicketFold::auto_reply,
    &TicketFold::reaction,     &TicketFold::note,
    &TicketFold::escalated,    &TicketFold::routed,
    &TicketFold::returned,     &TicketFold::waiting,
    &TicketFold::resumed,      &TicketFold::customer_replied,
    &TicketFold::nothing,  // customer_auto
    &TicketFold::closed,       &TicketFold::reopened,
    &TicketFold::spam,         &TicketFold::deleted,
    &TicketFold::merged,       &TicketFold::carry,
    &TicketFold::nothing,  // assigned
    &TicketFold::nothing,  // attributes: taken from every event
    &TicketFold::checked_item,
};

void TicketFold::apply(const TicketEvent& event) {
  if (event.seq <= ticket_.last_seq_) return;
  event_ = &event;
  const bool backwards = take_instant();
  take_attributes();
  if (ReactionClock* clock = open(); backwards && clock != nullptr) {
    clock->breach_stands = breached(*clock);
  }
  (this->*kHandlers[static_cast<std::size_t>(event.type)])();
  ticket_.last_seq_ = event.seq;
}

// Whether the instant runs backwards.
bool TicketFold::take_instant() {
  const bool backwards = ticket_.last_seq_ >= 0 && event_->at < ticket_.last_at_;
  if (backwards) {
    ++ticket_.skews_;
  } else {
    ticket_.last_at_ = event_->at;
  }
  return backwards;
}

// What becomes known or changes counts from here on: also for a clock that is still undecided.
void TicketFold::take_attributes() {
  const auto take = [](std::string& to, const std::string& from) {
    if (from.empty() || from == to) return false;
    to = from;
    return true;
  };
  take(ticket_.channel_, event_->channel);
  take(ticket_.language_, event_->language);
  const bool calendar = take(ticket_.calendar_, event_->calendar);
  const bool agreement = take_agreement();
  ReactionClock* clock = open();
  if ((!calendar && !agreement) || clock == nullptr || breached(*clock)) return;
  clock->agreement = ticket_.agreement_;
  measure(*clock, ticket_.calendar_);
  clock->known_at = ticket_.last_at_;
}

// The published agreement may go unnamed: naming it changes nothing, but for a ticket of another.
bool TicketFold::take_agreement() {
  if (event_->agreement.empty()) return false;
  const bool published = event_->agreement == kPublishedAgreement;
  const std::string_view named = published ? std::string_view() : event_->agreement;
  if (named == ticket_.agreement_) return false;
  ticket_.agreement_ = named;
  return true;
}

void TicketFold::opened() {
  if (ticket_.opened_) return;
  ticket_.opened_ = event_->at;
  if (rules_.level(event_->level) != nullptr) ticket_.level_ = event_->level;
  const bool by_customer = event_->actor == TicketActor::customer;
  const bool on_behalf = by_agent() && (ticket_.channel_ == "phone" || ticket_.channel_ == "chat");
  ticket_.number_mail_expected_ = by_customer || on_behalf;
  if (by_customer) ask(event_->at, ClockKind::first);
  if (!on_behalf || !ticket_.alive() || !ticket_.clocks_.empty()) return;

  // The customer is talking to the first level: it has reacted. A ticket that is then filed at
  // another level has been handed over.
  const std::string& first = rules_.lowest().name;
  start(first, {event_->at, ClockKind::first, {}});
  reaction();
  if (ticket_.level_ != first) start(ticket_.level_, {event_->at, ClockKind::first, {}});
}

void TicketFold::auto_reply() {
  if (!ticket_.number_mailed_) ticket_.number_mailed_ = event_->at;
}

void TicketFold::reaction() {
  if (!by_agent()) return;
  if (!ticket_.first_human_reply_) ticket_.first_human_reply_ = event_->at;
  decide(ReactionKind::reply);
}

void TicketFold::note() {
  const ReactionClock* clock = open();
  if (!by_agent() || clock == nullptr) return;
  const LevelTerms* level = rules_of(*clock).level(clock->level);
  if (level != nullptr && level->note_reacts) decide(ReactionKind::note);
}

void TicketFold::escalated() {
  if (!moves()) return;
  HandOver hand_over{event_->at, ticket_.level_, event_->level, event_->destination, {}};
  if (hand_over.from == rules_.lowest().name) {
    for (const std::string& item : rules_.terms().checklist) {
      if (!ticket_.checked_.contains(item)) hand_over.missing.push_back(item);
    }
  }
  ticket_.hand_overs_.push_back(std::move(hand_over));
  move();
  if (open() != nullptr) decide(ReactionKind::handed_over);
  if (ticket_.alive()) start(ticket_.level_, {event_->at, ClockKind::first, {}});
}

void TicketFold::move() {
  ticket_.level_changes_.push_back({ticket_.level_, event_->level});
  ticket_.level_ = event_->level;
}

// Nobody has acted, so the customer's waiting goes on under another name. What is breached is
// decided: it stays open, where it is, until somebody acts.
void TicketFold::routed() {
  if (!moves()) return;
  move();
  ReactionClock* clock = open();
  if (clock == nullptr || breached(*clock)) return;
  withdraw(*clock, VoidReason::routed);
  start(ticket_.level_, {clock->start, clock->kind, clock->pauses});
}

void TicketFold::returned() {
  if (!moves()) return;
  move();
  ReactionClock* clock = open();
  if (clock == nullptr || breached(*clock)) return;
  withdraw(*clock, VoidReason::returned);
  start(ticket_.level_, {event_->at, clock->kind, {}});
}

void TicketFold::waiting() {
  if (!ticket_.alive()) return;
  ticket_.waiting_ = true;
  if (ReactionClock* clock = open()) pause(*clock);
}

void TicketFold::resumed() { stop_waiting(); }

void TicketFold::customer_replied() {
  stop_waiting();
  // Help desks open a solved ticket again for this; what is gone stays so until a human says.
  if (ticket_.life_ == Ticket::Life::closed) revive();
  ask(event_->at, ClockKind::next);
}

void TicketFold::closed() {
  ReactionClock* clock = open();
  if (by_agent()) {
    decide(ReactionKind::closed);
  } else if (clock != nullptr) {
    closed_without_agent(*clock);
  } else if (event_->actor == TicketActor::customer) {
    ticket_.unanswered_ = false;
    ticket_.ask_.reset();
  }
  if (open() != nullptr) return;
  ticket_.waiting_ = false;
  if (ticket_.alive()) ticket_.life_ = Ticket::Life::closed;
}

// A customer who closes wants no reaction any more; one who did not come back while the clock was
// paused neither. An automaton that closes over an unanswered message answers nothing: the clock
// runs on, and the ticket lives.
void TicketFold::closed_without_agent(ReactionClock& clock) {
  const bool by_customer = event_->actor == TicketActor::customer;
  if (!by_customer && !clock.paused_since) return;
  if (breached(clock)) {
    decide(ReactionKind::closed);  // missed, and over
    return;
  }
  withdraw(clock, VoidReason::withdrawn);
  ticket_.unanswered_ = false;
}

void TicketFold::reopened() {
  stop_waiting();
  revive();
}

void TicketFold::end_of_life(VoidReason reason) {
  ticket_.waiting_ = false;
  ticket_.life_ = Ticket::Life::gone;
  ReactionClock* clock = open();
  if (clock == nullptr) return;
  clock->voided_after_breach = breached(*clock);
  withdraw(*clock, reason);
  ticket_.ask_ = {clock->start, clock->kind, clock->pauses};
}

void TicketFold::revive() {
  ticket_.life_ = Ticket::Life::alive;
  if (!ticket_.ask_) return;
  start(ticket_.level_, *std::exchange(ticket_.ask_, std::nullopt));
}

// The waiting of the merged ticket goes on here. A clock of kind first is in the contract, and a
// merge does not take it out.
void TicketFold::carry() {
  if (!event_->since) return;
  const ClockKind kind =
      event_->reason == name_of(ClockKind::next) ? ClockKind::next : ClockKind::first;
  ReactionClock* clock = open();
  ask(*event_->since, kind);
  if (clock == nullptr || breached(*clock)) return;
  if (*event_->since < clock->start) {
    clock->start = *event_->since;
    clock->known_at = ticket_.last_at_;
  }
  if (kind == ClockKind::first) clock->kind = kind;
}

void TicketFold::ask(Seconds since, ClockKind kind) {
  ticket_.unanswered_ = true;
  if (open() != nullptr) return;
  if (ticket_.alive()) {
    start(ticket_.level_, {since, kind, {}});
  } else if (!ticket_.ask_) {
    ticket_.ask_ = {since, kind, {}};
  }
}

void TicketFold::start(const std::string& level, Ticket::Ask asked) {
  ReactionClock clock;
  clock.level = level;
  clock.instance =
      1 + static_cast<int>(std::ranges::count(ticket_.clocks_, level, &ReactionClock::level));
  clock.kind = asked.kind;
  clock.agreement = ticket_.agreement_;
  clock.start = asked.since;
  clock.known_at = ticket_.last_at_;
  measure(clock, ticket_.calendar_);
  if (pauses(clock)) clock.pauses = std::move(asked.pauses);
  if (ticket_.waiting_) pause(clock);
  ticket_.clocks_.push_back(std::move(clock));
}

void TicketFold::measure(ReactionClock& clock, std::string_view calendar) const {
  // A start taken over may lie before the level was promised.
  const bool known = rules_of(clock).level(clock.level) != nullptr;
  const SupportRules& rules = known ? rules_of(clock) : rules_;
  const LevelTerms* level = rules.level(clock.level);
  if (level == nullptr) return;
  ClockRule rule = rules.rule(*level, clock.agreement, calendar);
  clock.calendar = std::move(rule.calendar);
  clock.target = rule.target;
}

void TicketFold::decide(ReactionKind kind) {
  ticket_.unanswered_ = false;
  ticket_.ask_.reset();
  ReactionClock* clock = open();
  if (clock == nullptr) return;
  end_pause(*clock);
  clock->end = event_->at;
  clock->reaction = kind;
}

void TicketFold::withdraw(ReactionClock& clock, VoidReason reason) {
  end_pause(clock);
  clock.end = event_->at;
  clock.voided = reason;
}

// Pauses are dated by the latest instant, not by one that ran backwards: they must not reach into
// what was counted already.
void TicketFold::pause(ReactionClock& clock) {
  if (!pauses(clock) || clock.paused_since) return;
  clock.paused_since = std::max(ticket_.last_at_, clock.start);
}

void TicketFold::end_pause(ReactionClock& clock) {
  if (!clock.paused_since) return;
  const Seconds from = *std::exchange(clock.paused_since, std::nullopt);
  if (ticket_.last_at_ <= from) return;
  if (!clock.pauses.empty() && clock.pauses.back().to == from) {
    clock.pauses.back().to = ticket_.last_at_;
    return;
  }
  clock.pauses.push_back({from, ticket_.last_at_});
}

void TicketFold::stop_waiting() {
  ticket_.waiting_ = false;
  if (ReactionClock* clock = open()) end_pause(*clock);
}

void TicketFold::apply(const TicketCorrection& correction) {
  if (correction.id <= ticket_.last_correction_) return;
  ticket_.last_correction_ = correction.id;
  switch (correction.action) {
    case TicketCorrection::Action::voided:
      return correct_void(correction);
    case TicketCorrection::Action::reacted_at:
      return correct_reaction(correction);
    case TicketCorrection::Action::calendar:
      return correct_calendar(correction);
    case TicketCorrection::Action::level:
      return correct_level(correction);
  }
}

void TicketFold::correct_void(const TicketCorrection& correction) {
  ReactionClock* clock = clock_of(correction);
  if (clock == nullptr) return;
  if (!clock->end) {
    end_pause(*clock);
    clock->end = correction.signed_at;
    ticket_.unanswered_ = false;
  }
  clock->voided_after_breach = is_breached(*clock, rules_of(*clock), *clock->end);
  clock->reaction.reset();
  clock->voided = VoidReason::corrected;
}

// A reaction the help desk does not know of, such as a call, or one with a wrong time.
void TicketFold::correct_reaction(const TicketCorrection& correction) {
  ReactionClock* clock = clock_of(correction);
  if (clock == nullptr || !correction.at) return;
  if (!clock->end) {
    end_pause(*clock);
    ticket_.unanswered_ = false;
  }
  clock->end = correction.at;
  clock->reaction = ReactionKind::reply;
  clock->voided = VoidReason::none;
  clock->voided_after_breach = clock->breach_stands = false;
}

// The ticket belongs to another region, and always has: all its clocks count again.
void TicketFold::correct_calendar(const TicketCorrection& correction) {
  ticket_.calendar_ = correction.calendar;
  for (ReactionClock& clock : ticket_.clocks_) {
    measure(clock, ticket_.calendar_);
    clock.breach_stands = false;
  }
}

// The ticket is at another level: the clock that is open is that level's, with its start.
void TicketFold::correct_level(const TicketCorrection& correction) {
  if (rules_.level(correction.level) == nullptr) return;
  ticket_.level_ = correction.level;
  ReactionClock* clock = open();
  if (clock == nullptr || clock->level == correction.level) return;
  Ticket::Ask asked{clock->start, clock->kind, clock->pauses};
  const Seconds known_at = clock->known_at;
  ticket_.clocks_.erase(ticket_.clocks_.begin() + (clock - ticket_.clocks_.data()));
  start(ticket_.level_, std::move(asked));
  ticket_.clocks_.back().known_at = known_at;
}

ReactionClock* TicketFold::clock_of(const TicketCorrection& correction) {
  for (ReactionClock& clock : ticket_.clocks_) {
    if (clock.level == correction.level && clock.instance == correction.instance) return &clock;
  }
  return nullptr;
}

// A clock is added only when none is open, so an open one is the last.
const ReactionClock* Ticket::open_clock() const {
  return clocks_.empty() || clocks_.back().end ? nullptr : &clocks_.back();
}

void Ticket::apply(const TicketEvent& event, const SupportRules& rules) {
  TicketFold(*this, rules, event.at).apply(event);
}

void Ticket::apply(const TicketEvent& event, const SupportTimeline& timeline) {
  TicketFold(*this, timeline, event.at).apply(event);
}

void Ticket::apply(const TicketCorrection& correction, const SupportRules& rules) {
  TicketFold(*this, rules, correction.signed_at).apply(correction);
}

void Ticket::apply(const TicketCorrection& correction, const SupportTimeline& timeline) {
  TicketFold(*this, timeline, correction.signed_at).apply(correction);
}

}  // namespace exporter
