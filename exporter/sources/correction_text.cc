#include "exporter/sources/correction_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace exporter {
namespace {

using nlohmann::json;

// In the order of the enumeration; the words of `slatool tickets correct`.
constexpr auto kActions =
    std::to_array<std::string_view>({"void", "reacted-at", "region", "level"});
static_assert(kActions.size() == std::to_underlying(TicketCorrection::Action::level) + 1);

}  // namespace

std::string_view name_of(TicketCorrection::Action action) {
  return kActions[static_cast<std::size_t>(std::to_underlying(action))];
}

std::optional<TicketCorrection::Action> correction_action(std::string_view name) {
  const auto found = std::ranges::find(kActions, name);
  if (found == kActions.end()) return std::nullopt;
  return static_cast<TicketCorrection::Action>(found - kActions.begin());
}

std::string correction_json(const TicketCorrection& correction) {
  json value{{"source", correction.source},
             {"ticket", correction.ticket},
             {"action", name_of(correction.action)},
             {"level", correction.level},
             {"instance", correction.instance},
             {"calendar", correction.calendar},
             {"by", correction.by},
             {"why", correction.why},
             {"signed_at", correction.signed_at.time_since_epoch().count()},
             {"after_seq", correction.after_seq}};
  if (correction.at) value["at"] = correction.at->time_since_epoch().count();
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::expected<TicketCorrection, std::string> parse_correction(std::string_view text) {
  // The library reports by exception; here that is only a text nobody wrote with this program.
  try {
    const json value = json::parse(text);
    TicketCorrection correction;
    const auto instant = [&value](const char* key) {
      return Seconds(std::chrono::seconds(value.at(key).get<std::int64_t>()));
    };
    const auto action = correction_action(value.at("action").get<std::string>());
    if (!action) throw std::runtime_error("there is no such action");
    correction.action = *action;
    correction.source = value.at("source");
    correction.ticket = value.at("ticket");
    correction.level = value.at("level");
    correction.instance = value.at("instance");
    correction.calendar = value.at("calendar");
    correction.by = value.at("by");
    correction.why = value.at("why");
    correction.signed_at = instant("signed_at");
    if (value.contains("at")) correction.at = instant("at");
    correction.after_seq = value.at("after_seq");
    return correction;
  } catch (const std::exception& error) {
    return std::unexpected(fmt::format("a correction cannot be read: {}", error.what()));
  }
}

std::expected<void, std::string> check_correction(const TicketCorrection& correction) {
  using Action = TicketCorrection::Action;
  if (correction.by.empty() || correction.why.empty())
    return std::unexpected("a correction needs who (--by) and why (--why)");
  if (correction.source.empty() || correction.ticket.empty())
    return std::unexpected("a correction needs the ticket (--ticket) and its source (--source)");
  if (correction.action == Action::reacted_at && !correction.at)
    return std::unexpected("it is not said when somebody reacted (--at)");
  if (correction.action == Action::calendar && correction.calendar.empty())
    return std::unexpected("it is not said which calendar the ticket counts on (--calendar)");
  if (correction.action != Action::calendar && correction.level.empty())
    return std::unexpected("it is not said which level is meant (--level)");
  return {};
}

}  // namespace exporter
