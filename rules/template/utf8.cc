#include "rules/template/utf8.h"

namespace rules::templates {
namespace {

constexpr char32_t kBad = 0xfffd;

bool within(char32_t letter, char32_t from, char32_t to) { return letter >= from && letter <= to; }

// Pairs of large and small letters that stand a fixed distance apart, or alternate.
struct Range {
  char32_t from, to, distance;  // of the large ones; distance 1: they alternate with the small ones
};
constexpr Range kRanges[] = {
    {'A', 'Z', 32},      {0xc0, 0xd6, 32},    {0xd8, 0xde, 32},   {0x100, 0x12e, 1},
    {0x132, 0x136, 1},   {0x139, 0x147, 1},   {0x14a, 0x176, 1},  {0x179, 0x17d, 1},
    {0x391, 0x3a1, 32},  {0x3a3, 0x3ab, 32},  {0x388, 0x38a, 37}, {0x400, 0x40f, 80},
    {0x410, 0x42f, 32},  {0x460, 0x480, 1},   {0x48a, 0x4be, 1},  {0x4d0, 0x52e, 1},
    {0x1e00, 0x1e94, 1}, {0x1ea0, 0x1efe, 1},
};

bool is_large(const Range& range, char32_t letter) {
  return within(letter, range.from, range.to) &&
         (range.distance != 1 || (letter - range.from) % 2 == 0);
}

char32_t upper(char32_t letter) {
  for (const Range& range : kRanges) {
    if (letter >= range.distance && is_large(range, letter - range.distance)) {
      return letter - range.distance;
    }
  }
  if (letter == 0x3c2) return 0x3a3;  // the sigma at the end of a word
  return letter == 0xff ? 0x178 : letter;
}

char32_t lower(char32_t letter) {
  for (const Range& range : kRanges) {
    if (is_large(range, letter)) return letter + range.distance;
  }
  return letter == 0x178 ? 0xff : letter;
}

bool separates(char32_t letter) {
  if (letter < 0x80) {
    return !(within(letter, '0', '9') || within(letter | 32, 'a', 'z') || letter == '_');
  }
  return letter == 0x85 || letter == 0xa0 || within(letter, 0x2000, 0x200a) || letter == 0x2028 ||
         letter == 0x2029 || letter == 0x202f || letter == 0x205f || letter == 0x3000;
}

template <class Change>
std::string changed(std::string_view text, Change change) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = letter_size(text);
    const char32_t letter = first_letter(text);
    const char32_t other = change(letter);
    out += other == letter ? std::string(text.substr(0, size)) : utf8(other);
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace

std::string utf8(char32_t letter) {
  if (letter > 0x10ffff || within(letter, 0xd800, 0xdfff)) letter = kBad;
  std::string out;
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((letter >> shift) & 0x3f)); };
  if (letter < 0x80) {
    out += static_cast<char>(letter);
  } else if (letter < 0x800) {
    out += static_cast<char>(0xc0 | (letter >> 6));
    tail(0);
  } else if (letter < 0x10000) {
    out += static_cast<char>(0xe0 | (letter >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | (letter >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
  return out;
}

char32_t first_letter(std::string_view text) {
  if (text.empty()) return kBad;
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return lead;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return kBad;
  char32_t letter = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80) return kBad;
    letter = (letter << 6) | (byte & 0x3f);
  }
  const char32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  const bool valid = within(letter, least, 0x10ffff) && !within(letter, 0xd800, 0xdfff);
  return valid ? letter : kBad;
}

std::size_t letter_size(std::string_view text) {
  if (text.empty()) return 0;
  const char32_t letter = first_letter(text);
  if (letter == kBad) return text.starts_with("\xef\xbf\xbd") ? 3 : 1;
  return utf8(letter).size();
}

std::size_t letters_in(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(letter_size(text));
  return count;
}

std::string first_letters(std::string_view text, std::size_t count) {
  std::string_view rest = text;
  while (!rest.empty() && count-- > 0) rest.remove_prefix(letter_size(rest));
  return std::string(text.substr(0, text.size() - rest.size()));
}

std::string to_upper(std::string_view text) { return changed(text, upper); }
std::string to_lower(std::string_view text) { return changed(text, lower); }

std::string to_title(std::string_view text) {
  bool begins = true;
  return changed(text, [&begins](char32_t letter) {
    const bool first = begins;
    begins = separates(letter);
    return first ? upper(letter) : letter;
  });
}

}  // namespace rules::templates
