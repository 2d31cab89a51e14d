// One transaction of Request Tracker as what happened to the ticket (docs/tickets-rt.md has the
// table). Most rows say it themselves; for some RT has to be asked more: who the requestor is, what
// a mail's headers say, whether a note names an item of the checklist. Nothing that is asked is
// kept but in memory.
//
// A row gives the same events whenever it is translated, but for what an administrator changes
// behind RT's back. Loop thread only; the desk and the mapping outlive it.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "exporter/sources/rt_desk.h"
#include "exporter/sources/rt_mapping.h"
#include "exporter/ticket/event.h"

namespace exporter {

using RtEvents = RtAnswer<std::vector<TicketEvent>>;

class RtTranslator {
 public:
  // Events of one transaction have sequence numbers of their own.
  static constexpr std::int64_t kEventsPerRow = 1000;

  RtTranslator(RtDesk& desk, const RtMapping& mapping) : desk_(desk), mapping_(mapping) {}

  // Ascending in seq. `unmailed` are the tickets whose number mail has not been seen yet.
  probes::Task<RtEvents> translate(RtTransaction row, std::set<std::int64_t>& unmailed,
                                   Unmapped& unmapped);

 private:
  // A row on its way, and what comes of it.
  struct Work {
    RtTransaction row;
    RtFacts facts;
    TicketActor actor = TicketActor::system;
    std::set<std::int64_t>* unmailed = nullptr;
    Unmapped* unmapped = nullptr;
    std::vector<TicketEvent> events;
  };
  using Done = RtAnswer<void>;
  using Words = RtAnswer<std::vector<std::string>>;
  using Handler = probes::Task<Done> (RtTranslator::*)(Work& work);
  struct Row;
  // Values of ours that a ticket has beside its level.
  struct Attribute {
    RtMapped (RtMapping::*mapped)() const;
    std::string TicketEvent::* member;
  };
  static const std::array<Attribute, 4> kAttributes;

  // `work` outlives every task it is given to.
  static Handler handler_of(const RtTransaction& row);
  probes::Task<Done> run(Handler handler, Work& work);
  probes::Task<Done> opened(Work& work);
  probes::Task<Done> spoken(Work& work);
  probes::Task<Done> noted(Work& work);
  probes::Task<Done> mailed(Work& work);
  probes::Task<Done> state_changed(Work& work);
  probes::Task<Done> queue_changed(Work& work);
  probes::Task<Done> priority_changed(Work& work);
  probes::Task<Done> field_changed(Work& work);
  probes::Task<Done> assigned(Work& work);
  probes::Task<Done> linked(Work& work);

  TicketEvent& add(Work& work, TicketEventType type) const;
  void prove(Work& work, const std::string& field, const std::string& value) const;
  void change_state(Work& work, RtState from, const std::string& to_name) const;
  probes::Task<Done> changed(Work& work, std::string attribute, std::string name);
  probes::Task<Done> moved(Work& work);
  probes::Task<Done> was_given(Work& work);
  probes::Task<Done> hand_over(Work& work, RtTransaction link, std::int64_t survivor);
  probes::Task<RtEvents> life_of(std::int64_t ticket, std::int64_t until);

  probes::Task<RtAnswer<TicketActor>> actor_of(RtFacts facts, std::string account);
  probes::Task<RtAnswer<TicketActor>> opener(Work& work, std::string channel);
  probes::Task<Words> theirs(RtMapped mapped, Work& work, std::int64_t at);
  probes::Task<RtAnswer<std::string>> ours(RtMapped mapped, Work& work);

  RtDesk& desk_;
  const RtMapping& mapping_;
  int depth_ = 0;  // of merges into merged tickets
};

}  // namespace exporter
