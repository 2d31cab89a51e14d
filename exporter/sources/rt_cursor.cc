#include "exporter/sources/rt_cursor.h"

#include <nlohmann/json.hpp>

#include "exporter/sources/json_answer.h"

namespace exporter {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

Seconds seconds_of(std::int64_t number) { return Seconds(std::chrono::seconds(number)); }
std::int64_t number_of(Seconds at) { return at.time_since_epoch().count(); }

}  // namespace

std::string to_text(const RtCursor& cursor) {
  json text = {{"version", kVersion},
               {"read", cursor.read},
               {"at", cursor.at},
               {"asked", number_of(cursor.asked)},
               {"unmailed", cursor.unmailed}};
  if (cursor.to) text["to"] = *cursor.to;
  if (cursor.until) text["until"] = number_of(*cursor.until);
  return text.dump();
}

std::expected<RtCursor, std::string> parse_rt_cursor(const std::string& text) {
  RtCursor cursor;
  if (text.empty()) return cursor;
  const json object = json::parse(text, nullptr, false);
  const auto read = number_in(object, "read");
  const auto at = number_in(object, "at");
  const json& unmailed = member_of(object, "unmailed");
  if (number_in(object, "version") != kVersion || !read || !at || !unmailed.is_array())
    return std::unexpected(
        "the position in the Request Tracker is not one that this version wrote; read the source "
        "from the beginning");
  cursor.read = *read;
  cursor.at = *at;
  cursor.to = number_in(object, "to");
  cursor.asked = seconds_of(number_in(object, "asked").value_or(0));
  if (const auto until = number_in(object, "until")) cursor.until = seconds_of(*until);
  for (const json& ticket : unmailed) {
    if (ticket.is_number_integer()) cursor.unmailed.insert(ticket.get<std::int64_t>());
  }
  return cursor;
}

}  // namespace exporter
