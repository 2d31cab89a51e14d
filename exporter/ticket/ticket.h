// A ticket as the fold of its events: its clocks, when its number was mailed, what the checklist
// lacked at each hand-over. A pure function of the events in the order of their seq, so reading in
// any chunking, twice or from the start gives the same; docs/reactions.md names every rule.
//
// A Ticket is a value; one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "exporter/ticket/clock.h"
#include "exporter/ticket/event.h"
#include "exporter/ticket/support_timeline.h"

namespace exporter {

// A human of one level gave the ticket up to another.
struct HandOver {
  Seconds at;
  std::string from, to;              // levels
  std::string destination;           // may be empty
  std::vector<std::string> missing;  // items of the checklist; only from the lowest level
  bool operator==(const HandOver&) const = default;
};

// By whomever, upwards or downwards.
struct LevelChange {
  std::string from, to;
  bool operator==(const LevelChange&) const = default;
};

// What a person signed: changes to one ticket, in the order of their ids. They never change events,
// but take their place among them: after the last one that was known when they were signed.
struct TicketCorrection {
  enum class Action { voided, reacted_at, calendar, level };
  std::int64_t id = 0;
  std::string source, ticket;
  std::int64_t after_seq = -1;  // the ticket's last_seq() when it was signed
  Action action = Action::voided;
  std::string level;          // the clock's level; of level: the new one
  int instance = 1;           // of the clock
  std::optional<Seconds> at;  // of reacted_at
  std::string calendar;       // of calendar
  std::string by, why;
  Seconds signed_at;
  bool operator==(const TicketCorrection&) const = default;
};

class Ticket {
 public:
  // Events must come in ascending seq; one whose seq is not above the last is ignored. So is a
  // correction whose id is not above the last.
  void apply(const TicketEvent& event, const SupportRules& rules);
  void apply(const TicketCorrection& correction, const SupportRules& rules);
  // Under terms that change, a clock is judged by those in force when it began.
  void apply(const TicketEvent& event, const SupportTimeline& timeline);
  void apply(const TicketCorrection& correction, const SupportTimeline& timeline);

  const std::vector<ReactionClock>& clocks() const { return clocks_; }
  // The clock that still waits for its end, if any; at most one.
  const ReactionClock* open_clock() const;
  const std::string& level() const { return level_; }  // of the moment
  const std::string& calendar() const { return calendar_; }
  const std::string& agreement() const { return agreement_; }
  const std::string& channel() const { return channel_; }
  const std::string& language() const { return language_; }
  std::optional<Seconds> opened() const { return opened_; }
  // The mail with the number; expected unless an agent opened the ticket for himself.
  bool number_mail_expected() const { return number_mail_expected_; }
  std::optional<Seconds> number_mailed() const { return number_mailed_; }
  std::optional<Seconds> first_human_reply() const { return first_human_reply_; }
  const std::vector<HandOver>& hand_overs() const { return hand_overs_; }
  const std::vector<LevelChange>& level_changes() const { return level_changes_; }
  std::int64_t last_seq() const { return last_seq_; }
  Seconds last_at() const { return last_at_; }         // the latest instant so far
  std::uint32_t skews() const { return skews_; }       // instants that ran backwards
  bool alive() const { return life_ == Life::alive; }  // neither closed, spam, deleted nor merged
  // A customer's message waits for a human.
  bool unanswered() const { return unanswered_; }
  bool operator==(const Ticket&) const = default;

 private:
  // exporter/ticket/ticket.cc tells the story.
  friend class TicketFold;
  enum class Life { alive, closed, gone };  // gone: spam, deleted or merged
  // What a clock waits for, while the ticket is not alive and no clock can.
  struct Ask {
    Seconds since;
    ClockKind kind = ClockKind::first;
    std::vector<Span> pauses;
    bool operator==(const Ask&) const = default;
  };

  std::vector<ReactionClock> clocks_;
  std::string level_, calendar_, agreement_, channel_, language_;
  std::optional<Seconds> opened_, number_mailed_, first_human_reply_;
  Life life_ = Life::alive;
  bool number_mail_expected_ = false, unanswered_ = false, waiting_ = false;
  std::optional<Ask> ask_;
  std::set<std::string> checked_;
  std::vector<HandOver> hand_overs_;
  std::vector<LevelChange> level_changes_;
  std::int64_t last_seq_ = -1, last_correction_ = -1;
  Seconds last_at_{};
  std::uint32_t skews_ = 0;
};

// A whole ticket: events in ascending seq, corrections in ascending id, each in its place.
Ticket replay(std::span<const TicketEvent> events, std::span<const TicketCorrection> corrections,
              const SupportRules& rules);
Ticket replay(std::span<const TicketEvent> events, std::span<const TicketCorrection> corrections,
              const SupportTimeline& timeline);

}  // namespace exporter
