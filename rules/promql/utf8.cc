// UTF-8 decoding that refuses what is overlong, a surrogate or out of range.
#include "rules/promql/utf8.h"

#include <array>

namespace rules {
namespace {

// How many bytes a character takes that begins with this one; 0 when none begins so.
std::size_t length_of(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

}  // namespace

bool is_code_point(std::uint32_t code) {
  return code <= 0x10ffff && (code < 0xd800 || code >= 0xe000);
}

Rune decode_rune(std::string_view text) {
  constexpr Rune kInvalid{0xfffd, 1, false};
  constexpr std::array<std::uint32_t, 5> kLowest = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = length_of(lead);
  if (length == 0 || length > text.size()) return kInvalid;
  if (length == 1) return {lead, 1, true};

  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t at = 1; at < length; ++at) {
    const auto next = static_cast<unsigned char>(text[at]);
    if ((next & 0xc0) != 0x80) return kInvalid;
    code = code << 6 | (next & 0x3fU);
  }
  if (code < kLowest[length] || !is_code_point(code)) return kInvalid;
  return {code, length, true};
}

void append_rune(std::string& out, char32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xe0 | code >> 12);
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
    }
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

}  // namespace rules
