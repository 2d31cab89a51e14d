#include "exporter/ticket/foreign_event.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "exporter/sla/zone.h"
#include "exporter/ticket/event_json.h"

namespace exporter {
namespace {

using nlohmann::json;
using Reason = EventRefusal::Reason;

constexpr std::string_view kStatement = "read_until";
constexpr std::size_t kLongestStatement = 200;  // bytes

// RFC 3339, for messages; instants far off are said as numbers.
std::string shown(Seconds at) {
  constexpr Seconds kYear10000{std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1)};
  if (at < Seconds{} || at >= kYear10000) return fmt::format("{}", at.time_since_epoch().count());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(at.time_since_epoch().count()));
}

// As a key: the word may also be a value.
bool names_source(std::string_view text) {
  constexpr std::string_view kName = "\"source\"";
  for (auto at = text.find(kName); at != std::string_view::npos; at = text.find(kName, at + 1)) {
    const auto next = text.find_first_not_of(" \t\r\n", at + kName.size());
    if (next != std::string_view::npos && text[next] == ':') return true;
  }
  return false;
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

// What is wrong with an instant that no clock can have shown.
std::optional<EventRefusal> judge_instant(std::string_view name, Seconds at, Seconds now) {
  if (at < Seconds{std::chrono::days(365)})
    return EventRefusal{
        Reason::unset,
        fmt::format("`{}` is 1970 or before, a date that was never set: leave it out", name)};
  if (at > now + kFarthestAhead)
    return EventRefusal{Reason::ahead,
                        fmt::format("`{}` is {}, and here it is {}: set the sender's "
                                    "clock",
                                    name, shown(at), shown(now))};
  return std::nullopt;
}

}  // namespace

std::expected<TicketEvent, EventRefusal> read_foreign_event(std::string_view text,
                                                            const std::string& source,
                                                            Seconds now) {
  auto event = parse_event_json(names_source(text) ? std::string(text) : with_source(text, source));
  return judge_foreign_event(std::move(event), source, now);
}

std::expected<TicketEvent, EventRefusal> judge_foreign_event(
    std::expected<TicketEvent, std::string> event, const std::string& source, Seconds now) {
  if (!event) return refuse(Reason::form, event.error());
  if (event->source != source)
    return refuse(
        Reason::source,
        fmt::format("the event names another source than {}: leave `source` out", source));
  if (auto wrong = judge_instant("at", event->at, now)) return std::unexpected(*std::move(wrong));
  return *std::move(event);
}

std::optional<std::expected<Seconds, EventRefusal>> read_statement(std::string_view text,
                                                                   Seconds now) {
  if (text.size() > kLongestStatement || text.find(kStatement) == std::string_view::npos) return {};
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object() || object.size() != 1 || !object.contains(kStatement)) return {};
  const json& value = object[kStatement];
  std::expected<Seconds, std::string> at = std::unexpected("it is no instant");
  if (value.is_string()) at = parse_instant(value.get_ref<const std::string&>());
  if (value.is_number_integer()) at = Seconds(std::chrono::seconds(value.get<std::int64_t>()));
  if (!at) return refuse(Reason::form, fmt::format("\"{}\": {}", kStatement, at.error()));
  if (auto wrong = judge_instant(kStatement, *at, now)) return std::unexpected(*std::move(wrong));
  return std::min(*at, now);
}

std::string_view name_of(EventRefusal::Reason reason) {
  constexpr auto kNames = std::to_array<std::string_view>({"form", "source", "ahead", "unset"});
  static_assert(kNames.size() == std::to_underlying(Reason::unset) + 1);
  return kNames[static_cast<std::size_t>(std::to_underlying(reason))];
}

}  // namespace exporter
