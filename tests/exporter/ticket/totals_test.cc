// Totals: adding and taking away cancel out, texts come back, and what a counter would lose is
// found to the bucket.
#include <gmock/gmock.h>

#include "exporter/ticket/figures.h"
#include "tests/exporter/ticket/some_rules.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;

SupportTimeline timeline() {
  SupportTimeline timeline;
  SupportRecord record;
  record.from = at("2026-11-01T00:00:00Z");
  record.terms = case_terms();
  record.agreements["published"].timezone = "UTC+01:00";
  EXPECT_TRUE(timeline.add(record));
  return timeline;
}

SupportTotals prepared() {
  SupportTotals totals;
  totals.prepare(timeline());
  return totals;
}

TicketFacts some_facts(std::chrono::seconds business, bool met) {
  ClockFact clock{.key = {"published", "first"}, .calendar = "EU_FIX"};
  clock.met = met;
  clock.reaction = ReactionKind::reply;
  clock.business = business;
  clock.month = std::chrono::year(2026) / 11;
  clock.in_month = true;
  TicketFacts facts;
  facts.clocks = facts.months = {clock};
  facts.opened = {"mail", "de"};
  facts.number_mail = 30s;
  facts.first_human_reply = business;
  facts.number_mail_late = !met;
  facts.hand_overs = {
      {HandOver{at("2026-11-03T00:00:00Z"), "first", "second", "developers", {"faq"}}, false}};
  facts.level_changes = {{"first", "second"}};
  facts.skews = 2;
  return facts;
}

TEST(SupportTotals, AreAsBeforeWhenATicketIsTakenAwayAgain) {
  SupportTotals totals = prepared();
  totals.add(some_facts(1h, true), "rt");
  const std::string before = totals_json(totals);
  totals.add(some_facts(5h, true), "rt");
  EXPECT_NE(totals_json(totals), before);
  totals.take_away(some_facts(5h, true), "rt");
  EXPECT_EQ(totals_json(totals), before);
}

TEST(SupportTotals, ComeBackFromTheirText) {
  SupportTotals totals = prepared();
  totals.add(some_facts(1h, true), "rt");
  totals.add(some_facts(5h, false), "rt");
  const auto read = parse_totals(totals_json(totals));
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(totals_json(*read), totals_json(totals));
  SupportTotals twice = *read;
  twice.merge(totals);
  EXPECT_EQ(twice.levels.at({"published", "first"}).business.count, 4u);
  EXPECT_EQ((twice.opened.at({"mail", "de"})), 4u);
  EXPECT_EQ(twice.skews.at("rt"), 8u);
  EXPECT_FALSE(parse_totals("{}").has_value());
}

TEST(SupportTotals, HaveABucketThatEndsExactlyAtEachTarget) {
  SupportTotals totals = prepared();
  totals.add(some_facts(4h, true), "rt");
  totals.add(some_facts(4h + 1s, false), "rt");
  const SecondsHistogram& business = totals.levels.at({"published", "first"}).business;
  const auto target = std::ranges::find(business.bounds, 14'400) - business.bounds.begin();
  EXPECT_EQ(business.counts[static_cast<std::size_t>(target)], 1u);
  EXPECT_EQ(business.counts[static_cast<std::size_t>(target) + 1], 1u);
}

TEST(SupportTotals, KeepWhatWasCountedWhenATargetIsAdded) {
  SupportTotals totals = prepared();
  totals.add(some_facts(4h, true), "rt");
  SupportTimeline later = timeline();
  SupportRecord record = later.first();
  record.from = at("2026-12-01T00:00:00Z");
  record.terms.levels[0].react_within.amount = 12'345;
  ASSERT_TRUE(later.add(record));
  totals.prepare(later);
  const SecondsHistogram& business = totals.levels.at({"published", "first"}).business;
  EXPECT_TRUE(std::ranges::count(business.bounds, 12'345));
  const auto target = std::ranges::find(business.bounds, 14'400) - business.bounds.begin();
  EXPECT_EQ(business.counts[static_cast<std::size_t>(target)], 1u);
  EXPECT_EQ(business.counts.size(), business.bounds.size() + 1);
}

TEST(SupportTotals, FindWhatACounterWouldLose) {
  SupportTotals was = prepared(), is = prepared();
  was.add(some_facts(5h, false), "rt");
  is.add(some_facts(1h, true), "rt");
  const auto lost = lost_between(was, is);
  ASSERT_TRUE(lost.has_value());
  const LevelKey first{"published", "first"};
  EXPECT_EQ((lost->levels.at(first).reactions.at({"EU_FIX", ClockKind::first, false})), 1u);
  EXPECT_EQ(lost->levels.at(first).reactions.size(), 1u);
  EXPECT_EQ(lost->number_mails_late, 1u);
  EXPECT_TRUE(lost->levels.at(first).months.empty());
  // With what was lost nothing is smaller than before, bucket by bucket.
  is.merge(*lost);
  EXPECT_FALSE(lost_between(was, is).has_value());
  EXPECT_FALSE(lost_between(was, was).has_value());
}

}  // namespace
}  // namespace exporter
