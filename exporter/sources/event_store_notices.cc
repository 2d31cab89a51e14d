// The rows of notices in tickets.db. They are written before anything is sent and once more after
// it, so a kill between the two repeats one notice and loses none.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "exporter/ledger/digest.h"
#include "exporter/sources/event_store.h"

namespace exporter {
namespace {

using ledger::Query;
using ledger::Transaction;

constexpr std::array<std::string_view, 3> kStages = {"at_risk", "breached", "morning"};
constexpr std::array<std::string_view, 4> kChannels = {"mail", "webhook", "note", "recorded"};
constexpr std::array<std::string_view, 3> kStates = {"waiting", "sent", "failed"};
constexpr std::size_t kIdDigits = 32;
// A morning list is asked about on its own day only; zones put that day at most a day off.
constexpr std::chrono::days kMorningsKept{8};

std::int64_t number(Seconds at) { return at.time_since_epoch().count(); }
Seconds instant(std::int64_t number) { return Seconds(std::chrono::seconds(number)); }

template <class Enum, std::size_t kCount>
std::optional<Enum> value_of(const std::array<std::string_view, kCount>& names,
                             std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

bool read_row(const Query& row, NoticeRow& notice) {
  const auto stage = value_of<NoticeStage>(kStages, row.bytes(4));
  const auto channel = value_of<NoticeChannel>(kChannels, row.bytes(5));
  if (!stage || !channel) return false;
  notice.key = {.source = std::string(row.bytes(0)),
                .ticket = std::string(row.bytes(1)),
                .level = std::string(row.bytes(2)),
                .instance = static_cast<int>(row.integer(3)),
                .stage = *stage};
  notice.channel = *channel;
  notice.id.assign(row.bytes(6));
  notice.at = instant(row.integer(7));
  notice.content.assign(row.bytes(8));
  notice.state = NoticeState::waiting;
  notice.tries = static_cast<int>(row.integer(9));
  notice.next_try = instant(row.integer(10));
  return true;
}

}  // namespace

std::string_view name_of(NoticeStage stage) { return kStages[static_cast<std::size_t>(stage)]; }
std::string_view name_of(NoticeChannel channel) {
  return kChannels[static_cast<std::size_t>(channel)];
}
std::string_view name_of(NoticeState state) { return kStates[static_cast<std::size_t>(state)]; }

std::string notice_id(const NoticeKey& key, NoticeChannel channel) {
  // Parts are kept apart by their lengths.
  const std::string text = fmt::format("{}:{}{}:{}{}:{}{} {} {}", key.source.size(), key.source,
                                       key.ticket.size(), key.ticket, key.level.size(), key.level,
                                       key.instance, name_of(key.stage), name_of(channel));
  return ledger::to_hex(ledger::digest({text})).substr(0, kIdDigits);
}

LedgerResult<std::map<std::string, Seconds>> EventStore::hear_of(
    const std::vector<std::string>& levels, Seconds now) {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  Transaction transaction(*database_);
  std::map<std::string, Seconds> known;
  {
    Query rows = database_->query("SELECT level, since FROM notice_levels");
    while (rows.next()) known[std::string(rows.bytes(0))] = instant(rows.integer(1));
  }
  std::map<std::string, Seconds> heard;
  for (const std::string& level : levels) {
    const auto before = known.find(level);
    heard[level] = before == known.end() ? now : before->second;
  }
  // Whoever is named again later begins anew.
  database_->run("DELETE FROM notice_levels");
  for (const auto& [level, since] : heard) {
    database_->run("INSERT INTO notice_levels VALUES(?, ?)", {level, number(since)});
  }
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  if (auto done = transaction.commit(); !done) return std::unexpected(done.error());
  return heard;
}

LedgerResult<bool> EventStore::is_noticed(const NoticeKey& key) {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  const std::int64_t rows = database_->number(
      "SELECT count(*) FROM notices WHERE source = ? AND ticket = ? AND level = ? AND instance = ? "
      "AND stage = ?",
      {key.source, key.ticket, key.level, std::int64_t{key.instance}, name_of(key.stage)});
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return rows > 0;
}

LedgerResult<void> EventStore::intend(const std::vector<NoticeRow>& rows) {
  if (rows.empty()) return {};
  if (auto ready = make_ready(); !ready) return ready;
  Transaction transaction(*database_);
  for (const NoticeRow& row : rows) {
    database_->run(
        "INSERT OR IGNORE INTO notices VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {row.key.source, row.key.ticket, row.key.level, std::int64_t{row.key.instance},
         name_of(row.key.stage), name_of(row.channel), row.id, number(row.at), row.content,
         name_of(row.state), std::int64_t{row.tries}, number(row.next_try)});
    if (row.key.stage != NoticeStage::morning) continue;
    database_->run("DELETE FROM notices WHERE source = '' AND stage = 'morning' AND at < ?",
                   {number(row.at - kMorningsKept)});
  }
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return transaction.commit();
}

LedgerResult<void> EventStore::settle(const NoticeRow& row) {
  if (auto ready = make_ready(); !ready) return ready;
  const bool over = row.state != NoticeState::waiting;
  Transaction transaction(*database_);
  database_->run(
      "UPDATE notices SET state = ?, tries = ?, next_try = ?, content = ? WHERE source = ? AND "
      "ticket = ? AND level = ? AND instance = ? AND stage = ? AND channel = ?",
      {name_of(row.state), std::int64_t{row.tries}, number(row.next_try),
       over ? std::string_view("") : std::string_view(row.content), row.key.source, row.key.ticket,
       row.key.level, std::int64_t{row.key.instance}, name_of(row.key.stage),
       name_of(row.channel)});
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return transaction.commit();
}

LedgerResult<std::vector<NoticeRow>> EventStore::notices_waiting() {
  if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
  std::vector<NoticeRow> waiting;
  {
    Query rows = database_->query(
        "SELECT source, ticket, level, instance, stage, channel, id, at, content, tries, next_try "
        "FROM notices WHERE state = 'waiting' ORDER BY next_try, source, ticket");
    while (rows.next()) {
      NoticeRow row;
      if (read_row(rows, row)) waiting.push_back(std::move(row));
    }
  }
  if (auto error = database_->take_error()) return std::unexpected(with_remedy(*error));
  return waiting;
}

}  // namespace exporter
