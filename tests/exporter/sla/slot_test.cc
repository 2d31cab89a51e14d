// Slots are aligned to the epoch, also before it; phases depend on names alone.
#include "exporter/sla/slot.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace exporter {
namespace {

using namespace std::chrono;

Seconds t(std::int64_t seconds_since_epoch) { return Seconds(seconds(seconds_since_epoch)); }

TEST(Slot, BeginsAtMultiplesOfTheCadence) {
  EXPECT_EQ(slot_of(t(0), 60s), t(0));
  EXPECT_EQ(slot_of(t(59), 60s), t(0));
  EXPECT_EQ(slot_of(t(60), 60s), t(60));
  EXPECT_EQ(slot_of(t(-1), 60s), t(-60));
  EXPECT_EQ(slot_of(t(-60), 60s), t(-60));
  EXPECT_EQ(first_slot(t(0), 60s), t(0));
  EXPECT_EQ(first_slot(t(1), 60s), t(60));
  EXPECT_EQ(first_slot(t(-59), 60s), t(0));
}

TEST(Slot, CountsWhatBeginsInTheSpanAndNothingElse) {
  for (const seconds every : {1s, 7s, 60s, 300s}) {
    for (int from = -700; from < 700; from += 97) {
      for (int length = -50; length < 900; length += 53) {
        std::int64_t expected = 0;
        for (int s = from; s < from + length; ++s) expected += s % every.count() == 0;
        EXPECT_EQ(slots_in(t(from), t(from + length), every), expected)
            << from << " " << length << " " << every.count();
      }
    }
  }
}

TEST(Slot, WorkIsWhatAllAttemptsNeedInTheWorstCase) {
  EXPECT_EQ(slot_work(1, 10s, 10s), 31s);  // 2 x 10 + 10 + 1
  EXPECT_EQ(slot_work(0, 10s, 10s), 11s);
  EXPECT_EQ(slot_work(2, 5s, 7s), 30s);
}

TEST(Slot, PhaseIsTheSameOnEveryMachineForEver) {
  // Changing these values would move every check of every user on an upgrade.
  EXPECT_EQ(stable_hash("", ""), 13331581593930102267ull);
  EXPECT_EQ(stable_hash("website", "home"), 16445962715850855733ull);
  EXPECT_NE(stable_hash("ab", "c"), stable_hash("a", "bc"));
}

TEST(Slot, PhaseLeavesRoomForAllAttempts) {
  for (int i = 0; i < 1000; ++i) {
    const auto phase = check_phase("s" + std::to_string(i), "home", 60s, 31s);
    EXPECT_GE(phase, 0ms);
    EXPECT_LT(phase, 29s);
  }
  EXPECT_EQ(check_phase("s", "c", 60s, 60s), 0ms);
  EXPECT_EQ(check_phase("s", "c", 60s, 61s), 0ms);
}

TEST(Slot, PhasesSpreadOverTheRoom) {
  std::array<int, 29> per_second{};
  for (int i = 0; i < 29'000; ++i) {
    const auto phase = check_phase("service-" + std::to_string(i), "check", 60s, 31s);
    ++per_second[static_cast<std::size_t>(duration_cast<seconds>(phase).count())];
  }
  for (const int count : per_second) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

}  // namespace
}  // namespace exporter
