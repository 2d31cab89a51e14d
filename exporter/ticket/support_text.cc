// Instants are Unix seconds, days are counted since 1970-01-01, shares of a target are parts per
// million.
#include "exporter/ticket/support_text.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace exporter {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr double kMillion = 1e6;

json windows_json(const std::vector<OpenWindow>& windows) {
  json all = json::array();
  for (const OpenWindow& each : windows) all.push_back({each.from.count(), each.to.count()});
  return all;
}

std::vector<OpenWindow> windows_from(const json& all) {
  std::vector<OpenWindow> windows;
  for (const json& each : all) {
    windows.push_back(
        {seconds(each.at(0).get<std::int64_t>()), seconds(each.at(1).get<std::int64_t>())});
  }
  return windows;
}

std::int64_t day_number(std::chrono::local_days day) { return day.time_since_epoch().count(); }

std::chrono::local_days day_from(const json& number) {
  return std::chrono::local_days(std::chrono::days(number.get<int>()));
}

json to_json(const CalendarTerms& calendar) {
  json week = json::array(), holidays = json::array(), overrides = json::array();
  for (const auto& day : calendar.week) week.push_back(windows_json(day));
  for (const auto day : calendar.holidays) holidays.push_back(day_number(day));
  for (const auto& [day, windows] : calendar.overrides) {
    overrides.push_back({day_number(day), windows_json(windows)});
  }
  return json{{"name", calendar.name},         {"timezone", calendar.timezone},
              {"week", std::move(week)},       {"holidays", std::move(holidays)},
              {"union_of", calendar.union_of}, {"overrides", std::move(overrides)}};
}

CalendarTerms calendar_from(const json& value) {
  CalendarTerms calendar;
  calendar.name = value.at("name");
  calendar.timezone = value.at("timezone");
  for (std::size_t day = 0; day < calendar.week.size(); ++day) {
    calendar.week[day] = windows_from(value.at("week").at(day));
  }
  for (const json& day : value.at("holidays")) calendar.holidays.push_back(day_from(day));
  for (const json& each : value.at("overrides")) {
    calendar.overrides[day_from(each.at(0))] = windows_from(each.at(1));
  }
  calendar.union_of = value.at("union_of").get<std::vector<std::string>>();
  return calendar;
}

json to_json(const ReactionTarget& target) {
  return json{{"amount", target.amount}, {"unit", static_cast<int>(target.unit)}};
}

ReactionTarget target_from(const json& value) {
  const int unit = value.at("unit");
  if (unit < 0 || unit > static_cast<int>(ReactionTarget::Unit::real_seconds)) {
    throw std::runtime_error("a target has an unknown unit");
  }
  return {static_cast<ReactionTarget::Unit>(unit), value.at("amount").get<std::int64_t>()};
}

json to_json(const LevelTerms& level) {
  return json{
      {"name", level.name},         {"react_within", to_json(level.react_within)},
      {"calendar", level.calendar}, {"note_reacts", level.note_reacts},
      {"pauses", level.pauses},     {"at_risk_from", std::llround(level.at_risk_from * kMillion)}};
}

LevelTerms level_from(const json& value) {
  LevelTerms level;
  level.name = value.at("name");
  level.react_within = target_from(value.at("react_within"));
  level.calendar = value.at("calendar");
  level.note_reacts = value.at("note_reacts");
  level.pauses = value.at("pauses");
  level.at_risk_from = static_cast<double>(value.at("at_risk_from").get<std::int64_t>()) / kMillion;
  return level;
}

json to_json(const SupportTerms& terms) {
  json calendars = json::array(), levels = json::array(), targets = json::object();
  for (const CalendarTerms& each : terms.calendars) calendars.push_back(to_json(each));
  for (const LevelTerms& each : terms.levels) levels.push_back(to_json(each));
  for (const auto& [agreement, own] : terms.private_targets) {
    targets[agreement] = json::object();
    for (const auto& [level, target] : own) targets[agreement][level] = to_json(target);
  }
  json value{{"calendars", std::move(calendars)},
             {"levels", std::move(levels)},
             {"private_targets", std::move(targets)},
             {"checklist", terms.checklist}};
  if (terms.number_mail_within) value["number_mail_within"] = terms.number_mail_within->count();
  return value;
}

SupportTerms terms_from(const json& value) {
  SupportTerms terms;
  for (const json& each : value.at("calendars")) terms.calendars.push_back(calendar_from(each));
  for (const json& each : value.at("levels")) terms.levels.push_back(level_from(each));
  for (const auto& [agreement, own] : value.at("private_targets").items()) {
    for (const auto& [level, target] : own.items()) {
      terms.private_targets[agreement][level] = target_from(target);
    }
  }
  terms.checklist = value.at("checklist").get<std::vector<std::string>>();
  if (value.contains("number_mail_within")) {
    terms.number_mail_within = seconds(value["number_mail_within"].get<std::int64_t>());
  }
  return terms;
}

}  // namespace

std::string canonical_json(const SupportRecord& record) {
  json agreements = json::object();
  for (const auto& [name, periods] : record.agreements) {
    agreements[name] = {{"timezone", periods.timezone},
                        {"close_after", periods.close_after.count()}};
  }
  json value{{"agreements", std::move(agreements)},
             {"from", record.from.time_since_epoch().count()},
             {"terms", to_json(record.terms)}};
  if (!record.signed_by.empty()) value["signed_by"] = record.signed_by;
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::expected<SupportRecord, std::string> parse_support(std::string_view text) {
  // The library reports by exception; here that is only a text nobody wrote with this program.
  try {
    const json value = json::parse(text);
    SupportRecord record;
    record.from = Seconds(seconds(value.at("from").get<std::int64_t>()));
    record.terms = terms_from(value.at("terms"));
    record.signed_by = value.value("signed_by", "");
    for (const auto& [name, periods] : value.at("agreements").items()) {
      record.agreements[name] = {periods.at("timezone").get<std::string>(),
                                 seconds(periods.at("close_after").get<std::int64_t>())};
    }
    return record;
  } catch (const std::exception& error) {
    return std::unexpected(fmt::format("terms of support cannot be read: {}", error.what()));
  }
}

}  // namespace exporter
