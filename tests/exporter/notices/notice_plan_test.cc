// Which notice is due when, whatever happened before.
#include "exporter/notices/notice_plan.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

#include "exporter/notices/notice_text.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using enum ClockState;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Seconds at(std::string_view text) { return parse_instant(text).value(); }

const Seconds kNow = at("2026-11-23T12:00:00Z");

OpenClockView clock_in(ClockState state, std::string ticket = "1") {
  OpenClockView view;
  view.source = "rt";
  view.ticket = std::move(ticket);
  view.clock.level = "first";
  view.clock.target = 4h;
  view.reading.state = state;
  view.reading.due = OpeningHours::Due{.due = kNow, .breach_after = kNow};
  if (state == breached_open) view.reading.breached = kNow;
  return view;
}

std::optional<NoticeStage> due(const OpenClockView& view, const HeardSince& heard,
                               const std::set<NoticeKey>& told) {
  const auto key = notice_due(view.source, view.ticket, view.clock, view.reading, heard,
                              [&](const NoticeKey& asked) { return told.contains(asked); });
  if (!key) return std::nullopt;
  EXPECT_EQ(key->ticket, view.ticket);
  return key->stage;
}

NoticeKey key_of(NoticeStage stage) {
  return {.source = "rt", .ticket = "1", .level = "first", .instance = 1, .stage = stage};
}

TEST(NoticePlan, OnlyRiskAndBreachAreTold) {
  const HeardSince heard = {{"first", kNow - 1h}};
  EXPECT_EQ(due(clock_in(running), heard, {}), std::nullopt);
  EXPECT_EQ(due(clock_in(paused), heard, {}), std::nullopt);
  EXPECT_EQ(due(clock_in(at_risk), heard, {}), NoticeStage::at_risk);
  EXPECT_EQ(due(clock_in(breached_open), heard, {}), NoticeStage::breached);
}

TEST(NoticePlan, WhatWasToldIsNotToldAgain) {
  const HeardSince heard = {{"first", kNow - 1h}};
  const std::set<NoticeKey> risk = {key_of(NoticeStage::at_risk)};
  const std::set<NoticeKey> breach = {key_of(NoticeStage::breached)};
  EXPECT_EQ(due(clock_in(at_risk), heard, risk), std::nullopt);
  EXPECT_EQ(due(clock_in(breached_open), heard, risk), NoticeStage::breached);
  EXPECT_EQ(due(clock_in(breached_open), heard, breach), std::nullopt);
  EXPECT_EQ(due(clock_in(at_risk), heard, breach), std::nullopt);  // a correction took it back
  OpenClockView second = clock_in(at_risk);
  second.clock.instance = 2;
  EXPECT_EQ(due(second, heard, risk), NoticeStage::at_risk);
}

TEST(NoticePlan, NobodyHearsOfABreachFromBeforeHeListened) {
  EXPECT_EQ(due(clock_in(breached_open), {{"first", kNow + 1s}}, {}), std::nullopt);
  EXPECT_EQ(due(clock_in(breached_open), {{"first", kNow}}, {}), NoticeStage::breached);
  EXPECT_EQ(due(clock_in(at_risk), {{"first", kNow + 1s}}, {}), NoticeStage::at_risk);
  EXPECT_EQ(due(clock_in(at_risk), {{"second", kNow}}, {}), std::nullopt);
}

// Random lives of clocks; the program may be killed before or after a notice is recorded, and what
// was recorded is sent by the next life.
TEST(NoticePlan, NoKeyIsRecordedTwiceAndNoneIsMissed) {
  constexpr unsigned kSeed = 20'261'123;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  const auto pick = [&](int most) { return std::uniform_int_distribution(0, most)(random); };
  constexpr std::array kStates = {running, at_risk, breached_open, paused};
  const HeardSince heard = {{"first", kNow - 1h}};
  std::set<NoticeKey> recorded;
  for (int step = 0; step < 20'000; ++step) {
    OpenClockView view =
        clock_in(kStates[static_cast<std::size_t>(pick(3))], std::to_string(pick(400)));
    view.clock.instance = 1 + pick(2);
    const auto key = notice_due(view.source, view.ticket, view.clock, view.reading, heard,
                                [&](const NoticeKey& asked) { return recorded.contains(asked); });
    const bool killed_before = pick(3) == 0;
    NoticeKey seen{view.source, view.ticket, "first", view.clock.instance, NoticeStage::breached};
    const bool was_told = recorded.contains(seen);
    if (key && !killed_before) {
      ASSERT_TRUE(recorded.insert(*key).second);
      ASSERT_FALSE(key->stage == NoticeStage::at_risk && was_told);
    }
    if (view.reading.state == breached_open && !killed_before) ASSERT_TRUE(recorded.contains(seen));
    seen.stage = NoticeStage::at_risk;
    if (view.reading.state == at_risk && !killed_before && !was_told) {
      ASSERT_TRUE(recorded.contains(seen));
    }
    if (view.reading.state == running || view.reading.state == paused) ASSERT_FALSE(key);
  }
  EXPECT_GT(recorded.size(), 1000u);
}

TEST(MorningLists, AreDueFromTheirTimeOnUntilTheDayEnds) {
  const Zone berlin = Zone::parse("Europe/Berlin").value();
  const Seconds long_ago = at("2020-01-01T00:00:00Z");
  const auto day = std::chrono::local_days(std::chrono::year(2026) / 11 / 24);
  const auto due = [&](std::string_view now, Seconds since) {
    return morning_due(berlin, 8h, since, at(now));
  };
  EXPECT_EQ(due("2026-11-24T06:59:59Z", long_ago), std::nullopt);
  EXPECT_EQ(due("2026-11-24T07:00:00Z", long_ago), day);
  EXPECT_EQ(due("2026-11-24T22:59:59Z", long_ago), day);
  EXPECT_EQ(due("2026-11-24T23:00:00Z", long_ago), std::nullopt);
  // Turned on after its time: the next morning is the first.
  EXPECT_EQ(due("2026-11-24T10:00:00Z", at("2026-11-24T09:00:00Z")), std::nullopt);
  EXPECT_EQ(due("2026-11-25T07:00:00Z", at("2026-11-24T09:00:00Z")), day + std::chrono::days(1));
}

TEST(MorningLists, KeepTheirLocalTimeInSummer) {
  const Zone berlin = Zone::parse("Europe/Berlin").value();
  EXPECT_EQ(morning_due(berlin, 8h, Seconds(), at("2026-07-01T05:59:59Z")), std::nullopt);
  EXPECT_TRUE(morning_due(berlin, 8h, Seconds(), at("2026-07-01T06:00:00Z")));
  // 02:30 does not exist on this day; the list comes when the clocks jump.
  EXPECT_TRUE(morning_due(berlin, 2h + 30min, Seconds(), at("2026-03-29T01:00:00Z")));
  EXPECT_EQ(morning_due(berlin, 2h + 30min, Seconds(), at("2026-03-29T00:59:59Z")), std::nullopt);
  EXPECT_EQ(time_of_day("08:05"), 8h + 5min);
  EXPECT_EQ(time_of_day(""), std::nullopt);
}

TEST(NoticeText, LinksOnlyWhereTheHelpDeskHasPages) {
  TicketSource source{.name = "a", .type = TicketSource::Type::rt, .url = "https://rt.example"};
  EXPECT_EQ(ticket_url(source, "12"), "https://rt.example/Ticket/Display.html?id=12");
  EXPECT_EQ(ticket_url(source, "12&x=1"), "");
  source.type = TicketSource::Type::zammad;
  EXPECT_EQ(ticket_url(source, "12"), "https://rt.example/#ticket/zoom/12");
  source.type = TicketSource::Type::webhook;
  EXPECT_EQ(ticket_url(source, "12"), "");
}

TEST(NoticeText, NothingInATicketsIdCanEndALineOrBreakTheJson) {
  OpenClockView view = clock_in(breached_open, "1\r\nBcc: x@example.com\n\"\xff");
  const std::map<std::string, TicketSource> sources;
  const NoticeFrame frame{.zone = Zone(), .place = "here", .sources = &sources};
  NoticeKey key = key_of(NoticeStage::breached);
  key.ticket = view.ticket;
  EXPECT_THAT(notice_mail(key, view, frame), Not(HasSubstr("\nBcc:")));
  EXPECT_THAT(notice_note(key, view, frame), Not(HasSubstr("\n")));
  EXPECT_THAT(notice_json(key, view, frame), AllOf(HasSubstr(R"(\nBcc:)"), Not(HasSubstr("\n"))));
  const MorningList list = morning_list({view}, Zone(), {});
  EXPECT_THAT(morning_mail(key, list, frame), Not(HasSubstr("\nBcc:")));
}

}  // namespace
}  // namespace exporter
