// UTF-8, one character at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rules {

struct Rune {
  char32_t code = 0;
  std::size_t bytes = 0;  // 1 for a byte that begins no valid character; then `valid` is false
  bool valid = false;
};

// The first character of a text that is not empty.
Rune decode_rune(std::string_view text);
void append_rune(std::string& out, char32_t code);
bool is_code_point(std::uint32_t code);  // in range and no surrogate

}  // namespace rules
