#include "rules/series/matching.h"

#include <re2/re2.h>

#include <algorithm>

namespace rules::series {
namespace {

constexpr std::string_view kMeta = "\\.+*?()|[]{}^$";
constexpr std::size_t kMostTests = 1000;
constexpr std::int64_t kRegexMemory = 4 << 20;

// (a|b) and (?:a|b) without groups inside say the same as a|b.
std::string_view without_group(std::string_view pattern) {
  for (const std::string_view open : {std::string_view("(?:"), std::string_view("(")}) {
    if (!pattern.starts_with(open) || !pattern.ends_with(")")) continue;
    const std::string_view inner = pattern.substr(open.size(), pattern.size() - open.size() - 1);
    if (inner.find_first_of("()\\?") == std::string_view::npos) return inner;
  }
  return pattern;
}

// The words of `a|b|c`; empty when it is anything else.
std::vector<std::string> words_of(std::string_view pattern) {
  std::vector<std::string> words(1);
  for (const char letter : without_group(pattern)) {
    if (letter == '|') {
      words.emplace_back();
    } else if (kMeta.find(letter) != std::string_view::npos) {
      return {};
    } else {
      words.back() += letter;
    }
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

// What the pattern begins with, letter for letter.
std::string_view prefix_of(std::string_view pattern) {
  if (pattern.find('|') != std::string_view::npos) return {};
  std::string_view prefix = pattern.substr(0, pattern.find_first_of(kMeta));
  const std::string_view rest = pattern.substr(prefix.size());
  const bool repeats = !rest.empty() && std::string_view("*?{").find(rest[0]) != rest.npos;
  if (!repeats) return prefix;
  // The last letter may be missing, with all its bytes.
  while (!prefix.empty() && (static_cast<unsigned char>(prefix.back()) & 0xc0) == 0x80) {
    prefix.remove_suffix(1);
  }
  if (!prefix.empty()) prefix.remove_suffix(1);
  return prefix;
}

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);  // as Prometheus 3 has it
  options.set_max_mem(kRegexMemory);
  return options;
}

}  // namespace

struct Matching::Regex {
  explicit Regex(const std::string& pattern) : compiled(pattern, options()) {}
  re2::RE2 compiled;
};

Matching::Matching(const Matcher& matcher) : name_(matcher.name) {
  negative_ = matcher.kind == Matcher::Kind::not_equal || matcher.kind == Matcher::Kind::not_regex;
  if (matcher.kind == Matcher::Kind::equal || matcher.kind == Matcher::Kind::not_equal) {
    words_ = {matcher.value};
  } else {
    understand(matcher.value);
  }
}

Matching::~Matching() = default;

void Matching::understand(const std::string& pattern) {
  words_ = words_of(pattern);
  if (!words_.empty()) return;
  prefix_ = prefix_of(pattern);
  const std::string_view rest = std::string_view(pattern).substr(prefix_.size());
  if (rest == ".*") how_ = How::starts;
  if (rest == ".+") how_ = How::starts_and_more;
  if (how_ != How::words) return;
  regex_ = std::make_unique<const Regex>(pattern);
  // The parser of queries has refused what is not valid; here it finds nothing.
  how_ = regex_->compiled.ok() ? How::regex : How::nothing;
}

bool Matching::matches_text(std::string_view value) const {
  switch (how_) {
    case How::words:
      return std::binary_search(words_.begin(), words_.end(), value);
    case How::starts:
      return value.starts_with(prefix_);
    case How::starts_and_more:
      return value.size() > prefix_.size() && value.starts_with(prefix_);
    case How::regex:
      return re2::RE2::FullMatch({value.data(), value.size()}, regex_->compiled);
    case How::nothing:
      return negative_;
  }
  return false;
}

std::shared_ptr<const Matching> MatchingCache::get(const Matcher& matcher) {
  const Key key{matcher.kind, matcher.name, matcher.value};
  const std::lock_guard lock(mutex_);
  if (tests_.size() >= kMostTests) tests_.clear();
  auto& test = tests_[key];
  if (!test) test = std::make_shared<const Matching>(matcher);
  return test;
}

}  // namespace rules::series
