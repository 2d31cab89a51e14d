#include "exporter/sources/rt_answers.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "exporter/sla/zone.h"
#include "exporter/sources/json_answer.h"

namespace exporter {
namespace {

using nlohmann::json;

constexpr std::string_view kTransactions = "/REST/2.0/transactions";
constexpr std::string_view kTicket = "/REST/2.0/ticket";
constexpr std::string_view kAttachments = "/REST/2.0/transaction/ID/attachments";

std::optional<Seconds> instant_in(const json& object, const char* key) {
  const auto text = text_in(object, key);
  if (!text) return std::nullopt;
  const auto instant = parse_instant(*text);
  if (!instant) return std::nullopt;
  return *instant;
}

// {"type": "user", "id": "ann"}; of a role with one member it is the object itself.
std::string id_in(const json& object, const char* key) {
  const json& member = member_of(object, key);
  if (member.is_object()) return text_in(member, "id").value_or("");
  return text_in(object, key).value_or("");
}

std::vector<std::string> people_in(const json& object, const char* key) {
  std::vector<std::string> people;
  const json& member = member_of(object, key);
  if (!member.is_array()) return people;
  for (const json& one : member) {
    const auto type = text_in(one, "type");
    if (type && *type == "user") people.push_back(text_in(one, "id").value_or(""));
  }
  return people;
}

std::optional<RtTransaction> row_of(const json& item) {
  const auto id = number_in(item, "id");
  const auto ticket = number_in(item, "ObjectId");
  const auto created = instant_in(item, "Created");
  auto type = text_in(item, "Type");
  if (!id || !ticket || !created || !type) return std::nullopt;
  return RtTransaction{*id,
                       *ticket,
                       *std::move(type),
                       text_in(item, "Field").value_or(""),
                       text_in(item, "OldValue").value_or(""),
                       text_in(item, "NewValue").value_or(""),
                       id_in(item, "Creator"),
                       *created};
}

void take_custom_fields(const json& answer, RtTicket& ticket) {
  const json& fields = member_of(answer, "CustomFields");
  if (!fields.is_array()) return;
  for (const json& field : fields) {
    const auto id = text_in(field, "id");
    const auto name = text_in(field, "name");
    if (!id || !name) continue;
    ticket.fields[*id] = *name;
    std::vector<std::string>& values = ticket.values[*id];
    const json& theirs = member_of(field, "values");
    if (!theirs.is_array()) continue;
    for (const json& value : theirs) {
      if (value.is_string()) values.push_back(value.get<std::string>());
    }
  }
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r");
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

// The entries of a list; an answer without any is none.
RtAnswer<json> items_of(const std::string& body, const std::string& source, std::string_view path) {
  auto answer = parse_answer(body, source, path);
  if (!answer) return std::unexpected(answer.error());
  const json& items = member_of(*answer, "items");
  if (!items.is_array()) return std::unexpected(unexpected_answer(source, path, "a list"));
  return items;
}

}  // namespace

RtAnswer<RtPage> read_transactions(const std::string& body, const std::string& source) {
  auto answer = parse_answer(body, source, kTransactions);
  if (!answer) return std::unexpected(answer.error());
  const json& items = member_of(*answer, "items");
  if (!items.is_array()) return std::unexpected(unexpected_answer(source, kTransactions, "a list"));
  RtPage page;
  page.count = items.size();
  page.total = number_in(*answer, "total");
  for (const json& item : items) {
    // Without its facts a row would be lost for ever, so the page is refused instead.
    auto row = row_of(item);
    if (!row)
      return std::unexpected(
          unexpected_answer(source, kTransactions, "id, ObjectId, Type and Created of each row"));
    page.rows.push_back(*std::move(row));
  }
  return page;
}

RtAnswer<RtTicket> read_ticket(const std::string& body, const std::string& source) {
  auto answer = parse_answer(body, source, kTicket);
  if (!answer) return std::unexpected(answer.error());
  const auto id = number_in(*answer, "id");
  const auto created = instant_in(*answer, "Created");
  if (!id || !created) return std::unexpected(unexpected_answer(source, kTicket, "id and Created"));
  RtTicket ticket;
  ticket.id = *id;
  ticket.created = *created;
  ticket.type = text_in(*answer, "Type").value_or("ticket");
  ticket.queue = text_in(member_of(*answer, "Queue"), "Name").value_or("");
  ticket.status = text_in(*answer, "Status").value_or("");
  ticket.priority = text_in(*answer, "Priority").value_or("");
  ticket.requestors = people_in(*answer, "Requestor");
  take_custom_fields(*answer, ticket);
  return ticket;
}

RtAnswer<RtPerson> read_person(const std::string& body, const std::string& source) {
  auto answer = parse_answer(body, source, "/REST/2.0/user");
  if (!answer) return std::unexpected(answer.error());
  RtPerson person;
  if (const auto privileged = number_in(*answer, "Privileged")) person.privileged = *privileged;
  person.organization = text_in(*answer, "Organization").value_or("");
  person.language = text_in(*answer, "Lang").value_or("");
  return person;
}

RtAnswer<std::vector<RtAttachment>> read_attachments(const std::string& body,
                                                     const std::string& source) {
  const auto items = items_of(body, source, kAttachments);
  if (!items) return std::unexpected(items.error());
  std::vector<RtAttachment> attachments;
  for (const json& item : *items) {
    const auto id = number_in(item, "id");
    if (!id) return std::unexpected(unexpected_answer(source, kAttachments, "ids"));
    attachments.push_back({*id, text_in(item, "ContentType").value_or(""),
                           number_in(item, "ContentLength").value_or(0),
                           text_in(item, "Headers").value_or("")});
  }
  std::ranges::sort(attachments, {}, &RtAttachment::id);
  return attachments;
}

RtAnswer<std::string> read_content(const std::string& body, const std::string& source) {
  const auto items = items_of(body, source, "/REST/2.0/attachments");
  if (!items) return std::unexpected(items.error());
  return items->empty() ? std::string() : text_in(items->front(), "Content").value_or("");
}

RtAnswer<std::string> read_name(const std::string& body, const std::string& source,
                                std::string_view path) {
  auto answer = parse_answer(body, source, path);
  if (!answer) return std::unexpected(answer.error());
  const auto name = text_in(*answer, "Name");
  if (!name) return std::unexpected(unexpected_answer(source, path, "Name"));
  return *name;
}

RtAnswer<bool> lists_anything(const std::string& body, const std::string& source) {
  const auto items = items_of(body, source, "/REST/2.0/queues/all");
  if (!items) return std::unexpected(items.error());
  return !items->empty();
}

RtHeaders read_headers(std::string_view text) {
  RtHeaders headers;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    const bool folded = line.starts_with(' ') || line.starts_with('\t');
    if (folded && !headers.empty()) {
      headers.back().second += ' ';
      headers.back().second += trimmed(line);
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), lower);
    headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
  }
  return headers;
}

std::string_view header_in(const RtHeaders& headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, &RtHeaders::value_type::first);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<std::int64_t> ticket_of_link(std::string_view link) {
  constexpr std::string_view kMark = "/ticket/";
  const std::size_t mark = link.rfind(kMark);
  if (mark == link.npos) return std::nullopt;
  const std::string_view digits = link.substr(mark + kMark.size());
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return id;
}

}  // namespace exporter
