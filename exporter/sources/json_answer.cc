#include "exporter/sources/json_answer.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace exporter {
namespace {

using nlohmann::json;

constexpr double kMaxExact = 9'007'199'254'740'992.0;  // 2^53: beyond it doubles skip integers

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::expected<json, SourceError> parse_answer(const std::string& body, const std::string& source,
                                              std::string_view path) {
  json answer = json::parse(body, nullptr, false);
  if (answer.is_discarded()) return std::unexpected(unexpected_answer(source, path, "JSON"));
  return answer;
}

SourceError unexpected_answer(const std::string& source, std::string_view path,
                              std::string_view missing) {
  return {SourceError::Reason::answer,
          fmt::format("{} answers {} without {}: see whether the url is that of this kind of help "
                      "desk",
                      source, path.substr(0, path.find('?')), missing),
          std::nullopt};
}

std::optional<std::string> text_in(const json& object, const char* key) {
  const json& member = member_of(object, key);
  if (member.is_string()) return member.get<std::string>();
  if (member.is_number_integer()) return std::to_string(member.get<std::int64_t>());
  return std::nullopt;
}

std::optional<std::int64_t> number_in(const json& object, const char* key) {
  const json& member = member_of(object, key);
  if (member.is_number_unsigned()) {
    const auto number = member.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (member.is_number_integer()) return member.get<std::int64_t>();
  if (member.is_number_float()) {
    const double number = member.get<double>();
    if (number != std::floor(number) || std::abs(number) > kMaxExact) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  return member.is_string() ? number_of(member.get_ref<const std::string&>()) : std::nullopt;
}

const json& member_of(const json& object, const char* key) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

}  // namespace exporter
