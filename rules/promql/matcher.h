// Matchers at work: the regular expression is compiled once, then asked for each value.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/source.h"

namespace re2 {
class RE2;
}

namespace rules {

class CompiledMatcher {
 public:
  explicit CompiledMatcher(Matcher matcher);
  ~CompiledMatcher();
  CompiledMatcher(CompiledMatcher&&) noexcept;
  CompiledMatcher& operator=(CompiledMatcher&&) noexcept;

  const Matcher& matcher() const { return matcher_; }
  bool matches(std::string_view value) const;

 private:
  Matcher matcher_;
  std::unique_ptr<re2::RE2> regex_;  // null when the value is plain text
};

std::vector<CompiledMatcher> compile(std::span<const Matcher> matchers);
bool matches_all(std::span<const CompiledMatcher> matchers, const Labels& labels);

// What is wrong with the regular expression, if it is one and wrong.
std::optional<std::string> regex_error(const Matcher& matcher);
std::string text(const Matcher& matcher);  // label=~"value"

// Compiled as Prometheus does: anchored at both ends, and a dot matches a line break too.
std::unique_ptr<re2::RE2> compile_anchored(std::string_view pattern);

}  // namespace rules
