#include "exporter/sources/zammad.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "exporter/log.h"
#include "exporter/sla/zone.h"

namespace exporter {
namespace {

using nlohmann::json;
using probes::Task;
using Reason = SourceError::Reason;

constexpr std::string_view kReadRight =
    "the permission ticket.agent, with read access to the groups to be read";
constexpr std::string_view kNoteRight =
    "the permission ticket.agent, with write access to the groups of the tickets";

SourceRequest get(std::string path, std::vector<int> also_expected = {}) {
  SourceRequest request;
  request.path = std::move(path);
  request.also_expected = std::move(also_expected);
  request.right = kReadRight;
  return request;
}

// Trouble of one ticket's answer, as opposed to trouble of the help desk.
bool is_of_one_ticket(const SourceError& error) {
  return error.reason == Reason::answer || error.reason == Reason::server;
}

}  // namespace

ZammadReader::ZammadReader(probes::Net& net, TicketSource source, std::vector<LevelTerms> levels)
    : asker_(net, source), reading_{std::move(source), std::move(levels)} {}

// A condition is answered by Zammad's database; a query would be by its search index, which lags.
std::string ZammadReader::search_path(const ZammadCursor& cursor) const {
  const std::string condition = percent_encoded("condition[ticket.updated_at]");
  return fmt::format(
      "/api/v1/tickets/search?{}{}={}&{}{}={}&sort_by=updated_at&order_by=asc&expand=true"
      "&per_page={}&page={}",
      condition, percent_encoded("[operator]"), percent_encoded("after (absolute)"), condition,
      percent_encoded("[value]"), percent_encoded(format_utc(cursor.after())), reading_.source.page,
      cursor.page());
}

std::vector<ZammadTicket> ZammadReader::unknown(const std::vector<ZammadTicket>& rows,
                                                const ZammadCursor& cursor) const {
  const Seconds since = reading_.source.since.value_or(Seconds{});
  std::vector<ZammadTicket> tickets;
  for (const ZammadTicket& row : rows) {
    if (row.created >= since && !cursor.knows(row)) tickets.push_back(row);
  }
  return tickets;
}

Task<ZammadReader::Rows> ZammadReader::search(std::string path) {
  SourceRequest request = get(std::move(path));
  const SourceAnswerResult answer = co_await asker_.ask(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  co_return read_zammad_tickets(answer->body, reading_.source.name);
}

Task<ZammadReader::Record> ZammadReader::fetch(ZammadTicket ticket, int merges) {
  SourceRequest request = get(fmt::format("/api/v1/ticket_history/{}", ticket.id), {404});
  const SourceAnswerResult answer = co_await asker_.ask(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status == 404) co_return co_await explain_missing(std::move(ticket));
  auto history = read_zammad_history(answer->body, reading_.source.name);
  if (!history) co_return std::unexpected(history.error());
  ZammadRecord record{std::move(ticket), *std::move(history), {}, {}};
  co_return co_await fetch_articles(std::move(record), merges);
}

Task<ZammadReader::Record> ZammadReader::fetch_articles(ZammadRecord record, int merges) {
  SourceRequest request =
      get(fmt::format("/api/v1/ticket_articles/by_ticket/{}?expand=true", record.ticket.id), {404});
  const SourceAnswerResult answer = co_await asker_.ask(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status == 404) co_return co_await explain_missing(std::move(record.ticket));
  auto articles = read_zammad_articles(answer->body, reading_.source.name);
  if (!articles) co_return std::unexpected(articles.error());
  record.articles = *std::move(articles);
  const Done moved = co_await fetch_moved(record);
  if (!moved) co_return std::unexpected(moved.error());
  const Done carried = co_await fetch_carried(record, merges);
  if (!carried) co_return std::unexpected(carried.error());
  co_return std::optional(std::move(record));
}

Task<ZammadReader::Done> ZammadReader::fetch_moved(ZammadRecord& record) {
  for (const std::int64_t id : zammad_articles_moved(record)) {
    SourceRequest request = get(fmt::format("/api/v1/ticket_articles/{}?expand=true", id), {404});
    const SourceAnswerResult answer = co_await asker_.ask(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status == 404) continue;
    auto article = read_zammad_article(answer->body, reading_.source.name);
    if (!article) co_return std::unexpected(article.error());
    record.articles.push_back(*std::move(article));
  }
  co_return Done();
}

Task<ZammadReader::Listed> ZammadReader::fetch_ticket(std::int64_t id) {
  SourceRequest request = get(fmt::format("/api/v1/tickets/{}?expand=true", id), {404});
  const SourceAnswerResult answer = co_await asker_.ask(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status >= 400) co_return Listed(std::nullopt);
  co_return read_zammad_ticket(answer->body, reading_.source.name);
}

Task<ZammadReader::Done> ZammadReader::fetch_carried(ZammadRecord& record, int merges) {
  const int deeper = merges + 1;
  for (const ZammadEntry& entry : record.history.entries) {
    if (entry.type != "received_merge" || entry.id_from <= 0 || deeper > kMaxMerges) continue;
    if (!carried_.contains(entry.id)) {
      Listed ticket = co_await fetch_ticket(entry.id_from);
      // It lies in a group that we may not see, and this must not keep us from the ones we may.
      if (!ticket && ticket.error().reason == Reason::auth) continue;
      if (!ticket) co_return std::unexpected(ticket.error());
      if (!*ticket) continue;
      ZammadTicket merged_ticket = **std::move(ticket);
      const Record merged = co_await fetch(std::move(merged_ticket), deeper);
      if (!merged) co_return std::unexpected(merged.error());
      if (!*merged) continue;
      if (carried_.size() >= kMaxCarried) carried_.clear();
      carried_[entry.id] = zammad_waiting(**merged, reading_, record.ticket.id);
    }
    const std::optional<Waiting>& waiting = carried_.at(entry.id);
    if (waiting) record.carried[entry.id] = *waiting;
  }
  co_return Done();
}

// A history is also not found when something that it speaks of was deleted.
Task<ZammadReader::Record> ZammadReader::explain_missing(ZammadTicket ticket) {
  const Listed there = co_await fetch_ticket(ticket.id);
  if (!there) co_return std::unexpected(there.error());
  if (!*there) co_return Record(std::nullopt);
  co_return std::unexpected(
      SourceError{Reason::answer,
                  fmt::format("{} has ticket {} and answers 404 to its history: see Zammad's log",
                              reading_.source.name, ticket.id),
                  std::nullopt});
}

void ZammadReader::take(const ZammadTicket& ticket, const std::optional<ZammadRecord>& record,
                        SourceBatch& batch) const {
  if (!record) {
    batch.events.push_back(zammad_deleted(ticket, reading_.source.name));
    return;
  }
  for (TicketEvent& event : zammad_events(*record, reading_, batch.unmapped))
    batch.events.push_back(std::move(event));
}

bool ZammadReader::give_up(const ZammadTicket& ticket, const SourceError& error,
                           SourceBatch& batch) {
  if (++failures_[ticket.id] < kMaxAttempts) return false;
  failures_.erase(ticket.id);
  ++batch.unmapped["unreadable_ticket"];
  log_error("a ticket cannot be read and is passed over until it changes",
            {{"source", reading_.source.name},
             {"ticket", std::to_string(ticket.id)},
             {"err", error.message}});
  return true;
}

Task<SourceResult> ZammadReader::read(std::string cursor_text, Seconds now) {
  ZammadCursor cursor = ZammadCursor::parse(cursor_text, reading_.source.since.value_or(Seconds{}));
  std::string path = search_path(cursor);
  const Rows rows = co_await search(std::move(path));
  if (!rows) co_return std::unexpected(rows.error());

  SourceBatch batch;
  const std::vector<ZammadTicket> tickets = unknown(*rows, cursor);
  std::optional<SourceError> trouble;
  std::size_t done = 0, failed = 0;
  for (const ZammadTicket& ticket : tickets) {
    if (done == kTicketsPerRead || failed == kMaxFailuresPerRead) break;
    const Record record = co_await fetch(ticket, 0);
    if (record) take(ticket, *record, batch);
    if (record) failures_.erase(ticket.id);
    if (!record) trouble = record.error();
    if (!record && !is_of_one_ticket(*trouble)) break;
    if (!record && !give_up(ticket, *trouble, batch)) {
      ++failed;
      continue;
    }
    cursor.note(ticket);
    ++done;
  }
  if (trouble && done == 0) co_return std::unexpected(*trouble);
  const bool last = done == tickets.size() &&
                    cursor.finish_page(*rows, static_cast<std::size_t>(reading_.source.page), now);
  batch.more = !last;
  if (last) batch.read_until = now - kSettling;
  batch.cursor = cursor.text();
  co_return batch;
}

Task<std::expected<void, SourceError>> ZammadReader::leave_note(std::string ticket,
                                                                std::string text) {
  const json note = {{"ticket_id", ticket},
                     {"subject", kNoteSubject},
                     {"body", text},
                     {"type", "note"},
                     {"sender", "Agent"},
                     {"internal", true},
                     {"content_type", "text/plain"}};
  SourceRequest request;
  request.path = "/api/v1/ticket_articles";
  request.method = "POST";
  request.body = note.dump(-1, ' ', false, json::error_handler_t::replace);
  request.right = kNoteRight;
  const SourceAnswerResult answer = co_await asker_.ask(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  co_return Done();
}

}  // namespace exporter
