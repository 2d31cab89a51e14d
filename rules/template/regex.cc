#include "rules/template/regex.h"

#include <re2/re2.h>

#include <charconv>

#include "rules/template/go_text.h"
#include "rules/template/utf8.h"

namespace rules::templates {
namespace {

constexpr std::int64_t kRegexMemory = 4 << 20;

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemory);
  return options;
}

std::string error_of(const re2::RE2& regex) { return "error parsing regexp: " + regex.error(); }

using Groups = std::vector<re2::StringPiece>;

bool is_name(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return (byte | 32u) - 'a' < 26u || byte - unsigned{'0'} < 10u || letter == '_';
}

// The group that a name or number stands for; an unknown one is empty.
re2::StringPiece group(const re2::RE2& regex, const Groups& groups, std::string_view name) {
  std::size_t number = groups.size();
  const char* end = name.end();
  const auto read = std::from_chars(name.begin(), end, number);
  if (read.ec != std::errc() || read.ptr != end) {
    const auto& names = regex.NamedCapturingGroups();
    const auto found = names.find(std::string(name));
    number = found == names.end() ? groups.size() : static_cast<std::size_t>(found->second);
  }
  return number < groups.size() ? groups[number] : re2::StringPiece();
}

// Go takes the longest name it can: $1x is the group named 1x.
void expand(std::string& out, std::string_view with, const re2::RE2& regex, const Groups& groups) {
  while (!with.empty()) {
    const std::size_t dollar = std::min(with.find('$'), with.size());
    out += with.substr(0, dollar);
    if (dollar == with.size()) return;
    with.remove_prefix(dollar + 1);
    if (with.empty()) out += '$';
    if (with.empty()) return;
    if (with[0] == '$') {
      out += '$';
      with.remove_prefix(1);
      continue;
    }
    const bool braced = with[0] == '{';
    const std::string_view rest = with.substr(braced ? 1 : 0);
    std::size_t size = 0;
    while (size < rest.size() && is_name(rest[size])) ++size;
    if (size == 0 || (braced && (size == rest.size() || rest[size] != '}'))) {
      out += '$';  // malformed: it stands for itself
      continue;
    }
    const re2::StringPiece found = group(regex, groups, rest.substr(0, size));
    out.append(found.data(), found.size());
    with.remove_prefix(size + (braced ? 2 : 0));
  }
}

}  // namespace

std::expected<bool, std::string> regex_match(const std::string& pattern, const std::string& text) {
  const re2::RE2 regex(pattern, options());
  if (!regex.ok()) return std::unexpected(error_of(regex));
  return re2::RE2::PartialMatch(text, regex);
}

std::expected<std::string, std::string> regex_replace(const std::string& pattern,
                                                      const std::string& with,
                                                      const std::string& text) {
  const re2::RE2 regex(pattern, options());
  if (!regex.ok()) return std::unexpected(error_of(regex));
  Groups groups(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) + 1);
  std::string out;
  std::size_t at = 0, copied = 0;
  bool matched = false;
  while (at <= text.size() && out.size() <= kMostText) {
    const bool found = regex.Match(text, at, text.size(), re2::RE2::UNANCHORED, groups.data(),
                                   static_cast<int>(groups.size()));
    if (!found) break;
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = begin + groups[0].size();
    // An empty match right behind the one before does not count.
    if (end > begin || !matched || begin > copied) {
      out += text.substr(copied, begin - copied);
      expand(out, with, regex, groups);
      copied = end;
      matched = true;
    }
    const std::size_t step = letter_size(std::string_view(text).substr(end));
    at = end > begin ? end : end + std::max<std::size_t>(step, 1);
  }
  return out + text.substr(std::min(copied, text.size()));
}

}  // namespace rules::templates
