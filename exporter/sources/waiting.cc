#include "exporter/sources/waiting.h"

#include <algorithm>
#include <string>

namespace exporter {
namespace {

using Type = TicketEventType;

class Walk {
 public:
  explicit Walk(const std::vector<LevelTerms>& levels) : levels_(levels) {
    if (!levels.empty()) level_ = levels.front().name;
  }

  void apply(const TicketEvent& event);
  std::optional<Waiting> waiting() const { return waiting_; }

 private:
  void opened(const TicketEvent& event);
  void moved(const TicketEvent& event);
  void closed(const TicketEvent& event);
  void ask(Seconds since, bool first) {
    if (!waiting_) waiting_ = Waiting{since, first};
  }
  const LevelTerms* terms(const std::string& level) const {
    const auto found = std::ranges::find(levels_, level, &LevelTerms::name);
    return found == levels_.end() ? nullptr : &*found;
  }
  // Waiting for the customer stops the clocks of all levels but the lowest.
  bool paused() const {
    const LevelTerms* level = terms(level_);
    return for_customer_ && level != nullptr && level != levels_.data() && level->pauses;
  }

  const std::vector<LevelTerms>& levels_;
  std::string level_;
  std::optional<Waiting> waiting_;
  bool for_customer_ = false;
};

void Walk::apply(const TicketEvent& event) {
  const bool agent = event.actor == TicketActor::agent;
  const LevelTerms* level = terms(level_);
  switch (event.type) {
    case Type::opened:
      return opened(event);
    case Type::customer_replied:
      for_customer_ = false;
      return ask(event.at, false);
    case Type::carry:
      if (!event.since) return;
      if (waiting_ && waiting_->since <= *event.since) return;
      waiting_ = Waiting{*event.since, event.reason != "next"};
      return;
    case Type::reaction:
      if (agent) waiting_.reset();
      return;
    case Type::note:
      if (agent && level != nullptr && level->note_reacts) waiting_.reset();
      return;
    case Type::escalated:
    case Type::routed:
    case Type::returned:
      return moved(event);
    case Type::waiting:
      for_customer_ = true;
      return;
    case Type::resumed:
    case Type::reopened:
      for_customer_ = false;
      return;
    case Type::closed:
      return closed(event);
    case Type::spam:
    case Type::deleted:
    case Type::merged:
      waiting_.reset();
      return;
    default:
      return;
  }
}

void Walk::opened(const TicketEvent& event) {
  if (terms(event.level) != nullptr) level_ = event.level;
  if (event.actor == TicketActor::customer) ask(event.at, true);
}

// A human's hand-over starts the next level's own clock; an automaton's keeps the customer's.
void Walk::moved(const TicketEvent& event) {
  if (event.level == level_ || terms(event.level) == nullptr) return;
  level_ = event.level;
  if (event.type == Type::escalated) waiting_ = Waiting{event.at, true};
  if (event.type == Type::returned && waiting_) waiting_->since = event.at;
}

void Walk::closed(const TicketEvent& event) {
  if (event.actor == TicketActor::system && !paused()) return;
  waiting_.reset();
  for_customer_ = false;
}

}  // namespace

std::optional<Waiting> waiting_after(const std::vector<TicketEvent>& events,
                                     const std::vector<LevelTerms>& levels) {
  Walk walk(levels);
  for (const TicketEvent& event : events) walk.apply(event);
  return walk.waiting();
}

}  // namespace exporter
