// What a file uses that the Prometheus it must also run in does not have. Told by the tokens of
// its expressions and templates, so that the place is known; versions are those of Prometheus'
// changelog, in which the feature works without a flag.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "exporter/tool/lint/catalogue.h"
#include "rules/promql/lexer.h"
#include "rules/template/token.h"

namespace exporter::lint {
namespace {

using rules::Token;
using rules::TokenKind;
using Named = std::pair<std::string_view, Version>;

constexpr Version kKeepFiring{2, 42}, kQueryOffset{2, 53}, kGroupLabels{3, 0};
constexpr Version kNumbersAreDurations{2, 54}, kUnderscores{2, 54}, kAnyName{3, 0};
// Functions of queries that 2.42 does not have, or has for native histograms alone.
constexpr std::array kFunctions = {Named{"first_over_time", {3, 14}},
                                   Named{"histogram_fraction", {3, 4}}};
constexpr std::array kTemplateFunctions = {Named{"now", {3, 6}}, Named{"toDuration", {3, 6}},
                                           Named{"urlQueryEscape", {3, 8}}};

struct Feature {
  std::string what;
  Version since;
};

// Names that every version takes.
bool is_plain_name(std::string_view name, bool colons) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::ranges::all_of(name, [&](char letter) {
           return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' ||
                  (colons && letter == ':');
         });
}

class QueryReader {
 public:
  explicit QueryReader(const std::string& text) : text_(text), tokens_(rules::lex(text)) {}

  std::vector<Feature> run() {
    for (at_ = 0; at_ < tokens_.size(); ++at_) token();
    return std::move(found_);
  }

 private:
  void token() {
    const Token& token = tokens_[at_];
    if (token.kind == TokenKind::left_brace) in_braces_ = true;
    if (token.kind == TokenKind::right_brace) in_braces_ = false;
    if (token.kind == TokenKind::number) number(token);
    if (token.kind == TokenKind::duration && !expects_duration())
      add("a duration as a number", kNumbersAreDurations);
    if (token.kind == TokenKind::string && in_braces_ && !is_value())
      add("a quoted name in a selector", kAnyName);
    if (token.kind == TokenKind::string && is_grouping()) add("a quoted label name", kAnyName);
    if (next_kind() == TokenKind::left_paren) call(token);
  }

  void number(const Token& token) {
    if (expects_duration()) add("a number as a duration", kNumbersAreDurations);
    if (token.text.find('_') != token.text.npos) add("underscores in a number", kUnderscores);
  }

  void call(const Token& token) {
    for (const auto& [name, since] : kFunctions)
      if (token.text == name) add(fmt::format("{}()", name), since);
  }

  // Behind [, a colon in brackets, or offset, with or without a sign.
  bool expects_duration() const {
    std::size_t before = at_;
    while (before > 0 && tokens_[before - 1].kind == TokenKind::op) --before;
    if (before == 0 || at_ - before > 1) return false;
    const Token& token = tokens_[before - 1];
    return token.kind == TokenKind::left_bracket || token.kind == TokenKind::colon ||
           token.is("offset");
  }

  // Behind an operator of matching.
  bool is_value() const {
    const Token& before = tokens_[at_ - 1];
    return before.kind == TokenKind::assign || before.kind == TokenKind::match_regex ||
           before.kind == TokenKind::match_not_regex || before.kind == TokenKind::op;
  }

  // In the list of labels behind by, on and their like.
  bool is_grouping() const {
    std::size_t at = at_;
    while (at > 0 && tokens_[at - 1].kind != TokenKind::left_paren) {
      const Token& token = tokens_[--at];
      if (token.kind != TokenKind::comma && token.kind != TokenKind::string && !token.is_word())
        return false;
    }
    return at > 1 && tokens_[at - 2].kind == TokenKind::keyword;
  }

  TokenKind next_kind() const {
    return at_ + 1 < tokens_.size() ? tokens_[at_ + 1].kind : TokenKind::end;
  }

  void add(std::string what, Version since) {
    found_.push_back({fmt::format("{} at {} of the expression", what,
                                  rules::position_text(text_, tokens_[at_].at)),
                      since});
  }

  const std::string& text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  bool in_braces_ = false;
  std::vector<Feature> found_;
};

void add_template(const std::string& text, const std::string& where, std::vector<Feature>& out) {
  for (const rules::templates::Token& token : rules::templates::tokens_of(text)) {
    if (token.kind != rules::templates::Token::Kind::identifier) continue;
    for (const auto& [name, since] : kTemplateFunctions)
      if (token.text == name) out.push_back({fmt::format("{} in {}", name, where), since});
  }
}

void add_texts(const rules::NamedTexts& texts, std::string_view kind, std::vector<Feature>& out) {
  for (const auto& [name, text] : texts) {
    if (!is_plain_name(name, false)) {
      out.push_back({fmt::format("the name of {} \"{}\"", kind, name), kAnyName});
    }
    add_template(text, fmt::format("{} \"{}\"", kind, name), out);
  }
}

std::vector<Feature> features(const Site& site) {
  const rules::RuleBase& base = site.base();
  std::vector<Feature> out = QueryReader(base.expr_text).run();
  const rules::AlertingRule* alert = site.alert();
  if (alert == nullptr && !is_plain_name(base.name, true)) {
    out.push_back({"the name of its series", kAnyName});
  }
  if (alert != nullptr && alert->keep_firing_for != 0) {
    out.push_back({"keep_firing_for", kKeepFiring});
  }
  add_texts(base.labels, "label", out);
  if (alert != nullptr) add_texts(alert->annotations, "annotation", out);
  return out;
}

std::string needs(const Feature& feature, Version target) {
  return fmt::format("{} needs Prometheus {}, and {} is the target", feature.what,
                     feature.since.text(), target.text());
}

void judge_group(const Site& first, Version target, std::vector<Finding>& out) {
  std::vector<Feature> found;
  if (first.group->query_offset) found.push_back({"query_offset", kQueryOffset});
  if (!first.group->labels.empty()) found.push_back({"labels of a group", kGroupLabels});
  for (const Feature& feature : found) {
    if (feature.since <= target) continue;
    out.push_back(
        {.lint = {},
         .file = first.file->path,
         .place = first.group->place,
         .text = fmt::format("group \"{}\": {}", first.group->name, needs(feature, target))});
  }
}

}  // namespace

std::vector<Finding> newer_features(const Catalogue& catalogue) {
  const Version target = catalogue.input().target.value_or(Version{});
  std::vector<Finding> out;
  const rules::RuleGroup* last = nullptr;
  for (const Site& site : catalogue.sites()) {
    if (std::exchange(last, site.group) != site.group) judge_group(site, target, out);
    for (const Feature& feature : features(site)) {
      if (feature.since > target) out.push_back(site.finding(needs(feature, target)));
    }
  }
  return out;
}

}  // namespace exporter::lint
