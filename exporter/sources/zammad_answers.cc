#include "exporter/sources/zammad_answers.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "exporter/sla/zone.h"
#include "exporter/sources/json_answer.h"

namespace exporter {
namespace {

using nlohmann::json;

constexpr std::string_view kSearchPath = "/api/v1/tickets/search";
constexpr std::string_view kTicketPath = "/api/v1/tickets";
constexpr std::string_view kHistoryPath = "/api/v1/ticket_history";
constexpr std::string_view kArticlesPath = "/api/v1/ticket_articles";
constexpr std::int64_t kCustomerRole = 3;  // as Zammad sets itself up
constexpr std::size_t kMaxValueBytes = 4096;
constexpr std::int64_t kMaxEntryId = 0xffff'ffff;  // what a seq has room for; Zammad's have 31 bits

std::string text_or_empty(const json& object, const char* key) {
  return text_in(object, key).value_or("");
}

std::optional<Seconds> instant_in(const json& object, const char* key) {
  const json& member = member_of(object, key);
  if (!member.is_string()) return std::nullopt;
  const auto at = parse_instant(member.get_ref<const std::string&>());
  return at ? std::optional(*at) : std::nullopt;
}

// A value of an attribute as the history writes it; nothing for what is no value.
std::optional<std::string> attribute_text(const json& value) {
  if (value.is_string()) return value.get<std::string>().substr(0, kMaxValueBytes);
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return value.dump();
  return std::nullopt;
}

bool flag_in(const json& object, const char* key) {
  const json& member = member_of(object, key);
  return member.is_boolean() && member.get<bool>();
}

std::optional<ZammadTicket> read_ticket(const json& row) {
  const auto id = number_in(row, "id");
  const auto created = instant_in(row, "created_at"), updated = instant_in(row, "updated_at");
  if (!id || *id <= 0 || !created || !updated) return std::nullopt;
  ZammadTicket ticket;
  ticket.id = *id;
  ticket.created = *created;
  ticket.updated = *updated;
  ticket.updated_text = text_or_empty(row, "updated_at");
  ticket.customer = number_in(row, "customer_id").value_or(0);
  ticket.created_by = number_in(row, "created_by_id").value_or(0);
  ticket.article_type = text_or_empty(row, "create_article_type");
  ticket.article_sender = text_or_empty(row, "create_article_sender");
  for (const auto& [name, value] : row.items()) {
    if (auto text = attribute_text(value)) ticket.attributes.emplace(name, *std::move(text));
  }
  return ticket;
}

std::optional<ZammadEntry> read_entry(const json& row) {
  const auto id = number_in(row, "id");
  const auto at = instant_in(row, "created_at");
  if (!id || *id <= 0 || *id > kMaxEntryId || !at) return std::nullopt;
  ZammadEntry entry;
  entry.id = *id;
  entry.at = *at;
  entry.by = number_in(row, "created_by_id").value_or(0);
  entry.type = text_or_empty(row, "type");
  entry.object = text_or_empty(row, "object");
  entry.attribute = text_or_empty(row, "attribute");
  entry.from = text_or_empty(row, "value_from");
  entry.to = text_or_empty(row, "value_to");
  entry.id_from = number_in(row, "id_from").value_or(0);
  entry.id_to = number_in(row, "id_to").value_or(0);
  entry.object_id = number_in(row, "o_id").value_or(0);
  return entry;
}

std::optional<ZammadArticle> read_article(const json& row) {
  const auto id = number_in(row, "id");
  const auto at = instant_in(row, "created_at");
  if (!id || *id <= 0 || !at) return std::nullopt;
  ZammadArticle article;
  article.id = *id;
  article.at = *at;
  article.by = number_in(row, "created_by_id").value_or(0);
  article.sender = text_or_empty(row, "sender");
  article.type = text_or_empty(row, "type");
  article.internal = flag_in(row, "internal");
  article.automatic = flag_in(member_of(row, "preferences"), "is-auto-response");
  article.sent_from = text_or_empty(row, "from");
  article.sent_to = text_or_empty(row, "to");
  article.subject = text_or_empty(row, "subject");
  article.body = text_or_empty(row, "body");
  return article;
}

// The roles that are the customer's: by their name where the answer says it.
std::set<std::int64_t> customer_roles(const json& assets) {
  std::set<std::int64_t> roles = {kCustomerRole};
  const json& named = member_of(assets, "Role");
  if (!named.is_object()) return roles;
  for (const auto& [key, role] : named.items()) {
    const auto id = number_in(role, "id");
    if (!id) continue;
    roles.erase(*id);
    if (text_or_empty(role, "name") == "Customer") roles.insert(*id);
  }
  return roles;
}

bool has_only(const json& user, const std::set<std::int64_t>& roles) {
  const json& ids = member_of(user, "role_ids");
  if (!ids.is_array() || ids.empty()) return false;
  return std::ranges::all_of(ids, [&](const json& id) {
    return id.is_number_integer() && roles.contains(id.get<std::int64_t>());
  });
}

std::map<std::int64_t, ZammadPerson> read_people(const json& assets) {
  std::map<std::int64_t, ZammadPerson> people;
  const std::set<std::int64_t> customers = customer_roles(assets);
  const json& users = member_of(assets, "User");
  if (!users.is_object()) return people;
  for (const auto& [key, user] : users.items()) {
    const auto id = number_in(user, "id");
    if (!id) continue;
    people[*id] = {text_or_empty(user, "login"), text_or_empty(user, "email"),
                   has_only(user, customers)};
  }
  return people;
}

// The records of a list by id, each once; the last of several with one id is the newest.
template <class Record>
std::vector<Record> records_of(const json& list, std::optional<Record> (*read)(const json&)) {
  std::map<std::int64_t, Record> records;
  for (const json& row : list) {
    if (auto record = read(row)) records.insert_or_assign(record->id, *std::move(record));
  }
  std::vector<Record> sorted;
  for (auto& [id, record] : records) sorted.push_back(std::move(record));
  return sorted;
}

}  // namespace

std::expected<std::vector<ZammadTicket>, SourceError> read_zammad_tickets(
    const std::string& body, const std::string& source) {
  const auto answer = parse_answer(body, source, kSearchPath);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->is_array())
    return std::unexpected(unexpected_answer(source, kSearchPath, "a list of tickets"));
  std::vector<ZammadTicket> tickets;
  for (const json& row : *answer) {
    auto ticket = read_ticket(row);
    // To pass over a ticket that is there would be to lose it.
    if (!ticket)
      return std::unexpected(unexpected_answer(source, kSearchPath, "id and times of a ticket"));
    tickets.push_back(*std::move(ticket));
  }
  return tickets;
}

std::expected<ZammadTicket, SourceError> read_zammad_ticket(const std::string& body,
                                                            const std::string& source) {
  const auto answer = parse_answer(body, source, kTicketPath);
  if (!answer) return std::unexpected(answer.error());
  auto ticket = read_ticket(*answer);
  if (!ticket) return std::unexpected(unexpected_answer(source, kTicketPath, "a ticket"));
  return *std::move(ticket);
}

std::expected<ZammadHistory, SourceError> read_zammad_history(const std::string& body,
                                                              const std::string& source) {
  const auto answer = parse_answer(body, source, kHistoryPath);
  if (!answer) return std::unexpected(answer.error());
  const json& list = member_of(*answer, "history");
  if (!list.is_array())
    return std::unexpected(unexpected_answer(source, kHistoryPath, "a history"));
  return ZammadHistory{records_of<ZammadEntry>(list, read_entry),
                       read_people(member_of(*answer, "assets"))};
}

std::expected<std::vector<ZammadArticle>, SourceError> read_zammad_articles(
    const std::string& body, const std::string& source) {
  const auto answer = parse_answer(body, source, kArticlesPath);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->is_array())
    return std::unexpected(unexpected_answer(source, kArticlesPath, "a list of articles"));
  return records_of<ZammadArticle>(*answer, read_article);
}

std::expected<ZammadArticle, SourceError> read_zammad_article(const std::string& body,
                                                              const std::string& source) {
  const auto answer = parse_answer(body, source, kArticlesPath);
  if (!answer) return std::unexpected(answer.error());
  auto article = read_article(*answer);
  if (!article) return std::unexpected(unexpected_answer(source, kArticlesPath, "an article"));
  return *std::move(article);
}

}  // namespace exporter
