// What tickets come to: from one ticket its facts, and from the facts of all the totals that
// metrics and reports show (docs/reactions.md). Adding the facts of a ticket and taking them away
// again leaves the totals as they were, so a change of one ticket costs the same with ten tickets
// and with a hundred thousand.
//
// Totals since the first event count a result as it was first decided; months count it as it
// stands after corrections and voids. Pure values.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/ticket/support_timeline.h"
#include "exporter/ticket/support_view.h"
#include "exporter/ticket/ticket.h"

namespace exporter {

// From when facts are looked at: what is not before `read_until` does not count yet.
struct Viewpoint {
  Seconds now{};
  std::optional<Seconds> read_until;
  bool reads(Seconds at) const { return read_until && at < *read_until; }
};

// What one clock adds.
struct ClockFact {
  std::size_t index = 0;  // among the ticket's clocks
  LevelKey key;
  std::string calendar;
  ClockKind kind = ClockKind::first;
  std::optional<bool> met;               // counted, up to the watermark
  std::optional<ReactionKind> reaction;  // read, too
  std::optional<std::chrono::seconds> business;
  VoidReason voided = VoidReason::none;
  bool voided_after_breach = false;
  std::chrono::year_month month{};  // in which it was decided, with `met`
  bool in_month = false;            // it counts there
  bool operator==(const ClockFact&) const = default;
};

struct TicketFacts {
  std::vector<ClockFact> clocks;  // as first decided: without corrections
  std::vector<ClockFact> months;  // with them; only those that count in a month
  std::optional<std::pair<std::string, std::string>> opened;  // channel, language
  std::optional<std::chrono::seconds> number_mail, first_human_reply;
  bool number_mail_late = false, number_mail_missing = false;
  struct Moved {
    HandOver hand_over;
    bool complete = false;  // there was a checklist, and nothing of it was missing
    bool operator==(const Moved&) const = default;
  };
  std::vector<Moved> hand_overs;
  std::vector<LevelChange> level_changes;
  std::uint32_t skews = 0;
  // When the same ticket gives other facts: from an instant of the clock on the wall on, and once
  // the watermark is past one. Absent: never by itself.
  std::optional<Seconds> next_time, next_read;
  bool operator==(const TicketFacts&) const = default;
};

// `uncorrected` is the ticket without its corrections, the same one where it has none.
TicketFacts facts_of(const Ticket& ticket, const Ticket& uncorrected,
                     const SupportTimeline& timeline, const Viewpoint& view);
// The pair a clock counts under.
LevelKey key_of(const ReactionClock& clock, const SupportTimeline& timeline);
// The hours a clock counts by, of the terms in force when it began; null when they know none.
const OpeningHours* hours_of(const ReactionClock& clock, const SupportRules& rules);
// The next instant after `now` at which an open clock changes its state.
std::optional<Seconds> next_change_of(const ReactionClock& clock, const SupportTimeline& timeline,
                                      Seconds now);

struct LevelTotals {
  std::map<LevelView::Count, std::uint64_t> reactions;
  SecondsHistogram business;
  std::map<VoidReason, std::uint64_t> voided;
  std::uint64_t voided_after_breach = 0;
  std::map<std::chrono::year_month, ReactionMonth> months;
};

struct SupportTotals {
  std::map<LevelKey, LevelTotals> levels;
  std::map<std::pair<std::string, std::string>, std::uint64_t> level_changes, opened;
  std::map<std::string, std::uint64_t> hand_overs, checklist_gaps;
  std::uint64_t hand_overs_complete = 0, number_mails_late = 0;
  SecondsHistogram number_mail, first_human_reply;
  std::map<std::string, std::uint64_t> skews;  // by source
  std::uint64_t number_mails_missing = 0;      // a gauge: of live tickets only

  // Bounds of histograms grow when a level gets another target; what was counted stays below the
  // bound it was counted under.
  void prepare(const SupportTimeline& timeline);
  void add(const TicketFacts& facts, const std::string& source);
  void take_away(const TicketFacts& facts, const std::string& source);
  void merge(const SupportTotals& other);
};

// Where `after` would let a counter go back behind `before`: by how much. Months are no counters.
// Absent when nothing goes back.
std::optional<SupportTotals> lost_between(const SupportTotals& before, const SupportTotals& after);

// As text, to be kept in place of tickets that are removed, and back.
std::string totals_json(const SupportTotals& totals);
std::expected<SupportTotals, std::string> parse_totals(std::string_view json);

}  // namespace exporter
