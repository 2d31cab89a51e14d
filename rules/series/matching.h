// Matchers made ready: a regular expression that is a list of words becomes that list, one that
// begins with a word and ends with ".*" becomes a prefix, and only the rest is run by RE2. Compiled
// once and shared by all readers. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/source.h"

namespace rules::series {

class Matching {
 public:
  explicit Matching(const Matcher& matcher);
  ~Matching();

  const std::string& name() const { return name_; }
  bool matches(std::string_view value) const { return matches_text(value) != negative_; }
  bool negative() const { return negative_; }
  // Whether running it costs enough to remember its answers.
  bool costly() const { return how_ == How::regex; }
  // All values it matches, when they are known; only for tests that are not negative.
  const std::vector<std::string>* values() const { return how_ == How::words ? &words_ : nullptr; }
  // What every value it matches begins with; only for tests that are not negative.
  const std::string& prefix() const { return prefix_; }

 private:
  enum class How { words, starts, starts_and_more, regex, nothing };
  struct Regex;

  void understand(const std::string& pattern);
  bool matches_text(std::string_view value) const;

  std::string name_;
  bool negative_ = false;
  How how_ = How::words;
  std::vector<std::string> words_;  // sorted
  std::string prefix_;
  std::unique_ptr<const Regex> regex_;
};

// Rules ask with the same matchers at every evaluation.
class MatchingCache {
 public:
  std::shared_ptr<const Matching> get(const Matcher& matcher);

 private:
  using Key = std::tuple<Matcher::Kind, std::string, std::string>;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const Matching>> tests_;
};

}  // namespace rules::series
