// What holds for every ticket, shown on random ones. Each failure names its seed; SLA_SEED=N starts
// there. The invariant is shown on a million tickets, the rest on a tenth of that, or with
// SLA_FULL=1 on as many.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "exporter/ticket/event_json.h"
#include "tests/exporter/ticket/naive_fold.h"
#include "tests/exporter/ticket/random_story.h"

namespace exporter {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;
std::uint64_t some_tickets() {
  return std::getenv("SLA_FULL") != nullptr ? kMillion : kMillion / 10;
}

class TicketProperty : public testing::Test {
 protected:
  // Calls `holds` with one random ticket after the other, until it fails.
  template <class Holds>
  void for_random_tickets(std::uint64_t count, Holds holds) {
    const std::uint64_t first = first_seed();
    std::uint64_t seed = first;
    for (; seed < first + count && !HasFailure(); ++seed) {
      RandomStory story(seed);
      holds(story);
      if (HasFailure()) ADD_FAILURE() << "SLA_SEED=" << seed << "\n" << told(story);
    }
    fmt::print("seeds {} to {}\n", first, seed - 1);
  }

  static std::string told(RandomStory& story) {
    std::string text;
    for (const TicketEvent& event : story.events()) {
      text += event_json(event) + "\n";
    }
    return text;
  }

  const std::shared_ptr<const SupportRules> rules_ = rules_of(random_terms());
};

bool late(const ClockReading& reading) {
  return reading.state == ClockState::missed || reading.state == ClockState::breached_open;
}

std::vector<Span> joined(std::vector<Span> pauses) {
  std::vector<Span> result;
  for (const Span& each : pauses) {
    if (!result.empty() && result.back().to == each.from) {
      result.back().to = each.to;
    } else {
      result.push_back(each);
    }
  }
  return result;
}

std::vector<Span> pauses_until(const ReactionClock& clock, Seconds now) {
  std::vector<Span> pauses = clock.pauses;
  if (clock.paused_since && *clock.paused_since < now) pauses.push_back({*clock.paused_since, now});
  return joined(pauses);
}

// Properties of tickets that nothing happens to would say little.
TEST_F(TicketProperty, RandomTicketsComeToEveryResult) {
  std::map<std::string, int> seen;
  for_random_tickets(kMillion / 50, [&](RandomStory& story) {
    const Ticket ticket = replay(story.events(), {}, *rules_);
    if (ticket.skews() > 0) ++seen["skew"];
    for (const ReactionClock& clock : ticket.clocks()) {
      const ClockReading reading = read_clock(clock, *rules_, ticket.last_at());
      ++seen[result_text(clock, reading)];
      if (clock.voided_after_breach) ++seen["voided after breach"];
      if (clock.breach_stands) ++seen["breach stands"];
      if (!clock.pauses.empty()) ++seen["paused once"];
      if (reading.breached && reading.breached == clock.known_at) ++seen["breach dated"];
    }
  });
  for (const char* result : {"running",
                             "at_risk",
                             "breached_open",
                             "paused",
                             "met:reply",
                             "met:note",
                             "met:handed_over",
                             "met:closed",
                             "missed:reply",
                             "missed:note",
                             "missed:handed_over",
                             "missed:closed",
                             "void:spam",
                             "void:deleted",
                             "void:merged",
                             "void:routed",
                             "void:returned",
                             "void:withdrawn",
                             "voided after breach",
                             "breach stands",
                             "paused once",
                             "breach dated",
                             "skew"}) {
    EXPECT_GE(seen[result], 20) << result;
  }
}

TEST_F(TicketProperty, AnUnansweredMessageOfALivingTicketHasExactlyOneOpenClock) {
  for_random_tickets(kMillion, [&](RandomStory& story) {
    Ticket ticket;
    for (const TicketEvent& event : story.events()) {
      ticket.apply(event, *rules_);
      const auto open = std::ranges::count_if(
          ticket.clocks(), [](const ReactionClock& clock) { return !clock.end; });
      ASSERT_LE(open, 1);
      ASSERT_EQ(open == 1, ticket.open_clock() != nullptr);
      if (ticket.alive() && ticket.unanswered()) ASSERT_EQ(1, open);
      if (!ticket.alive()) ASSERT_EQ(0, open);
      if (open == 0) continue;
      const ClockState state = read_clock(*ticket.open_clock(), *rules_, ticket.last_at()).state;
      ASSERT_TRUE(state != ClockState::met && state != ClockState::missed &&
                  state != ClockState::voided);
    }
  });
}

TEST_F(TicketProperty, DecidedResultsStayAsEventsAreAppended) {
  for_random_tickets(some_tickets(), [&](RandomStory& story) {
    Ticket ticket;
    std::vector<ClockReading> before;
    for (const TicketEvent& event : story.events()) {
      ticket.apply(event, *rules_);
      std::vector<ClockReading> now;
      for (const ReactionClock& clock : ticket.clocks()) {
        now.push_back(read_clock(clock, *rules_, ticket.last_at()));
      }
      for (std::size_t i = 0; i < before.size(); ++i) {
        if (!before[i].decided || ticket.clocks()[i].voided_after_breach) continue;
        ASSERT_EQ(before[i].decided, now[i].decided);
        ASSERT_EQ(late(before[i]), late(now[i]));
      }
      before = std::move(now);
    }
  });
}

TEST_F(TicketProperty, NoBreachIsDatedBackIntoWhatWasToldAlready) {
  for_random_tickets(some_tickets(), [&](RandomStory& story) {
    Ticket ticket;
    std::size_t decided_before = 0;
    Seconds told_until{};
    for (const TicketEvent& event : story.events()) {
      ticket.apply(event, *rules_);
      std::size_t decided = 0;
      for (const ReactionClock& clock : ticket.clocks()) {
        const ClockReading reading = read_clock(clock, *rules_, ticket.last_at());
        if (!late(reading)) continue;
        const bool is_new = ++decided > decided_before;
        if (is_new) ASSERT_GE(*reading.decided, told_until);
      }
      decided_before = std::max(decided, decided_before);
      told_until = ticket.last_at();
    }
  });
}

TEST_F(TicketProperty, ReplayInAnyPortionsAndTwiceGivesTheSame) {
  for_random_tickets(some_tickets(), [&](RandomStory& story) {
    const std::vector<TicketEvent>& events = story.events();
    const Ticket whole = replay(events, {}, *rules_);
    // Read in portions, each beginning a little before the end of the one before.
    Ticket portions;
    for (std::size_t begin = 0, end = 0; end < events.size();) {
      end = std::min(events.size(), end + 1 + story.pick(4));
      for (std::size_t i = begin; i < end; ++i) portions.apply(events[i], *rules_);
      begin = end - std::min(end, story.pick(4));
    }
    ASSERT_EQ(whole, portions);
  });
}

TEST_F(TicketProperty, CorrectionsHaveTheirPlaceHoweverTheyAreRead) {
  for_random_tickets(some_tickets(), [&](RandomStory& story) {
    const std::vector<TicketCorrection> corrections = story.corrections();
    const Ticket whole = replay(story.events(), corrections, *rules_);
    // Live: each correction is applied when it is signed, between two events.
    Ticket live;
    for (const TicketEvent& event : story.events()) {
      for (const TicketCorrection& each : corrections) {
        if (each.after_seq < event.seq) live.apply(each, *rules_);
      }
      live.apply(event, *rules_);
    }
    for (const TicketCorrection& each : corrections) live.apply(each, *rules_);
    ASSERT_EQ(whole, live);
    const auto open = std::ranges::count_if(whole.clocks(),
                                            [](const ReactionClock& clock) { return !clock.end; });
    ASSERT_EQ(open == 1, whole.open_clock() != nullptr);
    ASSERT_LE(open, 1);
    if (whole.alive() && whole.unanswered()) ASSERT_EQ(1, open);
  });
}

TEST_F(TicketProperty, ASecondImplementationAgrees) {
  for_random_tickets(some_tickets(), [&](RandomStory& story) {
    const Ticket ticket = replay(story.events(), {}, *rules_);
    const NaiveFold naive(story.events(), *rules_);
    ASSERT_EQ(naive.alive(), ticket.alive());
    ASSERT_EQ(naive.unanswered, ticket.unanswered());
    ASSERT_EQ(naive.clocks.size(), ticket.clocks().size());
    for (std::size_t i = 0; i < naive.clocks.size(); ++i) {
      const ReactionClock& clock = ticket.clocks()[i];
      const NaiveClock& other = naive.clocks[i];
      const ClockReading reading = read_clock(clock, *rules_, ticket.last_at());
      const std::string end = !clock.end       ? "open"
                              : clock.reaction ? std::string(name_of(*clock.reaction))
                                               : "void:" + std::string(name_of(clock.voided));
      ASSERT_EQ(other.result, end);
      ASSERT_EQ(other.level, clock.level);
      ASSERT_EQ(other.instance, clock.instance);
      ASSERT_EQ(other.first, clock.kind == ClockKind::first);
      ASSERT_EQ(other.start, clock.start);
      if (clock.end) ASSERT_EQ(other.end, *clock.end);
      ASSERT_EQ(other.calendar, clock.calendar);
      ASSERT_EQ(other.target, clock.target);
      ASSERT_EQ(other.after_breach, clock.voided_after_breach);
      ASSERT_EQ(joined(naive.pauses_of(other)), pauses_until(clock, ticket.last_at()));
      if (clock.voided == VoidReason::none) ASSERT_EQ(naive.late(other), late(reading));
    }
  });
}

}  // namespace
}  // namespace exporter
