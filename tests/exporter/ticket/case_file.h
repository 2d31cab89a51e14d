// The worked cases of tickets and months, as rows of the case file.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "exporter/sla/zone.h"
#include "exporter/ticket/event_csv.h"

namespace exporter {

using CaseRow = std::map<std::string, std::string>;  // by column

// `tree` is the folder of the sources.
inline std::filesystem::path case_file_path(const std::filesystem::path& tree) {
  const char* folder = std::getenv("SLA_TEST_DATA");
  const std::filesystem::path data = folder != nullptr ? folder : tree / "../shared";
  return data / "cases" / "ticket-clock-cases.csv";
}

// Rows of one kind; empty when there is no file.
inline std::vector<CaseRow> case_rows(const std::filesystem::path& tree, const std::string& kind) {
  std::ifstream file(case_file_path(tree));
  std::stringstream text;
  text << file.rdbuf();
  const std::string content = text.str();
  std::string_view rest = content;
  std::vector<CaseRow> rows;
  std::vector<std::string> names;
  while (const auto record = take_csv_record(rest)) {
    const auto values = csv_values(*record).value();
    if (names.empty()) {
      names = values;
      continue;
    }
    CaseRow row;
    for (std::size_t i = 0; i < names.size(); ++i) row[names[i]] = values.at(i);
    if (row["kind"] == kind) rows.push_back(std::move(row));
  }
  return rows;
}

// "2026-01-14T09:00:00Z opened:customer; 2026-01-14T10:00:00Z escalated:second".
inline std::vector<TicketEvent> case_events(const CaseRow& row) {
  std::vector<TicketEvent> events;
  std::stringstream list(row.at("events"));
  for (std::string text; std::getline(list, text, ';');) {
    std::stringstream words(text);
    std::string time, what;
    words >> time >> what;
    const std::string name = what.substr(0, what.find(':'));
    const std::string argument = what.contains(':') ? what.substr(what.find(':') + 1) : "";
    TicketEvent event;
    event.source = "cases";
    event.ticket = row.at("ticket");
    event.seq = static_cast<std::int64_t>(events.size()) + 1;
    event.at = parse_instant(time).value();
    event.type = ticket_event_type(name == "assigned_owner" ? "assigned" : name).value();
    event.actor = name.starts_with("customer") ? TicketActor::customer : TicketActor::agent;
    if (name == "opened") event.actor = ticket_actor(argument).value();
    if (name == "carry") event.since = parse_instant(argument).value();
    if (name == "escalated" || name == "routed" || name == "returned") event.level = argument;
    if (events.empty()) event.calendar = row.at("calendar");
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace exporter
