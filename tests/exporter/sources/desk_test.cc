// The desk as a whole: what it shows follows from what is committed, up to where a source was read,
// by the terms in force when a clock began, and does not depend on restarts.
#include "exporter/sources/desk.h"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <thread>

#include "tests/exporter/sources/some_tickets.h"
#include "tests/fakes/faulty_vfs.h"

namespace exporter::desk_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Type = TicketEventType;
using enum TicketActor;

TEST_F(DeskTest, ShowsNothingWithoutTheSectionAndOpensNoFile) {
  config_.support = {};
  LocalDesk local(folder_, config_, kMorning);
  EXPECT_EQ(local.desk.view(), nullptr);
  EXPECT_FALSE(std::filesystem::exists(folder_.file()));
  EXPECT_FALSE(local.desk.accept("rt", batch({}, ""), kMorning).has_value());
}

TEST_F(DeskTest, ShowsEveryPromiseAtZeroFromTheStart) {
  config_.agreements.push_back(AgreementTerms{.name = "acme", .timezone = "UTC"});
  LocalDesk local(folder_, config_, kMorning);
  std::vector<std::string> pairs;
  for (const LevelView& each : local.view().levels) {
    pairs.push_back(each.key.agreement + "/" + each.key.level);
    EXPECT_TRUE(each.reactions.empty()) << "/metrics says what can occur";
    EXPECT_EQ(each.current.compliance(), std::nullopt);
  }
  EXPECT_THAT(pairs,
              ElementsAre("acme/first", "acme/second", "published/first", "published/second"));
  EXPECT_EQ(level(local.view(), "second").target, std::chrono::hours(8));
  const auto& bounds = level(local.view(), "first").business.bounds;
  EXPECT_TRUE(std::ranges::count(bounds, 14'400));
  EXPECT_TRUE(local.view().sources.at(0).errors.empty());
  EXPECT_TRUE(local.view().sources.at(0).events.empty());
}

TEST_F(DeskTest, FollowsAClockFromRunningToMissed) {
  LocalDesk local(folder_, config_, kMorning);
  const auto opening = opened("1", "2026-11-23T07:00:00Z");
  ASSERT_TRUE(local.desk.commit("rt", batch({opening}, "2026-11-23T07:00:00Z"), kMorning));
  EXPECT_EQ(level(local.view(), "first").running, 1u);
  EXPECT_EQ(level(local.view(), "first").next_due, at("2026-11-23T11:00:00Z"));

  local.desk.tick(at("2026-11-23T10:00:00Z"));
  EXPECT_EQ(level(local.view(), "first").at_risk, 1u);
  EXPECT_EQ(level(local.view(), "first").oldest, std::chrono::hours(3));
  local.desk.tick(at("2026-11-23T11:00:00Z"));
  EXPECT_EQ(level(local.view(), "first").at_risk, 1u) << "a reaction now is still in time";
  local.desk.tick(at("2026-11-23T11:00:01Z"));
  EXPECT_EQ(level(local.view(), "first").breached, 1u);
  EXPECT_EQ(level(local.view(), "first").next_due, std::nullopt);
  EXPECT_EQ(reactions(local.view(), "first", false), 0u) << "nobody has read so far yet";
  EXPECT_TRUE(local.view().open.at(0).provisional);

  const Seconds noon = at("2026-11-23T11:01:00Z");
  ASSERT_TRUE(local.desk.commit("rt", batch({}, "2026-11-23T11:00:00Z"), noon));
  EXPECT_EQ(reactions(local.view(), "first", false), 0u) << "a reaction at that second may come";
  ASSERT_TRUE(local.desk.commit("rt", batch({}, "2026-11-23T11:00:01Z"), noon));
  EXPECT_EQ(reactions(local.view(), "first", false), 1u);
  EXPECT_EQ(level(local.view(), "first").current.open_missed, 1u);
  ASSERT_EQ(local.view().misses.size(), 1u);
  EXPECT_EQ(local.view().misses[0].ticket, "1");
}

TEST_F(DeskTest, TakesNoResultAwayWhenTheClockOnTheWallStepsBack) {
  LocalDesk local(folder_, config_, kMorning);
  ASSERT_TRUE(
      local.desk.commit("rt", batch({opened("1", "2026-11-23T07:00:00Z")}, "2026-11-23T12:00:00Z"),
                        at("2026-11-23T12:00:00Z")));
  EXPECT_EQ(reactions(local.view(), "first", false), 1u);
  const auto note = event("1", 2, "2026-11-23T12:01:00Z", Type::note, agent);
  ASSERT_TRUE(local.desk.commit("rt", batch({note}, ""), kMorning));
  EXPECT_EQ(reactions(local.view(), "first", false), 1u);
  local.desk.tick(at("2026-11-23T12:02:00Z"));
  EXPECT_EQ(reactions(local.view(), "first", false), 1u);
}

TEST_F(DeskTest, ShowsACalendarThatOpensToTheSecond) {
  LocalDesk local(folder_, config_, kMorning - std::chrono::seconds(5));
  EXPECT_FALSE(local.view().calendars.at(0).open);
  EXPECT_EQ(local.view().calendars.at(0).next_change, kMorning);
  local.desk.tick(kMorning - std::chrono::seconds(1));
  EXPECT_FALSE(local.view().calendars.at(0).open);
  local.desk.tick(kMorning);
  EXPECT_TRUE(local.view().calendars.at(0).open);
  EXPECT_EQ(local.view().calendars.at(1).calendar, "all");
}

TEST_F(DeskTest, CountsALateReactionToAMissOnlyInTheHistogram) {
  LocalDesk local(folder_, config_, kMorning);
  const Seconds evening = at("2026-11-23T20:00:00Z");
  ASSERT_TRUE(local.desk.commit(
      "rt", batch({opened("1", "2026-11-23T07:00:00Z")}, "2026-11-23T12:00:00Z"), evening));
  EXPECT_EQ(level(local.view(), "first").business.count, 0u);
  ASSERT_TRUE(local.desk.commit(
      "rt", batch({answered("1", 2, "2026-11-23T13:00:00Z")}, "2026-11-23T14:00:00Z"), evening));
  EXPECT_EQ(reactions(local.view(), "first", false), 1u);
  EXPECT_EQ(reactions(local.view(), "first", true), 0u);
  EXPECT_EQ(level(local.view(), "first").business.sum, 6 * 3600);
  EXPECT_EQ(level(local.view(), "first").current.missed[0], 1u);
  EXPECT_EQ(level(local.view(), "first").current.open_missed, 0u);
}

TEST_F(DeskTest, AccountsWhatIsReadTwiceOnce) {
  LocalDesk local(folder_, config_, kMorning);
  const SourceBatch said =
      batch({opened("1", "2026-11-23T07:00:00Z"), answered("1", 2, "2026-11-23T08:00:00Z")},
            "2026-11-23T09:00:00Z");
  ASSERT_TRUE(local.desk.commit("rt", said, kMorning));
  const std::string once = text_of(local.view());
  ASSERT_TRUE(local.desk.commit("rt", said, kMorning));
  EXPECT_EQ(text_of(local.view()), once);
  EXPECT_EQ(reactions(local.view(), "first", true), 1u);
}

TEST_F(DeskTest, FoldsATicketAnewWhenAnEventOfItComesLate) {
  LocalDesk local(folder_, config_, kMorning);
  const Seconds noon = at("2026-11-23T11:00:00Z");
  const auto opening = opened("1", "2026-11-23T07:00:00Z");
  const auto reply = answered("1", 2, "2026-11-23T08:00:00Z");
  const auto again = event("1", 3, "2026-11-23T09:00:00Z", Type::customer_replied);
  ASSERT_TRUE(local.desk.commit("rt", batch({opening, again}, ""), noon));
  EXPECT_EQ(local.view().open.at(0).clock.kind, ClockKind::first);
  ASSERT_TRUE(local.desk.commit("rt", batch({reply}, "2026-11-23T10:00:00Z"), noon));
  EXPECT_EQ(local.view().open.at(0).clock.kind, ClockKind::next);
  EXPECT_EQ(reactions(local.view(), "first", true), 1u);
  LocalDesk restarted(folder_, config_, noon);
  EXPECT_EQ(text_of(restarted.view()), text_of(local.view()));
}

TEST_F(DeskTest, CallsAMonthUnprovenUntilItsSourcesAreReadPastItsEnd) {
  LocalDesk local(folder_, config_, kMorning);
  ASSERT_TRUE(local.desk.commit(
      "rt",
      batch({opened("1", "2026-11-30T15:00:00Z"), answered("1", 2, "2026-11-30T15:30:00Z")},
            "2026-11-30T16:00:00Z"),
      kMorning));
  local.desk.tick(at("2026-11-30T22:59:59Z"));
  EXPECT_EQ(level(local.view(), "first").current.state, ReactionMonth::State::open);
  // The month ends at midnight in the agreement's zone.
  local.desk.tick(at("2026-11-30T23:00:00Z"));
  using namespace std::chrono_literals;
  const LevelView* first = &level(local.view(), "first");
  EXPECT_EQ(first->current.month, 2026y / 12);
  EXPECT_EQ(first->current.all_met(), 0u);
  EXPECT_EQ(first->previous.all_met(), 1u);
  EXPECT_EQ(first->previous.state, ReactionMonth::State::unproven);
  ASSERT_TRUE(
      local.desk.commit("rt", batch({}, "2026-11-30T23:00:00Z"), at("2026-11-30T23:01:00Z")));
  EXPECT_EQ(level(local.view(), "first").previous.state, ReactionMonth::State::ended);
}

TEST_F(DeskTest, VoidsABreachUntilTheMonthCloses) {
  LocalDesk local(folder_, config_, kMorning);
  const auto spam = [](std::string ticket, std::string_view time) {
    return event(std::move(ticket), 2, time, Type::spam, agent);
  };
  // The month closes five days after its end.
  ASSERT_TRUE(local.desk.commit(
      "rt",
      batch({opened("1", "2026-11-23T07:00:00Z"), opened("2", "2026-11-23T07:00:00Z"),
             spam("1", "2026-12-05T22:59:59Z"), spam("2", "2026-12-05T23:00:00Z")},
            "2026-12-06T00:00:00Z"),
      at("2026-12-06T00:00:00Z")));
  const LevelView& first = level(local.view(), "first");
  EXPECT_EQ(first.previous.all_missed(), 1u);
  EXPECT_EQ(first.voided_after_breach, 2u);
  EXPECT_EQ(first.voided.at(VoidReason::spam), 2u);
  EXPECT_EQ(reactions(local.view(), "first", false), 2u) << "as first decided";
  ASSERT_EQ(local.view().misses.size(), 1u);
  EXPECT_EQ(local.view().misses[0].ticket, "2");
}

TEST_F(DeskTest, MissesTheNumberMailWhenItIsOverdueAndRead) {
  LocalDesk local(folder_, config_, kMorning);
  ASSERT_TRUE(local.desk.commit(
      "rt", batch({opened("1", "2026-11-23T07:00:00Z")}, "2026-11-23T07:10:01Z"), kMorning));
  EXPECT_EQ(local.view().number_mails_missing, 0u);
  ASSERT_TRUE(local.desk.commit("rt", batch({}, "2026-11-23T07:10:02Z"), kMorning));
  EXPECT_EQ(local.view().number_mails_missing, 1u);
  EXPECT_EQ(local.view().number_mails_late_total, 1u);
  const auto mail = event("1", 2, "2026-11-23T07:20:00Z", Type::auto_reply, system);
  ASSERT_TRUE(local.desk.commit("rt", batch({mail}, "2026-11-23T07:21:00Z"), kMorning));
  EXPECT_EQ(local.view().number_mails_missing, 0u);
  EXPECT_EQ(local.view().number_mails_late_total, 1u);
  EXPECT_EQ(local.view().number_mail.sum, 1200);
}

TEST_F(DeskTest, CountsHandOversWithWhatTheChecklistLacked) {
  LocalDesk local(folder_, config_, kMorning);
  auto checked = event("2", 2, "2026-11-23T07:10:00Z", Type::checked_item, agent);
  checked.item = "faq";
  const auto up = [](std::string ticket, std::int64_t seq) {
    return event(std::move(ticket), seq, "2026-11-23T08:00:00Z", Type::escalated, agent, "second");
  };
  ASSERT_TRUE(local.desk.commit("rt",
                                batch({opened("1", "2026-11-23T07:00:00Z"), up("1", 2),
                                       opened("2", "2026-11-23T07:00:00Z"), checked, up("2", 3)},
                                      "2026-11-23T09:00:00Z"),
                                kMorning));
  EXPECT_EQ(local.view().checklist_gaps.at("faq"), 1u);
  EXPECT_EQ(local.view().hand_overs_complete, 1u);
  EXPECT_EQ((local.view().level_changes.at({"first", "second"})), 2u);
  EXPECT_EQ(local.view().hand_overs.at("second"), 2u);
  EXPECT_EQ(level(local.view(), "first").current.met[2], 2u);
  EXPECT_EQ(level(local.view(), "first").current.strict(), 0.0);
}

// --- corrections -------------------------------------------------------------------------------

TEST_F(DeskTest, CorrectsAMonthAndNeverACounter) {
  const Seconds evening = at("2026-11-23T20:00:00Z");
  LocalDesk local(folder_, config_, kMorning);
  ASSERT_TRUE(local.desk.commit(
      "rt",
      batch({opened("1", "2026-11-23T07:00:00Z"), opened("2", "2026-11-23T07:00:00Z")},
            "2026-11-23T20:00:00Z"),
      evening));
  EXPECT_EQ(level(local.view(), "first").current.compliance(), 0.0);
  const auto reacted = local.desk.correct({.source = "",
                                           .ticket = "1",
                                           .action = TicketCorrection::Action::reacted_at,
                                           .level = "first",
                                           .at = at("2026-11-23T08:00:00Z"),
                                           .by = "anna",
                                           .why = "answered by phone"},
                                          evening);
  ASSERT_TRUE(reacted.has_value()) << reacted.error().message;
  const auto voided = local.desk.correct(
      {.source = "rt", .ticket = "2", .level = "first", .by = "anna", .why = "a test"}, evening);
  ASSERT_TRUE(voided.has_value()) << voided.error().message;
  EXPECT_EQ(level(local.view(), "first").current.compliance(), 1.0);
  EXPECT_EQ(reactions(local.view(), "first", false), 2u);
  EXPECT_THAT(local.view().misses, IsEmpty());
  EXPECT_EQ(local.view().open_total, 0u);
  // What comes after it is folded behind it, also after a restart.
  ASSERT_TRUE(local.desk.commit(
      "rt", batch({event("1", 2, "2026-11-24T08:00:00Z", Type::customer_replied)}, ""), evening));
  EXPECT_EQ(local.view().open_total, 1u);
  LocalDesk restarted(folder_, config_, evening);
  EXPECT_EQ(text_of(restarted.view()), text_of(local.view()));
}

TEST_F(DeskTest, RefusesACorrectionOfWhatIsNotThere) {
  LocalDesk local(folder_, config_, kMorning);
  ASSERT_TRUE(local.desk.commit("rt", batch({opened("1", "2026-11-23T07:00:00Z")}, ""), kMorning));
  const TicketCorrection good{
      .source = "rt", .ticket = "1", .level = "first", .by = "a", .why = "b"};
  const auto refusal = [&](TicketCorrection correction) {
    const auto done = local.desk.correct(std::move(correction), kMorning);
    return done ? "accepted: " + *done : done.error().message;
  };
  TicketCorrection wrong = good;
  wrong.ticket = "9";
  EXPECT_THAT(refusal(wrong), HasSubstr("no event of ticket 9 of rt"));
  wrong = good;
  wrong.instance = 2;
  EXPECT_THAT(refusal(wrong), HasSubstr("no clock 2 at level 'first'"));
  wrong = good;
  wrong.why.clear();
  EXPECT_THAT(refusal(wrong), HasSubstr("--why"));
  wrong = good;
  wrong.action = TicketCorrection::Action::reacted_at;
  EXPECT_THAT(refusal(wrong), HasSubstr("--at"));
  wrong.at = kMorning + std::chrono::hours(1);
  EXPECT_THAT(refusal(wrong), HasSubstr("between the start of its clock and now"));
  wrong = good;
  wrong.action = TicketCorrection::Action::calendar;
  wrong.calendar = "mars";
  EXPECT_THAT(refusal(wrong), HasSubstr("no calendar 'mars'"));
  EXPECT_THAT(refusal(good), HasSubstr("is recorded"));
}

// --- retention, disks, threads -----------------------------------------------------------------

TEST_F(DeskTest, RemovesOldTicketsAndKeepsWhatTheyCameTo) {
  config_.support.retention = std::chrono::hours(24 * 30);
  LocalDesk local(folder_, config_, kMorning);
  std::vector<TicketEvent> events;
  for (int each = 0; each < 250; ++each) {
    const std::string ticket = std::to_string(each);
    events.push_back(opened(ticket, "2026-11-23T07:00:00Z"));
    events.push_back(event(ticket, 2, "2026-11-23T07:15:00Z", Type::auto_reply, system));
    events.push_back(
        answered(ticket, 3, each % 2 ? "2026-11-23T08:00:00Z" : "2026-11-23T14:00:00Z"));
    // Many help desks never close what is answered.
    const Type last = each % 3 ? Type::closed : Type::note;
    events.push_back(event(ticket, 4, "2026-11-23T15:00:00Z", last, agent));
  }
  events.push_back(opened("waits", "2026-11-23T07:00:00Z"));
  const SourceBatch said = batch(events, "2026-12-23T16:00:00Z");
  ASSERT_TRUE(local.desk.commit("rt", said, at("2026-12-23T15:00:00Z")));
  const std::string before = text_of(local.view());
  local.desk.tick(at("2026-12-23T15:00:00Z"));
  EXPECT_EQ(local.view().tickets, 251u) << "to the second";
  for (const std::size_t left : {151u, 51u, 1u, 1u}) {
    local.desk.tick(at("2026-12-23T15:00:01Z"));
    EXPECT_EQ(local.view().tickets, left) << "in small steps";
  }
  EXPECT_EQ(local.view().tickets, 1u);
  EXPECT_EQ(reactions(local.view(), "first", true), 125u);
  EXPECT_EQ(level(local.view(), "first").previous.all_missed(), 126u);
  ASSERT_TRUE(local.desk.commit("rt", said, at("2026-12-23T15:01:00Z")));
  EXPECT_EQ(local.view().tickets, 1u) << "what is read again is known";
  LocalDesk restarted(folder_, config_, at("2026-12-23T15:01:00Z"));
  EXPECT_EQ(text_of(restarted.view()), text_of(local.view()));
  // All but the list of single misses is as it was.
  const auto without_misses = [](std::string text) {
    for (const char* what : {"misses: ", "oldest "}) {
      const auto from = text.find(what), to = text.find('\n', from);
      text.erase(from, to - from);
    }
    return text;
  };
  EXPECT_EQ(without_misses(text_of(local.view())), without_misses(before));
  // Who writes into one of them is heard.
  const auto reply = event("0", 5, "2026-12-23T15:01:00Z", Type::customer_replied);
  ASSERT_TRUE(local.desk.commit("rt", batch({reply}, ""), at("2026-12-23T15:02:00Z")));
  EXPECT_EQ(level(local.view(), "first").running, 1u);
}

TEST_F(DeskTest, LosesNothingAndDoublesNothingBetweenAnyTwoCommits) {
  std::vector<SourceBatch> batches;
  for (int each = 0; each < 12; ++each) {
    const std::string ticket = std::to_string(each);
    batches.push_back(batch({opened(ticket, "2026-11-23T07:00:00Z")}, "2026-11-23T07:01:00Z"));
    batches.push_back(
        batch({answered(ticket, 2, each % 3 ? "2026-11-23T09:00:00Z" : "2026-11-23T15:00:00Z")},
              "2026-11-23T15:30:00Z"));
  }
  const Seconds evening = at("2026-11-23T20:00:00Z");
  LocalDesk whole(folder_, config_, kMorning);
  for (const SourceBatch& each : batches) ASSERT_TRUE(whole.desk.commit("rt", each, evening));
  const std::string expected = text_of(whole.view());
  for (std::size_t cut = 0; cut < batches.size(); ++cut) {
    SCOPED_TRACE(cut);
    const Folder folder;
    {
      LocalDesk first(folder, config_, kMorning);
      for (std::size_t each = 0; each <= cut; ++each) {
        ASSERT_TRUE(first.desk.commit("rt", batches[each], evening));
      }
    }
    LocalDesk second(folder, config_, evening);
    // What was read last is read again, as sources do.
    for (std::size_t each = cut; each < batches.size(); ++each) {
      ASSERT_TRUE(second.desk.commit("rt", batches[each], evening));
    }
    EXPECT_EQ(text_of(second.view()), expected);
  }
}

TEST_F(DeskTest, AcknowledgesNothingWhileTheDiskIsFull) {
  fakes::FaultyVfs disk;
  LocalDesk local(folder_, config_, kMorning);
  const SourceBatch said = batch({opened("1", "2026-11-23T07:00:00Z")}, "2026-11-23T07:01:00Z");
  disk.fail(fakes::FaultyVfs::Operation::write, 1, fakes::FaultyVfs::Fault::disk_full, true);
  const auto refused = local.desk.accept("rt", said, kMorning);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error(), HasSubstr("free space"));
  local.desk.tick(kMorning + std::chrono::seconds(1));
  EXPECT_EQ(local.view().tickets, 0u);
  EXPECT_FALSE(local.view().sources.at(0).up);
  disk.heal();
  EXPECT_TRUE(local.desk.accept("rt", said, kMorning).has_value());
  EXPECT_EQ(local.view().tickets, 1u);
  EXPECT_TRUE(local.view().sources.at(0).up);
}

TEST_F(DeskTest, KeepsFiguresAndSaysDownWhenASourceFails) {
  LocalDesk local(folder_, config_, kMorning);
  ASSERT_TRUE(local.desk.commit("rt", batch({opened("1", "2026-11-23T07:00:00Z")}, ""), kMorning));
  local.desk.failed("rt", {SourceError::Reason::timeout, "no answer within 30 s", {}});
  local.desk.tick(kMorning + std::chrono::seconds(1));
  const SourceView& source = local.view().sources.at(0);
  EXPECT_FALSE(source.up);
  EXPECT_EQ(source.errors.at("timeout"), 1u);
  EXPECT_EQ(source.events.at("opened"), 1u);
  EXPECT_EQ(source.last_success, kMorning);
  EXPECT_EQ(level(local.view(), "first").running, 1u);
  LocalDesk restarted(folder_, config_, kMorning);
  EXPECT_EQ(restarted.view().sources.at(0).errors.at("timeout"), 1u);
}

TEST_F(DeskTest, TakesDeliveriesFromManyThreadsEachOnce) {
  ThreadExecutor executor;
  Desk desk(folder_.path(), executor);
  ASSERT_TRUE(desk.configure(config_, kMorning));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&desk, thread] {
      for (int each = 0; each < 20; ++each) {
        // Every ticket is delivered by two threads.
        const std::string ticket = std::to_string(thread / 2 * 100 + each);
        EXPECT_TRUE(desk.accept("rt", batch({opened(ticket, "2026-11-23T07:00:00Z")}, ""), kMorning)
                        .has_value());
        EXPECT_NE(desk.view(), nullptr);
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(desk.view()->tickets, 80u);
  EXPECT_EQ(desk.view()->open_total, 80u);
  EXPECT_EQ(desk.view()->sources.at(0).read_until, kMorning) << "complete up to its last event";
}

}  // namespace
}  // namespace exporter::desk_test
