// Reads quality-value lists without allocating for the text. Quoted strings may hold separators, so
// the splitter walks character by character instead of searching for commas.
#include "exporter/web/accept.h"

#include <algorithm>
#include <optional>

namespace exporter {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Cuts the part before the first `separator` that is outside quotes off `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (quoted && rest[end] == '\\') {
      ++end;
      continue;
    }
    if (rest[end] == '"') quoted = !quoted;
    if (!quoted && rest[end] == separator) break;
  }
  end = std::min(end, rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trim(part);
}

// "0", "1", "0.5", "0.123", "1.000": RFC 9110 allows three decimals and nothing above 1.
std::optional<int> parse_quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int quality = (text[0] - '0') * 1000;
  if (text.size() == 1) return quality;
  if (text[1] != '.') return std::nullopt;
  int unit = 100;
  for (char c : text.substr(2)) {
    if (c < '0' || c > '9') return std::nullopt;
    quality += (c - '0') * unit;
    unit /= 10;
  }
  if (quality > 1000) return std::nullopt;
  return quality;
}

std::optional<AcceptItem> parse_item(std::string_view text) {
  AcceptItem item;
  item.value = take_until(text, ';');
  if (item.value.empty()) return std::nullopt;
  while (!text.empty()) {
    std::string_view value = take_until(text, ';');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (!equals_ignoring_case(name, "q")) {
      item.params.emplace_back(name, value);
      continue;
    }
    const auto quality = parse_quality(value);
    if (!quality) return std::nullopt;
    item.quality = *quality;
  }
  return item;
}

}  // namespace

std::vector<AcceptItem> parse_accept(std::string_view header) {
  std::vector<AcceptItem> items;
  while (!header.empty() && items.size() < kMaxAcceptItems) {
    auto item = parse_item(take_until(header, ','));
    if (item) items.push_back(std::move(*item));
  }
  return items;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<int> named, any;
  for (const AcceptItem& item : parse_accept(accept_encoding)) {
    if (equals_ignoring_case(item.value, "gzip") || equals_ignoring_case(item.value, "x-gzip")) {
      named = std::max(named.value_or(0), item.quality);
    } else if (item.value == "*") {
      any = item.quality;
    }
  }
  return named.value_or(any.value_or(0)) > 0;
}

}  // namespace exporter
