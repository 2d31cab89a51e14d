// tickets.db: what is committed is there once, in order, with its cursor, on disks that fail and
// after the power was cut; what was changed by another hand is found.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <fstream>
#include <random>

#include "exporter/sources/correction_text.h"
#include "exporter/sources/signing.h"
#include "tests/exporter/sources/some_tickets.h"
#include "tests/fakes/faulty_vfs.h"

namespace exporter::desk_test {
namespace {

using fakes::FaultyVfs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Type = TicketEventType;

std::unique_ptr<EventStore> open(const Folder& folder,
                                 EventStore::Mode mode = EventStore::Mode::create) {
  auto store = EventStore::open(folder.path(), mode);
  EXPECT_TRUE(store.has_value()) << store.error().message;
  return store ? *std::move(store) : nullptr;
}

std::vector<std::int64_t> seqs_of(EventStore& store) {
  std::vector<std::int64_t> seqs;
  EXPECT_TRUE(store.for_each([&](const TicketEvent& event) { seqs.push_back(event.seq); }));
  return seqs;
}

void run_sql(const Folder& folder, const char* sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(folder.file().c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

const Seconds kNow = at("2026-11-23T12:00:00Z");

TEST(EventStore, GivesBackEveryPartOfAnEvent) {
  const Folder folder;
  TicketEvent full =
      event("7", 3, "2026-11-23T08:00:00Z", Type::carry, TicketActor::agent, "second");
  full.calendar = "europe";
  full.agreement = "acme";
  full.channel = "mail";
  full.language = "de";
  full.destination = "developers";
  full.since = at("1969-12-31T23:59:59Z");
  full.into = "8";
  full.item = "faq";
  full.reason = "first";
  ASSERT_TRUE(open(folder)->commit("rt", batch({full}, "2026-11-23T09:00:00Z", "c1"), kNow));
  const auto store = open(folder);
  EXPECT_THAT(*store->events_of({"rt", "7"}), ElementsAre(full));
  const auto sources = store->sources();
  const SourceRow& row = sources->at("rt");
  EXPECT_EQ(row.cursor, "c1");
  EXPECT_EQ(row.read_until, at("2026-11-23T09:00:00Z"));
  EXPECT_EQ(row.last_success, kNow);
}

TEST(EventStore, CountsAnEventOnceHoweverOftenItIsRead) {
  const Folder folder;
  const auto store = open(folder);
  const auto opened = event("1", 1, "2026-11-23T08:00:00Z", Type::opened);
  EXPECT_EQ(store->commit("rt", batch({opened, opened}, ""), kNow)->added.at("opened"), 1u);
  EXPECT_THAT(store->commit("rt", batch({opened}, ""), kNow)->added, IsEmpty());
  EXPECT_EQ((store->sources()->at("rt").counters.at({"event", "opened"})), 1u);
  EXPECT_EQ(*store->count_events({"rt", "1"}), 1);
}

TEST(EventStore, NeverTakesTheWatermarkBackNorTheCursorAway) {
  const Folder folder;
  const auto store = open(folder);
  ASSERT_TRUE(store->commit("rt", batch({}, "2026-11-23T09:00:00Z", "c2"), kNow));
  ASSERT_TRUE(store->commit("rt", batch({}, "2026-11-23T08:00:00Z"), kNow));
  ASSERT_TRUE(store->commit("rt", batch({}, ""), kNow));
  EXPECT_EQ(store->sources()->at("rt").read_until, at("2026-11-23T09:00:00Z"));
  EXPECT_EQ(store->sources()->at("rt").cursor, "c2");
}

TEST(EventStore, RemembersWhichSourcesThereAre) {
  const Folder folder;
  const auto store = open(folder);
  ASSERT_TRUE(store->commit("old", batch({}, "2026-11-23T09:00:00Z", "c"), kNow));
  ASSERT_TRUE(store->name_sources({"new"}));
  const auto sources = store->sources();
  EXPECT_FALSE(sources->at("old").configured);
  EXPECT_EQ(sources->at("old").cursor, "c");
  EXPECT_TRUE(sources->at("new").configured);
  EXPECT_EQ(sources->at("new").read_until, std::nullopt);
  EXPECT_EQ(sources->at("new").last_success, std::nullopt);
}

TEST(EventStore, KeepsWhatItKnowsAndSaysWhatDiffers) {
  const Folder folder;
  const auto store = open(folder);
  const auto opened = event("1", 1, "2026-11-23T08:00:00Z", Type::opened);
  auto moved = opened;
  moved.at += std::chrono::seconds(1);
  SourceBatch told = batch({opened, moved}, "");
  EXPECT_THAT(store->commit("rt", told, kNow)->differing, IsEmpty()) << "a history read again";
  told.told_once = true;
  EXPECT_THAT(store->commit("rt", told, kNow)->differing, ElementsAre(moved));
  EXPECT_THAT(*store->events_of({"rt", "1"}), ElementsAre(opened));
  EXPECT_EQ((store->sources()->at("rt").counters.at({"unmapped", "changed_event"})), 1u);
}

TEST(EventStore, KeepsNothingOfARemovedTicketButThatItIsKnown) {
  const Folder folder;
  const auto store = open(folder);
  const auto first = event("1", 1, "2026-11-23T08:00:00Z", Type::opened);
  const auto second = event("1", 2, "2026-11-23T08:10:00Z", Type::closed, TicketActor::agent);
  ASSERT_TRUE(store->commit("rt", batch({first, second}, ""), kNow));
  ASSERT_TRUE(store->correct({.source = "rt", .ticket = "1", .after_seq = 2, .level = "first"}));
  ASSERT_TRUE(store->correct({.source = "rt", .ticket = "2", .after_seq = 2, .level = "first"}));
  ASSERT_TRUE(store->remove({{"rt", "1"}}, "what it came to"));
  ASSERT_EQ(store->entries()->corrections.size(), 1u);
  EXPECT_EQ(store->entries()->corrections[0].ticket, "2");
  EXPECT_THAT(*store->events_of({"rt", "1"}), IsEmpty());
  EXPECT_EQ(*store->totals(), "what it came to");
  SourceBatch again = batch({first, second}, "");
  again.told_once = true;
  const auto told = store->commit("rt", again, kNow);
  EXPECT_THAT(told->added, IsEmpty());
  EXPECT_THAT(told->differing, IsEmpty());
  const auto later = event("1", 3, "2027-11-23T08:10:00Z", Type::customer_replied);
  EXPECT_EQ(store->commit("rt", batch({later}, ""), kNow)->added.size(), 1u);
}

TEST(EventStore, GivesCorrectionsAndTermsBackInTheirOrder) {
  const Folder folder;
  const TicketCorrection correction{.source = "rt",
                                    .ticket = "1",
                                    .after_seq = 4,
                                    .action = TicketCorrection::Action::reacted_at,
                                    .level = "first",
                                    .instance = 2,
                                    .at = kNow,
                                    .by = "anna",
                                    .why = "a call \"at noon\"",
                                    .signed_at = kNow};
  SupportRecord record = support_record(office());
  record.from = kNow;
  record.terms.private_targets["acme"]["first"] = {ReactionTarget::Unit::real_seconds, 600};
  record.terms.calendars[0].holidays = {std::chrono::local_days(std::chrono::days(20'500))};
  record.terms.calendars[0].overrides[std::chrono::local_days(std::chrono::days(20'501))] = {
      {std::chrono::hours(8), std::chrono::hours(12)}};
  {
    const auto store = open(folder);
    ASSERT_TRUE(store->record_terms({record}));
    EXPECT_EQ(store->correct(correction)->id, 2);
  }
  const auto entries = open(folder, EventStore::Mode::read)->entries();
  ASSERT_TRUE(entries.has_value()) << entries.error().message;
  ASSERT_EQ(entries->terms.size(), 1u);
  EXPECT_TRUE(same_promise(entries->terms[0], record));
  EXPECT_EQ(entries->terms[0].from, kNow);
  TicketCorrection expected = correction;
  expected.id = 2;
  EXPECT_THAT(entries->corrections, ElementsAre(expected));
}

TEST(EventStore, FindsAChangedEvent) {
  const Folder folder;
  ASSERT_TRUE(open(folder)->commit(
      "rt", batch({event("1", 1, "2026-11-23T08:00:00Z", Type::opened)}, ""), kNow));
  EXPECT_THAT(open(folder)->verify()->problems, IsEmpty());
  run_sql(folder, "UPDATE events SET at = at + 1");
  EXPECT_THAT(open(folder)->verify()->problems,
              ElementsAre(HasSubstr("event 1 of ticket 1 of rt is not what was recorded")));
}

TEST(EventStore, RefusesAChangedOrMissingCorrection) {
  for (const char* sql : {"UPDATE entries SET body = replace(body, 'anna', 'otto') WHERE id = 1",
                          "DELETE FROM entries WHERE id = 1"}) {
    const Folder folder;
    {
      const auto store = open(folder);
      for (int each = 0; each < 2; ++each) {
        ASSERT_TRUE(store->correct(
            {.source = "rt", .ticket = "1", .level = "first", .by = "anna", .why = "x"}));
      }
    }
    run_sql(folder, sql);
    const auto store = open(folder);
    const auto entries = store->entries();
    ASSERT_FALSE(entries.has_value()) << sql;
    EXPECT_EQ(entries.error().kind, LedgerError::Kind::damaged);
    EXPECT_THAT(entries.error().message, HasSubstr("slatool tickets verify"));
    EXPECT_EQ(store->verify()->problems.size(), 1u);
  }
}

TEST(EventStore, RefusesADamagedFileWithTheRemedy) {
  const Folder folder;
  std::ofstream(folder.file()) << std::string(8192, 'x');
  const auto store = EventStore::open(folder.path(), EventStore::Mode::create);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().kind, LedgerError::Kind::damaged);
  EXPECT_THAT(store.error().message, HasSubstr("move the file away"));
  EXPECT_EQ(std::filesystem::file_size(folder.file()), 8192u);
}

TEST(EventStore, RefusesAFileOfALaterVersion) {
  const Folder folder;
  open(folder);
  run_sql(folder, "PRAGMA user_version=99");
  const auto store = EventStore::open(folder.path(), EventStore::Mode::create);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().kind, LedgerError::Kind::newer_schema);
}

// --- disks that fail ---------------------------------------------------------------------------

// Reads a source of numbered events, three at a time, as a runner would: on from the cursor that
// was acknowledged last.
class Reader {
 public:
  explicit Reader(const Folder& folder) : folder_(folder) {}

  bool step() {
    if (!store_) {
      auto store = EventStore::open(folder_.path(), EventStore::Mode::create);
      if (!store) return false;
      store_ = *std::move(store);
    }
    SourceBatch next;
    for (std::int64_t seq = acknowledged_ + 1; seq <= acknowledged_ + 3; ++seq) {
      next.events.push_back(event("1", seq, "2026-11-23T08:00:00Z", Type::customer_replied));
    }
    next.cursor = std::to_string(acknowledged_ + 3);
    if (!store_->commit("rt", next, kNow)) return false;
    acknowledged_ += 3;
    return true;
  }
  // What was acknowledged is there, once, and a batch beyond it whole or not at all.
  void check() {
    store_.reset();
    const auto store = open(folder_);
    ASSERT_NE(store, nullptr);
    const auto seqs = seqs_of(*store);
    ASSERT_TRUE(std::ssize(seqs) == acknowledged_ || std::ssize(seqs) == acknowledged_ + 3)
        << seqs.size() << " of " << acknowledged_;
    for (std::size_t each = 0; each < seqs.size(); ++each) {
      EXPECT_EQ(seqs[each], static_cast<std::int64_t>(each) + 1);
    }
    if (seqs.empty()) return;
    const SourceRow row = store->sources()->at("rt");
    EXPECT_EQ(row.cursor, std::to_string(seqs.size()));
    EXPECT_EQ((row.counters.at({"event", "customer_replied"})), seqs.size());
    EXPECT_THAT(store->verify()->problems, IsEmpty());
  }
  void crash() { store_.reset(); }
  std::int64_t acknowledged() const { return acknowledged_; }

 private:
  const Folder& folder_;
  std::unique_ptr<EventStore> store_;
  std::int64_t acknowledged_ = 0;
};

void expect_survival_of_every_nth(FaultyVfs::Operation operation, FaultyVfs::Fault fault,
                                  bool sticky) {
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE(testing::Message() << "operation " << nth);
    const Folder folder;
    FaultyVfs disk;
    Reader reader(folder);
    disk.fail(operation, nth, fault, sticky);
    for (int each = 0; each < 8 && reader.step(); ++each) {
    }
    const bool met = disk.met();
    disk.heal();
    const std::int64_t before = reader.acknowledged();
    EXPECT_TRUE(reader.step()) << "the trouble is over";
    EXPECT_EQ(reader.acknowledged(), before + 3);
    reader.check();
    if (!met || testing::Test::HasFailure()) return;
  }
}

TEST(EventStoreOnABadDisk, SurvivesEveryNthWriteFailing) {
  expect_survival_of_every_nth(FaultyVfs::Operation::write, FaultyVfs::Fault::io_error, false);
}
TEST(EventStoreOnABadDisk, SurvivesEveryNthSyncFailing) {
  expect_survival_of_every_nth(FaultyVfs::Operation::sync, FaultyVfs::Fault::io_error, false);
  expect_survival_of_every_nth(FaultyVfs::Operation::sync, FaultyVfs::Fault::io_error, true);
}
TEST(EventStoreOnABadDisk, SurvivesADiskThatIsFullAtEveryNthWrite) {
  expect_survival_of_every_nth(FaultyVfs::Operation::write, FaultyVfs::Fault::disk_full, true);
}

// The cut comes in the middle: a write or a sync fails, and then nothing more reaches the disk.
TEST(EventStoreOnABadDisk, SurvivesPowerCuts) {
  int interrupted = 0;
  constexpr int kCuts = 150;
  for (unsigned seed = 1; seed <= kCuts; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const Folder folder;
    FaultyVfs disk;
    Reader reader(folder);
    const auto operation =
        random() % 3 == 0 ? FaultyVfs::Operation::sync : FaultyVfs::Operation::write;
    disk.fail(operation, static_cast<int>(random() % 80) + 1, FaultyVfs::Fault::io_error, true);
    for (int each = 0; each < 12 && reader.step(); ++each) {
    }
    disk.cut_power();
    reader.crash();
    disk.heal();
    disk.restore_power(random);
    interrupted += reader.acknowledged() < 36;
    reader.check();
    EXPECT_TRUE(reader.step());
    reader.check();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(interrupted, kCuts / 4);
}

}  // namespace
}  // namespace exporter::desk_test
