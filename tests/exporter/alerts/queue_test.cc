// The queue of one Alertmanager: what waits, what goes out, what is given up and why.
#include "exporter/alerts/queue.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/exporter/alerts/some_alerts.h"

namespace exporter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kNow = 1'796'515'200'000;

std::vector<std::string> names(const AlertQueue::Batch& batch) {
  std::vector<std::string> names;
  names.reserve(batch.alerts.size());
  for (const OutgoingAlert& alert : batch.alerts) {
    names.emplace_back(alert.labels.get("alertname"));
  }
  return names;
}

AlertQueue queue_of(const std::vector<std::string>& names) {
  AlertQueue queue("http://am");
  for (const std::string& name : names) queue.push(outgoing(name, kNow));
  return queue;
}

TEST(AlertQueue, TheNewestVersionTakesThePlaceOfTheOneThatWaits) {
  AlertQueue queue = queue_of({"a", "b"});
  for (int minute = 1; minute <= 60; ++minute) queue.push(outgoing("a", kNow + minute * kMinute));
  EXPECT_EQ(queue.size(), 2u);
  const auto batch = queue.next(kNow);
  EXPECT_THAT(names(batch), ElementsAre("a", "b"));
  EXPECT_EQ(batch.alerts[0].ends_at, kNow + 64 * kMinute);
}

TEST(AlertQueue, AVersionThatCameWhileAnOlderWasUnderWayIsSentToo) {
  AlertQueue queue = queue_of({"a", "b"});
  const auto batch = queue.next(kNow);
  queue.push(outgoing("a", kNow + kMinute, true));
  queue.accepted(batch);
  const auto rest = queue.next(kNow + kMinute);
  EXPECT_THAT(names(rest), ElementsAre("a"));
  EXPECT_TRUE(rest.alerts[0].resolved);
  queue.accepted(rest);
  EXPECT_TRUE(queue.empty());
}

TEST(AlertQueue, BatchesAreBoundedAndComeInOrder) {
  AlertQueue queue("http://am");
  for (int i = 0; i < 600; ++i) queue.push(outgoing(fmt::format("n{:03}", i), kNow));
  std::vector<std::size_t> sizes;
  std::vector<std::string> seen;
  while (!queue.empty() && sizes.size() < 10) {
    const auto batch = queue.next(kNow);
    sizes.push_back(batch.alerts.size());
    for (const std::string& name : names(batch)) seen.push_back(name);
    queue.accepted(batch);
  }
  EXPECT_THAT(sizes, ElementsAre(256, 256, 88));
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST(AlertQueue, TheOldestGoesWhenItIsFull) {
  AlertQueue queue("http://am");
  for (std::size_t i = 0; i < AlertQueue::kCapacity + 3; ++i) {
    queue.push(outgoing(fmt::format("n{:05}", i), kNow));
  }
  EXPECT_EQ(queue.size(), AlertQueue::kCapacity);
  EXPECT_EQ(queue.dropped(), 3u);
  EXPECT_EQ(names(queue.next(kNow)).front(), "n00003");
}

TEST(AlertQueue, AFiringAlertWhoseEndHasComeIsNotToldAsResolved) {
  AlertQueue queue = queue_of({"a"});
  EXPECT_THAT(names(queue.next(kNow + 4 * kMinute - 1)), ElementsAre("a"));
  EXPECT_TRUE(queue.next(kNow + 4 * kMinute).empty());
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.outdated(), 1u);
}

TEST(AlertQueue, AResolutionIsToldForADay) {
  AlertQueue queue("http://am");
  queue.push(outgoing("a", kNow, true));
  EXPECT_THAT(names(queue.next(kNow + AlertQueue::kTellEndsFor - 1)), ElementsAre("a"));
  EXPECT_TRUE(queue.next(kNow + AlertQueue::kTellEndsFor).empty());
}

// Sends until nothing is left, as an Alertmanager that refuses batches with a bad alert in them
// does; counts how often each alert was taken.
std::map<std::string, int> drain(AlertQueue& queue, const std::set<std::string>& bad,
                                 int& requests) {
  std::map<std::string, int> alone;
  for (requests = 0; !queue.empty() && requests < 10'000; ++requests) {
    const auto batch = queue.next(kNow);
    const auto sent = names(batch);
    const bool refused =
        std::ranges::any_of(sent, [&](const std::string& name) { return bad.contains(name); });
    if (!refused) {
      for (const std::string& name : sent) ++alone[name];
      queue.accepted(batch);
    } else {
      queue.refused(batch);
    }
  }
  return alone;
}

TEST(AlertQueue, OnlyTheBadAlertOfARefusedBatchIsGivenUp) {
  AlertQueue queue("http://am");
  for (int i = 0; i < 256; ++i) queue.push(outgoing(fmt::format("n{:03}", i), kNow));
  int requests = 0;
  const auto taken = drain(queue, {"n100"}, requests);
  EXPECT_THAT(taken, SizeIs(255));
  EXPECT_FALSE(taken.contains("n100"));
  for (const auto& [name, times] : taken) EXPECT_EQ(times, 1) << name;
  EXPECT_EQ(queue.dropped(), 1u);
  EXPECT_EQ(requests, 17);  // the whole, then two at each of eight halvings
}

TEST(AlertQueue, ABadAlertThatComesAgainCostsOneRequest) {
  AlertQueue queue = queue_of({"a", "bad", "c"});
  int requests = 0;
  drain(queue, {"bad"}, requests);
  for (const char* name : {"a", "bad", "c"}) queue.push(outgoing(name, kNow));
  const auto taken = drain(queue, {"bad"}, requests);
  EXPECT_EQ(requests, 2);
  EXPECT_THAT(taken, SizeIs(2));
  // When it is accepted after all, it is one of many again.
  queue.push(outgoing("bad", kNow));
  drain(queue, {}, requests);
  for (const char* name : {"a", "bad", "c"}) queue.push(outgoing(name, kNow));
  drain(queue, {}, requests);
  EXPECT_EQ(requests, 1);
}

TEST(AlertQueue, RandomBadAlertsNeverCostAGoodOne) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    AlertQueue queue("http://am");
    std::set<std::string> bad;
    for (int i = 0; i < 300; ++i) {
      const std::string name = fmt::format("n{:03}", i);
      if (random() % 20 == 0) bad.insert(name);
      queue.push(outgoing(name, kNow));
    }
    int requests = 0;
    EXPECT_THAT(drain(queue, bad, requests), SizeIs(300 - bad.size()));
    EXPECT_EQ(queue.dropped(), bad.size());
    EXPECT_TRUE(queue.empty());
  }
}

// The store as the program keeps it.
class Rows {
 public:
  void take(const std::vector<DeliveryChange>& changes) {
    for (const DeliveryChange& change : changes) {
      if (change.json) {
        rows_[change.key] = *change.json;
      } else {
        EXPECT_EQ(rows_.erase(change.key), 1u) << change.key;
      }
    }
  }
  AlertQueue restored() const {
    AlertQueue queue("http://am");
    for (const auto& [key, json] : rows_) queue.restore(*read_kept_alert(json));
    return queue;
  }
  std::size_t size() const { return rows_.size(); }

 private:
  std::map<std::string, std::string> rows_;
};

TEST(AlertQueue, WhatWaitsIsRestoredFromItsRows) {
  AlertQueue queue = queue_of({"a", "b", "c"});
  Rows rows;
  rows.take(queue.changes());
  EXPECT_EQ(rows.size(), 3u);
  EXPECT_THAT(queue.changes(), IsEmpty());

  queue.accepted(queue.next(kNow));
  queue.push(outgoing("d", kNow));
  queue.push(outgoing("b", kNow, true));
  rows.take(queue.changes());
  AlertQueue restored = rows.restored();
  EXPECT_EQ(restored.size(), 2u);
  restored.accepted(restored.next(kNow));
  rows.take(restored.changes());
  EXPECT_EQ(rows.size(), 0u);
}

TEST(AlertQueue, WhatWasSentBeforeItWasStoredCostsNoRow) {
  AlertQueue queue = queue_of({"a"});
  queue.accepted(queue.next(kNow));
  EXPECT_THAT(queue.changes(), IsEmpty());
}

TEST(AlertQueue, ATargetThatIsGoneTakesItsRowsAlong) {
  AlertQueue queue = queue_of({"a", "b"});
  Rows rows;
  rows.take(queue.changes());
  queue.push(outgoing("c", kNow));
  rows.take(queue.farewell());
  EXPECT_EQ(rows.size(), 0u);
}

}  // namespace
}  // namespace exporter
