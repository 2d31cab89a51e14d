#include "exporter/alerts/message.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "rules/template/go_text.h"

namespace exporter {
namespace {

using Json = nlohmann::json;

Json texts_json(std::span<const std::pair<std::string, std::string>> texts) {
  Json map = Json::object();
  for (const auto& [name, text] : texts) map[name] = text;
  return map;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

rules::Labels with_external(const rules::Labels& labels,
                            const std::map<std::string, std::string>& external) {
  std::vector<rules::Labels::Pair> pairs(labels.pairs().begin(), labels.pairs().end());
  for (const auto& [name, value] : external) {
    if (!labels.has(name)) pairs.emplace_back(name, value);
  }
  return rules::Labels(std::move(pairs));
}

bool read_texts(const Json& map, rules::NamedTexts& out) {
  if (!map.is_object()) return false;
  for (const auto& [name, text] : map.items()) {
    if (!text.is_string()) return false;
    out.emplace_back(name, text.get<std::string>());
  }
  return true;
}

}  // namespace

std::optional<OutgoingAlert> outgoing_alert(const rules::Notification& notification,
                                            const AlertDress& dress) {
  auto labels =
      dress.relabel.apply(with_external(notification.alert.labels, dress.external_labels));
  if (!labels || labels->empty()) return std::nullopt;
  return OutgoingAlert{
      .labels = *std::move(labels),
      .annotations = notification.alert.annotations,
      .starts_at = notification.starts_at,
      .ends_at = notification.ends_at,
      .resolved = notification.alert.resolved_at.has_value(),
      .generator_url = fmt::format("{}/graph?g0.expr={}&g0.tab=1", dress.external_url,
                                   rules::templates::query_escape(notification.expr_text))};
}

std::string alerts_json(std::span<const OutgoingAlert> alerts) {
  Json list = Json::array();
  for (const OutgoingAlert& alert : alerts) {
    list.push_back({{"labels", texts_json(alert.labels.pairs())},
                    {"annotations", texts_json(alert.annotations)},
                    {"startsAt", alert_time(alert.starts_at)},
                    {"endsAt", alert_time(alert.ends_at)},
                    {"generatorURL", alert.generator_url}});
  }
  return dump(list);
}

std::string kept_alert(const OutgoingAlert& alert) {
  return dump({{"labels", texts_json(alert.labels.pairs())},
               {"annotations", texts_json(alert.annotations)},
               {"starts_at", alert.starts_at},
               {"ends_at", alert.ends_at},
               {"resolved", alert.resolved},
               {"generator_url", alert.generator_url}});
}

std::optional<OutgoingAlert> read_kept_alert(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  OutgoingAlert alert;
  rules::NamedTexts labels;
  const auto at = [&](const char* key) { return json.value(key, Json()); };
  const Json starts = at("starts_at"), ends = at("ends_at"), resolved = at("resolved"),
             url = at("generator_url");
  if (!read_texts(at("labels"), labels) || !read_texts(at("annotations"), alert.annotations) ||
      !starts.is_number_integer() || !ends.is_number_integer() || !resolved.is_boolean() ||
      !url.is_string()) {
    return std::nullopt;
  }
  alert.labels = rules::Labels(std::move(labels));
  if (alert.labels.empty()) return std::nullopt;
  alert.starts_at = starts.get<std::int64_t>();
  alert.ends_at = ends.get<std::int64_t>();
  alert.resolved = resolved.get<bool>();
  alert.generator_url = url.get<std::string>();
  return alert;
}

std::string alert_time(std::int64_t milliseconds) {
  using namespace std::chrono;
  const sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(milliseconds)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

}  // namespace exporter
