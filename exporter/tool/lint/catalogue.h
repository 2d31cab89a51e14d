// Which series there are, and how often they get a new value: the exporter's own metrics, what the
// rules record, and their alerts. Refers to the input it was made of. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/metrics/names.h"
#include "exporter/tool/lint/lint.h"
#include "exporter/tool/lint/readings.h"

namespace exporter::lint {

// A rule with where it stands.
struct Site {
  const rules::RuleFile* file = nullptr;
  const rules::RuleGroup* group = nullptr;
  const rules::Rule* rule = nullptr;

  const rules::RuleBase& base() const { return rules::base_of(*rule); }
  const rules::AlertingRule* alert() const { return std::get_if<rules::AlertingRule>(rule); }
  Finding finding(std::string_view message) const;  // `message` after group, rule and name
};

// Somebody who makes series that a selector matches, and how often.
struct Cadence {
  std::string who;  // as in messages: `service "api"`
  std::int64_t every = 0;
};

class Catalogue {
 public:
  explicit Catalogue(const Input& input);

  const Input& input() const { return input_; }
  const std::vector<Site>& sites() const { return sites_; }         // the rules that are judged
  bool any_rule(const std::function<bool(const Site&)>& is) const;  // the configuration's too
  std::int64_t interval(const rules::RuleGroup& group) const;
  std::int64_t kept(std::string_view metric) const;  // for so long, in milliseconds

  // The rules that record a series of this name.
  std::vector<Site> records(std::string_view name) const;
  // The metric of ours whose series have this name: a histogram has three.
  static const MetricName* own(std::string_view name);
  std::vector<std::string> names() const;  // all there are

  // Who makes what this selector matches; nothing when its metric is not known.
  std::vector<Cadence> cadences(const rules::SelectorNode& selector) const;

 private:
  std::vector<Cadence> probed(const rules::SelectorNode& selector, bool by_check) const;

  const Input& input_;
  std::vector<Site> sites_, others_;
  std::multimap<std::string, Site, std::less<>> records_;
};

// The metric a selector names by an equal matcher; empty when it does not.
std::string_view metric_of(const rules::SelectorNode& selector);

inline constexpr std::string_view kAlertSeries = "ALERTS";
inline constexpr std::string_view kAlertForSeries = "ALERTS_FOR_STATE";
// Series are sampled when they change, and at least so often.
inline constexpr std::int64_t kSampledEvery = 60'000;

}  // namespace exporter::lint
