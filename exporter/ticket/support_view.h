// What the reaction half shows: the immutable picture that metrics, pages and the API render. Built
// by the desk (exporter/sources/desk.h) after each commit.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/ticket/clock.h"

namespace exporter {

// A count per bucket, and the sum, of observed seconds; `bounds` ascending, the last bucket open.
struct SecondsHistogram {
  std::vector<std::int64_t> bounds;
  std::vector<std::uint64_t> counts;  // one more than bounds; not cumulative
  std::int64_t sum = 0;
  std::uint64_t count = 0;
  void observe(std::chrono::seconds value);
};

// Agreement and level; every pair that is promised is present from the start.
struct LevelKey {
  std::string agreement, level;
  auto operator<=>(const LevelKey&) const = default;
};

// Clocks of kind first that were decided in a month of the agreement's zone.
struct ReactionMonth {
  enum class State { open, ended, unproven };  // unproven: a source was not read past its end
  std::chrono::year_month month{};
  // By kind of reaction; a miss that nobody reacted to yet stands under `open_missed`.
  std::array<std::uint64_t, 4> met{}, missed{};  // by ReactionKind
  std::uint64_t open_missed = 0;
  std::uint64_t next_met = 0, next_missed = 0;  // clocks of kind next, outside the contract
  State state = State::open;
  std::uint64_t all_met() const { return met[0] + met[1] + met[2] + met[3]; }
  std::uint64_t all_missed() const {
    return missed[0] + missed[1] + missed[2] + missed[3] + open_missed;
  }
  std::optional<double> compliance() const;  // met / (met + missed); absent without any
  // The same when only a message to the customer counts: what was not a reply is missed.
  std::optional<double> strict() const;
};

struct LevelView {
  LevelKey key;
  std::chrono::seconds target{};  // on the level's or the ticket's widest calendar
  // Open clocks, each once, in this order of precedence.
  std::uint64_t breached = 0, paused = 0, at_risk = 0, running = 0;
  std::chrono::seconds oldest{};    // business seconds of the open clock that waits longest
  std::optional<Seconds> next_due;  // of clocks that are neither breached nor paused
  // Decided up to the watermark since the first event, both kinds of clocks.
  struct Count {
    std::string calendar;
    ClockKind kind = ClockKind::first;
    bool met = true;
    auto operator<=>(const Count&) const = default;
  };
  std::map<Count, std::uint64_t> reactions;
  SecondsHistogram business;  // of the reactions of kind first
  std::map<VoidReason, std::uint64_t> voided;
  std::uint64_t voided_after_breach = 0;
  ReactionMonth current, previous;
};

// An open clock, for lists; ids never become labels.
struct OpenClockView {
  std::string source, ticket;
  ReactionClock clock;
  ClockReading reading;
  bool provisional = false;  // it happened beyond the watermark
};

struct MissView {
  std::string source, ticket;
  ReactionClock clock;
  ClockReading reading;
};

struct SourceView {
  std::string source;
  bool up = false;
  std::optional<Seconds> last_success, read_until;
  std::map<std::string, std::uint64_t> events;    // by type
  std::map<std::string, std::uint64_t> errors;    // by reason
  std::map<std::string, std::uint64_t> unmapped;  // by what
  std::uint64_t clock_skew = 0;
  std::string last_error;  // for pages; never a label
};

struct CalendarView {
  std::string calendar;
  bool open = false;
  std::optional<Seconds> next_change;
  std::chrono::seconds week_open{};
  std::optional<Seconds> holidays_known_until;
};

// Notices about single tickets that were sent, or given up, since the start.
struct NoticeCount {
  std::string level, event;  // at_risk, breached, morning
  bool sent = true;
  auto operator<=>(const NoticeCount&) const = default;
};

struct SupportView {
  Seconds at;
  std::shared_ptr<const SupportRules> rules;
  std::vector<LevelView> levels;    // by agreement, then from the lowest level
  std::vector<OpenClockView> open;  // by due, breached first; at most kMaxListed
  std::uint64_t open_total = 0;
  std::vector<MissView> misses;         // of the current and the previous month; likewise
  std::vector<SourceView> sources;      // by name
  std::vector<CalendarView> calendars;  // in the order of the configuration, then "all"
  std::map<std::pair<std::string, std::string>, std::uint64_t> level_changes;  // from, to
  std::map<std::string, std::uint64_t> hand_overs;                             // by destination
  std::map<std::string, std::uint64_t> checklist_gaps;                         // by item
  std::uint64_t hand_overs_complete = 0;  // nothing of the checklist was missing
  std::map<std::pair<std::string, std::string>, std::uint64_t> opened;  // channel, language
  SecondsHistogram number_mail, first_human_reply;                      // real seconds
  std::uint64_t number_mails_missing = 0;                               // now: overdue and not sent
  std::uint64_t number_mails_late_total = 0;
  std::uint64_t tickets = 0;
  std::map<NoticeCount, std::uint64_t> notices;
  static constexpr std::size_t kMaxListed = 1000;
};

}  // namespace exporter
