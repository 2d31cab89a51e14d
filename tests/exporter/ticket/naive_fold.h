// The fold once more, as somebody would write it who only has the table in docs/reactions.md: no
// speed, no handlers, waiting kept as stretches of the ticket that are cut to each clock when it is
// looked at. Compared with the real one on random tickets.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "exporter/ticket/ticket.h"

namespace exporter {

struct NaiveClock {
  std::string level, result;  // "open", "reply", "void:spam", ...
  int instance = 1;
  bool first = true, after_breach = false, breached = false;
  std::string calendar, agreement;
  std::chrono::seconds target{};
  Seconds start, end;
  Seconds pausing_from;  // waiting before this does not concern it
  Seconds over_at;       // the latest instant when it ended
  bool open() const { return result == "open"; }
};

class NaiveFold {
 public:
  NaiveFold(const std::vector<TicketEvent>& events, const SupportRules& rules) : rules_(rules) {
    level_ = rules.lowest().name;
    for (const TicketEvent& event : events) {
      latest_ = &event == &events.front() ? event.at : std::max(latest_, event.at);
      e_ = event;
      step();
    }
  }

  std::vector<NaiveClock> clocks;
  bool alive() const { return life_ == "alive"; }
  bool unanswered = false;

  std::vector<Span> pauses_of(const NaiveClock& clock) const {
    std::vector<Span> cut;
    if (!rules_.level(clock.level)->pauses || rules_.rank(clock.level) == 0) return cut;
    const Seconds until = clock.open() ? latest_ : clock.over_at;
    for (Span each : waits_) {
      each.from = std::max({each.from, clock.pausing_from});
      each.to = std::min(each.to, until);
      if (each.from < each.to) cut.push_back(each);
    }
    return cut;
  }
  bool late(const NaiveClock& clock) const {
    if (clock.breached) return true;
    return business(clock, clock.open() ? latest_ : clock.end) > clock.target;
  }

 private:
  std::chrono::seconds business(const NaiveClock& clock, Seconds until) const {
    const LevelTerms& level = *rules_.level(clock.level);
    return rules_.rule(level, clock.agreement, clock.calendar)
        .hours->elapsed(clock.start, until, pauses_of(clock));
  }
  NaiveClock* running() {
    for (NaiveClock& clock : clocks) {
      if (clock.open()) return &clock;
    }
    return nullptr;
  }
  void look_for_breach() {
    if (NaiveClock* clock = running()) clock->breached = late(*clock);
  }
  void begin(const std::string& level, Seconds start, bool first) {
    NaiveClock clock;
    clock.level = level;
    clock.result = "open";
    for (const NaiveClock& each : clocks) clock.instance += each.level == level;
    clock.first = first;
    clock.start = start;
    clock.pausing_from = std::max(latest_, start);
    clocks.push_back(clock);
    remeasure();
  }
  void remeasure() {
    NaiveClock& clock = clocks.back();
    clock.agreement = agreement_;
    const ClockRule rule = rules_.rule(*rules_.level(clock.level), agreement_, calendar_);
    clock.calendar = rule.calendar;
    clock.target = rule.target;
  }
  void finish(const std::string& result) {
    NaiveClock* clock = running();
    if (clock == nullptr) return;
    clock->over_at = latest_;
    clock->end = e_.at;
    clock->result = result;
  }
  void answered(const std::string& result) {
    finish(result);
    unanswered = has_lost_ = false;
  }
  void message(Seconds since, bool first) {
    unanswered = true;
    if (running() != nullptr) return;
    if (alive()) return begin(level_, since, first);
    if (!has_lost_) {
      lost_ = {};
      lost_.first = first;
      lost_.start = since;
    }
    has_lost_ = true;
  }
  void live() {
    life_ = "alive";
    if (has_lost_) resume(lost_);
    has_lost_ = false;
  }
  // A new clock with the start of an old one, and its pauses if it had some.
  void resume(NaiveClock old) {
    begin(level_, old.start, old.first);
    NaiveClock& clock = clocks.back();
    const bool paused = !old.level.empty() && rules_.rank(old.level) > 0;
    if (paused) clock.pausing_from = std::min(old.pausing_from, clock.pausing_from);
  }
  void wait(bool on) {
    if (on && !waiting_) waits_.push_back({latest_, kNever});
    if (!on && waiting_) waits_.back().to = latest_;
    waiting_ = on;
  }

  void learn() {
    const bool other = (!e_.calendar.empty() && e_.calendar != calendar_) ||
                       (!e_.agreement.empty() && e_.agreement != agreement_);
    if (!e_.calendar.empty()) calendar_ = e_.calendar;
    if (!e_.agreement.empty()) agreement_ = e_.agreement;
    if (!e_.channel.empty()) channel_ = e_.channel;
    if (other && running() != nullptr && !running()->breached) remeasure();
    look_for_breach();
  }
  void step() {
    look_for_breach();
    learn();
    const std::string what(name_of(e_.type));
    const bool agent = e_.actor == TicketActor::agent;
    if (what == "opened" && !opened_) open_ticket();
    if (what == "reaction" && agent) answered("reply");
    if (what == "note" && agent && running() && running()->level != "first") answered("note");
    if (what == "escalated" || what == "routed" || what == "returned") move(what);
    if (what == "waiting" && alive()) wait(true);
    if (what == "resumed" || what == "reopened" || what == "customer_replied") wait(false);
    if (what == "reopened" || (what == "customer_replied" && life_ == "closed")) live();
    if (what == "customer_replied") message(e_.at, false);
    if (what == "closed") close();
    if (what == "spam" || what == "deleted" || what == "merged") lose(what);
    if (what == "carry" && e_.since) carry();
  }
  void open_ticket() {
    opened_ = true;
    if (rules_.level(e_.level) != nullptr) level_ = e_.level;
    if (e_.actor == TicketActor::customer) message(e_.at, true);
    const bool talks = channel_ == "phone" || channel_ == "chat";
    if (e_.actor != TicketActor::agent || !talks || !alive() || !clocks.empty()) return;
    begin("first", e_.at, true);
    answered("reply");
    if (level_ != "first") begin(level_, e_.at, true);
  }
  void move(const std::string& how) {
    if (e_.level == level_ || rules_.level(e_.level) == nullptr) return;
    level_ = e_.level;
    if (how == "escalated") {
      if (running() != nullptr) answered("handed_over");
      if (alive()) begin(level_, e_.at, true);
      return;
    }
    if (running() == nullptr || running()->breached) return;
    const NaiveClock old = *running();
    finish("void:" + how);
    if (how == "routed") resume(old);
    if (how == "returned") begin(level_, e_.at, old.first);
  }
  void close() {
    const bool by_system = e_.actor == TicketActor::system;
    if (by_system && running() != nullptr) {
      const bool paused =
          waiting_ && rules_.level(running()->level)->pauses && rules_.rank(running()->level) > 0;
      if (!paused) return;
    }
    const bool want =
        e_.actor == TicketActor::agent || (running() != nullptr && running()->breached);
    if (want) {
      answered("closed");
    } else if (running() != nullptr) {
      finish("void:withdrawn");
      unanswered = false;
    } else if (!by_system) {
      unanswered = has_lost_ = false;
    }
    wait(false);
    if (alive()) life_ = "closed";
  }
  void lose(const std::string& why) {
    life_ = "gone";
    if (NaiveClock* clock = running()) {
      clock->after_breach = clock->breached;
      finish("void:" + why);
      lost_ = *clock;
      has_lost_ = true;
    }
    wait(false);
  }
  void carry() {
    const bool first = e_.reason != "next";
    NaiveClock* clock = running();
    message(*e_.since, first);
    if (clock == nullptr || clock->breached) return;
    clock->start = std::min(clock->start, *e_.since);
    clock->first = clock->first || first;
  }

  static constexpr Seconds kNever{std::chrono::seconds(4'000'000'000)};
  const SupportRules& rules_;
  TicketEvent e_;
  std::string level_, calendar_, agreement_, channel_, life_ = "alive";
  bool opened_ = false, waiting_ = false, has_lost_ = false;
  NaiveClock lost_;
  Seconds latest_{};
  std::vector<Span> waits_;
};

}  // namespace exporter
