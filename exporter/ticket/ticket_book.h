// All tickets, what they come to, and when that changes next: the working memory of the desk
// (exporter/sources/desk.h). A batch of events costs by its size and not by the number of tickets;
// a second in which nothing happens costs nothing. Knows no disk and no clock. One thread at a
// time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "exporter/ticket/figures.h"

namespace exporter {

struct TicketName {
  std::string source, ticket;
  auto operator<=>(const TicketName&) const = default;
};

class TicketBook {
 public:
  // `kept`: what removed tickets came to.
  TicketBook(SupportTimeline timeline, SupportTotals kept);
  ~TicketBook();
  TicketBook(TicketBook&&) noexcept;
  TicketBook& operator=(TicketBook&&) noexcept;

  // Corrections that stand in the store, before the first event; each takes its place among the
  // events. correct() is for one that is signed now.
  void expect(std::vector<TicketCorrection> corrections);
  // False for an event at or before the ticket's last: it is known, or it came late.
  bool apply(const TicketEvent& event);
  void correct(const TicketCorrection& correction);
  // A ticket anew from all of its events, because one came late.
  void refold(const TicketName& name, const std::vector<TicketEvent>& events);
  std::vector<TicketName> touched_since(Seconds at) const;
  // Events applied to a ticket so far; 0 when it is not known.
  std::int64_t events_of(const TicketName& name) const;
  // Null when it is not known.
  const Ticket* find(const TicketName& name) const;

  void take_terms(SupportTimeline timeline);
  const SupportTimeline& timeline() const { return timeline_; }
  // What is read of a source; never goes back.
  void read_until(const std::string& source, Seconds at);

  // Brings all figures to `now`. True when any of them may have changed since the last call.
  bool advance(Seconds now);

  // Tickets without an open clock that were last touched before `before`; at most `most`.
  std::vector<TicketName> removable(Seconds before, std::size_t most) const;
  // What is kept when these are gone, and taking them out.
  SupportTotals kept_without(const std::vector<TicketName>& names) const;
  void remove(const std::vector<TicketName>& names);
  // Counters that would have gone back, because of a late event, are kept instead.
  const SupportTotals& kept() const { return kept_; }
  bool kept_changed() const { return kept_changed_; }
  void kept_saved() { kept_changed_ = false; }

  const SupportTotals& totals() const { return totals_; }
  std::size_t size() const { return tickets_.size(); }

  // Every clock that counts in a month, by ticket.
  using VisitClock = std::function<void(const TicketName&, const ReactionClock&, const ClockFact&)>;
  void visit(std::chrono::year_month month, const VisitClock& take) const;
  // Every open clock, by ticket, with its reading of the last advance(); business seconds and due
  // are of an earlier instant.
  using VisitOpen =
      std::function<void(const TicketName&, const ReactionClock&, const ClockReading&)>;
  void visit_open(const VisitOpen& take) const;
  // What was missed in a month, by ticket.
  std::vector<MissView> misses_of(std::chrono::year_month month) const;
  // The tickets' part of a view at the instant of the last advance(). `sources` are those that are
  // configured: a month that one of them was not read past is unproven.
  void show(SupportView& view, const std::vector<std::string>& sources) const;

 private:
  struct Entry;
  struct Indexed;
  using Tickets = std::map<TicketName, Entry>;

  Tickets::iterator entry_of(const TicketName& name);
  void apply_to(Entry& entry, const TicketEvent& event);
  void apply_to(Entry& entry, const TicketCorrection& correction);
  void apply_expected(Tickets::iterator place, std::int64_t before_seq);
  TicketFacts facts_of_entry(const Entry& entry) const;
  void loosen(Tickets::iterator place);
  void settle(Tickets::iterator place, Seconds now);
  void keep_lost(const std::string& source, const TicketFacts& before, const TicketFacts& after);
  std::optional<Seconds> read_until_of(const std::string& source) const;

  void show_levels(SupportView& view, const std::vector<std::string>& sources) const;
  void count_open(SupportView& view) const;
  void list_open(SupportView& view) const;
  void show_misses(SupportView& view) const;
  ReactionMonth month_view(const LevelKey& key, std::chrono::year_month month,
                           const std::vector<std::string>& sources) const;

  SupportTimeline timeline_;
  Tickets tickets_;
  SupportTotals kept_, totals_, blank_;  // totals: kept and tickets; blank: bounds alone
  std::map<std::string, Seconds> read_until_;
  std::map<TicketName, std::vector<TicketCorrection>> expected_;
  std::unique_ptr<Indexed> indexed_;
  Seconds now_{};
  bool kept_changed_ = false, changed_ = true;
};

}  // namespace exporter
