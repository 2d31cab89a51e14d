// Zammad's answers as values: a page of the search, the history of a ticket with the people in it,
// its articles. Read without trust; a record that lacks what identifies it is left out. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sla/terms.h"
#include "exporter/sources/source.h"
#include "exporter/sources/waiting.h"

namespace exporter {

struct ZammadTicket {
  std::int64_t id = 0;
  Seconds created, updated;
  std::string updated_text;  // as written, with its milliseconds: tells one state from the next
  std::int64_t customer = 0, created_by = 0;
  std::string article_type, article_sender;  // of the first article: "email", "Customer"
  // Attributes as texts, by Zammad's names: group, state, priority, organization, custom fields.
  std::map<std::string, std::string> attributes;
  bool operator==(const ZammadTicket&) const = default;
};

// A line of a ticket's history.
struct ZammadEntry {
  std::int64_t id = 0;  // ascending in the order in which things happened
  Seconds at;
  std::int64_t by = 0;
  std::string type, object, attribute;  // "updated", "Ticket", "state"
  std::string from, to;
  std::int64_t id_from = 0, id_to = 0;  // of received_merge and merged_into: the tickets
  std::int64_t object_id = 0;           // of "Ticket::Article": the article
  bool operator==(const ZammadEntry&) const = default;
};

struct ZammadPerson {
  std::string login, email;
  bool is_customer = false;  // has no other role
  bool operator==(const ZammadPerson&) const = default;
};

struct ZammadHistory {
  std::vector<ZammadEntry> entries;  // by id, each once
  std::map<std::int64_t, ZammadPerson> people;
};

struct ZammadArticle {
  std::int64_t id = 0;
  Seconds at;
  std::int64_t by = 0;
  std::string sender, type;  // "Customer", "Agent", "System"; "email", "note", "phone"
  bool internal = false;
  bool automatic = false;  // an automatic answer of the customer's side
  // To see whom a mail was for and to find the marks of the checklist; never passed on.
  std::string sent_from, sent_to, subject, body;
  bool operator==(const ZammadArticle&) const = default;
};

// A ticket as a whole.
struct ZammadRecord {
  ZammadTicket ticket;
  ZammadHistory history;
  std::vector<ZammadArticle> articles;
  // Since when customers waited on tickets that were merged into this one, by the entry
  // (received_merge) that tells of it.
  std::map<std::int64_t, Waiting> carried;
};

std::expected<std::vector<ZammadTicket>, SourceError> read_zammad_tickets(
    const std::string& body, const std::string& source);
std::expected<ZammadTicket, SourceError> read_zammad_ticket(const std::string& body,
                                                            const std::string& source);
std::expected<ZammadHistory, SourceError> read_zammad_history(const std::string& body,
                                                              const std::string& source);
// By id, each once.
std::expected<std::vector<ZammadArticle>, SourceError> read_zammad_articles(
    const std::string& body, const std::string& source);
std::expected<ZammadArticle, SourceError> read_zammad_article(const std::string& body,
                                                              const std::string& source);

}  // namespace exporter
