// The fast path is a scan that finds nothing to do; label values are almost always plain ASCII.
#include "exporter/metrics/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace exporter {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
constexpr double kExactInteger = 1e15;  // below it every integer is a double and prints short

// Bytes that can be copied without a look: printable ASCII but for the two that are escaped.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '\\' && c != '"';
  return plain;
}();

// How many continuation bytes a leading byte asks for, and the bounds of the first one of them
// (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
struct Lead {
  int more = -1;
  unsigned char low = 0x80, high = 0xbf;
};

constexpr Lead lead_of(unsigned char c) {
  if (c >= 0xc2 && c <= 0xdf) return {1};
  if (c == 0xe0) return {2, 0xa0, 0xbf};
  if (c == 0xed) return {2, 0x80, 0x9f};
  if (c >= 0xe1 && c <= 0xef) return {2};
  if (c == 0xf0) return {3, 0x90, 0xbf};
  if (c >= 0xf1 && c <= 0xf3) return {3};
  if (c == 0xf4) return {3, 0x80, 0x8f};
  return {};
}

// Length of the character that begins at `at`; 0 when it is not UTF-8.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const Lead lead = lead_of(static_cast<unsigned char>(text[at]));
  if (lead.more < 0 || at + static_cast<std::size_t>(lead.more) >= text.size()) return 0;
  for (int i = 1; i <= lead.more; ++i) {
    const auto c = static_cast<unsigned char>(text[at + static_cast<std::size_t>(i)]);
    const bool fits = i == 1 ? c >= lead.low && c <= lead.high : c >= 0x80 && c <= 0xbf;
    if (!fits) return 0;
  }
  return static_cast<std::size_t>(lead.more) + 1;
}

// One character that is not plain; returns how many bytes it took.
std::size_t append_special(std::string& out, std::string_view text, std::size_t at, bool quotes) {
  const char c = text[at];
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\\') {
    out += "\\\\";
  } else if (c == '"') {
    out += quotes ? "\\\"" : "\"";
  } else if (const auto byte = static_cast<unsigned char>(c); byte < 0x80) {
    // Other control characters are allowed, but for NUL, at which some readers stop.
    byte == 0 ? out.append(kReplacement) : out.append(1, c);
  } else if (const std::size_t length = utf8_length(text, at); length > 0) {
    out.append(text.substr(at, length));
    return length;
  } else {
    out.append(kReplacement);
  }
  return 1;
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  const auto special = [](char c) { return !kPlain[static_cast<unsigned char>(c)]; };
  std::size_t at = 0;
  while (at < text.size()) {
    const auto* plain_end = std::find_if(text.begin() + at, text.end(), special);
    const auto end = static_cast<std::size_t>(plain_end - text.begin());
    out.append(text.substr(at, end - at));
    at = end;
    if (at < text.size()) at += append_special(out, text, at, quotes);
  }
}

}  // namespace

void append_number(std::string& out, double value) {
  char digits[32];
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::abs(value) < kExactInteger && value == std::trunc(value)) {
    const auto end =
        std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(value));
    out.append(digits, end.ptr);
  } else {
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, end.ptr);
  }
}

void append_bound(std::string& out, double bound, bool openmetrics) {
  append_number(out, bound);
  const bool whole = std::isfinite(bound) && bound == std::trunc(bound);
  if (openmetrics && whole && std::abs(bound) < kExactInteger) out += ".0";
}

bool is_plain(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return kPlain[static_cast<unsigned char>(c)]; });
}

void append_label_value(std::string& out, std::string_view value) {
  append_escaped(out, value, true);
}

void append_help(std::string& out, std::string_view help, bool openmetrics) {
  append_escaped(out, help, openmetrics);
}

}  // namespace exporter
