#include "exporter/sources/rt.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace exporter {
namespace {

using probes::Task;
using Reason = SourceError::Reason;

// RT reads the dates of a search in the account's zone, wherever that is.
constexpr std::chrono::hours kAnyZone{24};
constexpr int kSmallestOverlap = 20;

// RT wants its tokens announced as such.
TicketSource as_rt_wants(TicketSource source) {
  if (source.http.authorization_type == "Bearer") source.http.authorization_type = "token";
  source.page = std::clamp(source.page, 1, RtDesk::kLargestPage);
  return source;
}

// Most of a pass may lie so far back that searching all the transactions before would be a burden.
std::string created_after(Seconds since) {
  const auto day = std::chrono::floor<std::chrono::days>(since - kAnyZone);
  const std::chrono::year_month_day date(day);
  return fmt::format(" AND Created > '{:04}-{:02}-{:02} 00:00:00'", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

SourceError sees_nothing(const std::string& source, const RtCursor& cursor) {
  const std::string_view what = cursor.read == 0 ? "shows the account no transaction of any ticket"
                                                 : "shows nothing any more of what was read before";
  return {Reason::auth,
          fmt::format("{} {}: give the account the rights SeeQueue, ShowTicket, "
                      "ShowTicketComments and ShowOutgoingEmail on the queues of the support",
                      source, what),
          std::nullopt};
}

}  // namespace

RtReader::RtReader(probes::Net& net, const TicketSource& source, std::vector<LevelTerms> levels)
    : desk_(net, as_rt_wants(source)),
      mapping_(as_rt_wants(source), std::move(levels)),
      translator_(desk_, mapping_) {}

Task<SourceResult> RtReader::read(std::string cursor, Seconds now) {
  std::expected<RtCursor, std::string> parsed = parse_rt_cursor(cursor);
  if (!parsed) {
    SourceError error{Reason::local, parsed.error(), std::nullopt};
    co_return std::unexpected(std::move(error));
  }
  take_word(cursor);
  const RtAnswer<void> myself = co_await know_myself();
  if (!myself) co_return std::unexpected(myself.error());
  Batch batch;
  batch.cursor = *std::move(parsed);
  if (!batch.cursor.to) {
    const RtAnswer<void> begun = co_await begin_pass(batch.cursor, now);
    if (!begun) co_return std::unexpected(begun.error());
  }
  RtAnswer<std::vector<RtTransaction>> rows = co_await next_rows(batch.cursor);
  if (!rows) co_return std::unexpected(rows.error());
  if (rows->empty()) batch.cursor.at = *batch.cursor.to;
  const std::uint64_t before = desk_.requests();
  for (RtTransaction& row : *rows) {
    if (desk_.requests() - before >= kMaxRequests) break;
    const RtAnswer<void> done = co_await take(std::move(row), batch);
    if (!done) co_return std::unexpected(done.error());
  }
  co_return finish(std::move(batch));
}

// Only a cursor that comes back says that the batch before it is safe.
void RtReader::take_word(const std::string& cursor) {
  if (cursor == given_cursor_) {
    known_.merge(given_);
  } else {
    known_.clear();
  }
  given_.clear();
  given_cursor_ = cursor;
}

// Our own notes are no reaction. A token begins with a version and the number of its account.
Task<RtAnswer<void>> RtReader::know_myself() {
  if (knows_itself_) co_return RtAnswer<void>();
  RtAnswer<std::string> name = co_await desk_.own_name();
  if (!name) co_return std::unexpected(name.error());
  if (!name->empty()) mapping_.add_machine(*name);
  knows_itself_ = true;
  co_return RtAnswer<void>();
}

std::int64_t RtReader::overlap() const {
  return std::max(mapping_.source().page, kSmallestOverlap);
}

std::string RtReader::query_of(const RtCursor& cursor) const {
  std::string query = fmt::format("ObjectType='RT::Ticket' AND id > {}", cursor.at);
  const std::optional<Seconds>& since = mapping_.source().since;
  if (cursor.at == 0 && since) query += created_after(*since);
  return query;
}

Task<RtAnswer<RtPage>> RtReader::search(RtCursor cursor, RtDesk::Order order, int page) {
  std::string query = query_of(cursor);
  const int per_page = mapping_.source().page;
  co_return co_await desk_.transactions(std::move(query), order, per_page, page);
}

// Finds where the pass has to end. Rows that were read before are seen again at the latest, unless
// the account has lost its rights.
Task<RtAnswer<void>> RtReader::begin_pass(RtCursor& cursor, Seconds now) {
  cursor.at = std::max<std::int64_t>(cursor.read - overlap(), 0);
  cursor.asked = now;
  for (int page = 1; page <= kMaxEmptyPages; ++page) {
    const RtAnswer<RtPage> answer = co_await search(cursor, RtDesk::Order::newest_first, page);
    if (!answer) co_return std::unexpected(answer.error());
    if (!answer->rows.empty()) {
      cursor.to = answer->rows.front().id;
      co_return RtAnswer<void>();
    }
    if (answer->total == 0) break;
  }
  // A help desk where nothing has happened yet shows its queues at least.
  const RtAnswer<bool> queues = co_await desk_.sees_queues();
  if (!queues) co_return std::unexpected(queues.error());
  if (cursor.read > 0 || !*queues) co_return std::unexpected(sees_nothing(desk_.source(), cursor));
  cursor.to = cursor.at;
  co_return RtAnswer<void>();
}

// The next page that shows anything: further pages are only looked at while they are empty, so
// that what comes in meanwhile never moves a row past us.
Task<RtAnswer<std::vector<RtTransaction>>> RtReader::next_rows(RtCursor cursor) {
  for (int page = 1; page <= kMaxEmptyPages && cursor.at < *cursor.to; ++page) {
    RtAnswer<RtPage> answer = co_await search(cursor, RtDesk::Order::oldest_first, page);
    if (!answer) co_return std::unexpected(answer.error());
    if (!answer->rows.empty()) co_return std::move(answer->rows);
  }
  co_return std::vector<RtTransaction>();
}

Task<RtAnswer<void>> RtReader::take(RtTransaction row, Batch& batch) {
  RtCursor& cursor = batch.cursor;
  const std::int64_t id = row.id;
  const Seconds created = row.created;
  if (!known_.contains(id)) {
    desk_.note(row);
    RtEvents events =
        co_await translator_.translate(std::move(row), cursor.unmailed, batch.taken.unmapped);
    if (!events) co_return std::unexpected(events.error());
    std::ranges::move(*events, std::back_inserter(batch.taken.events));
    batch.ids.insert(id);
  }
  cursor.at = std::max(cursor.at, id);
  cursor.read = std::max(cursor.read, id);
  // Ids and instants rise together, but for what is not committed yet.
  const Seconds until = std::min(created, cursor.asked) - kSettled;
  cursor.until = std::max(cursor.until.value_or(until), until);
  co_return RtAnswer<void>();
}

SourceResult RtReader::finish(Batch batch) {
  RtCursor& cursor = batch.cursor;
  if (cursor.at >= *cursor.to) {
    const Seconds until = cursor.asked - kSettled;
    cursor.until = std::max(cursor.until.value_or(until), until);
    cursor.to.reset();
  }
  given_ = std::move(batch.ids);
  given_cursor_ = to_text(cursor);
  known_.erase(known_.begin(), known_.lower_bound(cursor.read - overlap()));
  batch.taken.more = cursor.to.has_value();
  batch.taken.read_until = cursor.until;
  batch.taken.cursor = given_cursor_;
  return std::move(batch.taken);
}

Task<std::expected<void, SourceError>> RtReader::leave_note(std::string ticket, std::string text) {
  co_return co_await desk_.comment(std::move(ticket), std::move(text));
}

}  // namespace exporter
