// The section `support` as YAML: everything that is in force, also where it is the default.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "exporter/config/show.h"
#include "exporter/config/values.h"
#include "exporter/sla/zone.h"
#include "exporter/ticket/window_text.h"

namespace exporter::config {
namespace {

void put(std::string& out, int indent, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  fmt::format_to(std::back_inserter(out), "{:{}}{}: {}\n", "", indent, show_text(key), value);
}

void put_head(std::string& out, int indent, std::string_view key) {
  fmt::format_to(std::back_inserter(out), "{:{}}{}:\n", "", indent, show_text(key));
}

std::string show_list_if_any(const std::vector<std::string>& items) {
  return items.empty() ? "" : show_list(items);
}

// Whole days since 1970, whose UTC midnight has the same date.
std::string show_day(std::chrono::local_days day) {
  return format_utc_day(Seconds(day.time_since_epoch()));
}

void show_calendar(std::string& out, const Support& support, const CalendarTerms& calendar) {
  put_head(out, 4, calendar.name);
  if (!calendar.union_of.empty()) {
    put(out, 6, "union", show_list(calendar.union_of));
    return;
  }
  put(out, 6, "timezone", show_text(calendar.timezone));
  put(out, 6, "open", show_list(format_open_windows(calendar.week)));
  std::vector<std::string> holidays;
  for (const auto& file : calendar.holiday_files) holidays.push_back(file.string());
  if (const auto written = support.written_holidays.find(calendar.name);
      written != support.written_holidays.end()) {
    holidays.insert(holidays.end(), written->second.begin(), written->second.end());
  }
  put(out, 6, "holidays", show_list(holidays));
  ShownKeys overrides;
  for (const auto& [day, windows] : calendar.overrides) {
    overrides.emplace_back(show_day(day), show_text(format_day_windows(windows)));
  }
  if (!overrides.empty()) put(out, 6, "overrides", show_map(overrides));
}

void show_level(std::string& out, const LevelTerms& level) {
  put_head(out, 4, level.name);
  put(out, 6, "react_within", show_text(format_target(level.react_within)));
  put(out, 6, "calendar", show_if_set(level.calendar));
  put(out, 6, "reacts_with", level.note_reacts ? "[reply, note]" : "[reply]");
  put(out, 6, "pauses", show_bool(level.pauses));
  // It was read as parts per million.
  put(out, 6, "at_risk_from", format_objective(Objective{std::llround(level.at_risk_from * 1e6)}));
}

std::string show_field(const TicketField& field) {
  if (field.attribute.empty()) return "";
  ShownKeys values;
  for (const auto& [theirs, ours] : field.values) values.emplace_back(theirs, show_text(ours));
  if (field.attribute != "custom_field") {
    return show_map({{field.attribute, show_map(values)}});
  }
  return show_map({{"custom_field", show_text(field.name)}, {"values", show_map(values)}});
}

// Proofs of one item stand together, in the order in which they were read.
std::string show_checklist(const std::vector<ChecklistProof>& proofs) {
  ShownKeys items;
  for (auto proof = proofs.begin(); proof != proofs.end();) {
    const std::string& item = proof->item;
    std::vector<std::string> ways;
    for (; proof != proofs.end() && proof->item == item; ++proof) {
      ways.push_back(show_map({{"custom_field", show_if_set(proof->custom_field)},
                               {"values", show_list_if_any(proof->values)},
                               {"tag", show_if_set(proof->tag)},
                               {"comment", show_if_set(proof->comment)}}));
    }
    items.emplace_back(item, fmt::format("[{}]", fmt::join(ways, ", ")));
  }
  return items.empty() ? "" : show_map(items);
}

void show_ticket_map(std::string& out, const TicketMap& map) {
  const ShownKeys fields = {{"level", show_field(map.level)},
                            {"region", show_field(map.calendar)},
                            {"agreement", show_field(map.agreement)},
                            {"channel", show_field(map.channel)},
                            {"language", show_field(map.language)},
                            {"destination", show_field(map.destination)},
                            {"checklist", show_checklist(map.checklist)}};
  const bool any =
      std::ranges::any_of(fields, [](const auto& field) { return !field.second.empty(); });
  if (any) put_head(out, 6, "map");
  for (const auto& [key, value] : fields) put(out, 8, key, value);
}

// The account of a help desk: its own kind of token where it is one, else as for any client.
void show_account(std::string& out, const TicketSource& source) {
  const HttpClientOptions& http = source.http;
  const bool rt = source.type == TicketSource::Type::rt;
  const std::string_view type = rt ? "token" : "Token", prefix = rt ? "" : "token=";
  const bool token = !http.authorization_credentials.empty() && http.authorization_type == type &&
                     http.authorization_credentials.reveal().starts_with(prefix);
  if (token) put(out, 6, "token_file", show_secret(http.authorization_credentials));
  for (const auto& [key, value] : show_http_client(http)) {
    if (!token || key != "authorization") put(out, 6, key, value);
  }
}

void show_desk(std::string& out, const TicketSource& source) {
  put(out, 6, "url", show_text(source.url));
  show_account(out, source);
  put(out, 6, "every", format_duration(source.every));
  put(out, 6, "timeout", format_duration(source.timeout));
  put(out, 6, "page", fmt::format("{}", source.page));
  put(out, 6, "requests_per_minute", fmt::format("{}", source.requests_per_minute));
  put(out, 6, "not_human", show_list_if_any(source.not_human));
  put(out, 6, "waiting_states", show_list_if_any(source.waiting_states));
  put(out, 6, "resolved_states", show_list_if_any(source.resolved_states));
  put(out, 6, "spam_states", show_list_if_any(source.spam_states));
  put(out, 6, "internal_notes", show_bool(source.internal_notes));
  show_ticket_map(out, source.map);
}

void show_source(std::string& out, const TicketSource& source) {
  put_head(out, 4, source.name);
  put(out, 6, "type", name_of(source.type));
  const bool desk =
      source.type == TicketSource::Type::rt || source.type == TicketSource::Type::zammad;
  if (desk) show_desk(out, source);
  if (source.type == TicketSource::Type::file) {
    put(out, 6, "file", show_text(source.file.string()));
    put(out, 6, "every", format_duration(source.every));
  }
  put(out, 6, "secret_file", source.secret.empty() ? "" : show_secret(source.secret));
  put(out, 6, "since", source.since ? format_utc(*source.since) : "");
}

void show_notices(std::string& out, const TicketNotices& notices) {
  if (notices == TicketNotices{}) return;
  out += "  notices:\n";
  if (!notices.teams.empty()) put_head(out, 4, "teams");
  for (const auto& [level, team] : notices.teams) {
    put(out, 6, level,
        show_map({{"mail_to", show_list_if_any(team.mail_to)},
                  {"webhook_url", show_if_set(team.webhook_url)},
                  {"webhook_url_file",
                   team.webhook_secret_url.empty() ? "" : show_secret(team.webhook_secret_url)}}));
  }
  put(out, 4, "morning_list", show_if_set(notices.morning_list));
  if (!notices.mail.configured()) return;
  put_head(out, 4, "mail");
  for (const auto& [key, value] : show_mail_server(notices.mail)) put(out, 6, key, value);
}

}  // namespace

std::string show_support(const Support& support) {
  if (support == Support{}) return "";
  std::string out = "support:\n";
  if (!support.terms.calendars.empty()) out += "  calendars:\n";
  for (const CalendarTerms& calendar : support.terms.calendars) {
    show_calendar(out, support, calendar);
  }
  if (!support.terms.levels.empty()) out += "  levels:\n";
  for (const LevelTerms& level : support.terms.levels) show_level(out, level);
  if (const auto within = support.terms.number_mail_within) {
    put(out, 2, "number_mail", show_map({{"within", format_duration(*within)}}));
  }
  put(out, 2, "checklist", show_list_if_any(support.terms.checklist));
  put(out, 2, "retention", format_duration(support.retention));
  if (!support.sources.empty()) out += "  sources:\n";
  for (const TicketSource& source : support.sources) show_source(out, source);
  show_notices(out, support.notices);
  return out;
}

std::string show_reactions(const LevelTargets& targets) {
  ShownKeys levels;
  for (const auto& [level, target] : targets) {
    levels.emplace_back(level, show_map({{"react_within", show_text(format_target(target))}}));
  }
  return show_map(levels);
}

}  // namespace exporter::config
