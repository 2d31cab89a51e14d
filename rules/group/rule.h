// Rules as a Prometheus rule file has them, read and checked: plain values that do not change. The
// expression is kept as text and as tree. Durations are milliseconds, as everywhere in PromQL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "rules/promql/ast.h"

namespace rules {

// Where something stands in its file, both from 1.
struct Place {
  int line = 0, column = 0;
  bool operator==(const Place&) const = default;
};

// Labels and annotations as written: sorted by name; an empty value is kept, because as a label it
// removes the label of that name.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

// What both kinds of rule have.
struct RuleBase {
  std::string name;  // of the series recorded, or of the alert
  std::string expr_text;
  ExprPtr expr;
  NamedTexts labels;  // the group's are among them
  Place place;
  int number = 0;  // in its group, from 1
};

struct RecordingRule : RuleBase {};

struct AlertingRule : RuleBase {
  std::int64_t hold = 0;  // `for`
  std::int64_t keep_firing_for = 0;
  NamedTexts annotations;  // templates, as the values of labels are
};

using Rule = std::variant<RecordingRule, AlertingRule>;

inline const RuleBase& base_of(const Rule& rule) {
  if (const auto* alerting = std::get_if<AlertingRule>(&rule)) return *alerting;
  return std::get<RecordingRule>(rule);
}

struct RuleGroup {
  std::string file, name;                    // together they name the group
  std::optional<std::int64_t> interval;      // else GroupSettings::interval
  std::optional<std::int64_t> query_offset;  // else GroupSettings::query_offset
  std::size_t limit = 0;                     // of series or alerts of one rule; 0 is none
  NamedTexts labels;
  std::vector<Rule> rules;
  Place place;
};

struct RuleFile {
  std::string path;  // as the user named it
  std::vector<RuleGroup> groups;
};

}  // namespace rules
