// A group on virtual time: series as promtool's tests write them, a rule, and what becomes of its
// alerts at each slot, as one line of letters.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "rules/group/evaluate.h"
#include "rules/promql/parser.h"
#include "rules/promqltest/memory_source.h"
#include "rules/promqltest/series_line.h"

namespace rules {

inline constexpr std::int64_t kMinute = 60'000;

inline ExprPtr parsed(const std::string& text) {
  auto expr = parse(text);
  EXPECT_TRUE(expr.has_value()) << text << ": " << expr.error().text();
  return expr ? *std::move(expr) : nullptr;
}

inline AlertingRule alert_rule(const std::string& name, const std::string& expr) {
  AlertingRule rule;
  rule.name = name;
  rule.expr_text = expr;
  rule.expr = parsed(expr);
  return rule;
}

inline RecordingRule recording_rule(const std::string& name, const std::string& expr) {
  RecordingRule rule;
  rule.name = name;
  rule.expr_text = expr;
  rule.expr = parsed(expr);
  return rule;
}

template <class... Rules>
RuleGroup group_of(Rules... rules) {
  RuleGroup group{.file = "rules.yml", .name = "test", .interval = kMinute};
  (group.rules.emplace_back(std::move(rules)), ...);
  return group;
}

// The samples of each line begin at 0, one a minute.
inline void load(promqltest::MemorySource& source, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    const auto series = promqltest::parse_series_line(line);
    ASSERT_TRUE(series.has_value()) << line << ": " << series.error();
    for (std::size_t i = 0; i < series->values.size(); ++i) {
      if (!series->values[i]) continue;
      source.add(series->labels, {static_cast<std::int64_t>(i) * kMinute, *series->values[i]});
    }
  }
}

// A group that runs, its results stored where its queries look.
class Bench {
 public:
  explicit Bench(RuleGroup group) : group_(std::move(group)) {}

  Bench& load(const std::vector<std::string>& lines) {
    rules::load(source_, lines);
    return *this;
  }

  // The evaluation at this instant, its samples stored.
  Evaluation run(std::int64_t slot) {
    Evaluation evaluation = evaluate_group(group_, std::move(state_), source_, slot, settings_);
    for (const VectorSample& sample : evaluation.samples) source_.add(sample.labels, sample.sample);
    state_ = evaluation.state;
    return evaluation;
  }

  const RuleState& rule(std::size_t at = 0) const { return state_.rules.at(at); }
  const Alert& alert(const Labels& labels) const { return rule().alerts.at(labels); }

  RuleGroup group_;
  GroupState state_;
  GroupSettings settings_;
  promqltest::MemorySource source_;
};

// "name{labels} value@seconds", stale markers as "stale", sorted.
inline std::vector<std::string> texts_of(const Vector& samples) {
  std::vector<std::string> texts;
  for (const VectorSample& sample : samples) {
    const std::string value =
        is_stale_nan(sample.sample.value) ? "stale" : fmt::format("{}", sample.sample.value);
    texts.push_back(fmt::format("{} {}@{}", sample.labels.text(), value, sample.sample.at / 1000));
  }
  std::ranges::sort(texts);
  return texts;
}

}  // namespace rules
