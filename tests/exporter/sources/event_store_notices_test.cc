// What tickets.db remembers of notices, over restarts and on a disk that fails.
#include <gmock/gmock.h>

#include "tests/exporter/sources/some_tickets.h"
#include "tests/fakes/faulty_vfs.h"

namespace exporter::desk_test {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::SizeIs;

const Seconds kNow = at("2026-11-23T12:00:00Z");

std::unique_ptr<EventStore> open(const Folder& folder) {
  auto store = EventStore::open(folder.path(), EventStore::Mode::create);
  EXPECT_TRUE(store.has_value()) << store.error().message;
  return store ? *std::move(store) : nullptr;
}

NoticeRow row(std::string ticket, NoticeStage stage = NoticeStage::breached) {
  NoticeRow row;
  row.key = {.source = stage == NoticeStage::morning ? "" : "rt",
             .ticket = std::move(ticket),
             .level = "first",
             .instance = 2,
             .stage = stage};
  row.channel = NoticeChannel::webhook;
  row.id = notice_id(row.key, row.channel);
  row.at = kNow;
  row.content = "{\"ticket\": \"\u00e4\"}";
  row.next_try = kNow + std::chrono::seconds(5);
  return row;
}

TEST(StoredNotices, WaitUntilTheyAreSettledAndAreRememberedAfterwards) {
  const Folder folder;
  NoticeRow one = row("1");
  const NoticeRow two = row("2");
  ASSERT_TRUE(open(folder)->intend({one, two}));
  EXPECT_THAT(*open(folder)->notices_waiting(), ElementsAre(one, two));
  one.tries = 1;
  one.next_try = kNow + std::chrono::seconds(30);
  ASSERT_TRUE(open(folder)->settle(one));
  EXPECT_THAT(*open(folder)->notices_waiting(), ElementsAre(two, one));
  one.state = NoticeState::sent;
  ASSERT_TRUE(open(folder)->settle(one));
  const auto store = open(folder);
  EXPECT_THAT(*store->notices_waiting(), ElementsAre(two));
  EXPECT_TRUE(*store->is_noticed(one.key));
  NoticeKey other = one.key;
  other.instance = 3;
  EXPECT_FALSE(*store->is_noticed(other));
  other = one.key;
  other.stage = NoticeStage::at_risk;
  EXPECT_FALSE(*store->is_noticed(other));
}

TEST(StoredNotices, AnIntentionThatIsRecordedStands) {
  const Folder folder;
  const auto store = open(folder);
  NoticeRow first = row("1");
  ASSERT_TRUE(store->intend({first}));
  NoticeRow again = first;
  again.content = "other";
  ASSERT_TRUE(store->intend({again}));
  EXPECT_THAT(*store->notices_waiting(), ElementsAre(first));
}

TEST(StoredNotices, GoWithTheirTicket) {
  const Folder folder;
  const auto store = open(folder);
  ASSERT_TRUE(store->commit(
      "rt", batch({event("1", 1, "2026-11-23T07:00:00Z", TicketEventType::opened)}, ""), kNow));
  ASSERT_TRUE(store->intend({row("1"), row("2")}));
  ASSERT_TRUE(store->remove({{"rt", "1"}}, ""));
  EXPECT_FALSE(*store->is_noticed(row("1").key));
  EXPECT_TRUE(*store->is_noticed(row("2").key));
}

TEST(StoredNotices, MorningsOfLongAgoAreForgotten) {
  const Folder folder;
  const auto store = open(folder);
  const NoticeRow old = row("2026-11-23", NoticeStage::morning);
  ASSERT_TRUE(store->intend({old}));
  NoticeRow later = row("2026-12-01", NoticeStage::morning);
  later.at = kNow + std::chrono::days(8);
  ASSERT_TRUE(store->intend({later}));
  EXPECT_TRUE(*store->is_noticed(old.key));
  later = row("2026-12-02", NoticeStage::morning);
  later.at = kNow + std::chrono::days(9);
  ASSERT_TRUE(store->intend({later}));
  EXPECT_FALSE(*store->is_noticed(old.key));
}

TEST(StoredNotices, ALevelIsHeardOfSinceItWasNamedFirst) {
  const Folder folder;
  EXPECT_THAT(*open(folder)->hear_of({"first"}, kNow), ElementsAre(Pair("first", kNow)));
  const Seconds later = kNow + std::chrono::hours(1);
  EXPECT_THAT(*open(folder)->hear_of({"first", "second"}, later),
              ElementsAre(Pair("first", kNow), Pair("second", later)));
  EXPECT_THAT(*open(folder)->hear_of({"second"}, later), ElementsAre(Pair("second", later)));
  EXPECT_THAT(*open(folder)->hear_of({"first"}, later), ElementsAre(Pair("first", later)));
}

TEST(StoredNotices, AnIdFollowsFromWhatItIsAbout) {
  const NoticeKey key = row("1").key;
  const std::string id = notice_id(key, NoticeChannel::mail);
  EXPECT_THAT(id, SizeIs(32));
  EXPECT_EQ(id, notice_id(key, NoticeChannel::mail));
  EXPECT_NE(id, notice_id(key, NoticeChannel::webhook));
  NoticeKey moved = key;
  moved.source = "r";
  moved.ticket = "t1";
  EXPECT_NE(id, notice_id(moved, NoticeChannel::mail));
}

TEST(StoredNotices, AFullDiskRecordsNothingAndSaysSo) {
  fakes::FaultyVfs disk;
  const Folder folder;
  const auto store = open(folder);
  const NoticeRow settled = row("1");
  ASSERT_TRUE(store->intend({settled}));
  disk.fail(fakes::FaultyVfs::Operation::write, 1, fakes::FaultyVfs::Fault::disk_full, true);
  EXPECT_FALSE(store->intend({row("2")}));
  disk.heal();
  EXPECT_FALSE(*store->is_noticed(row("2").key));
  EXPECT_THAT(*store->notices_waiting(), ElementsAre(settled));
  ASSERT_TRUE(store->intend({row("2")}));
}

}  // namespace
}  // namespace exporter::desk_test
