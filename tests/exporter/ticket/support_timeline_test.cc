// Which terms hold from when, and which months they cut: no second is lost or counted twice, also
// where an agreement moves to another zone.
#include "exporter/ticket/support_timeline.h"

#include <gmock/gmock.h>

#include "exporter/ticket/support_text.h"
#include "tests/exporter/ticket/some_rules.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

SupportRecord record_from(std::string_view from, std::string zone = "UTC+01:00") {
  SupportRecord record;
  record.from = at(from);
  record.terms = case_terms();
  record.agreements["published"].timezone = std::move(zone);
  return record;
}

SupportTimeline timeline_of(const std::vector<SupportRecord>& records) {
  SupportTimeline timeline;
  for (const SupportRecord& each : records) {
    const auto added = timeline.add(each);
    EXPECT_TRUE(added.has_value()) << added.error();
  }
  return timeline;
}

TEST(SupportTimeline, HoldsItsFirstTermsAlsoForWhatWasBefore) {
  auto later = record_from("2026-12-01T00:00:00Z");
  later.terms.levels[0].react_within.amount = 60;
  const SupportTimeline timeline = timeline_of({record_from("2026-11-10T00:00:00Z"), later});
  EXPECT_EQ(timeline.rules_at(at("2025-01-01T00:00:00Z")).lowest().react_within.amount, 14'400);
  EXPECT_EQ(timeline.rules_at(at("2026-11-30T23:59:59Z")).lowest().react_within.amount, 14'400);
  EXPECT_EQ(timeline.rules_at(at("2026-12-01T00:00:00Z")).lowest().react_within.amount, 60);
  EXPECT_THAT(timeline.targets_of("first"), ElementsAre(60, 14'400));
}

TEST(SupportTimeline, LetsARecordTakeThePlaceOfAllThatWaitedForLater) {
  const SupportTimeline timeline =
      timeline_of({record_from("2026-11-10T00:00:00Z"), record_from("2027-01-01T00:00:00Z"),
                   record_from("2026-12-01T00:00:00Z")});
  EXPECT_EQ(timeline.waiting(at("2026-11-11T00:00:00Z"))->from, at("2026-12-01T00:00:00Z"));
  EXPECT_EQ(timeline.waiting(at("2026-12-11T00:00:00Z")), nullptr);
}

TEST(SupportTimeline, CutsMonthsWithoutAGapOverAnyChangeOfZone) {
  for (const auto& [before, after] :
       {std::pair("UTC+01:00", "UTC"), std::pair("UTC", "UTC+01:00"),
        std::pair("UTC-11:00", "UTC+13:00"), std::pair("UTC+13:00", "UTC-11:00"),
        std::pair("America/New_York", "Europe/Zurich")}) {
    SCOPED_TRACE(std::string(before) + " to " + after);
    SupportTimeline timeline = timeline_of({record_from("2026-10-10T00:00:00Z", before)});
    const Seconds turn = timeline.month_end("published", 2026y / 11);
    SupportRecord moved = record_from("2026-12-01T00:00:00Z", after);
    moved.from = turn;
    ASSERT_TRUE(timeline.add(moved));
    auto last = timeline.month_of("published", at("2026-10-15T00:00:00Z"));
    for (Seconds now = at("2026-10-15T00:00:00Z"); now < at("2027-03-01T00:00:00Z"); now += 900s) {
      const auto month = timeline.month_of("published", now);
      ASSERT_TRUE(month == last || month == last + std::chrono::months(1)) << format_utc(now);
      if (month != last) {
        ASSERT_EQ(timeline.month_end("published", last), now) << format_month(last);
      }
      last = month;
    }
    EXPECT_EQ(timeline.month_of("published", turn - 1s), 2026y / 11);
    EXPECT_EQ(timeline.month_of("published", turn), 2026y / 12);
  }
}

TEST(SupportTimeline, CountsUnknownAgreementsAsThePublishedOne) {
  SupportRecord record = record_from("2026-11-10T00:00:00Z");
  record.agreements["acme"] = {"UTC-06:00", 24h};
  const SupportTimeline timeline = timeline_of({record});
  const Seconds now = at("2026-11-20T00:00:00Z");
  EXPECT_EQ(timeline.agreement_of("acme", now), "acme");
  EXPECT_EQ(timeline.agreement_of("", now), "published");
  EXPECT_EQ(timeline.agreement_of("nobody", now), "published");
  EXPECT_EQ(timeline.month_end("acme", 2026y / 11), at("2026-12-01T06:00:00Z"));
  EXPECT_EQ(timeline.month_close("acme", 2026y / 11), at("2026-12-02T06:00:00Z"));
  EXPECT_EQ(timeline.month_close("published", 2026y / 11), at("2026-12-05T23:00:00Z"));
  EXPECT_THAT(timeline.promised(), SizeIs(6));
}

TEST(SupportTimeline, RefusesTermsThatDoNotCompileHere) {
  SupportTimeline timeline;
  SupportRecord record = record_from("2026-11-10T00:00:00Z", "Europe/Atlantis");
  const auto added = timeline.add(record);
  ASSERT_FALSE(added.has_value());
  EXPECT_THAT(added.error(), HasSubstr("agreement 'published'"));
  EXPECT_TRUE(timeline.empty());
}

// --- what is recorded --------------------------------------------------------------------------

TEST(DecideSupport, RecordsNothingWhenAllIsAsItWas) {
  const SupportRecord wanted = record_from("2026-11-10T00:00:00Z");
  const SupportTimeline timeline = timeline_of({wanted});
  SupportRecord again = wanted;
  again.terms.calendars[0].holiday_files = {"/elsewhere/holidays.ics"};
  again.terms.calendars[0].holidays_known_until =
      std::chrono::local_days(std::chrono::days(30'000));
  again.terms.levels[0].at_risk_from += 1e-9;
  EXPECT_THAT(decide_support(timeline, again, at("2026-12-24T00:00:00Z")).records, IsEmpty());
}

TEST(DecideSupport, ReplacesWhatWaitsAndTakesItBack) {
  const SupportRecord first = record_from("2026-11-10T00:00:00Z");
  SupportTimeline timeline = timeline_of({first});
  const Seconds now = at("2026-12-24T00:00:00Z");
  SupportRecord wanted = first;
  for (const int hours : {1, 2}) {
    wanted.terms.levels[0].react_within.amount = hours * 3600;
    const SupportChange change = decide_support(timeline, wanted, now);
    ASSERT_THAT(change.records, SizeIs(1));
    EXPECT_EQ(change.records[0].from, at("2026-12-31T23:00:00Z"));
    ASSERT_TRUE(timeline.add(change.records[0]));
    EXPECT_THAT(decide_support(timeline, wanted, now).records, IsEmpty());
  }
  const SupportChange back = decide_support(timeline, first, now);
  ASSERT_THAT(back.records, SizeIs(1));
  ASSERT_TRUE(timeline.add(back.records[0]));
  EXPECT_EQ(timeline.rules_at(at("2027-02-01T00:00:00Z")).lowest().react_within.amount, 14'400);
}

TEST(DecideSupport, ChangesNoResultInTheVerySecondOfCommissioning) {
  const SupportRecord first = record_from("2026-11-10T00:00:00Z");
  SupportTimeline timeline = timeline_of({first});
  SupportRecord wanted = first;
  for (const int hours : {1, 2}) {
    wanted.terms.levels[0].react_within.amount = hours * 3600;
    const SupportChange change = decide_support(timeline, wanted, first.from);
    ASSERT_THAT(change.records, SizeIs(1));
    ASSERT_TRUE(timeline.add(change.records[0]));
    EXPECT_THAT(decide_support(timeline, wanted, first.from).records, IsEmpty());
    // Tickets of before are judged by the first terms.
    EXPECT_EQ(timeline.rules_at(at("2026-09-01T00:00:00Z")).lowest().react_within.amount, 14'400);
    EXPECT_EQ(timeline.rules_at(first.from).lowest().react_within.amount, 14'400);
    EXPECT_EQ(timeline.rules_at(first.from + 1s).lowest().react_within.amount, hours * 3600);
  }
}

TEST(DecideSupport, PutsANewLevelInItsPlace) {
  const SupportRecord first = record_from("2026-11-10T00:00:00Z");
  SupportTimeline timeline = timeline_of({first});
  SupportRecord wanted = first;
  wanted.terms.levels.insert(wanted.terms.levels.begin() + 1, level_of("night", 60));
  wanted.terms.levels[0].react_within.amount = 60;
  wanted.agreements["acme"];
  wanted.terms.private_targets["acme"]["second"] = {ReactionTarget::Unit::real_seconds, 60};
  const SupportChange change = decide_support(timeline, wanted, at("2026-12-24T00:00:00Z"));
  ASSERT_THAT(change.records, SizeIs(2));
  for (const SupportRecord& each : change.records) ASSERT_TRUE(timeline.add(each));
  const SupportRules& now = timeline.rules_at(at("2026-12-24T00:00:00Z"));
  EXPECT_EQ(now.rank("night"), 1);
  EXPECT_EQ(now.rank("second"), 2);
  EXPECT_EQ(now.lowest().react_within.amount, 14'400) << "what is changed waits";
  EXPECT_EQ(now.rule(*now.level("second"), "acme", "EU_FIX").target, 60s);
  EXPECT_EQ(timeline.rules_at(at("2027-01-24T00:00:00Z")).lowest().react_within.amount, 60);
}

TEST(SupportText, GivesBackWhatWasPromised) {
  SupportRecord record = record_from("2026-11-10T00:00:00Z");
  record.agreements["acme"] = {"America/Chicago", 48h};
  record.terms.private_targets["acme"]["first"] = {ReactionTarget::Unit::business_days, 2};
  record.terms.number_mail_within = 10min;
  record.terms.levels[1].at_risk_from = 0.8;
  record.terms.calendars[0].holidays = {std::chrono::local_days(std::chrono::days(20'800))};
  record.terms.calendars[0].overrides[std::chrono::local_days(std::chrono::days(20'801))] = {};
  const std::string text = canonical_json(record);
  const auto read = parse_support(text);
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_TRUE(same_promise(*read, record));
  EXPECT_EQ(canonical_json(*read), text);
  for (const char* wrong : {"", "[]", "{}", R"({"from":1,"terms":{},"agreements":{}})"}) {
    EXPECT_FALSE(parse_support(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace exporter
