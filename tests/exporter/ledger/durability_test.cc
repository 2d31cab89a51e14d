// The ledger on disks that fail: every n-th write or sync, once and for good, a full disk, and the
// power cut at a random moment. What was acknowledged must be there, once; what failed may be tried
// again. SLA_FULL=1 runs ten thousand power cuts instead of a few hundred.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <random>

#include "tests/exporter/ledger/ledger_builders.h"
#include "tests/fakes/faulty_vfs.h"

namespace exporter::ledger_test {
namespace {

using fakes::FaultyVfs;
using Kind = LedgerError::Kind;
using testing::AnyOf;
using testing::Eq;
using testing::HasSubstr;

std::unique_ptr<Ledger> try_open(const Folder& folder) {
  LedgerOptions options;
  options.folder = folder.path();
  auto ledger = Ledger::open(options);
  return ledger ? *std::move(ledger) : nullptr;
}

// Commits an hour of slots at a time and remembers how far it was acknowledged.
class Client {
 public:
  explicit Client(const Folder& folder) : folder_(folder) {}

  // Opens when closed, commits the next hour, now and then packs. False when the disk said no.
  bool step() {
    if (!ledger_) ledger_ = try_open(folder_);
    if (!ledger_) return false;
    const std::int64_t start = kMidnight + hours_ * 3600;
    Batch batch{.verdicts = {run("web", start, 60, Verdict::bad)}};
    for (int i = 0; i < 60; i += 7) {
      batch.outcomes.push_back(outcome("web", "a", start + i * 60, probes::Status::down));
    }
    const auto done = ledger_->commit(batch, at(start + 3600));
    if (!done) {
      error_ = done.error();
      return false;
    }
    ++hours_;
    if (hours_ % 8 == 0) {
      const auto packed = ledger_->pack(at(start + 3600), std::chrono::seconds(1));
      if (!packed) error_ = packed.error();
      return packed.has_value();
    }
    return true;
  }

  void close() { ledger_.reset(); }

  // Everything acknowledged is there, once, and nothing else but perhaps the hour that failed.
  void check() {
    close();
    const auto reopened = open(folder_);
    ASSERT_NE(reopened, nullptr);
    std::int64_t slots = 0;
    for (const VerdictRun& each : verdicts(*reopened, "web")) slots += each.count;
    EXPECT_THAT(slots, AnyOf(Eq(hours_ * 60), Eq(hours_ * 60 + 60)));
    EXPECT_EQ(outcomes(*reopened, "web").size(), static_cast<std::size_t>(slots / 60 * 9));
    const LedgerState state = load(*reopened);
    if (slots > 0) {
      EXPECT_EQ(state.services.at("web").verdicts[1], static_cast<std::uint64_t>(slots));
    }
    EXPECT_EQ(problems(*reopened), "");
  }

  int hours() const { return hours_; }
  const LedgerError& error() const { return error_; }

 private:
  const Folder& folder_;
  std::unique_ptr<Ledger> ledger_;
  int hours_ = 0;
  LedgerError error_;
};

void expect_survival_of_every_nth(FaultyVfs::Operation operation, FaultyVfs::Fault fault,
                                  bool sticky) {
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE(testing::Message() << "operation " << nth);
    const Folder folder;
    FaultyVfs disk;
    Client client(folder);
    disk.fail(operation, nth, fault, sticky);
    for (int i = 0; i < 26 && client.step(); ++i) {
    }
    const bool met = disk.met();
    disk.heal();
    // The trouble is over: the same commit goes through, without a restart.
    const int before = client.hours();
    EXPECT_TRUE(client.step()) << client.error().message;
    EXPECT_EQ(client.hours(), before + 1);
    client.check();
    if (!met || testing::Test::HasFailure()) return;
  }
}

TEST(LedgerOnABadDisk, SurvivesEveryNthWriteFailing) {
  expect_survival_of_every_nth(FaultyVfs::Operation::write, FaultyVfs::Fault::io_error, false);
}
TEST(LedgerOnABadDisk, SurvivesEveryNthWriteFailingForGood) {
  expect_survival_of_every_nth(FaultyVfs::Operation::write, FaultyVfs::Fault::io_error, true);
}
TEST(LedgerOnABadDisk, SurvivesEveryNthSyncFailing) {
  expect_survival_of_every_nth(FaultyVfs::Operation::sync, FaultyVfs::Fault::io_error, false);
}
TEST(LedgerOnABadDisk, SurvivesEveryNthSyncFailingForGood) {
  expect_survival_of_every_nth(FaultyVfs::Operation::sync, FaultyVfs::Fault::io_error, true);
}

TEST(LedgerOnAFullDisk, SaysSoAndGoesOnWhenThereIsRoomAgain) {
  const Folder folder;
  FaultyVfs disk;
  Client client(folder);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.step());
  disk.fail(FaultyVfs::Operation::write, 1, FaultyVfs::Fault::disk_full, true);
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(client.step());
    EXPECT_EQ(client.error().kind, Kind::disk_full);
    EXPECT_THAT(client.error().message, HasSubstr("free space"));
    EXPECT_THAT(client.error().message, HasSubstr(folder.file().string()));
  }
  disk.heal();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.step());
  EXPECT_EQ(client.hours(), 10);
  client.check();
}

TEST(LedgerOnAFullDisk, FailsAtEveryNthWriteWithoutLoss) {
  expect_survival_of_every_nth(FaultyVfs::Operation::write, FaultyVfs::Fault::disk_full, true);
}

TEST(LedgerOnABadDisk, AcknowledgesNothingAfterAFailedSyncBeforeItReadTheFileAgain) {
  const Folder folder;
  FaultyVfs disk;
  Client client(folder);
  ASSERT_TRUE(client.step());
  disk.fail(FaultyVfs::Operation::sync, 1, FaultyVfs::Fault::io_error, true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(client.step());
    EXPECT_EQ(client.error().kind, Kind::io);
  }
  disk.heal();
  const std::uint64_t syncs = disk.count(FaultyVfs::Operation::sync);
  EXPECT_TRUE(client.step());
  // Its own, and those that wrote what the failed one had left in doubt.
  EXPECT_GT(disk.count(FaultyVfs::Operation::sync), syncs + 1);
  client.check();
}

TEST(LedgerOnAPowerCut, KeepsWhatWasAcknowledged) {
  const int cuts = std::getenv("SLA_FULL") ? 10'000 : 200;
  int lost_tail = 0;
  for (int seed = 1; seed <= cuts; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(static_cast<unsigned>(seed));
    const Folder folder;
    FaultyVfs disk;
    Client client(folder);
    // The cut comes in the middle of a commit or a pack: a write or sync fails, and then nothing
    // more reaches the disk.
    const auto operation =
        random() % 3 == 0 ? FaultyVfs::Operation::sync : FaultyVfs::Operation::write;
    disk.fail(operation, static_cast<int>(random() % 150) + 1, FaultyVfs::Fault::io_error, true);
    for (int i = 0; i < 30 && client.step(); ++i) {
    }
    disk.cut_power();
    client.close();
    disk.heal();
    disk.restore_power(random);
    lost_tail += client.hours() < 30;
    client.check();
    if (HasFailure()) return;
  }
  EXPECT_GT(lost_tail, cuts / 4);  // the cuts did come in the middle
  RecordProperty("cuts", cuts);
}

}  // namespace
}  // namespace exporter::ledger_test
