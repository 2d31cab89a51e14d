#include "exporter/sources/rt_desk.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace exporter {
namespace {

using probes::Task;

constexpr std::string_view kFields = "Type,Field,OldValue,NewValue,Created,ObjectId,Creator";
constexpr std::string_view kReading =
    "the rights SeeQueue, ShowTicket, ShowTicketComments, ShowOutgoingEmail and SeeCustomField";

std::string transactions_path(const std::string& query, RtDesk::Order order, int per_page,
                              int page) {
  // Only these fields: among the others are subjects.
  return fmt::format(
      "/REST/2.0/transactions?query={}&orderby=id&order={}&per_page={}&page={}&fields={}",
      percent_encoded(query), order == RtDesk::Order::oldest_first ? "ASC" : "DESC", per_page, page,
      kFields);
}

bool is_text(const RtAttachment& attachment) {
  return attachment.content_type.starts_with("text/") && attachment.bytes <= RtDesk::kMaxTextBytes;
}

SourceError note_refused(const std::string& source, int status) {
  return {SourceError::Reason::auth,
          fmt::format("{} answers {} to a note: give the account the right CommentOnTicket", source,
                      status),
          std::nullopt};
}

// A token is "1-50-" and its secret: 50 is the account's number.
std::string account_of(const HttpClientOptions& http) {
  if (!http.basic_auth_user.empty()) return http.basic_auth_user;
  const std::string& token = http.authorization_credentials.reveal();
  const std::size_t from = token.find('-') + 1;
  const std::size_t to = token.find('-', from);
  if (from == 0 || to == token.npos) return {};
  const std::string account = token.substr(from, to - from);
  const bool number = !account.empty() && account.find_first_not_of("0123456789") == account.npos;
  return number ? account : std::string();
}

// Nothing that is kept is ever wrong, only old; so where it grows too much it is begun anew.
template <class Map>
void make_room(Map& kept) {
  if (kept.size() >= RtDesk::kMaxKept) kept.clear();
}

}  // namespace

RtDesk::RtDesk(probes::Net& net, const TicketSource& source)
    : asker_(net, source), source_(source.name), own_account_(account_of(source.http)) {}

Task<RtAnswer<std::optional<std::string>>> RtDesk::look(std::string path) {
  SourceRequest request;
  request.path = std::move(path);
  request.right = kReading;
  request.also_expected = {403, 404};
  ++requests_;
  SourceAnswerResult answer = co_await asker_.ask(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  std::optional<std::string> body;
  if (answer->status < 300) body = std::move(answer->body);
  co_return body;
}

Task<RtAnswer<RtPage>> RtDesk::transactions(std::string query, Order order, int per_page,
                                            int page) {
  SourceRequest request;
  request.path = transactions_path(query, order, per_page, page);
  request.right = kReading;
  ++requests_;
  SourceAnswerResult answer = co_await asker_.ask(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  co_return read_transactions(answer->body, source_);
}

// Rows that the account may not see make a page short; a page of one ticket's own rows without any
// is the end all the same, because the account sees either its changes or none.
Task<RtAnswer<std::vector<RtTransaction>>> RtDesk::history(std::string query) {
  std::vector<RtTransaction> rows;
  for (int page = 1; page <= kMaxHistoryPages; ++page) {
    RtAnswer<RtPage> answer = co_await transactions(query, Order::oldest_first, kLargestPage, page);
    if (!answer) co_return std::unexpected(answer.error());
    rows.insert(rows.end(), answer->rows.begin(), answer->rows.end());
    if (answer->count < static_cast<std::size_t>(kLargestPage) / 2) break;
  }
  co_return rows;
}

Task<RtAnswer<std::optional<RtFacts>>> RtDesk::facts(std::int64_t ticket) {
  const auto known = facts_.find(ticket);
  if (known != facts_.end()) co_return known->second;
  std::string path = fmt::format("/REST/2.0/ticket/{}?fields%5BQueue%5D=Name", ticket);
  RtAnswer<std::optional<std::string>> body = co_await look(std::move(path));
  if (!body) co_return std::unexpected(body.error());
  std::optional<RtFacts> facts;
  if (*body) {
    const RtAnswer<RtTicket> now = read_ticket(**body, source_);
    if (!now) co_return std::unexpected(now.error());
    std::string query = fmt::format(
        "ObjectType='RT::Ticket' AND ObjectId={} AND (Type='Create' OR Type='Status' OR "
        "Type='CustomField' OR (Type='Set' AND (Field='Queue' OR Field='Priority')))",
        ticket);
    RtAnswer<std::vector<RtTransaction>> rows = co_await history(std::move(query));
    if (!rows) co_return std::unexpected(rows.error());
    facts.emplace(ticket, *now, *rows);
  }
  make_room(facts_);
  facts_[ticket] = facts;
  co_return facts;
}

void RtDesk::note(const RtTransaction& row) {
  const auto known = facts_.find(row.ticket);
  if (known == facts_.end()) return;
  // Who is a requestor may be another from here on, and so may everything after a merge.
  if (row.type.ends_with("Watcher") || row.field == "MergedInto") {
    facts_.erase(known);
  } else if (known->second) {
    known->second->note(row);
  }
}

Task<RtAnswer<std::string>> RtDesk::name_at(std::string path, std::string otherwise) {
  RtAnswer<std::optional<std::string>> body = co_await look(path);
  if (!body) co_return std::unexpected(body.error());
  if (!*body) co_return otherwise;
  co_return read_name(**body, source_, path);
}

Task<RtAnswer<std::string>> RtDesk::queue_name(std::string id) {
  const auto known = queues_.find(id);
  if (known != queues_.end()) co_return known->second;
  std::string path = "/REST/2.0/queue/" + percent_encoded(id);
  std::string unseen = "queue " + id;
  RtAnswer<std::string> name = co_await name_at(std::move(path), std::move(unseen));
  if (name) queues_[id] = *name;
  co_return name;
}

Task<RtAnswer<std::string>> RtDesk::own_name() {
  if (own_account_.empty()) co_return std::string();
  std::string path = "/REST/2.0/user/" + percent_encoded(own_account_);
  co_return co_await name_at(std::move(path), "");
}

Task<RtAnswer<RtPerson>> RtDesk::person(std::string account) {
  const auto known = people_.find(account);
  if (known != people_.end()) co_return known->second;
  std::string path = "/REST/2.0/user/" + percent_encoded(account);
  RtAnswer<std::optional<std::string>> body = co_await look(std::move(path));
  if (!body) co_return std::unexpected(body.error());
  RtPerson person;
  if (*body) {
    RtAnswer<RtPerson> theirs = read_person(**body, source_);
    if (!theirs) co_return std::unexpected(theirs.error());
    person = *std::move(theirs);
  }
  make_room(people_);
  people_[account] = person;
  co_return person;
}

Task<RtAnswer<RtHeaders>> RtDesk::headers(std::int64_t transaction) {
  std::string path =
      fmt::format("/REST/2.0/transaction/{}/attachments?fields=Headers&per_page=100", transaction);
  RtAnswer<std::optional<std::string>> body = co_await look(std::move(path));
  if (!body) co_return std::unexpected(body.error());
  if (!*body) co_return RtHeaders();
  const RtAnswer<std::vector<RtAttachment>> attachments = read_attachments(**body, source_);
  if (!attachments) co_return std::unexpected(attachments.error());
  if (attachments->empty()) co_return RtHeaders();
  co_return read_headers(attachments->front().headers);
}

Task<RtAnswer<std::string>> RtDesk::text(std::int64_t transaction) {
  std::string text;
  std::string path = fmt::format(
      "/REST/2.0/transaction/{}/attachments?fields=ContentType,ContentLength&per_page=100",
      transaction);
  RtAnswer<std::optional<std::string>> list = co_await look(std::move(path));
  if (!list) co_return std::unexpected(list.error());
  if (!*list) co_return text;
  RtAnswer<std::vector<RtAttachment>> attachments = read_attachments(**list, source_);
  if (!attachments) co_return std::unexpected(attachments.error());
  std::erase_if(*attachments, [](const RtAttachment& one) { return !is_text(one); });
  if (attachments->size() > kMaxTexts) attachments->resize(kMaxTexts);
  for (const RtAttachment& attachment : *attachments) {
    const std::string query = fmt::format(R"([{{"field":"id","value":{}}}])", attachment.id);
    std::string one = "/REST/2.0/attachments?fields=Content&query=" + percent_encoded(query);
    RtAnswer<std::optional<std::string>> body = co_await look(std::move(one));
    if (!body) co_return std::unexpected(body.error());
    if (!*body) continue;
    const RtAnswer<std::string> content = read_content(**body, source_);
    if (!content) co_return std::unexpected(content.error());
    text += *content;
    text += '\n';
  }
  co_return text;
}

Task<RtAnswer<bool>> RtDesk::sees_queues() {
  RtAnswer<std::optional<std::string>> body = co_await look("/REST/2.0/queues/all");
  if (!body) co_return std::unexpected(body.error());
  if (!*body) co_return false;
  co_return lists_anything(**body, source_);
}

Task<RtAnswer<void>> RtDesk::comment(std::string ticket, std::string text) {
  SourceRequest request;
  request.path = fmt::format("/REST/2.0/ticket/{}/comment", percent_encoded(ticket));
  request.method = "POST";
  request.body = nlohmann::json{{"Content", std::move(text)}, {"ContentType", "text/plain"}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  request.also_expected = {400, 403};
  ++requests_;
  const SourceAnswerResult answer = co_await asker_.ask(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  // For want of a right RT says 400; there is nothing else in a note that it could dislike.
  if (answer->status >= 300) co_return std::unexpected(note_refused(source_, answer->status));
  co_return RtAnswer<void>();
}

}  // namespace exporter
