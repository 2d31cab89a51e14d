// What Zammad's tickets mean to us: each test writes a history as Zammad does, and reads it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporter/sources/zammad_fixture.h"

namespace exporter {
namespace {

using ::testing::ElementsAre;

TEST_F(ZammadTest, ATicketsLifeBecomesEventsInItsOrder) {
  const auto ticket = desk_.open_by_mail(kDay + 9h, nicole_, "Support");
  desk_.number_mail(ticket, kDay + 9h + 5s);
  desk_.change(ticket, kDay + 10h, ann_, "owner", "Ann");
  desk_.reply(ticket, kDay + 10h + 1min, ann_);
  desk_.change(ticket, kDay + 10h + 2min, ann_, "state", "pending reminder");
  desk_.customer_mail(ticket, kDay + 11h, nicole_);
  desk_.change(ticket, kDay + 11h + 1min, ann_, "state", "open");
  desk_.change(ticket, kDay + 12h, ann_, "group", "Experts");
  desk_.note(ticket, kDay + 13h, ann_);
  desk_.change(ticket, kDay + 14h, ann_, "state", "closed");
  desk_.change(ticket, kDay + 15h, nicole_, "state", "open");
  desk_.customer_mail(ticket, kDay + 15h, nicole_, true);
  read_all();
  EXPECT_THAT(story(ticket),
              ElementsAre("opened:customer:first", "auto_reply:system", "assigned:agent",
                          "reaction:agent", "waiting:agent", "customer_replied:customer",
                          "resumed:agent", "escalated:agent:second", "note:agent", "closed:agent",
                          "reopened:customer", "customer_auto:customer"));
  EXPECT_EQ(first_event(ticket).channel, "email");
  EXPECT_EQ(first_event(ticket).at, kDay + 9h);
  EXPECT_EQ(first_event(ticket).source, "helpdesk");
}

TEST_F(ZammadTest, WhoMovesATicketDecidesWhatTheMoveIs) {
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.change(ticket, kDay + 1h, ZammadDesk::kSystem, "group", "Experts");
  desk_.change(ticket, kDay + 2h, ann_, "group", "Support");
  desk_.change(ticket, kDay + 3h, ann_, "group", "Legal");
  desk_.change(ticket, kDay + 4h, bot_, "group", "Support");
  read_all();
  EXPECT_THAT(story(ticket),
              ElementsAre("opened:customer:first", "routed:system:second", "returned:agent:first",
                          "escalated:agent:legal", "routed:system:first"));
  const auto legal = std::ranges::find_if(
      kept_, [](const auto& entry) { return entry.second.type == TicketEventType::escalated; });
  EXPECT_EQ(legal->second.destination, "legal");
}

TEST_F(ZammadTest, WhatIsSavedAtOnceCountsInTheOrderOfItsMeaning) {
  // Zammad writes the columns first, by name, and the article last.
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.change(ticket, kDay + 1h, ann_, "group", "Experts");
  desk_.change(ticket, kDay + 1h, ann_, "state", "pending reminder");
  desk_.change(ticket, kDay + 1h, ann_, "customer_data", "complete");
  desk_.note(ticket, kDay + 1h + 1s, ann_, "<p>[faq searched] nothing</p>");
  read_all();
  EXPECT_THAT(story(ticket),
              ElementsAre("opened:customer:first", "note:agent", "checked_item:agent:data",
                          "checked_item:agent:faq", "escalated:agent:second", "waiting:agent"));
}

TEST_F(ZammadTest, WhatACustomerCausesStaysInZammadsOrder) {
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.change(ticket, kDay + 1h, ann_, "state", "closed");
  desk_.change(ticket, kDay + 2h, nicole_, "state", "open");
  desk_.customer_mail(ticket, kDay + 2h, nicole_);
  read_all();
  EXPECT_THAT(story(ticket), ElementsAre("opened:customer:first", "closed:agent",
                                         "reopened:customer", "customer_replied:customer"));
}

TEST_F(ZammadTest, ACallIsOpenedByTheAgentAndALaterOneIsAnswered) {
  const auto ticket =
      desk_.open(kDay, ann_, nicole_, "Support", {.sender = "Customer", .type = "phone"});
  desk_.post(ticket, kDay + 1h, ann_, {.sender = "Customer", .type = "phone"});
  desk_.post(ticket, kDay + 2h, ann_, {.sender = "Agent", .type = "phone"});
  const auto outbound = desk_.open(kDay, ann_, nicole_, "Support", {});
  read_all();
  EXPECT_THAT(story(ticket), ElementsAre("opened:agent:first", "customer_replied:customer",
                                         "reaction:agent", "reaction:agent"));
  EXPECT_EQ(first_event(ticket).channel, "phone");
  EXPECT_THAT(story(outbound), ElementsAre("opened:agent:first", "reaction:agent"));
}

TEST_F(ZammadTest, ATicketThatAnAccountOpensForACustomerIsTheCustomers) {
  const auto ticket =
      desk_.open(kDay, bot_, nicole_, "Support", {.sender = "Customer", .type = "web"});
  read_all();
  EXPECT_THAT(story(ticket), ElementsAre("opened:customer:first"));
  EXPECT_EQ(first_event(ticket).channel, "web");
}

TEST_F(ZammadTest, NobodyReactsByAMachine) {
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.reply(ticket, kDay + 1min, bot_);
  desk_.note(ticket, kDay + 2min, bot_);
  desk_.post(ticket, kDay + 3min, ZammadDesk::kSystem,
             {.sender = "System", .to = "\"Ann\" <ann@example.com>"});
  desk_.post(ticket, kDay + 4min, ZammadDesk::kSystem,
             {.sender = "System", .type = "note", .internal = true});
  desk_.post(ticket, kDay + 5min, ZammadDesk::kSystem,
             {.sender = "System", .internal = true, .to = "Nicole <Nicole@Example.com>"});
  read_all();
  EXPECT_THAT(story(ticket),
              ElementsAre("opened:customer:first", "auto_reply:system", "auto_reply:system"));
  EXPECT_EQ(kept_.rbegin()->second.at, kDay + 5min);
}

TEST_F(ZammadTest, ANoteThatCustomersSeeIsNoMessageToThem) {
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.post(ticket, kDay + 1h, ann_, {.type = "note", .internal = false});
  desk_.post(ticket, kDay + 2h, nicole_, {.sender = "Customer", .type = "note"});
  read_all();
  EXPECT_THAT(story(ticket),
              ElementsAre("opened:customer:first", "note:agent", "customer_replied:customer"));
}

TEST_F(ZammadTest, AColleagueOfTheCustomerIsACustomer) {
  const auto colleague = desk_.add_customer("max@example.com");
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.change(ticket, kDay + 1h, colleague, "state", "closed");
  read_all();
  EXPECT_THAT(story(ticket), ElementsAre("opened:customer:first", "closed:customer"));
}

TEST_F(ZammadTest, TheChecklistIsReadFromFieldsTagsAndNotes) {
  const auto ticket = desk_.open(kDay, nicole_, nicole_, "Support", {.sender = "Customer"},
                                 {{"customer_data", "complete"}, {"region", "US"}});
  desk_.tag(ticket, kDay + 1h, ann_, "DNS-checked");
  desk_.tag(ticket, kDay + 1h + 1min, ann_, "dns-checked");
  desk_.reply(ticket, kDay + 2h, ann_);
  desk_.post(ticket, kDay + 3h, ann_, {.type = "note", .body = "[faq searched] public"});
  desk_.note(ticket, kDay + 4h, ann_, "[faq searched]");
  read_all();
  EXPECT_THAT(story(ticket),
              ElementsAre("opened:customer:first:america", "checked_item:customer:data",
                          "checked_item:agent:dns", "reaction:agent", "note:agent", "note:agent",
                          "checked_item:agent:faq"));
}

TEST_F(ZammadTest, AFieldThatChangesIsLearntAndItsFirstValueKeptForTheOpening) {
  const auto ticket =
      desk_.open(kDay, nicole_, nicole_, "Support", {.sender = "Customer"}, {{"region", "US"}});
  read_all();
  desk_.change(ticket, kDay + 1h, ann_, "region", "EU");
  desk_.change(ticket, kDay + 2h, ann_, "region", "Asia");
  read_all();
  EXPECT_THAT(story(ticket),
              ElementsAre("opened:customer:first:america", "attributes:agent:europe"));
  EXPECT_EQ(unmapped_.at("Region"), 1u);
}

TEST_F(ZammadTest, AGroupThatNoMapKnowsLeavesTheLevelAndIsCounted) {
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.change(ticket, kDay + 1h, ann_, "group", "Sales");
  desk_.change(ticket, kDay + 2h, ann_, "group", "Experts");
  read_all();
  EXPECT_THAT(story(ticket), ElementsAre("opened:customer:first", "escalated:agent:second"));
  EXPECT_EQ(unmapped_.at("group"), 1u);
}

TEST_F(ZammadTest, ALevelMayComeFromATag) {
  source_.map.level = {"tag", "", {{"2nd", "second"}, {"law", "legal"}}};
  source_.map.destination = {};
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.tag(ticket, kDay + 1h, ann_, "2nd");
  desk_.tag(ticket, kDay + 2h, ann_, "law");
  desk_.tag(ticket, kDay + 3h, ann_, "2nd", false);
  read_all();
  EXPECT_THAT(story(ticket),
              ElementsAre("opened:customer", "escalated:agent:second", "escalated:agent:legal"));
}

TEST_F(ZammadTest, SpamRemovedAndPendingCloseAreWhatTheySay) {
  const auto spam = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.change(spam, kDay + 1h, ann_, "state", "closed");
  desk_.tag(spam, kDay + 1h, ann_, "spam");
  const auto removed = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.change(removed, kDay + 1h, ann_, "state", "removed");
  const auto pending = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.change(pending, kDay + 1h, ann_, "state", "Pending Close");
  desk_.change(pending, kDay + 2h, ZammadDesk::kSystem, "state", "closed");
  source_.spam_states = {"junk"};
  source_.waiting_states = {"waiting for parts"};
  source_.resolved_states = {"solved"};
  const auto named = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.change(named, kDay + 1h, ann_, "state", "waiting for parts");
  desk_.change(named, kDay + 2h, ann_, "state", "solved");
  desk_.change(named, kDay + 3h, ann_, "state", "junk");
  read_all();
  EXPECT_THAT(story(spam), ElementsAre("opened:customer:first", "closed:agent", "spam:agent"));
  EXPECT_THAT(story(removed), ElementsAre("opened:customer:first", "deleted:agent"));
  EXPECT_THAT(story(pending),
              ElementsAre("opened:customer:first", "waiting:agent", "closed:system"));
  EXPECT_THAT(story(named),
              ElementsAre("opened:customer:first", "waiting:agent", "closed:agent", "spam:agent"));
}

TEST_F(ZammadTest, AMergedTicketNamesItsSurvivorWhichDoesNotTellItsStoryAgain) {
  const auto into = desk_.open_by_mail(kDay, nicole_, "Support");
  const auto ticket = desk_.open_by_mail(kDay + 1h, nicole_, "Support");
  desk_.reply(ticket, kDay + 2h, ann_);
  desk_.merge(ticket, into, kDay + 3h, ann_);
  read_all();
  EXPECT_THAT(story(ticket), ElementsAre("opened:customer:first", "reaction:agent",
                                         fmt::format("merged:agent:{}", into)));
  EXPECT_THAT(story(into), ElementsAre("opened:customer:first"));
}

TEST_F(ZammadTest, WhoeverWaitedOnAMergedTicketWaitsOnItsSurvivor) {
  const auto last = desk_.open_by_mail(kDay, nicole_, "Support");
  const auto middle = desk_.open_by_mail(kDay + 1h, nicole_, "Support");
  const auto first = desk_.open_by_mail(kDay + 2h, nicole_, "Support");
  for (const auto ticket : {last, middle, first}) desk_.reply(ticket, kDay + 3h, ann_);
  desk_.customer_mail(first, kDay + 4h, nicole_);
  desk_.merge(first, middle, kDay + 5h, ann_);
  desk_.merge(middle, last, kDay + 6h, ann_);
  read_all();
  EXPECT_THAT(story(last), ElementsAre("opened:customer:first", "reaction:agent", "carry:system"));
  const TicketEvent* carry = nullptr;
  for (const auto& [key, event] : kept_) {
    if (event.type == TicketEventType::carry && event.ticket == std::to_string(last))
      carry = &event;
  }
  ASSERT_NE(carry, nullptr);
  EXPECT_EQ(carry->since, kDay + 4h);
  EXPECT_EQ(carry->at, kDay + 6h);
  EXPECT_EQ(carry->reason, "next");
}

TEST_F(ZammadTest, AMergedTicketThatMayNotBeSeenIsNoTrouble) {
  const auto into = desk_.open_by_mail(kDay, nicole_, "Support");
  const auto ticket = desk_.open_by_mail(kDay + 1h, nicole_, "Support");
  desk_.merge(ticket, into, kDay + 3h, ann_);
  desk_.answer(fmt::format("/api/v1/tickets/{}", ticket), 403, "{}");
  read_all();
  EXPECT_THAT(story(into), ElementsAre("opened:customer:first"));
}

TEST_F(ZammadTest, ATicketThatIsGoneBetweenListAndHistoryIsDeleted) {
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  const auto other = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.before_request = [&](const std::string& path) {
    if (path.starts_with("/api/v1/ticket_history/")) desk_.destroy(ticket);
  };
  read_all();
  EXPECT_THAT(story(ticket), ElementsAre("deleted:agent"));
  EXPECT_THAT(story(other), ElementsAre("opened:customer:first"));
}

TEST_F(ZammadTest, ImportedArticlesWithoutAHistoryAreTold) {
  const auto ticket = desk_.open_by_mail(kDay, nicole_, "Support");
  desk_.reply(ticket, kDay + 1h, ann_);
  desk_.forget_history(ticket);
  desk_.change(ticket, kDay + 2h, ann_, "state", "closed");
  read_all();
  EXPECT_THAT(story(ticket),
              ElementsAre("opened:customer:first", "reaction:agent", "closed:agent"));
}

TEST_F(ZammadTest, InstantsThatRunBackwardsKeepTheirPlace) {
  const auto ticket = desk_.open_by_mail(kDay + 5h, nicole_, "Support");
  desk_.reply(ticket, kDay + 1h, ann_);
  desk_.customer_mail(ticket, kDay + 6h, nicole_);
  read_all();
  EXPECT_THAT(story(ticket),
              ElementsAre("opened:customer:first", "reaction:agent", "customer_replied:customer"));
}

TEST(ZammadAnswersTest, RecordsThatCannotBePlacedAreLeftOutAndRepeatedOnesCountOnce) {
  const auto history = read_zammad_history(
      R"({"history":[{"id":2,"created_at":"2026-01-05T09:00:00.5Z","type":"created"},
                     {"id":1,"created_at":"2026-01-05T09:00:00Z","created_by_id":"7"},
                     {"id":2,"created_at":"2026-01-05T09:00:00.5Z","type":"created"},
                     {"id":4294967296,"created_at":"2026-01-05T09:00:00Z"},
                     {"id":-1,"created_at":"2026-01-05T09:00:00Z"},
                     {"id":3,"created_at":"yesterday"}, {"id":4}, {}, null, 5]})",
      "desk");
  ASSERT_TRUE(history);
  ASSERT_EQ(history->entries.size(), 2u);
  EXPECT_EQ(history->entries[0].id, 1);
  EXPECT_EQ(history->entries[0].by, 7);
  EXPECT_EQ(history->entries[1].at, kDay + 9h);
}

}  // namespace
}  // namespace exporter
