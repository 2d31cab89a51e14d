// Values and shapes as Prometheus' own files have them, for the readers of those formats. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "exporter/config/reader.h"
#include "rules/group/rule.h"

namespace exporter::config {

// 30s, 5m, 1h30m, 0; in milliseconds, never negative.
Parsed<std::int64_t> parse_prometheus_duration(std::string_view text);

// A map of names and texts, sorted. Values are texts whatever they look like; nothing at all is an
// empty one.
rules::NamedTexts named_texts(MapReader& map, std::string_view key);

// The items of a list; Prometheus takes no single value for one.
std::vector<YamlPtr> listed_items(MapReader& map, std::string_view key);

}  // namespace exporter::config
