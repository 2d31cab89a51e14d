// Totals as JSON: lists of rows, so that a person can read them. Written when tickets are removed.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "exporter/ticket/figures.h"

namespace exporter {
namespace {

using nlohmann::json;
using Pair = std::pair<std::string, std::string>;

int number(std::chrono::year_month month) {
  return static_cast<int>(month.year()) * 12 + static_cast<int>(unsigned{month.month()}) - 1;
}

std::chrono::year_month month_from(int number) {
  return std::chrono::year(number / 12) /
         std::chrono::month(static_cast<unsigned>(number % 12) + 1);
}

json to_json(const SecondsHistogram& histogram) {
  return json{{"bounds", histogram.bounds},
              {"counts", histogram.counts},
              {"sum", histogram.sum},
              {"count", histogram.count}};
}

void read(const json& value, SecondsHistogram& histogram) {
  value.at("bounds").get_to(histogram.bounds);
  value.at("counts").get_to(histogram.counts);
  value.at("sum").get_to(histogram.sum);
  value.at("count").get_to(histogram.count);
  const std::size_t buckets = histogram.counts.size();
  if (buckets != 0 && buckets != histogram.bounds.size() + 1) {
    throw std::runtime_error("a histogram has not as many counts as bounds");
  }
}

json to_json(const ReactionMonth& month) {
  return json{{"month", number(month.month)}, {"met", month.met},
              {"missed", month.missed},       {"open_missed", month.open_missed},
              {"next_met", month.next_met},   {"next_missed", month.next_missed}};
}

ReactionMonth month_figures(const json& value) {
  ReactionMonth month;
  month.month = month_from(value.at("month"));
  value.at("met").get_to(month.met);
  value.at("missed").get_to(month.missed);
  value.at("open_missed").get_to(month.open_missed);
  value.at("next_met").get_to(month.next_met);
  value.at("next_missed").get_to(month.next_missed);
  return month;
}

json to_json(const LevelKey& key, const LevelTotals& level) {
  json reactions = json::array(), voided = json::array(), months = json::array();
  for (const auto& [count, by] : level.reactions) {
    reactions.push_back({count.calendar, static_cast<int>(count.kind), count.met, by});
  }
  for (const auto& [reason, by] : level.voided) {
    voided.push_back({static_cast<int>(reason), by});
  }
  for (const auto& [month, figures] : level.months) months.push_back(to_json(figures));
  return json{
      {"agreement", key.agreement},        {"level", key.level},
      {"reactions", std::move(reactions)}, {"business", to_json(level.business)},
      {"voided", std::move(voided)},       {"voided_after_breach", level.voided_after_breach},
      {"months", std::move(months)}};
}

void read_level(const json& value, SupportTotals& totals) {
  LevelTotals& level = totals.levels[{value.at("agreement"), value.at("level")}];
  for (const json& row : value.at("reactions")) {
    const auto kind = static_cast<ClockKind>(row.at(1).get<int>());
    level.reactions[{row.at(0), kind, row.at(2).get<bool>()}] = row.at(3);
  }
  read(value.at("business"), level.business);
  for (const json& row : value.at("voided")) {
    level.voided[static_cast<VoidReason>(row.at(0).get<int>())] = row.at(1);
  }
  value.at("voided_after_breach").get_to(level.voided_after_breach);
  for (const json& row : value.at("months")) {
    const ReactionMonth month = month_figures(row);
    level.months[month.month] = month;
  }
}

json to_json(const std::map<Pair, std::uint64_t>& counts) {
  json rows = json::array();
  for (const auto& [key, by] : counts) rows.push_back({key.first, key.second, by});
  return rows;
}

void read(const json& rows, std::map<Pair, std::uint64_t>& counts) {
  for (const json& row : rows) counts[{row.at(0), row.at(1)}] = row.at(2);
}

}  // namespace

std::string totals_json(const SupportTotals& totals) {
  json levels = json::array();
  for (const auto& [key, level] : totals.levels) levels.push_back(to_json(key, level));
  return json{{"levels", std::move(levels)},
              {"level_changes", to_json(totals.level_changes)},
              {"opened", to_json(totals.opened)},
              {"hand_overs", totals.hand_overs},
              {"checklist_gaps", totals.checklist_gaps},
              {"skews", totals.skews},
              {"hand_overs_complete", totals.hand_overs_complete},
              {"number_mails_late", totals.number_mails_late},
              {"number_mail", to_json(totals.number_mail)},
              {"first_human_reply", to_json(totals.first_human_reply)}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::expected<SupportTotals, std::string> parse_totals(std::string_view text) {
  // The library reports by exception; here that is only a text nobody wrote with this program.
  try {
    const json value = json::parse(text);
    SupportTotals totals;
    for (const json& level : value.at("levels")) read_level(level, totals);
    read(value.at("level_changes"), totals.level_changes);
    read(value.at("opened"), totals.opened);
    value.at("hand_overs").get_to(totals.hand_overs);
    value.at("checklist_gaps").get_to(totals.checklist_gaps);
    value.at("skews").get_to(totals.skews);
    value.at("hand_overs_complete").get_to(totals.hand_overs_complete);
    value.at("number_mails_late").get_to(totals.number_mails_late);
    read(value.at("number_mail"), totals.number_mail);
    read(value.at("first_human_reply"), totals.first_human_reply);
    return totals;
  } catch (const std::exception& error) {
    return std::unexpected(
        fmt::format("totals of removed tickets cannot be read: {}", error.what()));
  }
}

}  // namespace exporter
