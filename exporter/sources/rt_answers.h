// What Request Tracker's REST 2.0 answers, as values. Only what the translation needs is taken;
// subjects, texts and addresses stay where they came from. Pure.
//
// RT writes ids as numbers or as texts, leaves out what an account may not see, and puts null where
// it will not count: everything here is read without trust.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/sources/source.h"

namespace exporter {

// One row of the history of all tickets, the unit of reading.
struct RtTransaction {
  std::int64_t id = 0;
  std::int64_t ticket = 0;  // of a merged ticket the old number
  std::string type, field, old_value, new_value;
  std::string creator;  // the account's name
  Seconds created;
  bool operator==(const RtTransaction&) const = default;
};

struct RtPage {
  std::vector<RtTransaction> rows;
  std::size_t count = 0;  // rows as RT counts them
  // Of the whole search; only for accounts that see everything.
  std::optional<std::int64_t> total;
};

struct RtTicket {
  std::int64_t id = 0;  // of a merged ticket the survivor's
  std::string type;     // "ticket"; reminders and approvals are tickets too
  std::string queue;    // name
  std::string status, priority;
  std::vector<std::string> requestors;                     // account names
  std::map<std::string, std::string> fields;               // names of custom fields by their ids
  std::map<std::string, std::vector<std::string>> values;  // of custom fields by their ids
  Seconds created;
};

struct RtPerson {
  std::optional<bool> privileged;  // works here; absent when the account may not see it
  std::string organization, language;
};

// Names in lower case, in order.
using RtHeaders = std::vector<std::pair<std::string, std::string>>;

struct RtAttachment {
  std::int64_t id = 0;
  std::string content_type;
  std::int64_t bytes = 0;
  std::string headers;
};

template <class T>
using RtAnswer = std::expected<T, SourceError>;

RtAnswer<RtPage> read_transactions(const std::string& body, const std::string& source);
RtAnswer<RtTicket> read_ticket(const std::string& body, const std::string& source);
RtAnswer<RtPerson> read_person(const std::string& body, const std::string& source);
// In the order of their ids: the message itself before its parts.
RtAnswer<std::vector<RtAttachment>> read_attachments(const std::string& body,
                                                     const std::string& source);
// The text of the one attachment of a list; empty when it is no text, or not to be seen.
RtAnswer<std::string> read_content(const std::string& body, const std::string& source);
// Of a queue or an account.
RtAnswer<std::string> read_name(const std::string& body, const std::string& source,
                                std::string_view path);
// Whether a list has an entry at all.
RtAnswer<bool> lists_anything(const std::string& body, const std::string& source);

RtHeaders read_headers(std::string_view text);
// The first of that name, which is in lower case; empty when it is missing.
std::string_view header_in(const RtHeaders& headers, std::string_view name);

// The ticket's number at the end of "fsck.com-rt://example.com/ticket/12"; nothing when the link
// leads elsewhere.
std::optional<std::int64_t> ticket_of_link(std::string_view link);

}  // namespace exporter
