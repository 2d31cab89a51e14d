// From the text of a query to a checked tree: what parse() returns has right types everywhere.
// Features that Prometheus keeps behind flags and native histograms are refused with their
// position.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "rules/promql/ast.h"

namespace rules {

inline constexpr std::size_t kMaxQueryBytes = 1 << 20;

struct ParseError {
  std::string message;
  Span span;
  std::string position;  // line:column

  std::string text() const { return position + ": parse error: " + message; }
};

std::expected<ExprPtr, ParseError> parse(std::string_view query);
// A selector alone: metric{label="value"}; what series lookups take.
std::expected<std::vector<Matcher>, ParseError> parse_selector(std::string_view text);
// The labels of a series, written as a selector of equal matchers: up{job="a"}, or {}.
std::expected<Labels, ParseError> parse_labels(std::string_view text);

}  // namespace rules
