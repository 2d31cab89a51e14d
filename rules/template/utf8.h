// Letters of UTF-8 texts. What is not valid counts byte by byte. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rules::templates {

std::string utf8(char32_t letter);
// Bytes of the letter the text begins with, 1 where it is not valid; 0 of an empty text.
std::size_t letter_size(std::string_view text);
char32_t first_letter(std::string_view text);  // U+FFFD where it is not valid
std::size_t letters_in(std::string_view text);
std::string first_letters(std::string_view text, std::size_t count);

// Latin, Greek and Cyrillic; other scripts stay as they are.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);  // the first letter of each word

}  // namespace rules::templates
