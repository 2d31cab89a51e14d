// Events as JSON and CSV: what was written is read again, and every mistake is named.
#include <gmock/gmock.h>

#include "exporter/ticket/event_csv.h"
#include "exporter/ticket/event_json.h"
#include "tests/exporter/ticket/random_story.h"

namespace exporter {
namespace {

using testing::HasSubstr;

// A whole event with `changed` in place of its end, so that a case shows only what is wrong.
std::string event_with(std::string_view changed) {
  return R"({"source":"desk","ticket":"1","seq":1,"at":"2026-01-14T09:00:00Z",)" +
         std::string(changed) + "}";
}

std::string error_of(std::string_view line) {
  const auto event = parse_event_json(line);
  return event ? "no error" : event.error();
}

TEST(EventFiles, AnEventHasTheFieldsItsLineSays) {
  const auto event = parse_event_json(
      R"({"source": "desk", "ticket": "T-1", "seq": 7, "at": "2026-01-14T10:00:00+01:00",)"
      R"( "type": "escalated", "actor": "agent", "level": "second", "destination": "network",)"
      R"( "calendar": "europe", "agreement": "acme", "channel": "phone", "language": "fr",)"
      R"( "reason": "bounce"})");
  ASSERT_TRUE(event.has_value()) << event.error();
  TicketEvent expected;
  expected.source = "desk";
  expected.ticket = "T-1";
  expected.seq = 7;
  expected.at = at("2026-01-14T09:00:00Z");
  expected.type = TicketEventType::escalated;
  expected.actor = TicketActor::agent;
  expected.level = "second";
  expected.destination = "network";
  expected.calendar = "europe";
  expected.agreement = "acme";
  expected.channel = "phone";
  expected.language = "fr";
  expected.reason = "bounce";
  EXPECT_EQ(expected, *event);
}

TEST(EventFiles, TheTypeImpliesWhoActedWhereNobodyIsNamed) {
  const auto actor_of = [](std::string_view type) {
    return parse_event_json(event_with(R"("type":")" + std::string(type) + '"')).value().actor;
  };
  EXPECT_EQ(TicketActor::agent, actor_of("reaction"));
  EXPECT_EQ(TicketActor::agent, actor_of("closed"));
  EXPECT_EQ(TicketActor::customer, actor_of("customer_replied"));
  EXPECT_EQ(TicketActor::system, actor_of("auto_reply"));
}

TEST(EventFiles, UnixSecondsAreAnInstant) {
  const auto event = parse_event_json(
      R"({"source":"d","ticket":"1","seq":1,"at":1768381200,"type":"note","public":false})");
  ASSERT_TRUE(event.has_value()) << event.error();
  EXPECT_EQ(at("2026-01-14T09:00:00Z"), event->at);
}

TEST(EventFiles, EveryMistakeInALineIsNamed) {
  const std::string many(201, 'x');
  const struct {
    std::string line, says;
  } cases[] = {
      {"", "no JSON"},
      {"{", "no JSON"},
      {R"({"source":"desk"} x)", "no JSON"},
      {"[1]", "not a list"},
      {"7", "not a value alone"},
      {R"({"source":"desk"})", R"("ticket" is missing)"},
      {event_with(R"("actor":"agent")"), R"("type" is missing)"},
      {event_with(R"("type":"note","subject":"hello")"), R"(unknown key "subject")"},
      {event_with(R"("type":"sent")"), R"("type" is no event that is known: "sent")"},
      {event_with(R"("type":"note","actor":"robot")"), R"(not "robot")"},
      {event_with(R"("type":"note","type":"note")"), R"("type" stands there twice)"},
      {event_with(R"("type":"note","level":null)"), R"("level" must not be null)"},
      {event_with(R"("type":"note","level":{})"), R"("level" must not be an object)"},
      {event_with(R"("type":"note","level":["a"])"), R"("level" must not be a list)"},
      {event_with(R"("type":"note","level":3)"), R"("level" must be text, not a number)"},
      {event_with(R"("type":"note","public":"yes")"), R"("public" must be true or false)"},
      {event_with(R"("type":"note","public":true)"), R"("public" contradicts the type)"},
      {event_with(R"("type":"escalated")"), R"("level" is missing: an event of type escalated)"},
      {event_with(R"("type":"opened")"), R"("actor" is missing)"},
      {event_with(R"("type":"carry")"), R"("since" is missing)"},
      {event_with(R"("type":"merged","into":")" + many + '"'), R"("into" has 201 bytes)"},
      {event_with(R"("type":"note","level":")" + many + '"'), "at most 64"},
      {event_with(R"("type":"note","item":"a\nb")"), R"("item" holds a control character)"},
      {event_with(R"("type":"carry","since":"yesterday")"), R"("since")"},
      {event_with(R"("type":"carry","since":-1)"), "outside the years 1970 to 2099"},
      {R"({"source":"","ticket":"1","seq":1,"at":0,"type":"note"})", R"("source" is empty)"},
      {R"({"source":"d","ticket":"1","seq":-1})", R"("seq" must not be negative)"},
      {R"({"source":"d","ticket":"1","seq":"1"})", R"("seq" must be a whole number, not text)"},
      {R"({"source":"d","ticket":"1","seq":1.5})", R"("seq" must not be a number with a fraction)"},
      {R"({"source":"d","ticket":"1","seq":9223372036854775808})", R"("seq" must not be)"},
      {std::string(17'000, ' '), "17000 bytes"},
  };
  for (const auto& [line, says] : cases) EXPECT_THAT(error_of(line), HasSubstr(says)) << line;
}

TEST(EventFiles, WhatIsWrittenIsReadAgain) {
  const EventCsv csv = EventCsv::open(event_csv_header()).value();
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    for (TicketEvent event : RandomStory(seed).events()) {
      event.reason = seed % 2 == 0 ? R"(say "no", or ä)" : "";
      ASSERT_EQ(event, parse_event_json(event_json(event)).value()) << "seed " << seed;
      ASSERT_EQ(event, csv.parse(event_csv(event)).value()) << "seed " << seed;
    }
  }
}

TEST(EventFiles, RecordsOfCsvMaySpanLinesInsideQuotes) {
  std::string_view text = "a,\"b\nc\"\r\n\"d \"\"e\"\"\",\nlast";
  std::vector<std::vector<std::string>> records;
  while (const auto record = take_csv_record(text)) records.push_back(csv_values(*record).value());
  using testing::ElementsAre;
  EXPECT_THAT(records, ElementsAre(ElementsAre("a", "b\nc"), ElementsAre("d \"e\"", ""),
                                   ElementsAre("last")));
}

TEST(EventFiles, EveryMistakeInCsvIsNamed) {
  const auto open_error = [](std::string_view header) { return EventCsv::open(header).error(); };
  EXPECT_THAT(open_error("source,subject"), HasSubstr(R"("subject", which is no field)"));
  EXPECT_THAT(open_error("source,\"ticket"), HasSubstr("never closed"));
  const EventCsv csv = EventCsv::open("source,ticket,seq,at,type").value();
  const auto error = [&](std::string_view record) { return csv.parse(record).error(); };
  EXPECT_THAT(error("d,1,1,2026-01-14T09:00:00Z"), HasSubstr("4 values under a header of 5"));
  EXPECT_THAT(error("d,1,one,2026-01-14T09:00:00Z,note"), HasSubstr(R"("seq" must be)"));
  EXPECT_THAT(error("d,,1,2026-01-14T09:00:00Z,note"), HasSubstr(R"("ticket" is missing)"));
  EXPECT_THAT(error("d,a\"b,1,2026-01-14T09:00:00Z,note"), HasSubstr("a quote inside a value"));
  EXPECT_THAT(error("d,\"a\"b,1,2026-01-14T09:00:00Z,note"), HasSubstr("behind a closing quote"));
  EXPECT_THAT(error("d,\xff,1,2026-01-14T09:00:00Z,note"), HasSubstr("not valid UTF-8"));
}

}  // namespace
}  // namespace exporter
