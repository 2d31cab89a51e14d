// The sample of the reaction half with tickets in its lists, for the page and the API of tickets.
// It is 12:06:40 on 2026-11-18 in the agreement's zone.
#pragma once

#include <memory>
#include <string>

#include "tests/fakes/sample_snapshot.h"
#include "tests/fakes/sample_support.h"

namespace exporter {

inline OpenClockView sample_clock(Seconds now, std::string ticket, ClockState state,
                                  std::chrono::seconds business) {
  OpenClockView open;
  open.source = "helpdesk";
  open.ticket = std::move(ticket);
  open.clock.level = "first";
  open.clock.calendar = "europe";
  open.clock.target = std::chrono::hours(4);
  open.clock.start = now - business;
  open.reading.state = state;
  open.reading.business = business;
  const Seconds due = open.clock.start + open.clock.target;
  open.reading.due = {due, due};
  return open;
}

// Breached an hour ago; at risk, due when the desk closes for fifteen hours; paused at the second
// level. Two more are not listed.
inline std::vector<OpenClockView> sample_clocks(Seconds now) {
  using namespace std::chrono_literals;
  OpenClockView breached = sample_clock(now, "4711", ClockState::breached_open, 5h);
  breached.reading.breached = breached.reading.due->breach_after;
  OpenClockView at_risk = sample_clock(now, "4712", ClockState::at_risk, 3h + 10min);
  at_risk.reading.due->breach_after += 15h;
  OpenClockView paused = sample_clock(now, "4713", ClockState::paused, 1h);
  paused.clock.level = "second";
  paused.clock.kind = ClockKind::next;
  paused.clock.instance = 2;
  paused.clock.paused_since = now - 10min;
  paused.provisional = true;
  return {breached, at_risk, paused};
}

inline MissView sample_miss(std::string ticket, Seconds breached) {
  using namespace std::chrono_literals;
  MissView miss;
  miss.source = "helpdesk";
  miss.ticket = std::move(ticket);
  miss.clock.level = "first";
  miss.clock.target = 4h;
  miss.reading.state = ClockState::missed;
  miss.reading.business = 5h;
  miss.reading.breached = breached;
  return miss;
}

inline std::shared_ptr<SupportView> sample_tickets() {
  using namespace std::chrono_literals;
  auto view = fakes::sample_support();
  view->open = sample_clocks(view->at);
  view->open_total = 5;
  // Six minutes after midnight of the first of November, where the month is cut.
  const Seconds november = view->at - 17 * 24h - 12h;
  view->misses = {sample_miss("4701", view->at - 1h), sample_miss("4700", november)};
  view->misses[1].clock.reaction = ReactionKind::handed_over;
  view->misses[1].clock.end = november + 1h;
  return view;
}

inline std::shared_ptr<Snapshot> snapshot_with(std::shared_ptr<const SupportView> view) {
  return fakes::with_support(*fakes::sample_snapshot(1), std::move(view));
}

}  // namespace exporter
