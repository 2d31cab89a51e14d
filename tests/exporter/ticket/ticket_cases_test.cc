// The worked cases: every ticket and every month of the case file, computed by three programs that
// know nothing of this one.
#include "tests/exporter/ticket/case_file.h"
#include "tests/exporter/ticket/some_rules.h"

namespace exporter {
namespace {

std::string pauses_text(const ReactionClock& clock) {
  std::string text;
  for (const Span& pause : clock.pauses) {
    text += (text.empty() ? "" : ";") + format_utc(pause.from) + "/" + format_utc(pause.to);
  }
  return text;
}

void expect_clock(const CaseRow& row, const ReactionClock& clock, const SupportRules& rules) {
  SCOPED_TRACE(row.at("id") + ": " + row.at("note"));
  const Seconds now = at(row.at("now_utc"));
  const ClockReading reading = read_clock(clock, rules, now);
  EXPECT_EQ(row.at("level"), clock.level);
  EXPECT_EQ(row.at("calendar"), clock.calendar);
  EXPECT_EQ(row.at("target_s"), std::to_string(clock.target.count()));
  EXPECT_EQ(row.at("from_utc"), format_utc(clock.start));
  EXPECT_EQ(row.at("to_utc"), format_utc(clock.end.value_or(now)));
  EXPECT_EQ(row.at("pauses_utc"), pauses_text(clock));
  EXPECT_EQ(row.at("expect_business_s"), std::to_string(reading.business.count()));
  ASSERT_TRUE(reading.due.has_value());
  EXPECT_EQ(row.at("expect_due_utc"), format_utc(reading.due->due));
  EXPECT_EQ(row.at("expect_breach_after_utc"), format_utc(reading.due->breach_after));
  EXPECT_EQ(row.at("expect_state"), result_text(clock, reading));
}

TEST(TicketCases, EveryClockOfEveryTicketIsAsWorkedOut) {
  const auto rows = case_rows(SLA_SOURCE_DIR, "ticket");
  if (rows.empty()) GTEST_SKIP() << "no cases at " << case_file_path(SLA_SOURCE_DIR);
  const auto rules = rules_of(case_terms());
  Ticket ticket;
  std::size_t clock = 0;
  for (const CaseRow& row : rows) {
    if (!row.at("events").empty()) {
      EXPECT_EQ(clock, ticket.clocks().size()) << "before " << row.at("id");
      ticket = replay(case_events(row), {}, *rules);
      clock = 0;
    }
    if (row.at("expect_state") == "no_clock") continue;
    ASSERT_LT(clock, ticket.clocks().size()) << row.at("id");
    expect_clock(row, ticket.clocks()[clock++], *rules);
    // The note of every clock after the first says which one of its level it is, and its kind.
    const ReactionClock& last = ticket.clocks()[clock - 1];
    if (clock == 1) continue;
    EXPECT_EQ(row.at("note"), "instance " + std::to_string(last.instance) + " (" +
                                  std::string(name_of(last.kind)) + ") of level " + last.level);
  }
  EXPECT_EQ(clock, ticket.clocks().size());
}

TEST(TicketCases, AReactionBeforeTheOpeningIsCountedAsSkew) {
  const auto rules = rules_of(case_terms());
  Story story;
  story.add("2026-01-14T09:00:00Z", TicketEventType::opened, TicketActor::customer);
  story.add("2026-01-14T08:59:30Z", TicketEventType::reaction);
  const Ticket ticket = story.told(*rules);
  EXPECT_EQ(1u, ticket.skews());
  EXPECT_EQ(at("2026-01-14T09:00:00Z"), ticket.last_at());
}

TEST(TicketCases, EveryMonthIsTheOneOfTheDecision) {
  const auto rows = case_rows(SLA_SOURCE_DIR, "month");
  if (rows.empty()) GTEST_SKIP() << "no cases at " << case_file_path(SLA_SOURCE_DIR);
  const auto rules = rules_of(case_terms());
  for (const CaseRow& row : rows) {
    SCOPED_TRACE(row.at("id") + ": " + row.at("note"));
    Story story(row.at("calendar"));
    story.add(row.at("from_utc"), TicketEventType::opened, TicketActor::customer, row.at("level"));
    story.add(row.at("to_utc"), TicketEventType::reaction);
    const Ticket ticket = story.told(*rules);
    ASSERT_EQ(1u, ticket.clocks().size());
    const ReactionClock& clock = ticket.clocks()[0];
    const ClockReading reading = read_clock(clock, *rules, *clock.end);
    EXPECT_EQ(row.at("expect_business_s"), std::to_string(reading.business.count()));
    EXPECT_EQ(row.at("expect_due_utc"), format_utc(reading.due->due));
    EXPECT_EQ(row.at("expect_breach_after_utc"), format_utc(reading.due->breach_after));
    const std::string events = row.at("events");
    const Zone zone = Zone::parse(events.substr(events.rfind(' ') + 1)).value();
    EXPECT_EQ(row.at("expect_state"), std::string(name_of(reading.state)) + ":decided " +
                                          format_month(zone.month_of(*reading.decided)) +
                                          ", opened " + format_month(zone.month_of(clock.start)));
  }
}

}  // namespace
}  // namespace exporter
