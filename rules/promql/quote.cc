// Quoting and unquoting by Go's rules, which are PromQL's. Characters beyond ASCII stand as they
// are: which of them are printable is a table that changes with every Unicode version.
#include "rules/promql/quote.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rules/promql/utf8.h"

namespace rules {
namespace {

constexpr std::pair<char, char> kEscapes[] = {{'a', '\a'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'},
                                              {'r', '\r'}, {'t', '\t'}, {'v', '\v'}, {'\\', '\\'}};

bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool is_name(std::string_view name, bool colons) {
  if (name.empty() || is_digit(name.front())) return false;
  return std::ranges::all_of(name, [&](char letter) {
    return is_letter(letter) || is_digit(letter) || (colons && letter == ':');
  });
}

void append_quoted(std::string& out, const Rune& rune, std::string_view bytes) {
  if (!rune.valid) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes.front()));
    return;
  }
  if (rune.code == '"') {
    out += "\\\"";
    return;
  }
  const auto escape =
      std::ranges::find(kEscapes, static_cast<char>(rune.code), &std::pair<char, char>::second);
  if (rune.code < 0x80 && escape != std::end(kEscapes)) {
    out += '\\';
    out += escape->first;
  } else if (rune.code < ' ' || rune.code == 0x7f) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned>(rune.code));
  } else {
    out += bytes;
  }
}

// `digits` of base 8 or 16 at the front of `rest`, which loses them.
std::optional<std::uint32_t> take_digits(std::string_view& rest, std::size_t digits,
                                         unsigned base) {
  if (rest.size() < digits) return std::nullopt;
  std::uint32_t value = 0;
  for (const char letter : rest.substr(0, digits)) {
    unsigned digit = 16;
    if (is_digit(letter)) digit = static_cast<unsigned>(letter - '0');
    if (letter >= 'a' && letter <= 'f') digit = static_cast<unsigned>(letter - 'a') + 10;
    if (letter >= 'A' && letter <= 'F') digit = static_cast<unsigned>(letter - 'A') + 10;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  rest.remove_prefix(digits);
  return value;
}

bool take_number(std::string& out, std::string_view& rest, char kind) {
  if (kind == 'x') {
    const auto byte = take_digits(rest, 2, 16);
    if (byte) out += static_cast<char>(*byte);
    return byte.has_value();
  }
  const auto code = take_digits(rest, kind == 'u' ? 4 : 8, 16);
  if (!code || !is_code_point(*code)) return false;
  append_rune(out, *code);
  return true;
}

// What follows a backslash.
bool take_escape(std::string& out, std::string_view& rest, char quote_mark) {
  if (rest.empty()) return false;
  const char kind = rest.front();
  if (kind >= '0' && kind <= '7') {
    const auto byte = take_digits(rest, 3, 8);
    if (!byte || *byte > 255) return false;
    out += static_cast<char>(*byte);
    return true;
  }
  rest.remove_prefix(1);
  if (kind == 'x' || kind == 'u' || kind == 'U') return take_number(out, rest, kind);
  if (kind == quote_mark) {
    out += kind;
    return true;
  }
  const auto escape = std::ranges::find(kEscapes, kind, &std::pair<char, char>::first);
  if (escape == std::end(kEscapes)) return false;
  out += escape->second;
  return true;
}

}  // namespace

bool is_label_name(std::string_view name) { return is_name(name, false); }
bool is_metric_name(std::string_view name) { return is_name(name, true); }

bool is_utf8(std::string_view text) {
  if (text.empty()) return false;
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    if (!rune.valid) return false;
    text.remove_prefix(rune.bytes);
  }
  return true;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    append_quoted(out, rune, text.substr(0, rune.bytes));
    text.remove_prefix(rune.bytes);
  }
  return out + '"';
}

std::optional<std::string> unquote(std::string_view quoted) {
  if (quoted.size() < 2 || quoted.front() != quoted.back()) return std::nullopt;
  const char mark = quoted.front();
  std::string_view rest = quoted.substr(1, quoted.size() - 2);
  std::string out;
  if (mark == '`') return std::string(rest);
  while (!rest.empty()) {
    const char letter = rest.front();
    rest.remove_prefix(1);
    if (letter != '\\') {
      out += letter;
    } else if (!take_escape(out, rest, mark)) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace rules
