#include "exporter/config/prometheus_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "rules/promql/number.h"

namespace exporter::config {

Parsed<std::int64_t> parse_prometheus_duration(std::string_view text) {
  const auto duration = rules::parse_duration(text);
  if (duration && *duration >= 0) return *duration;
  return std::unexpected(
      fmt::format("not a valid duration string: \"{}\"; write it as 30s, 5m or 1h30m", text));
}

rules::NamedTexts named_texts(MapReader& map, std::string_view key) {
  rules::NamedTexts texts;
  const YamlPtr node = map.find(key);
  if (!node) return texts;
  if (node->kind != Yaml::Kind::map) {
    map.error(key, "expected a map of names and texts");
    return texts;
  }
  for (const auto& [name, value] : node->entries) {
    if (value->kind == Yaml::Kind::null) {
      texts.emplace_back(name->text, "");
    } else if (auto text = scalar_text(map.errors(), *value, name->text)) {
      texts.emplace_back(name->text, *std::move(text));
    }
  }
  std::ranges::sort(texts);
  return texts;
}

std::vector<YamlPtr> listed_items(MapReader& map, std::string_view key) {
  const YamlPtr node = map.find(key);
  if (!node) return {};
  if (node->kind == Yaml::Kind::list) return node->items;
  map.error(key, "expected a list; begin each item with \"- \"");
  return {};
}

}  // namespace exporter::config
