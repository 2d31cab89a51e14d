// The section `support` of sla.yml: calendars, levels and the help desks that tickets are read
// from. Immutable after load.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/alerting.h"
#include "exporter/ticket/support_terms.h"
#include "probes/probe.h"

namespace exporter {

// How a value of ours is read from what a help desk knows of a ticket: `{queue: {support: first}}`
// or `{custom_field: Region, values: {EU: europe}}`.
struct TicketField {
  std::string attribute;  // queue, group, priority, custom_field, tag, channel, language,
                          // organization; empty: not mapped
  std::string name;       // of a custom field
  std::map<std::string, std::string> values;  // theirs to ours
  bool operator==(const TicketField&) const = default;
};

// What shows that an item of the hand-over checklist was done.
struct ChecklistProof {
  std::string item;
  std::string custom_field;  // set to one of `values`, or to anything when there are none
  std::vector<std::string> values;
  std::string tag;      // the ticket carries it
  std::string comment;  // an internal note contains this text
  bool operator==(const ChecklistProof&) const = default;
};

struct TicketMap {
  TicketField level, calendar, agreement, channel, language, destination;
  std::vector<ChecklistProof> checklist;
  bool operator==(const TicketMap&) const = default;
};

struct TicketSource {
  enum class Type { rt, zammad, webhook, file };
  std::string name;
  Type type = Type::webhook;
  std::string url;                   // of rt and zammad, without a slash at the end
  HttpClientOptions http;            // the token among them
  std::filesystem::path file;        // of file: events as JSON lines or CSV
  probes::Secret secret;             // of webhooks: the bearer token, or Zammad's signature key
  std::optional<Seconds> since;      // tickets opened earlier are not looked at
  std::chrono::seconds every{60};    // between two readings
  std::chrono::seconds timeout{30};  // of one request
  int page = 100;                    // rows of one request
  int requests_per_minute = 120;
  std::vector<std::string> not_human;  // accounts that do not react
  std::vector<std::string> resolved_states, waiting_states, spam_states;  // beside the usual names
  TicketMap map;
  bool internal_notes = false;  // notices are also left on the ticket
  bool operator==(const TicketSource&) const = default;
};

std::string_view name_of(TicketSource::Type type);  // as in sla.yml

// Who hears of single tickets: the team of a level.
struct TicketNotices {
  struct Team {
    std::vector<std::string> mail_to;
    std::string webhook_url;
    probes::Secret webhook_secret_url;
    bool operator==(const Team&) const = default;
  };
  std::map<std::string, Team> teams;  // by level
  std::string morning_list;           // local time "08:00", empty: none
  AlertMail mail;                     // the server; `to` and `after` are not used
  bool operator==(const TicketNotices&) const = default;
};

struct Support {
  SupportTerms terms;
  // Of each calendar that has any, the holidays that stand in sla.yml itself, as written; the
  // others are in its files. What counts is in the terms.
  std::map<std::string, std::vector<std::string>> written_holidays;
  std::vector<TicketSource> sources;
  TicketNotices notices;
  probes::Duration retention = std::chrono::hours(24 * 457);  // of tickets that are over: 15 months
  bool configured() const { return !terms.levels.empty(); }
  bool operator==(const Support&) const = default;
};

}  // namespace exporter
