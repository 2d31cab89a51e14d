// The rules of docs/reactions.md that the worked cases do not show, each as a short story.
#include "exporter/ticket/ticket.h"

#include <gmock/gmock.h>

#include "tests/exporter/ticket/some_rules.h"

namespace exporter {
namespace {

using Type = TicketEventType;
using testing::ElementsAre;

constexpr TicketActor kCustomer = TicketActor::customer, kAgent = TicketActor::agent,
                      kSystem = TicketActor::system;

// Wednesday 14 January 2026; the desk is open from 07:00Z to 16:00Z.
class TicketRules : public testing::Test {
 protected:
  // "first 1 first met:reply", as it stands at the latest instant of the ticket or later.
  std::vector<std::string> results(std::string_view now = "2026-01-14T12:00:00Z") const {
    const Ticket ticket = story_.told(*rules_);
    std::vector<std::string> all;
    for (const ReactionClock& clock : ticket.clocks()) {
      const Seconds seen = std::max(at(now), ticket.last_at());
      all.push_back(clock.level + " " + std::to_string(clock.instance) + " " +
                    std::string(name_of(clock.kind)) + " " +
                    result_text(clock, read_clock(clock, *rules_, seen)));
    }
    return all;
  }
  TicketEvent& add(std::string_view time, Type type, TicketActor actor = kAgent,
                   std::string level = {}) {
    return story_.add(std::string("2026-01-14T") + std::string(time) + "Z", type, actor,
                      std::move(level));
  }
  void open() { add("09:00:00", Type::opened, kCustomer); }
  Ticket told() const { return story_.told(*rules_); }

  std::shared_ptr<const SupportRules> rules_ = rules_of(case_terms());
  Story story_;
};

TEST_F(TicketRules, ATicketOpenedOnThePhoneIsMetAtOnceAndStillNeedsItsNumber) {
  add("09:00:00", Type::opened).channel = "phone";
  EXPECT_THAT(results(), ElementsAre("first 1 first met:reply"));
  EXPECT_TRUE(told().number_mail_expected());
  EXPECT_EQ(told().opened(), told().first_human_reply());
  EXPECT_EQ(std::nullopt, told().number_mailed());
  add("09:01:00", Type::auto_reply, kSystem);
  add("09:30:00", Type::auto_reply, kSystem);
  EXPECT_EQ(at("2026-01-14T09:01:00Z"), told().number_mailed());
}

TEST_F(TicketRules, ATicketFromThePhoneFiledHigherRunsThere) {
  add("09:00:00", Type::opened, kAgent, "second").channel = "chat";
  EXPECT_THAT(results(), ElementsAre("first 1 first met:reply", "second 1 first running"));
}

TEST_F(TicketRules, ATicketAnAgentOpensOtherwiseHasNoClockUntilTheCustomerWrites) {
  add("09:00:00", Type::opened).channel = "email";
  EXPECT_FALSE(told().number_mail_expected());
  EXPECT_THAT(results(), ElementsAre());
  add("10:00:00", Type::customer_replied, kCustomer);
  EXPECT_THAT(results(), ElementsAre("first 1 next running"));
}

TEST_F(TicketRules, MachineAccountsDoNotReact) {
  open();
  add("09:10:00", Type::reaction, kSystem);
  add("09:20:00", Type::note, kSystem);
  EXPECT_THAT(results("2026-01-14T09:30:00Z"), ElementsAre("first 1 first running"));
  EXPECT_EQ(std::nullopt, told().first_human_reply());
}

TEST_F(TicketRules, AnAutomatonsMoveKeepsTheCustomersStart) {
  open();
  add("10:00:00", Type::routed, kSystem, "second");
  EXPECT_THAT(results(), ElementsAre("first 1 first void:routed", "second 1 first running"));
  EXPECT_EQ(at("2026-01-14T09:00:00Z"), told().clocks()[1].start);
}

TEST_F(TicketRules, AReturnVoidsTheUpperClockAndStartsTheLowerOneAgain) {
  open();
  add("10:00:00", Type::escalated, kAgent, "second");
  add("11:00:00", Type::returned, kAgent, "first");
  EXPECT_THAT(results(), ElementsAre("first 1 first met:handed_over",
                                     "second 1 first void:returned", "first 2 first running"));
  EXPECT_EQ(at("2026-01-14T11:00:00Z"), told().clocks()[2].start);
}

TEST_F(TicketRules, EveryMoveIsAChangeOfLevelWhoeverMakesIt) {
  open();
  add("09:10:00", Type::routed, kSystem, "second");
  add("10:00:00", Type::escalated, kAgent, "legal");
  add("10:30:00", Type::escalated, kAgent, "legal");
  add("11:00:00", Type::returned, kAgent, "first");
  add("11:30:00", Type::routed, kSystem, "nowhere");
  const std::vector<LevelChange> changes = {
      {"first", "second"}, {"second", "legal"}, {"legal", "first"}};
  EXPECT_EQ(told().level_changes(), changes);
  EXPECT_THAT(told().hand_overs(), testing::SizeIs(1));
}

TEST_F(TicketRules, AReturnAfterTheReactionStartsNothing) {
  open();
  add("10:00:00", Type::escalated, kAgent, "second");
  add("10:30:00", Type::reaction);
  add("11:00:00", Type::returned, kAgent, "first");
  EXPECT_THAT(results(), ElementsAre("first 1 first met:handed_over", "second 1 first met:reply"));
  EXPECT_EQ("first", told().level());
}

TEST_F(TicketRules, ABreachedClockIsNeitherRoutedNorReturnedAway) {
  open();
  add("13:00:01", Type::routed, kSystem, "second");
  EXPECT_THAT(results(), ElementsAre("first 1 first breached_open"));
  add("14:00:00", Type::returned, kAgent, "first");
  add("14:30:00", Type::reaction);
  EXPECT_THAT(results(), ElementsAre("first 1 first missed:reply"));
}

TEST_F(TicketRules, AMoveToNowhereIsNone) {
  open();
  add("09:30:00", Type::escalated, kAgent, "first");
  add("09:40:00", Type::escalated, kAgent, "board");
  EXPECT_THAT(results("2026-01-14T10:00:00Z"), ElementsAre("first 1 first running"));
  EXPECT_TRUE(told().hand_overs().empty());
}

TEST_F(TicketRules, AFurtherMessageRunsAtTheLevelOfThatMoment) {
  open();
  add("10:00:00", Type::escalated, kAgent, "second");
  add("10:30:00", Type::note);
  add("11:00:00", Type::customer_replied, kCustomer);
  EXPECT_THAT(results(), ElementsAre("first 1 first met:handed_over", "second 1 first met:note",
                                     "second 2 next running"));
}

TEST_F(TicketRules, ResumingEndsAPauseWithoutAStart) {
  add("09:00:00", Type::opened, kCustomer, "second");
  add("10:00:00", Type::waiting);
  EXPECT_THAT(results(), ElementsAre("second 1 first paused"));
  add("11:00:00", Type::resumed);
  const ReactionClock clock = told().clocks()[0];
  EXPECT_THAT(clock.pauses,
              ElementsAre(Span{at("2026-01-14T10:00:00Z"), at("2026-01-14T11:00:00Z")}));
  EXPECT_EQ(std::chrono::hours(2), read_clock(clock, *rules_, at("2026-01-14T12:00:00Z")).business);
}

TEST_F(TicketRules, ABreachedClockThatIsPausedCountsAsBreached) {
  add("07:00:00", Type::opened, kCustomer, "second");
  add("15:30:00", Type::waiting);
  EXPECT_THAT(results(), ElementsAre("second 1 first breached_open"));
}

TEST_F(TicketRules, AnAgentClosesAndTheCustomersNextMailOpensAgain) {
  open();
  add("10:00:00", Type::closed);
  EXPECT_FALSE(told().alive());
  add("11:00:00", Type::customer_replied, kCustomer);
  EXPECT_TRUE(told().alive());
  EXPECT_THAT(results(), ElementsAre("first 1 first met:closed", "first 2 next running"));
}

TEST_F(TicketRules, TheCustomerWithdrawsByClosing) {
  open();
  add("10:00:00", Type::closed, kCustomer);
  EXPECT_THAT(results(), ElementsAre("first 1 first void:withdrawn"));
  EXPECT_FALSE(told().unanswered());
}

TEST_F(TicketRules, AMissIsNotWithdrawn) {
  open();
  add("13:30:00", Type::closed, kCustomer);
  EXPECT_THAT(results(), ElementsAre("first 1 first missed:closed"));
}

TEST_F(TicketRules, AnAutomatonThatClosesAnswersNothing) {
  open();
  add("10:00:00", Type::closed, kSystem);
  EXPECT_TRUE(told().alive());
  EXPECT_THAT(results("2026-01-14T10:30:00Z"), ElementsAre("first 1 first running"));
}

TEST_F(TicketRules, AnAutomatonClosesWhenTheCustomerDidNotComeBack) {
  add("09:00:00", Type::opened, kCustomer, "second");
  add("10:00:00", Type::waiting);
  add("15:00:00", Type::closed, kSystem);
  EXPECT_FALSE(told().alive());
  EXPECT_THAT(results(), ElementsAre("second 1 first void:withdrawn"));
}

TEST_F(TicketRules, SpamByMistakeGoesOnWithTheOldStart) {
  open();
  add("10:00:00", Type::spam);
  add("11:00:00", Type::customer_replied, kCustomer);
  EXPECT_THAT(results(), ElementsAre("first 1 first void:spam"));
  add("11:30:00", Type::reopened);
  EXPECT_THAT(results("2026-01-14T11:45:00Z"),
              ElementsAre("first 1 first void:spam", "first 2 first running"));
  EXPECT_EQ(at("2026-01-14T09:00:00Z"), told().clocks()[1].start);
}

TEST_F(TicketRules, SpamFoundAfterTheBreachIsMarked) {
  open();
  add("13:00:01", Type::deleted);
  const ReactionClock clock = told().clocks()[0];
  EXPECT_TRUE(clock.voided_after_breach);
  const ClockReading reading = read_clock(clock, *rules_, at("2026-01-14T15:00:00Z"));
  EXPECT_EQ(ClockState::voided, reading.state);
  EXPECT_EQ(std::nullopt, reading.decided);
  EXPECT_EQ(at("2026-01-14T13:00:00Z"), reading.breached);
}

TEST_F(TicketRules, AMergeIntoATicketWithoutAClockBringsStartAndKind) {
  add("11:00:00", Type::opened);
  TicketEvent& carry = add("11:30:00", Type::carry, kSystem);
  carry.since = at("2026-01-14T09:00:00Z");
  carry.reason = "next";
  EXPECT_THAT(results(), ElementsAre("first 1 next at_risk"));
  EXPECT_EQ(carry.since, told().clocks()[0].start);
}

TEST_F(TicketRules, ABreachTakenOverIsDatedToTheMerge) {
  add("11:00:00", Type::opened);
  add("11:30:00", Type::carry, kSystem).since = at("2026-01-12T09:00:00Z");
  const ClockReading reading = read_clock(told().clocks()[0], *rules_, at("2026-01-14T12:00:00Z"));
  EXPECT_EQ(ClockState::breached_open, reading.state);
  EXPECT_EQ(at("2026-01-12T13:00:00Z"), reading.due->breach_after);
  EXPECT_EQ(at("2026-01-14T11:30:00Z"), reading.decided);
}

TEST_F(TicketRules, ACalendarLearntLateCountsFromTheStartOfTheOpenClock) {
  open();
  add("11:00:00", Type::attributes, kSystem).calendar = "AM_TYPO_FIX";  // opens at 15:00Z
  const ReactionClock clock = told().clocks()[0];
  EXPECT_EQ("AM_TYPO_FIX", clock.calendar);
  EXPECT_EQ(std::chrono::seconds(0),
            read_clock(clock, *rules_, at("2026-01-14T15:00:00Z")).business);
}

TEST_F(TicketRules, ADecidedClockKeepsItsCalendar) {
  open();
  add("13:00:01", Type::attributes, kSystem).calendar = "AM_TYPO_FIX";
  EXPECT_EQ("EU_FIX", told().clocks()[0].calendar);
  EXPECT_EQ("AM_TYPO_FIX", told().calendar());
}

TEST_F(TicketRules, AnInstantThatRunsBackwardsUndoesNoBreach) {
  open();
  add("14:00:00", Type::customer_replied, kCustomer);
  add("12:00:00", Type::reaction);
  EXPECT_THAT(results(), ElementsAre("first 1 first missed:reply"));
  EXPECT_EQ(at("2026-01-14T12:00:00Z"), told().clocks()[0].end);
  EXPECT_EQ(1u, told().skews());
}

TEST_F(TicketRules, OnlyTheLowestLevelOwesTheChecklist) {
  open();
  add("09:30:00", Type::checked_item).item = "faq";
  add("10:00:00", Type::escalated, kAgent, "second").destination = "network";
  add("11:00:00", Type::escalated, kAgent, "legal");
  EXPECT_THAT(
      told().hand_overs(),
      ElementsAre(
          HandOver{at("2026-01-14T10:00:00Z"), "first", "second", "network", {"customer_data"}},
          HandOver{at("2026-01-14T11:00:00Z"), "second", "legal", "", {}}));
}

TEST_F(TicketRules, EventsThatWereReadBeforeAreIgnored) {
  open();
  add("10:00:00", Type::reaction);
  Ticket ticket = told();
  for (const TicketEvent& event : story_.events) ticket.apply(event, *rules_);
  EXPECT_EQ(told(), ticket);
  EXPECT_EQ(2, ticket.last_seq());
}

TicketCorrection correction(TicketCorrection::Action action) {
  TicketCorrection one;
  one.id = 1;
  one.after_seq = 1;
  one.action = action;
  one.level = "first";
  one.signed_at = at("2026-01-14T15:00:00Z");
  return one;
}

std::string result_at(const ReactionClock& clock, const SupportRules& rules) {
  return result_text(clock, read_clock(clock, rules, at("2026-01-14T15:30:00Z")));
}

TEST_F(TicketRules, AVoidSignedOffSettlesTheMessageAndTheNextOneRuns) {
  open();
  add("15:15:00", Type::customer_replied, kCustomer);
  const std::vector corrections{correction(TicketCorrection::Action::voided)};
  const Ticket ticket = replay(story_.events, corrections, *rules_);
  ASSERT_EQ(2u, ticket.clocks().size());
  EXPECT_EQ("void:corrected", result_at(ticket.clocks()[0], *rules_));
  EXPECT_TRUE(ticket.clocks()[0].voided_after_breach);
  EXPECT_EQ(ClockKind::next, ticket.clocks()[1].kind);
}

TEST_F(TicketRules, AReactionSignedOffDecides) {
  open();
  std::vector corrections{correction(TicketCorrection::Action::reacted_at)};
  corrections[0].at = at("2026-01-14T12:59:00Z");
  const Ticket ticket = replay(story_.events, corrections, *rules_);
  EXPECT_EQ("met:reply", result_at(ticket.clocks()[0], *rules_));
  EXPECT_FALSE(ticket.unanswered());
}

TEST_F(TicketRules, ARegionSignedOffCountsAllClocksAgain) {
  open();
  add("13:30:00", Type::reaction);
  std::vector corrections{correction(TicketCorrection::Action::calendar)};
  corrections[0].after_seq = 2;
  corrections[0].calendar = "AM_TYPO_FIX";
  EXPECT_THAT(results(), ElementsAre("first 1 first missed:reply"));
  const Ticket ticket = replay(story_.events, corrections, *rules_);
  EXPECT_EQ("met:reply", result_at(ticket.clocks()[0], *rules_));
}

TEST_F(TicketRules, ALevelSignedOffTakesTheOpenClockAlong) {
  open();
  std::vector corrections{correction(TicketCorrection::Action::level)};
  corrections[0].level = "second";
  const Ticket ticket = replay(story_.events, corrections, *rules_);
  ASSERT_EQ(1u, ticket.clocks().size());
  EXPECT_EQ("second", ticket.clocks()[0].level);
  EXPECT_EQ(at("2026-01-14T09:00:00Z"), ticket.clocks()[0].start);
  EXPECT_EQ("at_risk", result_at(ticket.clocks()[0], *rules_));
}

TEST(Clocks, ATargetInRealTimeCountsNightsAsWell) {
  SupportTerms terms = case_terms();
  terms.levels[0].react_within = {ReactionTarget::Unit::real_seconds, 7'200};
  const auto rules = rules_of(terms);
  Story story;
  story.add("2026-01-14T22:00:00Z", TicketEventType::opened, TicketActor::customer);
  const Ticket ticket = story.told(*rules);
  const ClockReading reading = read_clock(ticket.clocks()[0], *rules, at("2026-01-15T00:00:01Z"));
  EXPECT_EQ(ClockState::breached_open, reading.state);
  EXPECT_EQ("EU_FIX", ticket.clocks()[0].calendar);
}

TEST(Clocks, ThePrivateAgreementOfATicketSetsItsTarget) {
  SupportTerms terms = case_terms();
  terms.private_targets["acme"]["first"] = {ReactionTarget::Unit::business_seconds, 3'600};
  const auto rules = rules_of(terms);
  Story story;
  story.add("2026-01-14T09:00:00Z", TicketEventType::opened, TicketActor::customer).agreement =
      "acme";
  const Ticket ticket = story.told(*rules);
  EXPECT_EQ(std::chrono::hours(1), ticket.clocks()[0].target);
  EXPECT_EQ("acme", ticket.clocks()[0].agreement);
}

TEST(Clocks, ThePublishedAgreementIsTheOneThatGoesUnnamed) {
  SupportTerms terms = case_terms();
  terms.private_targets["acme"]["first"] = {ReactionTarget::Unit::business_seconds, 3'600};
  const auto rules = rules_of(terms);
  const auto told = [&rules](std::vector<std::string> agreements) {
    Story story;
    story.add("2026-01-14T09:00:00Z", TicketEventType::opened, TicketActor::customer);
    for (const std::string& each : agreements) {
      story.add("2026-01-14T09:30:00Z", TicketEventType::attributes, TicketActor::agent).agreement =
          each;
    }
    return story.told(*rules);
  };
  EXPECT_EQ(told({""}), told({"published"}));
  EXPECT_EQ("", told({"acme", "published"}).clocks()[0].agreement);
  EXPECT_EQ(told({""}).clocks()[0].target, told({"acme", "published"}).clocks()[0].target);
}

}  // namespace
}  // namespace exporter
