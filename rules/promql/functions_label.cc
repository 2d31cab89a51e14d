// Functions of labels alone: they look at series, not at samples.
#include <fmt/format.h>
#include <re2/re2.h>

#include <array>

#include "rules/promql/calls.h"
#include "rules/promql/evaluation.h"
#include "rules/promql/matcher.h"
#include "rules/promql/quote.h"

namespace rules {
namespace {

const std::string& text_arg(const CallNode& call, std::size_t at) {
  return std::get<StringNode>(bare(*call.args[at]).node).value;
}

bool is_name_letter(char letter) {
  return letter == '_' || (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
         (letter >= 'A' && letter <= 'Z');
}

// Longer than any label that means something. Nested calls double a value each time, so without a
// limit a short query could fill the memory.
constexpr std::size_t kMaxValueBytes = 16 * 1024;

using Groups = std::vector<re2::StringPiece>;

std::string_view group_named(const re2::RE2& regex, const Groups& groups, std::string_view name) {
  const bool is_number = name.find_first_not_of("0123456789") == std::string_view::npos;
  std::size_t number = groups.size();
  if (is_number) {
    number = name.size() < 4 ? std::stoul(std::string(name)) : groups.size();
  } else {
    const auto& names = regex.NamedCapturingGroups();
    const auto found = names.find(std::string(name));
    if (found != names.end()) number = static_cast<std::size_t>(found->second);
  }
  if (number >= groups.size() || groups[number].data() == nullptr) return {};
  return {groups[number].data(), groups[number].size()};
}

// $1, ${1}, $name, ${name} and $$, as Go's Expand: the longest name counts, and a dollar that
// begins none stands for itself. Ends early when it is too long already.
std::string expand(std::string_view pattern, const re2::RE2& regex, const Groups& groups) {
  std::string out;
  while (!pattern.empty() && out.size() <= kMaxValueBytes) {
    const std::size_t dollar = pattern.find('$');
    out += pattern.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    pattern.remove_prefix(dollar + 1);
    if (pattern.starts_with('$')) {
      out += '$';
      pattern.remove_prefix(1);
      continue;
    }
    const bool braced = pattern.starts_with('{');
    std::size_t end = braced ? 1 : 0;
    while (end < pattern.size() && is_name_letter(pattern[end])) ++end;
    const std::string_view name = pattern.substr(braced ? 1 : 0, end - (braced ? 1 : 0));
    if (name.empty() || (braced && !pattern.substr(end).starts_with('}'))) {
      out += '$';
      continue;
    }
    out += group_named(regex, groups, name);
    pattern.remove_prefix(end + (braced ? 1 : 0));
  }
  return out;
}

void set_label(Evaluation& evaluation, Series& series, std::string_view name,
               std::string_view value) {
  if (value.size() > kMaxValueBytes)
    return evaluation.fail("a label's value is longer than 16 KiB");
  series.labels = series.labels.with(name, value);
  if (name == kMetricName) series.drop_name = false;
}

}  // namespace

namespace calls {

Matrix label_replace(Evaluation& evaluation, const Expr& call_expr) {
  const auto& call = std::get<CallNode>(call_expr.node);
  const std::string& target = text_arg(call, 1);
  const std::string& source = text_arg(call, 3);
  const std::string& pattern = text_arg(call, 4);
  if (regex_error({Matcher::Kind::regex, source, pattern})) {
    evaluation.fail("invalid regular expression in label_replace(): " + pattern);
    return {};
  }
  if (!is_utf8(target)) {
    evaluation.fail("invalid destination label name in label_replace(): " + target);
    return {};
  }
  const auto regex = compile_anchored(pattern);
  Matrix matrix = evaluation.eval(*call.args[0]);
  for (Series& series : matrix) {
    const std::string value(series.labels.get(source));
    Groups groups(static_cast<std::size_t>(regex->NumberOfCapturingGroups()) + 1);
    if (!regex->Match(value, 0, value.size(), re2::RE2::ANCHOR_BOTH, groups.data(),
                      static_cast<int>(groups.size())))
      continue;
    set_label(evaluation, series, target, expand(text_arg(call, 2), *regex, groups));
  }
  return evaluation.merge_equal(std::move(matrix));
}

Matrix label_join(Evaluation& evaluation, const Expr& call_expr) {
  const auto& call = std::get<CallNode>(call_expr.node);
  const std::string& target = text_arg(call, 1);
  for (std::size_t at = 3; at < call.args.size(); ++at) {
    if (is_utf8(text_arg(call, at))) continue;
    evaluation.fail("invalid source label name in label_join(): " + text_arg(call, at));
    return {};
  }
  if (!is_utf8(target)) {
    evaluation.fail("invalid destination label name in label_join(): " + target);
    return {};
  }
  Matrix matrix = evaluation.eval(*call.args[0]);
  for (Series& series : matrix) {
    std::string joined;
    for (std::size_t at = 3; at < call.args.size() && joined.size() <= kMaxValueBytes; ++at) {
      if (at > 3) joined += text_arg(call, 2);
      joined += series.labels.get(text_arg(call, at));
    }
    set_label(evaluation, series, target, joined);
  }
  return evaluation.merge_equal(std::move(matrix));
}

}  // namespace calls
}  // namespace rules
