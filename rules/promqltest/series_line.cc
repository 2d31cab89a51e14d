// The labels are read by the parser of the query language, the values here.
#include "rules/promqltest/series_line.h"

#include <fmt/format.h>

#include <charconv>

#include "rules/promql/number.h"
#include "rules/promql/parser.h"
#include "rules/promql/source.h"

namespace rules::promqltest {
namespace {

constexpr std::string_view kBlanks = " \t";

// Where the labels end: at the first blank outside of braces.
std::size_t end_of_labels(std::string_view line) {
  char quote = '\0';
  bool braces = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char letter = line[at];
    if (quote != '\0') {
      if (letter == '\\' && quote != '`') ++at;
      if (letter == quote) quote = '\0';
    } else if (braces && (letter == '"' || letter == '\'' || letter == '`')) {
      quote = letter;
    } else if (letter == '{' || letter == '}') {
      braces = letter == '{';
    } else if (!braces && kBlanks.find(letter) != std::string_view::npos) {
      // A blank may stand between the name and its braces.
      const std::size_t next = line.find_first_not_of(kBlanks, at);
      if (next == std::string_view::npos || line[next] != '{' ||
          line.substr(next).starts_with("{{"))
        return at;
      at = next - 1;
    }
  }
  return line.size();
}

// The digits behind an x.
std::optional<std::size_t> repetitions(std::string_view text) {
  std::size_t count = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || rest != text.data() + text.size() || count >= kMaxValues)
    return std::nullopt;
  return count;
}

// v, a+b or a-b: the first value and what each further one adds.
std::optional<std::pair<double, double>> progression(std::string_view text) {
  // The sign of the step is not the first letter, nor does it follow an exponent's e.
  std::size_t sign = text.find_first_of("+-", 1);
  while (sign != std::string_view::npos && (text[sign - 1] == 'e' || text[sign - 1] == 'E'))
    sign = text.find_first_of("+-", sign + 1);
  const auto first = parse_float(text.substr(0, sign));
  if (!first) return std::nullopt;
  if (sign == std::string_view::npos) return std::pair(*first, 0.0);
  const auto step = parse_float(text.substr(sign));
  return step ? std::optional(std::pair(*first, *step)) : std::nullopt;
}

bool append_item(SeriesValues& values, std::string_view item) {
  const std::size_t mark = item.find('x');
  const std::string_view value = item.substr(0, mark);
  const auto count = mark == std::string_view::npos ? 0 : repetitions(item.substr(mark + 1));
  if (!count || values.size() + *count >= kMaxValues) return false;
  if (value == "_") {
    values.resize(values.size() + (mark == std::string_view::npos ? 1 : *count));
    return true;
  }
  if (value == "stale") {
    values.resize(values.size() + *count + 1, stale_nan());
    return true;
  }
  const auto steps = progression(value);
  if (!steps) return false;
  // Added up and not multiplied, as in Prometheus: the last bits of the values tell.
  double next = steps->first;
  for (std::size_t each = 0; each <= *count; ++each, next += steps->second)
    values.emplace_back(next);
  return true;
}

}  // namespace

std::expected<SeriesValues, std::string> parse_series_values(std::string_view text) {
  SeriesValues values;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.empty()) return values;
    const std::string_view item = text.substr(0, text.find_first_of(kBlanks));
    if (item.starts_with("{{")) return std::unexpected("native histograms are not supported");
    if (!append_item(values, item))
      return std::unexpected(fmt::format("'{}' is not a value of a series", item));
    text.remove_prefix(item.size());
  }
}

std::expected<SeriesLine, std::string> parse_series_line(std::string_view line) {
  const std::size_t end = end_of_labels(line);
  auto labels = parse_labels(line.substr(0, end));
  if (!labels) return std::unexpected(labels.error().text());
  auto values = parse_series_values(line.substr(end));
  if (!values) return std::unexpected(std::move(values.error()));
  return SeriesLine{*std::move(labels), *std::move(values)};
}

}  // namespace rules::promqltest
