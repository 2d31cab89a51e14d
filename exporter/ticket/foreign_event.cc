#include "exporter/ticket/foreign_event.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "exporter/ticket/event_json.h"

namespace exporter {
namespace {

using nlohmann::json;
using Reason = EventRefusal::Reason;

// RFC 3339, for messages; instants far off are said as numbers.
std::string shown(Seconds at) {
  constexpr Seconds kYear10000{std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1)};
  if (at < Seconds{} || at >= kYear10000) return fmt::format("{}", at.time_since_epoch().count());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(at.time_since_epoch().count()));
}

// The same object with its source named. What is no object stays as it is, and is refused for that.
std::string with_source(std::string_view text, const std::string& source) {
  const auto brace = text.find_first_not_of(" \t\r\n");
  if (brace == std::string_view::npos || text[brace] != '{') return std::string(text);
  const std::string name = json(source).dump(-1, ' ', false, json::error_handler_t::replace);
  return fmt::format("{{\"source\":{},{}", name, text.substr(brace + 1));
}

std::unexpected<EventRefusal> refuse(Reason reason, std::string message) {
  return std::unexpected(EventRefusal{reason, std::move(message)});
}

}  // namespace

std::expected<TicketEvent, EventRefusal> read_foreign_event(std::string_view text,
                                                            const std::string& source,
                                                            Seconds now) {
  const bool names_source = text.find("\"source\"") != std::string_view::npos;
  auto event = parse_event_json(names_source ? std::string(text) : with_source(text, source));
  return judge_foreign_event(std::move(event), source, now);
}

std::expected<TicketEvent, EventRefusal> judge_foreign_event(
    std::expected<TicketEvent, std::string> event, const std::string& source, Seconds now) {
  if (!event) return refuse(Reason::form, event.error());
  if (event->source != source)
    return refuse(
        Reason::source,
        fmt::format("the event names another source than {}: leave `source` out", source));
  if (event->at < Seconds{std::chrono::days(365)})
    return refuse(Reason::unset,
                  "`at` is 1970 or before, a date that was never set: leave such events out");
  if (event->at > now + kFarthestAhead)
    return refuse(Reason::ahead,
                  fmt::format("`at` is {}, and here it is {}: set the sender's clock",
                              shown(event->at), shown(now)));
  return *std::move(event);
}

std::string_view name_of(EventRefusal::Reason reason) {
  constexpr auto kNames = std::to_array<std::string_view>({"form", "source", "ahead", "unset"});
  static_assert(kNames.size() == std::to_underlying(Reason::unset) + 1);
  return kNames[static_cast<std::size_t>(std::to_underlying(reason))];
}

}  // namespace exporter
