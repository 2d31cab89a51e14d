#include "exporter/tool/rule_test_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "rules/group/evaluate.h"
#include "rules/group/templates.h"
#include "rules/promql/number.h"
#include "rules/promql/parser.h"
#include "rules/promql/quote.h"
#include "rules/promqltest/memory_source.h"

namespace exporter::tool {
namespace {

// "- " is missing, "+ " is there and not expected, "  " is as expected. Both sides sorted.
std::string difference(const std::vector<std::string>& expected,
                       const std::vector<std::string>& got) {
  std::string text = "        (- expected, + got)";
  auto want = expected.begin();
  auto have = got.begin();
  while (want != expected.end() || have != got.end()) {
    const bool take_want = have == got.end() || (want != expected.end() && *want <= *have);
    const bool same = take_want && have != got.end() && *want == *have;
    text += fmt::format("\n        {} {}",
                        same        ? ' '
                        : take_want ? '-'
                                    : '+',
                        take_want ? *want : *have);
    if (take_want) ++want;
    if (!take_want || same) ++have;
  }
  return text;
}

std::string alert_text(const ExpectedAlert& alert) {
  std::string annotations;
  for (const auto& [name, value] : alert.second) {
    annotations += (annotations.empty() ? "" : ", ") + name + "=" + rules::quote(value);
  }
  return fmt::format("Labels:{} Annotations:{{{}}}", alert.first.text(), annotations);
}

class Run {
 public:
  Run(const RuleTest& test, const RuleTestFile& file,
      const std::vector<const rules::RuleGroup*>& groups)
      : test_(test), file_(file), groups_(groups), states_(groups.size()) {
    settings_.interval = test.interval;
    settings_.external_labels = test.external_labels;
    settings_.external_url = test.external_url;
    settings_.expand = rules::template_expander();
    settings_.query.default_step = file.evaluation_interval;
  }

  std::vector<std::string> run() {
    const std::int64_t end = last_time();
    for (std::int64_t time = 0; time <= end; time += file_.evaluation_interval) {
      load(time);
      if (!evaluate_all(time)) return std::move(failures_);
      for (const AlertTest& alert : test_.alert_tests) {
        const bool now =
            alert.eval_time >= time && alert.eval_time < time + file_.evaluation_interval;
        if (now) compare(alert);
      }
    }
    for (const ExprTest& expr : test_.expr_tests) compare(expr);
    return std::move(failures_);
  }

 private:
  std::int64_t last_time() const {
    std::int64_t last = 0;
    for (const AlertTest& alert : test_.alert_tests) last = std::max(last, alert.eval_time);
    for (const ExprTest& expr : test_.expr_tests) last = std::max(last, expr.eval_time);
    return last;
  }

  // The samples of the series up to this time.
  void load(std::int64_t time) {
    for (; static_cast<std::int64_t>(loaded_) * test_.interval <= time; ++loaded_) {
      const std::int64_t at = test_.start + static_cast<std::int64_t>(loaded_) * test_.interval;
      for (const auto& [labels, values] : test_.series) {
        if (loaded_ < values.size() && values[loaded_]) store(labels, {at, *values[loaded_]});
      }
    }
  }

  // False when the series has a newer sample, or another at the same time: it is not stored then.
  bool store(const rules::Labels& labels, rules::Sample sample) {
    const auto [known, fresh] = newest_.try_emplace(labels, sample);
    rules::Sample& newest = known->second;
    if (!fresh && newest.at >= sample.at) {
      return newest.at == sample.at && newest.value == sample.value;
    }
    newest = sample;
    source_.add(labels, sample);
    return true;
  }

  // False when a rule failed, which ends the test.
  bool evaluate_all(std::int64_t time) {
    const std::size_t before = failures_.size();
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      rules::Evaluation evaluation = rules::evaluate_group(*groups_[i], std::move(states_[i]),
                                                           source_, test_.start + time, settings_);
      states_[i] = std::move(evaluation.state);
      for (std::size_t rule = 0; rule < groups_[i]->rules.size(); ++rule) {
        const rules::RuleState& state = states_[i].rules[rule];
        if (state.health != rules::RuleHealth::bad) continue;
        fail_rule(rules::base_of(groups_[i]->rules[rule]).name, time, state.last_error);
      }
      for (const rules::VectorSample& sample : evaluation.samples) {
        if (store(sample.labels, sample.sample) || rules::is_stale_nan(sample.sample.value)) {
          continue;
        }
        fail_rule(std::string(sample.labels.get(rules::kMetricName)), time,
                  "duplicate sample for timestamp");
      }
    }
    return failures_.size() == before;
  }

  void fail_rule(const std::string& rule, std::int64_t time, const std::string& error) {
    failures_.push_back(
        fmt::format("    rule: {}, time: {}, err: {}", rule, rules::format_duration(time), error));
  }

  std::string head() const {
    return test_.name.empty() ? "" : fmt::format("    name: {},\n", test_.name);
  }

  void compare(const AlertTest& test) {
    std::vector<std::string> expected, got;
    for (const ExpectedAlert& alert : test.expected) expected.push_back(alert_text(alert));
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      for (std::size_t rule = 0; rule < groups_[i]->rules.size(); ++rule) {
        const auto* alerting = std::get_if<rules::AlertingRule>(&groups_[i]->rules[rule]);
        if (alerting == nullptr || alerting->name != test.alertname) continue;
        for (const auto& [labels, alert] : states_[i].rules[rule].alerts) {
          if (alert.state != rules::AlertState::firing) continue;
          got.push_back(alert_text({alert.labels, alert.annotations}));
        }
      }
    }
    std::ranges::sort(expected);
    std::ranges::sort(got);
    if (expected == got) return;
    failures_.push_back(fmt::format("{}    alertname: {}, time: {},\n{}", head(), test.alertname,
                                    rules::format_duration(test.eval_time),
                                    difference(expected, got)));
  }

  void compare(const ExprTest& test) {
    const std::string about =
        fmt::format("{}    expr: {}, time: {},", head(), rules::quote(test.expr),
                    rules::format_duration(test.eval_time));
    const auto got = query(test);
    if (!got) {
      failures_.push_back(fmt::format("{} err: {}", about, got.error()));
      return;
    }
    rules::Vector expected;
    for (const ExpectedSample& sample : test.expected) {
      auto labels = rules::parse_labels(sample.labels);
      if (!labels) {
        failures_.push_back(fmt::format("{} err: labels {}: {}", about, rules::quote(sample.labels),
                                        labels.error().text()));
        return;
      }
      expected.push_back({*std::move(labels), {0, sample.value}});
    }
    if (same(sorted(expected), sorted(*got))) return;
    failures_.push_back(
        fmt::format("{}\n{}", about, difference(texts_of(expected), texts_of(*got))));
  }

  std::expected<rules::Vector, std::string> query(const ExprTest& test) const {
    const auto expr = rules::parse(test.expr);
    if (!expr) return std::unexpected(expr.error().text());
    auto answer = rules::evaluate(**expr, source_, test_.start + test.eval_time, settings_.query);
    if (!answer) return std::unexpected(answer.error());
    if (auto* vector = std::get_if<rules::Vector>(&answer->value)) return std::move(*vector);
    if (const auto* scalar = std::get_if<rules::Scalar>(&answer->value)) {
      return rules::Vector{{.labels = {}, .sample = scalar->sample}};
    }
    return std::unexpected("rule result is not a vector or scalar");
  }

  static rules::Vector sorted(rules::Vector vector) {
    std::ranges::sort(vector, {}, &rules::VectorSample::labels);
    return vector;
  }

  static std::vector<std::string> texts_of(const rules::Vector& vector) {
    std::vector<std::string> texts;
    for (const auto& [labels, sample] : vector) {
      texts.push_back(fmt::format("{} {}", labels.text(), rules::format_number(sample.value)));
    }
    std::ranges::sort(texts);
    return texts;
  }

  bool same(const rules::Vector& expected, const rules::Vector& got) const {
    return std::ranges::equal(expected, got, [this](const auto& want, const auto& have) {
      return want.labels == have.labels && same(want.sample.value, have.sample.value);
    });
  }
  bool same(double want, double have) const {
    if (want == have || (std::isnan(want) && std::isnan(have))) return true;
    return file_.fuzzy_compare && std::nextafter(want, have) == have;
  }

  const RuleTest& test_;
  const RuleTestFile& file_;
  const std::vector<const rules::RuleGroup*>& groups_;
  rules::GroupSettings settings_;
  std::vector<rules::GroupState> states_;
  rules::promqltest::MemorySource source_;
  std::map<rules::Labels, rules::Sample> newest_;
  std::size_t loaded_ = 0;  // values of each series
  std::vector<std::string> failures_;
};

}  // namespace

std::vector<std::string> run_rule_test(const RuleTest& test, const RuleTestFile& file,
                                       const std::vector<const rules::RuleGroup*>& groups) {
  for (const AlertTest& alert : test.alert_tests) {
    if (!alert.alertname.empty()) continue;
    return {
        fmt::format("    an item under alert_rule_test misses required attribute alertname at "
                    "eval_time {}{}",
                    rules::format_duration(alert.eval_time),
                    test.name.empty() ? "" : fmt::format(" (in TestGroup {})", test.name))};
  }
  return Run(test, file, groups).run();
}

}  // namespace exporter::tool
