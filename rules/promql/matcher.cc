// RE2 speaks the dialect of Go's regexp, which is what matchers are written in; its time is linear
// in the text, whatever the expression.
#include "rules/promql/matcher.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "rules/promql/quote.h"

namespace rules {
namespace {

bool is_regex(const Matcher& matcher) {
  return matcher.kind == Matcher::Kind::regex || matcher.kind == Matcher::Kind::not_regex;
}

bool is_negative(const Matcher& matcher) {
  return matcher.kind == Matcher::Kind::not_equal || matcher.kind == Matcher::Kind::not_regex;
}

bool is_plain(std::string_view pattern) {
  return pattern.find_first_of("\\.+*?()|[]{}^$") == std::string_view::npos && is_utf8(pattern);
}

}  // namespace

std::unique_ptr<re2::RE2> compile_anchored(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  std::string anchored = "^(?s:";
  anchored += pattern;
  anchored += ")$";
  return std::make_unique<re2::RE2>(anchored, options);
}

CompiledMatcher::CompiledMatcher(Matcher matcher) : matcher_(std::move(matcher)) {
  if (is_regex(matcher_) && !is_plain(matcher_.value)) regex_ = compile_anchored(matcher_.value);
}

CompiledMatcher::~CompiledMatcher() = default;
CompiledMatcher::CompiledMatcher(CompiledMatcher&&) noexcept = default;
CompiledMatcher& CompiledMatcher::operator=(CompiledMatcher&&) noexcept = default;

bool CompiledMatcher::matches(std::string_view value) const {
  const bool equal =
      regex_ ? re2::RE2::FullMatch({value.data(), value.size()}, *regex_) : value == matcher_.value;
  return equal != is_negative(matcher_);
}

std::vector<CompiledMatcher> compile(std::span<const Matcher> matchers) {
  std::vector<CompiledMatcher> compiled;
  compiled.reserve(matchers.size());
  for (const Matcher& matcher : matchers) compiled.emplace_back(matcher);
  return compiled;
}

bool matches_all(std::span<const CompiledMatcher> matchers, const Labels& labels) {
  return std::ranges::all_of(matchers, [&](const CompiledMatcher& each) {
    return each.matches(labels.get(each.matcher().name));
  });
}

std::optional<std::string> regex_error(const Matcher& matcher) {
  if (!is_regex(matcher)) return std::nullopt;
  // Alone first, so that an unbalanced parenthesis cannot pair with ours.
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 alone(matcher.value, options);
  if (!alone.ok()) return alone.error();
  const auto anchored = compile_anchored(matcher.value);
  return anchored->ok() ? std::nullopt : std::optional(anchored->error());
}

std::string text(const Matcher& matcher) {
  constexpr std::array<std::string_view, 4> kSigns = {"=", "!=", "=~", "!~"};
  std::string out = is_label_name(matcher.name) ? matcher.name : quote(matcher.name);
  out += kSigns[static_cast<std::size_t>(matcher.kind)];
  return out + quote(matcher.value);
}

}  // namespace rules
