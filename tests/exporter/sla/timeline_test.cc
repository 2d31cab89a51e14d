// Plans over time: supersession, removal, renames, and cadences that change.
#include "exporter/sla/timeline.h"

#include <gtest/gtest.h>

namespace exporter {
namespace {

using namespace std::chrono;

Seconds t(std::int64_t seconds_since_epoch) { return Seconds(seconds(seconds_since_epoch)); }

PlanRecord plan(std::string service, std::int64_t from, seconds every = 60s) {
  return {.service = std::move(service),
          .from = t(from),
          .terms = {.every = every},
          .counting_checks = {"home"}};
}
PlanRecord removal(std::string service, std::int64_t from) {
  return {.service = std::move(service), .from = t(from), .removed = true};
}

TEST(Timeline, ARecordTakesThePlaceOfWhatWasPlannedForLater) {
  PlanTimeline timeline;
  timeline.add(plan("api", 0));
  timeline.add(plan("api", 6'000, 300s));  // announced
  timeline.add(plan("api", 3'000));        // superseded before it came
  EXPECT_EQ(timeline.at(t(7'000))->terms.every, 60s);
  EXPECT_EQ(timeline.slots_in(t(0), t(12'000)), 200);
}

TEST(Timeline, ExpectedIsTheSumOverItsSegments) {
  PlanTimeline timeline;
  timeline.add(plan("api", 600));
  timeline.add(plan("api", 1'200, 300s));
  timeline.add(removal("api", 2'400));
  EXPECT_EQ(timeline.slots_in(t(0), t(10'000)), 10 + 4);
  EXPECT_EQ(timeline.at(t(599)), nullptr);
  EXPECT_EQ(timeline.at_or_after(t(0))->from, t(600));
  EXPECT_EQ(timeline.at(t(2'400)), nullptr);
  timeline.add(plan("api", 3'000));
  EXPECT_EQ(timeline.at_or_after(t(2'400))->from, t(3'000));
}

TEST(Timeline, ARenamedServiceContinuesTheOldNamesHistory) {
  PlanBook book;
  book.add(plan("web", 0));
  book.add(removal("web", 600));
  PlanRecord renamed = plan("website", 600);
  renamed.formerly = "web";
  book.add(renamed);
  EXPECT_EQ(book.find("web"), nullptr);
  const PlanTimeline* timeline = book.find("website");
  ASSERT_NE(timeline, nullptr);
  EXPECT_EQ(timeline->at(t(0))->service, "web");
  EXPECT_EQ(timeline->at(t(600))->service, "website");
  EXPECT_EQ(timeline->slots_in(t(0), t(1'200)), 20);
  EXPECT_EQ(timeline->names(), (std::vector<std::string>{"web", "website"}));
  book.add(plan("web", 1'200));  // the name is free for another service
  EXPECT_EQ(book.find("web")->slots_in(t(0), t(1'800)), 10);
}

TEST(Timeline, PlanAtAgreesWithTheTimeline) {
  const std::vector<PlanRecord> plans = {plan("api", 0),        plan("api", 6'000, 300s),
                                         plan("smtp", 60),      plan("api", 3'000, 120s),
                                         removal("api", 9'000), plan("api", 12'000)};
  PlanTimeline timeline;
  for (const PlanRecord& record : plans) {
    if (record.service == "api") timeline.add(record);
  }
  for (std::int64_t s = -600; s < 15'000; s += 30) {
    const PlanRecord* record = plan_at(plans, "api", t(s));
    const PlanSegment* segment = timeline.at(t(s));
    ASSERT_EQ(record == nullptr, segment == nullptr) << s;
    if (record) EXPECT_EQ(record->terms, segment->terms) << s;
  }
}

TEST(Timeline, ACadenceChangesWhereSlotsOfBothBegin) {
  EXPECT_EQ(cadence_change(t(600), 60s, 300s), t(600));
  EXPECT_EQ(cadence_change(t(601), 60s, 300s), t(900));
  EXPECT_EQ(cadence_change(t(601), 300s, 60s), t(900));
  EXPECT_EQ(cadence_change(t(121), 120s, 180s), t(360));
  // 86,399 s and 86,400 s meet once in centuries: the next slot of the new cadence must do.
  EXPECT_EQ(cadence_change(t(1), 86'399s, 86'400s), t(86'400));
}

}  // namespace
}  // namespace exporter
