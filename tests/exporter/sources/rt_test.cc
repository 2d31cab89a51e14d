// A Request Tracker read through its traps: every kind of row, every way a list can come short, and
// every place where a reader may be killed.
#include "exporter/sources/rt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporter/sources/rt_fixture.h"

namespace exporter {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using Reason = SourceError::Reason;

constexpr char kAutomatic[] = "Subject: Away\nAuto-Submitted: auto-replied\n";
constexpr char kSeven[] = "fsck.com-rt://rt.example.com/ticket/7";

// Some of everything.
void tell(FakeRt& rt) {
  rt.tickets[7].fields = {{"Region", "US"}};
  rt.rows = {
      {100, 7, "Create", "", "", "", "alice"},
      {101, 7, "EmailRecord", "", "", "", "RT_System", "2026-01-05T09:00:01Z", kAutomatic},
      {102, 7, "EmailRecord", "", "", "", "RT_System"},
      {103, 7, "Comment", "", "", "", "ann", "2026-01-05T10:00:00Z", "", "We checked DNS today."},
      {104, 7, "Take", "Owner", "6", "44", "ann"},
      {105, 7, "CustomField", "1", "", "EU", "ann"},
      {106, 7, "Set", "Queue", "1", "2", "ann"},
      {107, 7, "Status", "Status", "open", "stalled", "ann"},
      {108, 7, "Correspond", "", "", "", "alice", "2026-01-05T11:00:00Z", kAutomatic},
      {109, 7, "Correspond", "", "", "", "alice"},
      {110, 7, "Status", "Status", "stalled", "open", "bob"},
      {111, 7, "Correspond", "", "", "", "bob"},
      {112, 7, "Correspond", "", "", "", "bob", "2026-01-05T12:00:00Z", kAutomatic},
      {113, 7, "Set", "Due", "", "2026-01-06 00:00:00", "RT_System"},
      {114, 7, "Correspond", "", "", "", "cc"},
      {115, 7, "Correspond", "", "", "", "bot"},
      {116, 7, "CustomField", "1", "EU", "US", "bob"},
      {117, 7, "Status", "Status", "open", "resolved", "alice"},
      {118, 7, "Status", "Status", "resolved", "open", "RT_System"},
      {119, 7, "Set", "Queue", "2", "1", "bob"},
      {120, 7, "Set", "Queue", "1", "3", "bot"},
      {121, 7, "Status", "Status", "open", "rejected", "ann"},
      {122, 7, "Status", "Status", "rejected", "deleted", "ann"},
  };
}

constexpr char kTold[] =
    "7 opened customer first\n"
    "7 auto_reply system\n"
    "7 note agent\n"
    "7 checked_item agent dns\n"
    "7 assigned agent\n"
    "7 attributes agent europe\n"
    "7 escalated agent second\n"
    "7 waiting agent stalled\n"
    "7 customer_auto customer\n"
    "7 customer_replied customer\n"
    "7 resumed agent\n"
    "7 reaction agent\n"
    "7 customer_replied customer\n"
    "7 auto_reply system\n"
    "7 attributes agent america\n"
    "7 closed customer resolved\n"
    "7 reopened system\n"
    "7 returned agent first\n"
    "7 routed system legal\n"
    "7 spam agent rejected\n"
    "7 deleted agent deleted\n";

TEST_F(RtReaderTest, EveryKindOfRowSaysWhatHappened) {
  source_.map.checklist = {{"dns", "", {}, "", "checked DNS"}};
  tell(rt_);
  EXPECT_EQ(told(read_all()), kTold);
  EXPECT_FALSE(last_.more);
  EXPECT_EQ(format_utc(*last_.read_until), "2026-01-09T23:59:00Z");
  EXPECT_THAT(unmapped_, SizeIs(0));
}

TEST_F(RtReaderTest, NotesAreOnlyOpenedForAChecklist) {
  tell(rt_);
  read_all();
  for (const std::string& path : rt_.asked) EXPECT_THAT(path, Not(HasSubstr("fields=Content")));
}

TEST_F(RtReaderTest, KilledAfterAnyRowItReadsTheSame) {
  source_.map.checklist = {{"dns", "", {}, "", "checked DNS"}};
  tell(rt_);
  const std::vector<TicketEvent> whole = read_all();
  restart();
  source_.page = 1;
  std::string cursor;
  const std::vector<TicketEvent> pieces = read_all(cursor, true);
  EXPECT_EQ(whole, pieces);
}

TEST_F(RtReaderTest, ABatchThatWasNotKeptIsGivenAgain) {
  tell(rt_);
  source_.page = 5;
  std::string cursor;
  std::vector<TicketEvent> events;
  for (int i = 0; i < 100; ++i) {
    const SourceResult lost = read(cursor);
    const SourceResult kept = read(cursor);
    ASSERT_TRUE(lost && kept);
    EXPECT_EQ(lost->events, kept->events);
    events.insert(events.end(), kept->events.begin(), kept->events.end());
    cursor = kept->cursor;
    if (!kept->more) break;
  }
  restart();
  EXPECT_EQ(events, read_all());
}

TEST_F(RtReaderTest, ShortAndEmptyPagesAreNoEnd) {
  tell(rt_);
  // Notes and mails are hidden, and a long stretch of another queue's rows lies between.
  for (std::int64_t id = 200; id < 240; ++id)
    rt_.rows.push_back(
        {id, 9, "Correspond", "", "", "", "ann", "2026-01-06T00:00:00Z", "", "", false});
  rt_.tickets[8];
  rt_.rows.push_back({300, 8, "Create", "", "", "", "alice"});
  rt_.rows.push_back(
      {301, 9, "Correspond", "", "", "", "ann", "2026-01-06T00:00:00Z", "", "", false});
  for (FakeRt::Row& row : rt_.rows)
    if (row.type == "EmailRecord" || row.type == "Comment") row.visible = false;
  source_.page = 2;
  const std::string text = told(read_all());
  EXPECT_THAT(text, HasSubstr("7 deleted agent deleted\n8 opened customer first\n"));
  EXPECT_THAT(text, Not(HasSubstr("note")));
}

TEST_F(RtReaderTest, WhatIsCommittedLateIsStillRead) {
  tell(rt_);
  rt_.rows[9].visible = false;  // the customer's reply
  std::string cursor;
  const std::vector<TicketEvent> before = read_all(cursor);
  rt_.rows[9].visible = true;
  EXPECT_EQ(told(read_all(cursor)), "7 customer_replied customer\n");
  EXPECT_EQ(told(read_all(cursor)), "");
  restart();
  EXPECT_EQ(before.size() + 1, read_all().size());
}

TEST_F(RtReaderTest, OnlyWhatIsNewIsReadInTheNextPass) {
  tell(rt_);
  std::string cursor;
  read_all(cursor);
  const std::size_t asked = rt_.asked.size();
  EXPECT_EQ(told(read_all(cursor)), "");
  EXPECT_EQ(rt_.asked.size() - asked, 2U);
  rt_.rows.push_back({400, 7, "Correspond", "", "", "", "ann"});
  EXPECT_EQ(told(read_all(cursor)), "7 reaction agent\n");
}

TEST_F(RtReaderTest, AHelpDeskWithoutTicketsIsReadAndOneThatShowsNothingIsAnError) {
  std::string cursor;
  EXPECT_EQ(told(read_all(cursor)), "");
  EXPECT_TRUE(last_.read_until);
  rt_.counts = true;
  const std::size_t asked = rt_.asked.size();
  EXPECT_EQ(told(read_all(cursor)), "");
  EXPECT_LE(rt_.asked.size() - asked, 2U);
  rt_.shows_queues = false;
  const SourceResult blind = read("");
  ASSERT_FALSE(blind);
  EXPECT_EQ(blind.error().reason, Reason::auth);
  EXPECT_THAT(blind.error().message, HasSubstr("ShowTicket"));
}

TEST_F(RtReaderTest, RightsThatWereLostAreAnErrorAndNotAQuietDay) {
  tell(rt_);
  std::string cursor;
  read_all(cursor);
  for (FakeRt::Row& row : rt_.rows) row.visible = false;
  const SourceResult blind = read(cursor);
  ASSERT_FALSE(blind);
  EXPECT_EQ(blind.error().reason, Reason::auth);
}

TEST_F(RtReaderTest, WhatGoesWrongAnywhereIsSaidAndLosesNothing) {
  tell(rt_);
  const std::vector<TicketEvent> whole = read_all();
  const std::size_t requests = rt_.asked.size();
  const std::vector<std::pair<fakes::Behaviour, Reason>> troubles = {
      {fakes::status(500), Reason::server},
      {fakes::status(401), Reason::auth},
      {fakes::page("<html>Log in</html>"), Reason::answer},
      {fakes::page("{\"items\": [{\"id\": 1"), Reason::answer},
      {fakes::page(std::string(HttpAsker::kMaxAnswerBytes + 1, ' ')), Reason::answer},
      {fakes::status(429), Reason::rate_limited}};
  for (std::size_t at = 0; at < requests; ++at) {
    const auto& [trouble, reason] = troubles[at % troubles.size()];
    std::size_t number = 0;
    rt_.interfere = [&,
                     behaviour = &trouble](const std::string&) -> std::optional<fakes::Behaviour> {
      if (number++ != at) return std::nullopt;
      return *behaviour;
    };
    restart();
    const SourceResult failed = read("");
    ASSERT_FALSE(failed) << at;
    EXPECT_EQ(name_of(failed.error().reason), name_of(reason)) << at << failed.error().message;
    EXPECT_THAT(failed.error().message, Not(HasSubstr("s3cret")));
    EXPECT_EQ(whole, read_all()) << at;
  }
}

TEST_F(RtReaderTest, TicketsOpenedBeforeTheBeginningAreNotLookedAt) {
  tell(rt_);
  rt_.tickets[6].created = "2025-12-31T23:59:59Z";
  rt_.rows.insert(rt_.rows.begin(), {50, 6, "Create", "", "", "", "alice", "2025-12-31T23:59:59Z"});
  rt_.rows.push_back({130, 6, "Correspond", "", "", "", "ann"});
  source_.since = *parse_instant("2026-01-01T00:00:00Z");
  EXPECT_THAT(told(read_all()), Not(HasSubstr("6 ")));
  EXPECT_THAT(rt_.asked[1], HasSubstr("AND Created > '2025-12-31 00:00:00'"));
}

TEST_F(RtReaderTest, AMergeHandsOverWhatTheCustomerWaitsFor) {
  rt_.tickets[7];
  rt_.tickets[8].survivor = 7;
  rt_.rows = {{100, 7, "Create", "", "", "", "alice", "2026-01-05T09:00:00Z"},
              {101, 7, "Correspond", "", "", "", "ann", "2026-01-05T09:10:00Z"},
              {102, 8, "Create", "", "", "", "alice", "2026-01-05T10:00:00Z"},
              {103, 8, "Correspond", "", "", "", "ann", "2026-01-05T10:05:00Z"},
              {104, 8, "Correspond", "", "", "", "alice", "2026-01-05T10:07:00Z"},
              {105, 8, "AddLink", "MergedInto", "", kSeven, "ann", "2026-01-05T10:10:00Z"},
              {106, 7, "AddLink", "MergedInto", "", kSeven, "ann", "2026-01-05T10:10:00Z"}};
  EXPECT_THAT(told(read_all()),
              HasSubstr("8 merged agent 7\n7 carry agent next 2026-01-05T10:07:00Z\n"));
}

TEST_F(RtReaderTest, AnAnsweredTicketThatIsMergedHandsOverNothing) {
  rt_.tickets[7];
  rt_.tickets[8].survivor = 7;
  rt_.rows = {{100, 8, "Create", "", "", "", "alice"},
              {101, 8, "Correspond", "", "", "", "ann"},
              {102, 8, "AddLink", "MergedInto", "", kSeven, "ann"}};
  EXPECT_EQ(told(read_all()), "8 opened customer first\n8 reaction agent\n8 merged agent 7\n");
}

TEST_F(RtReaderTest, AQueueNobodyMappedIsTheLowestLevelAndCounted) {
  rt_.tickets[7].queue = "facilities";
  rt_.rows = {{100, 7, "Create", "", "", "", "alice"},
              {101, 7, "Set", "Queue", "4", "2", "ann"},
              {102, 7, "Set", "Queue", "2", "4", "ann"},
              {103, 7, "Set", "Queue", "4", "9", "ann"}};
  EXPECT_EQ(told(read_all()),
            "7 opened customer\n7 escalated agent second\n7 returned agent first\n");
  EXPECT_EQ(unmapped_.at("queue"), 3U);
}

TEST_F(RtReaderTest, ATicketIsOpenedByWhoWantsSomething) {
  source_.map.channel = {"custom_field", "Channel", {{"phone", "phone"}, {"chat", "chat"}}};
  struct Case {
    std::string creator, requestor, channel, told;
  };
  const std::vector<Case> cases = {
      {"alice", "alice", "", "customer"}, {"ann", "alice", "", "customer"},
      {"ann", "alice", "phone", "agent"}, {"bot", "alice", "chat", "customer"},
      {"ann", "ann", "", "agent"},        {"ann", "bob", "", "agent"},
      {"ann", "", "", "agent"},           {"bot", "", "", "system"}};
  for (const Case& one : cases) {
    restart();
    rt_.tickets[7].requestor = one.requestor;
    rt_.tickets[7].fields = {{"Channel", one.channel}};
    rt_.rows = {{100, 7, "Create", "", "", "", one.creator}};
    const std::string channel = one.channel.empty() ? "" : " " + one.channel;
    EXPECT_EQ(told(read_all()), "7 opened " + one.told + " first" + channel + "\n")
        << one.creator << " for " << one.requestor;
  }
}

TEST_F(RtReaderTest, WhereAccountsAreNotShownTheRequestorIsTheCustomer) {
  rt_.tickets[7];
  rt_.privileged.clear();
  rt_.rows = {{100, 7, "Create", "", "", "", "alice"},
              {101, 7, "Correspond", "", "", "", "ann"},
              {102, 7, "Correspond", "", "", "", "alice"}};
  EXPECT_EQ(told(read_all()),
            "7 opened customer first\n7 reaction agent\n7 customer_replied customer\n");
}

TEST_F(RtReaderTest, RemindersAndTicketsThatAreGoneSayNothing) {
  rt_.tickets[5].type = "reminder";
  rt_.rows = {{100, 5, "Create", "", "", "", "ann"},
              {101, 6, "Correspond", "", "", "", "ann"},
              {102, 6, "Status", "Status", "open", "deleted", "ann"}};
  EXPECT_EQ(told(read_all()), "6 deleted agent deleted\n");
}

TEST_F(RtReaderTest, OurOwnNoteIsNoReaction) {
  rt_.tickets[7];
  rt_.rows = {{100, 7, "Create", "", "", "", "alice"}, {101, 7, "Comment", "", "", "", "me"}};
  EXPECT_EQ(told(read_all()), "7 opened customer first\n");
  const auto left = loop_.run_task(reader().leave_note("7", "Due at \"noon\""));
  EXPECT_TRUE(left);
  EXPECT_EQ(rt_.noted,
            "/REST/2.0/ticket/7/comment "
            "{\"Content\":\"Due at \\\"noon\\\"\",\"ContentType\":\"text/plain\"}");
  rt_.interfere = [](const std::string&) { return fakes::status(400); };
  const auto refused = loop_.run_task(reader().leave_note("7", "Due"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::auth);
  EXPECT_THAT(refused.error().message, HasSubstr("CommentOnTicket"));
}

TEST_F(RtReaderTest, AFirstImportIsResumedAndTellsHowFarItIs) {
  for (int i = 0; i < 100; ++i) {
    rt_.tickets[i + 1];
    const std::string minute =
        i < 60 ? fmt::format("09:{:02}", i) : fmt::format("10:{:02}", i - 60);
    rt_.rows.push_back(
        {100 + i, i + 1, "Create", "", "", "", "alice", "2026-01-05T" + minute + ":00Z"});
  }
  std::string cursor;
  std::optional<Seconds> until;
  int batches = 0;
  while (batches++ < 50) {
    const SourceResult batch = read(cursor);
    ASSERT_TRUE(batch);
    ASSERT_TRUE(batch->read_until);
    if (until) EXPECT_GT(*batch->read_until, *until);
    until = batch->read_until;
    cursor = batch->cursor;
    restart();
    if (!batch->more) break;
  }
  EXPECT_GE(batches, 3);
  EXPECT_EQ(format_utc(*until), "2026-01-09T23:59:00Z");
}

TEST_F(RtReaderTest, ACursorOfAnotherKindIsRefused) {
  const SourceResult refused = read("{\"version\": 99}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::local);
  EXPECT_THAT(rt_.asked, SizeIs(0));
}

}  // namespace
}  // namespace exporter
