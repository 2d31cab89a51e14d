// Request Tracker's answers as they come, and its words in ours.
#include "exporter/sources/rt_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/sla/zone.h"
#include "exporter/sources/rt_cursor.h"
#include "exporter/sources/rt_facts.h"
#include "exporter/sources/rt_mapping.h"
#include "exporter/sources/waiting.h"

namespace exporter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Version 5.0.3, to an account that is no superuser.
constexpr char kPage[] = R"({
   "count" : 2, "page" : 1, "pages" : null, "per_page" : 100, "total" : null,
   "items" : [
      { "Created" : "2026-03-27T15:30:00Z", "OldValue" : "", "ObjectId" : "1", "Data" : "",
        "_url" : "http://127.0.0.1/REST/2.0/transaction/66", "id" : "66", "Field" : "",
        "NewValue" : "", "type" : "transaction", "Type" : "Create",
        "Creator" : { "type" : "user", "id" : "alice@customer.example",
                      "_url" : "http://127.0.0.1/REST/2.0/user/alice@customer.example" } },
      { "Created" : "2026-03-27T15:31:00Z", "OldValue" : "3", "NewValue" : "4", "ObjectId" : 1,
        "id" : 85, "Field" : "Queue", "type" : "transaction", "Type" : "Set",
        "Creator" : { "type" : "user", "id" : "ann" } } ] })";

TEST(RtAnswers, RowsAreReadWhetherIdsAreTextsOrNumbers) {
  const RtAnswer<RtPage> page = read_transactions(kPage, "helpdesk");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->count, 2U);
  EXPECT_FALSE(page->total);
  const Seconds friday = *parse_instant("2026-03-27T15:30:00Z");
  const RtTransaction first{66, 1, "Create", "", "", "", "alice@customer.example", friday};
  const RtTransaction second{85,  1,   "Set", "Queue",
                             "3", "4", "ann", friday + std::chrono::minutes(1)};
  EXPECT_THAT(page->rows, ElementsAre(first, second));
}

TEST(RtAnswers, NoPagesAtAllIsAFloatAndStillAnAnswer) {
  const RtAnswer<RtPage> page = read_transactions(
      R"({"total": 0, "page": 1, "count": 0, "items": [], "per_page": 2, "pages": 0.0})",
      "helpdesk");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 0);
}

TEST(RtAnswers, WhatIsNoAnswerIsAnErrorThatQuotesNothing) {
  const std::vector<std::string> bodies = {
      "",
      "<html>Log in, alice</html>",
      "{\"items\": [{\"id\": ",
      "[]",
      "null",
      "{\"items\": null}",
      "{\"items\": {}}",
      R"({"items": [{"id": "alice", "ObjectId": 1, "Type": "Create", "Created": "2026-03-27T15:30:00Z"}]})",
      R"({"items": [{"id": 1, "ObjectId": 1, "Type": "Create", "Created": "soon, alice"}]})",
      R"({"items": [{"id": 1e300, "ObjectId": 1, "Type": "Create", "Created": "2026-03-27T15:30:00Z"}]})",
      R"({"items": ["alice"]})"};
  for (const std::string& body : bodies) {
    const RtAnswer<RtPage> page = read_transactions(body, "helpdesk");
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().reason, SourceError::Reason::answer);
    EXPECT_THAT(page.error().message, testing::Not(HasSubstr("alice")));
  }
  EXPECT_FALSE(read_ticket("{\"id\": 7}", "helpdesk"));
  EXPECT_FALSE(read_attachments("{\"items\": [{}]}", "helpdesk"));
  EXPECT_FALSE(read_name("{}", "helpdesk", "/REST/2.0/queue/7"));
}

TEST(RtAnswers, ATicketIsReadAsFarAsItIsShown) {
  const RtAnswer<RtTicket> ticket = read_ticket(
      R"({"id": 1, "Created": "2026-03-27T15:30:00Z", "Queue": {"id": "4", "Name": "experts"},
          "Requestor": [{"type": "user", "id": "alice"}, {"type": "group", "id": "7"}],
          "Owner": {"id": "Nobody", "type": "user"}, "Due": "1970-01-01T00:00:00Z",
          "CustomFields": [{"id": "2", "name": "Region", "values": ["US"]}, {"name": "no id"},
                           {"id": "3", "name": "Photo", "values": [{"filename": "x"}]}]})",
      "helpdesk");
  ASSERT_TRUE(ticket);
  EXPECT_EQ(ticket->queue, "experts");
  EXPECT_EQ(ticket->type, "ticket");
  EXPECT_THAT(ticket->requestors, ElementsAre("alice"));
  EXPECT_THAT(ticket->values.at("2"), ElementsAre("US"));
  EXPECT_TRUE(ticket->values.at("3").empty());
}

TEST(RtAnswers, HeadersAreUnfoldedAndFoundWithoutCase) {
  const RtHeaders headers = read_headers(
      "Subject: a: b\nAUTO-Submitted: auto-replied\r\nContent-Type: x;\n y=1\nnonsense");
  EXPECT_EQ(header_in(headers, "auto-submitted"), "auto-replied");
  EXPECT_EQ(header_in(headers, "content-type"), "x; y=1");
  EXPECT_EQ(header_in(headers, "subject"), "a: b");
  EXPECT_EQ(header_in(headers, "to"), "");
}

TEST(RtAnswers, ALinkNamesATicketOrNone) {
  EXPECT_EQ(ticket_of_link("fsck.com-rt://desk.example.com/ticket/12"), 12);
  EXPECT_EQ(ticket_of_link("fsck.com-rt://desk.example.com/ticket/12x"), std::nullopt);
  EXPECT_EQ(ticket_of_link("fsck.com-rt://desk.example.com/ticket/"), std::nullopt);
  EXPECT_EQ(ticket_of_link("https://elsewhere.example.com/"), std::nullopt);
}

TEST(RtMapping, MailsThatNobodyWroteAreKnownByTheirHeaders) {
  const std::vector<std::pair<std::string, bool>> cases = {
      {"Auto-Submitted: auto-replied", true},
      {"Auto-Submitted: auto-generated", true},
      {"Auto-Submitted: no", false},
      {"RT-DetectedAutoGenerated: true", true},
      {"RT-DetectedAutoGenerated: 0", false},
      {"Precedence: auto_reply", true},
      {"Precedence: list", false},
      {"Subject: Auto-Submitted: auto-replied", false},
      {"", false}};
  for (const auto& [text, automatic] : cases)
    EXPECT_EQ(is_automatic(read_headers(text)), automatic) << text;
  EXPECT_TRUE(is_number_mail(read_headers("Auto-Submitted: auto-replied")));
  EXPECT_FALSE(is_number_mail(read_headers("Precedence: bulk")));
}

TEST(RtMapping, StatesAreTheUsualOnesAndThoseThatAreConfigured) {
  TicketSource source;
  source.resolved_states = {"done"};
  source.waiting_states = {"on hold"};
  source.spam_states = {"junk"};
  const RtMapping mapping(source, {});
  const std::vector<std::pair<std::string, RtState>> cases = {
      {"new", RtState::active},      {"open", RtState::active},     {"resolved", RtState::closed},
      {"done", RtState::closed},     {"stalled", RtState::waiting}, {"on hold", RtState::waiting},
      {"rejected", RtState::spam},   {"junk", RtState::spam},       {"deleted", RtState::deleted},
      {"anything", RtState::active}, {"", RtState::active}};
  for (const auto& [name, state] : cases) EXPECT_EQ(mapping.state(name), state) << name;
}

TEST(RtMapping, AFieldProvesByItsValue) {
  TicketSource source;
  source.map.checklist = {{"faq", "Searched", {"yes", "not needed"}, "", ""},
                          {"data", "Searched", {}, "", ""}};
  const RtMapping mapping(source, {});
  EXPECT_THAT(mapping.proven_by_field("Searched", "yes"), ElementsAre("faq", "data"));
  EXPECT_THAT(mapping.proven_by_field("Searched", "no"), ElementsAre("data"));
  EXPECT_TRUE(mapping.proven_by_field("Searched", "").empty());
  EXPECT_TRUE(mapping.proven_by_field("Other", "yes").empty());
  EXPECT_FALSE(mapping.looks_at_notes());
}

TEST(RtFacts, AreWorkedOutBackwardsFromToday) {
  RtTicket now;
  now.type = "ticket";
  now.queue = "legal";
  now.status = "open";
  now.fields = {{"2", "Region"}};
  now.values = {{"2", {"US"}}};
  const auto row = [](std::int64_t id, const char* type, const char* field, const char* before,
                      const char* after) {
    return RtTransaction{id, 7, type, field, before, after, "ann", Seconds()};
  };
  const RtFacts untouched(7, now, {row(1, "Create", "", "", "")});
  EXPECT_EQ(untouched.queue(1).text, "legal");
  EXPECT_FALSE(untouched.queue(1).is_id);
  EXPECT_EQ(untouched.status(1), "open");
  EXPECT_THAT(untouched.field("Region", 1), ElementsAre("US"));

  RtFacts facts(7, now,
                {row(1, "Create", "", "", ""), row(5, "Set", "Queue", "1", "2"),
                 row(6, "CustomField", "2", "", "EU"), row(9, "Set", "Queue", "2", "3")});
  EXPECT_EQ(facts.queue(1).text, "1");
  EXPECT_EQ(facts.queue(5).text, "2");
  EXPECT_EQ(facts.queue(8).text, "2");
  EXPECT_EQ(facts.queue(9).text, "3");
  EXPECT_THAT(facts.field("Region", 5), ElementsAre(""));
  EXPECT_THAT(facts.field("Region", 6), ElementsAre("EU"));
  facts.note(row(9, "Set", "Queue", "8", "9"));  // known already
  facts.note(row(12, "CustomField", "2", "EU", "US"));
  EXPECT_EQ(facts.queue(20).text, "3");
  EXPECT_THAT(facts.field("Region", 11), ElementsAre("EU"));
  EXPECT_THAT(facts.field("Region", 12), ElementsAre("US"));
}

TEST(RtCursor, ComesBackAsItWas) {
  RtCursor cursor;
  cursor.read = 9'007'199'254'740'993;
  cursor.at = 12;
  cursor.to = 99;
  cursor.asked = *parse_instant("2026-03-29T01:00:00Z");
  cursor.until = cursor.asked - std::chrono::minutes(1);
  cursor.unmailed = {3, 7};
  EXPECT_EQ(*parse_rt_cursor(to_text(cursor)), cursor);
  cursor.to.reset();
  cursor.until.reset();
  EXPECT_EQ(*parse_rt_cursor(to_text(cursor)), cursor);
  EXPECT_EQ(*parse_rt_cursor(""), RtCursor());
  for (const char* text :
       {"{", "[]", "{}", "17", R"({"version": 2, "read": 1, "at": 1, "unmailed": []})"})
    EXPECT_FALSE(parse_rt_cursor(text)) << text;
}

class WaitingAfter : public testing::Test {
 public:
  WaitingAfter() {
    for (const char* name : {"first", "second"}) {
      LevelTerms level;
      level.name = name;
      level.note_reacts = level.name == "second";
      level.pauses = level.name == "second";
      levels_.push_back(level);
    }
  }
  // An event a second, from second 1 on.
  WaitingAfter& then(TicketEventType type, TicketActor actor, const std::string& level = {}) {
    TicketEvent event;
    event.at = Seconds(std::chrono::seconds(events_.size() + 1));
    event.type = type;
    event.actor = actor;
    event.level = level;
    events_.push_back(event);
    return *this;
  }
  // "1 first", "3 next", or "nobody".
  std::string waits() const {
    const auto waiting = waiting_after(events_, levels_);
    if (!waiting) return "nobody";
    return std::to_string(waiting->since.time_since_epoch().count()) +
           (waiting->first ? " first" : " next");
  }

  std::vector<LevelTerms> levels_;
  std::vector<TicketEvent> events_;
};

constexpr auto kCustomer = TicketActor::customer;
constexpr auto kAgent = TicketActor::agent;
constexpr auto kSystem = TicketActor::system;

TEST_F(WaitingAfter, TheFirstLevelWaitsForAWordToTheCustomer) {
  using enum TicketEventType;
  EXPECT_EQ(waits(), "nobody");
  EXPECT_EQ(then(opened, kCustomer).waits(), "1 first");
  EXPECT_EQ(then(note, kAgent).waits(), "1 first");
  EXPECT_EQ(then(customer_replied, kCustomer).waits(), "1 first");
  EXPECT_EQ(then(reaction, kSystem).waits(), "1 first");
  EXPECT_EQ(then(reaction, kAgent).waits(), "nobody");
  EXPECT_EQ(then(customer_auto, kCustomer).waits(), "nobody");
  EXPECT_EQ(then(customer_replied, kCustomer).waits(), "7 next");
}

TEST_F(WaitingAfter, AHandOverBeginsAnewAndAMachineKeepsTheStart) {
  using enum TicketEventType;
  EXPECT_EQ(then(opened, kCustomer).then(routed, kSystem, "second").waits(), "1 first");
  EXPECT_EQ(then(note, kAgent).waits(), "nobody");
  EXPECT_EQ(then(returned, kAgent, "first").waits(), "nobody");
  EXPECT_EQ(then(escalated, kAgent, "second").waits(), "5 first");
  EXPECT_EQ(then(returned, kAgent, "first").waits(), "6 first");
  EXPECT_EQ(then(escalated, kAgent, "nowhere").waits(), "6 first");
}

TEST_F(WaitingAfter, AMachineThatClosesAnswersNothing) {
  using enum TicketEventType;
  EXPECT_EQ(then(opened, kCustomer).then(closed, kSystem).waits(), "1 first");
  EXPECT_EQ(then(escalated, kAgent, "second").then(waiting, kAgent).waits(), "3 first");
  EXPECT_EQ(then(closed, kSystem).waits(), "nobody");
  EXPECT_EQ(then(customer_replied, kCustomer).then(closed, kCustomer).waits(), "nobody");
  EXPECT_EQ(then(customer_replied, kCustomer).then(spam, kAgent).waits(), "nobody");
}

}  // namespace
}  // namespace exporter
