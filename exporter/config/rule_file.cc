// Group by group, rule by rule; everything wrong is collected.
#include "exporter/config/rule_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "exporter/config/prometheus_values.h"
#include "exporter/config/scalar_place.h"
#include "rules/promql/parser.h"
#include "rules/promql/quote.h"

namespace exporter {
namespace {

using config::Errors;
using config::MapReader;
using config::Yaml;
using config::YamlPtr;

struct Context {
  std::string_view text;  // of the file
  const TemplateCheck& templates;
  Errors& errors;
};

bool is_label_name(std::string_view name) {
  return rules::is_utf8(name) && name != rules::kMetricName;
}

// The entry for errors about one of the texts.
const config::YamlEntry& entry_of(MapReader& map, std::string_view key, std::string_view name) {
  return *map.find(key)->find(name);
}

void check_group_labels(MapReader& map, const rules::NamedTexts& labels, Errors& errors) {
  for (const auto& [name, value] : labels) {
    if (is_label_name(name)) continue;
    errors.add(*entry_of(map, "labels", name).key, fmt::format("invalid label name: {}", name));
  }
}

// Reads one rule. Errors begin with the rule they are about.
class RuleReader {
 public:
  RuleReader(const Context& context, const std::string& group, const YamlPtr& node, int number)
      : context_(context),
        group_(group),
        node_(node),
        number_(number),
        map_(context.errors, node, fmt::format("rule {} of group \"{}\"", number, group)) {}

  // Nothing when it is no rule at all; else what could be read of it.
  std::optional<rules::Rule> read(const rules::NamedTexts& group_labels) {
    if (!map_.valid()) return std::nullopt;
    rules::AlertingRule rule;
    std::string record, alert;
    map_.text("record", record);
    map_.text("alert", alert);
    rule.name = alert.empty() ? record : alert;
    name_ = rule.name;
    if (!record.empty() && !alert.empty()) {
      error(map_.place("alert"), "only one of 'record' and 'alert' must be set");
    }
    if (rule.name.empty()) error(*node_, "one of 'record' or 'alert' must be set");
    read_expr(rule);
    map_.value("for", rule.hold, config::parse_prometheus_duration);
    map_.value("keep_firing_for", rule.keep_firing_for, config::parse_prometheus_duration);
    rule.labels = config::named_texts(map_, "labels");
    rule.annotations = config::named_texts(map_, "annotations");
    rule.place = {node_->line, node_->column};
    rule.number = number_;
    map_.finish(MapReader::UserKeys::refused);

    if (!record.empty()) check_recording(rule, record);
    check_names(rule);
    if (!alert.empty()) check_templates(rule);
    rule.labels = with_defaults(rule.labels, group_labels);
    if (!alert.empty()) return rule;
    return rules::RecordingRule{std::move(static_cast<rules::RuleBase&>(rule))};
  }

 private:
  static rules::NamedTexts with_defaults(const rules::NamedTexts& labels,
                                         const rules::NamedTexts& defaults) {
    rules::NamedTexts merged = labels;
    for (const auto& one : defaults) {
      if (std::ranges::none_of(labels, [&](const auto& own) { return own.first == one.first; })) {
        merged.push_back(one);
      }
    }
    std::ranges::sort(merged);
    return merged;
  }

  void error(const Yaml& at, const std::string& message) {
    context_.errors.add(
        at, fmt::format("group \"{}\", rule {}, \"{}\": {}", group_, number_, name_, message));
  }

  void read_expr(rules::RuleBase& rule) {
    const YamlPtr node = map_.find("expr");
    if (!node || (node->kind == Yaml::Kind::scalar && node->text.empty())) {
      error(node ? *node : map_.place("expr"), "field 'expr' must be set in rule");
      return;
    }
    if (!map_.text("expr", rule.expr_text)) return;
    auto expr = rules::parse(rule.expr_text);
    if (expr) {
      rule.expr = *std::move(expr);
      return;
    }
    Yaml at = *node;
    const auto place = config::place_in_scalar(context_.text, *node, expr.error().span.begin);
    at.line = place.line;
    at.column = place.column;
    error(at, "could not parse expression: " + expr.error().message);
  }

  void check_recording(const rules::AlertingRule& rule, const std::string& record) {
    for (const char* field : {"annotations", "for", "keep_firing_for"}) {
      const std::string_view name = field;
      const bool used = name == "annotations" ? !rule.annotations.empty()
                        : name == "for"       ? rule.hold != 0
                                              : rule.keep_firing_for != 0;
      if (used) error(map_.place(name), fmt::format("invalid field '{}' in recording rule", name));
    }
    const Yaml& at = *map_.find("record");
    if (!rules::is_utf8(record)) error(at, "invalid recording rule name: " + record);
    if (record.find_first_of("{}") != record.npos) {
      error(at, "braces present in the recording rule name; should it be in expr?: " + record);
    }
  }

  void check_names(const rules::AlertingRule& rule) {
    for (const auto& [name, value] : rule.labels) {
      if (!is_label_name(name)) {
        error(*entry_of(map_, "labels", name).key, "invalid label name: " + name);
      }
    }
    for (const auto& [name, value] : rule.annotations) {
      if (!rules::is_utf8(name)) {
        error(*entry_of(map_, "annotations", name).key, "invalid annotation name: " + name);
      }
    }
  }

  void check_templates(const rules::AlertingRule& rule) {
    check_templates(rule, rule.labels, "labels", "label");
    check_templates(rule, rule.annotations, "annotations", "annotation");
  }
  void check_templates(const rules::AlertingRule& rule, const rules::NamedTexts& texts,
                       std::string_view key, std::string_view what) {
    if (!context_.templates) return;
    for (const auto& [name, text] : texts) {
      const auto wrong = context_.templates(text, rule.name);
      if (!wrong) continue;
      error(*entry_of(map_, key, name).value, fmt::format("{} \"{}\": {}", what, name, *wrong));
    }
  }

  const Context& context_;
  const std::string& group_;
  YamlPtr node_;
  int number_;
  std::string name_;
  MapReader map_;
};

std::optional<rules::RuleGroup> read_group(const Context& context, const std::string& file,
                                           const YamlPtr& node, int number) {
  MapReader map(context.errors, node, fmt::format("group {}", number));
  if (!map.valid()) return std::nullopt;
  rules::RuleGroup group;
  group.file = file;
  group.place = {node->line, node->column};
  const bool unreadable = map.find("name") && !map.text("name", group.name);
  if (!unreadable && group.name.empty()) {
    context.errors.add(map.place("name"), "Groupname must not be empty");
  }
  std::int64_t duration = 0;
  if (map.value("interval", duration, config::parse_prometheus_duration) && duration > 0)
    group.interval = duration;
  if (map.value("query_offset", duration, config::parse_prometheus_duration))
    group.query_offset = duration;
  int limit = 0;
  map.integer("limit", 0, 1'000'000'000, limit);
  group.limit = static_cast<std::size_t>(limit);
  group.labels = config::named_texts(map, "labels");
  check_group_labels(map, group.labels, context.errors);

  int rule_number = 0;
  for (const YamlPtr& item : config::listed_items(map, "rules")) {
    RuleReader reader(context, group.name, item, ++rule_number);
    if (auto rule = reader.read(group.labels)) group.rules.push_back(*std::move(rule));
  }
  map.finish(MapReader::UserKeys::refused);
  return group;
}

void read_groups(const Context& context, const YamlPtr& root, rules::RuleFile& file) {
  MapReader map(context.errors, root, "the rule file");
  if (!map.valid()) return;
  std::set<std::string> names;
  int number = 0;
  for (const YamlPtr& item : config::listed_items(map, "groups")) {
    auto group = read_group(context, file.path, item, ++number);
    if (!group) continue;
    if (!group->name.empty() && !names.insert(group->name).second) {
      context.errors.add(
          *item, fmt::format("groupname: \"{}\" is repeated in the same file", group->name));
    }
    file.groups.push_back(*std::move(group));
  }
  map.finish(MapReader::UserKeys::refused);
}

}  // namespace

RuleFileResult read_rule_text(std::string_view text, const std::filesystem::path& path,
                              const TemplateCheck& templates) {
  Errors errors;
  rules::RuleFile file{.path = path.string(), .groups = {}};
  auto source = std::make_shared<config::SourceFile>(path.string(), path.parent_path());
  const Context context{text, templates, errors};
  if (const YamlPtr root = config::parse_yaml(text, std::move(source), errors)) {
    read_groups(context, root, file);
  }
  if (!errors.empty()) return std::unexpected(errors.take());
  return file;
}

RuleFileResult read_rule_file(const std::filesystem::path& path, const TemplateCheck& templates,
                              const config::FileSource& files) {
  const auto text = files.read(path, config::kMaxFileBytes);
  if (text) return read_rule_text(*text, path, templates);
  return std::unexpected(ConfigErrors{{.file = path.string(), .message = text.error()}});
}

}  // namespace exporter
