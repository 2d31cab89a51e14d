// Numbers and quoted texts as Go's strconv writes them, and texts within URLs.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "rules/template/go_text.h"

namespace rules::templates {
namespace {

constexpr std::size_t kMostDigits = 2'000;

std::string without_digits(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

std::string shortest(double value, char verb) {
  char buffer[512];
  const auto format = verb == 'e' ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, format).ptr;
  return {buffer, end};
}

int exponent_of(const std::string& scientific) {
  const std::size_t at = scientific.find('e');
  int exponent = 0;
  const char* begin = scientific.data() + at + (scientific[at + 1] == '+' ? 2 : 1);
  std::from_chars(begin, scientific.data() + scientific.size(), exponent);
  return exponent;
}

}  // namespace

std::string number_text(double value) { return number_text(value, 'g', -1); }

std::string number_text(double value, char verb, int precision) {
  if (!std::isfinite(value)) return without_digits(value);
  if (precision >= 0) {
    char buffer[kMostDigits + 512];
    const auto format = verb == 'e'   ? std::chars_format::scientific
                        : verb == 'f' ? std::chars_format::fixed
                                      : std::chars_format::general;
    precision = std::min(precision, static_cast<int>(kMostDigits));
    const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, format, precision).ptr;
    return {buffer, end};
  }
  if (verb != 'g') return shortest(value, verb);
  // Go decides about the exponent as if the shortest had six digits.
  constexpr int kLargest = 6;
  const std::string scientific = shortest(value, 'e');
  const int exponent = value == 0 ? 0 : exponent_of(scientific);
  return exponent < -4 || exponent >= kLargest ? scientific : shortest(value, 'f');
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    switch (letter) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\a':
        out += "\\a";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\v':
        out += "\\v";
        break;
      default:
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) {
          out += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
        } else {
          out += letter;
        }
    }
  }
  return out + '"';
}

std::string query_escape(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool plain = (byte | 32) - 'a' < 26u || byte - '0' < 10u ||
                       std::string_view("-_.~").find(letter) != std::string_view::npos;
    if (plain) {
      out += letter;
    } else if (letter == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

}  // namespace rules::templates
