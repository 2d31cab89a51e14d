// A series as scripts and promtool's unit tests write it: metric{label="value"} 1 2+3x4 _ stale
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/labels.h"

namespace rules::promqltest {

inline constexpr std::size_t kMaxValues = 1'000'000;  // of one line, with its repetitions

using SeriesValues = std::vector<std::optional<double>>;  // nothing: no sample at this time

struct SeriesLine {
  Labels labels;
  SeriesValues values;
};

std::expected<SeriesLine, std::string> parse_series_line(std::string_view line);
// The values alone, as promtool's `values` has them.
std::expected<SeriesValues, std::string> parse_series_values(std::string_view text);

}  // namespace rules::promqltest
