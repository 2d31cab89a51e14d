// The ledger against a second one that keeps a row for every slot and attempt in maps and packs
// nothing: whatever is committed, repeated, packed and reopened, both must say the same.
#include <gmock/gmock.h>

#include <random>

#include "tests/exporter/ledger/ledger_builders.h"
#include "tests/fakes/memory_ledger.h"

namespace exporter::ledger_test {
namespace {

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {}

  void run(int steps) {
    ledger_ = open(folder_);
    for (int step = 0; step < steps; ++step) {
      SCOPED_TRACE(step);
      one_step();
      if (testing::Test::HasFailure()) return;
    }
    compare(kMidnight - kDay, kMidnight + 100 * kDay);
    EXPECT_EQ(problems(*ledger_), "");
  }

 private:
  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution(low, high)(random_);
  }

  void one_step() {
    const std::int64_t choice = pick(0, 19);
    if (choice == 0) {
      ledger_.reset();
      ledger_ = open(folder_);
      compare_states();
    } else if (choice <= 2) {
      pack_all(*ledger_, now_);
    } else if (choice <= 4) {
      const std::int64_t from = kMidnight + pick(0, now_ - kMidnight);
      compare(from, from + pick(1, 2 * kDay));
    } else if (choice == 5 && !last_.empty()) {
      commit_both(last_);  // again: nothing may change
    } else {
      commit_both(last_ = next_batch());
    }
  }

  Batch next_batch() {
    Batch batch;
    const std::int64_t slots = pick(0, 9) == 0 ? pick(60, 3000) : pick(1, 60);
    const std::int64_t until = now_ + slots * 60;
    for (const std::string service : {"web", "api"}) add_service(batch, service, until);
    now_ = until;
    std::ranges::shuffle(batch.verdicts, random_);
    return batch;
  }

  void add_service(Batch& batch, const std::string& service, std::int64_t until) {
    const bool long_gap = until - now_ > 4000;
    for (std::int64_t slot = now_; slot < until;) {
      const std::int64_t room = (until - slot) / 60;
      const std::int64_t count = long_gap ? room : pick(1, room);
      const auto verdict = static_cast<Verdict>(long_gap ? 2 : pick(0, 2));
      const Cause cause = verdict == Verdict::unknown ? Cause::not_running : Cause::none;
      VerdictRun next = ledger_test::run(service, slot, count, verdict, cause);
      next.rescued = verdict == Verdict::good && pick(0, 3) == 0;
      batch.verdicts.push_back(next);
      for (std::int64_t i = 0; i < count && !long_gap; ++i)
        add_outcomes(batch, service, slot + i * 60);
      slot += count * 60;
    }
  }

  void add_outcomes(Batch& batch, const std::string& service, std::int64_t slot) {
    for (const std::string check : {"one", "two"}) {
      if (pick(0, 9) == 0) continue;
      OutcomeRecord record = outcome(service, check, slot, static_cast<probes::Status>(pick(0, 3)));
      record.latency = std::chrono::microseconds(pick(0, 127));
      record.address = pick(0, 1) ? "192.0.2.7" : "2001:db8::7";
      batch.outcomes.push_back(record);
      if (record.status != probes::Status::down) continue;
      batch.outcomes.back().final = false;
      record.attempt = 1;
      record.at += std::chrono::seconds(20);
      batch.outcomes.push_back(record);
    }
  }

  void commit_both(const Batch& batch) {
    commit(*ledger_, batch, now_);
    commit(naive_, batch, now_);
  }

  void compare(std::int64_t from, std::int64_t to) {
    for (const std::string service : {"web", "api"}) {
      EXPECT_EQ(verdicts(*ledger_, service, from, to), verdicts(naive_, service, from, to));
      EXPECT_EQ(sorted(outcomes(*ledger_, service, "", from, to)),
                sorted(outcomes(naive_, service, "", from, to)));
      EXPECT_EQ(sorted(outcomes(*ledger_, service, "two", from, to)),
                sorted(outcomes(naive_, service, "two", from, to)));
    }
  }

  static std::vector<OutcomeRecord> sorted(std::vector<OutcomeRecord> records) {
    std::ranges::sort(records, {}, [](const OutcomeRecord& record) {
      return std::tuple(record.slot, record.check, record.at, record.attempt);
    });
    return records;
  }

  void compare_states() {
    const LedgerState ours = load(*ledger_), theirs = load(naive_);
    ASSERT_EQ(ours.services.size(), theirs.services.size());
    for (const auto& [name, history] : theirs.services) {
      ASSERT_TRUE(ours.services.contains(name));
      EXPECT_EQ(ours.services.at(name).first_slot, history.first_slot);
      EXPECT_EQ(ours.services.at(name).next_slot, history.next_slot);
      EXPECT_EQ(ours.services.at(name).verdicts, history.verdicts);
      EXPECT_EQ(ours.services.at(name).unknown_causes, history.unknown_causes);
      EXPECT_EQ(ours.services.at(name).rescued, history.rescued);
    }
    EXPECT_EQ(ours.checks.size(), theirs.checks.size());
    for (const auto& [name, totals] : theirs.checks) {
      ASSERT_TRUE(ours.checks.contains(name));
      EXPECT_EQ(ours.checks.at(name).by_status, totals.by_status);
    }
    EXPECT_EQ(sorted(ours.open_outcomes), sorted(theirs.open_outcomes));
  }

  std::mt19937 random_;
  Folder folder_;
  std::unique_ptr<Ledger> ledger_;
  fakes::MemoryLedger naive_;
  std::int64_t now_ = kMidnight + 3600;
  Batch last_;
};

TEST(LedgerAgainstANaiveOne, SaysTheSame) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Model(seed).run(80);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace exporter::ledger_test
