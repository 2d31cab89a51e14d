#include "rules/template/value.h"

#include <cmath>

namespace rules::templates {

bool Value::truth() const {
  if (const auto* flag = get<bool>()) return *flag;
  if (const auto* number = get<std::int64_t>()) return *number != 0;
  if (const auto* number = get<double>()) return *number != 0;
  if (const auto* text = get<std::string>()) return !text->empty();
  if (const auto* duration = get<Duration>()) return duration->nanoseconds != 0;
  if (const auto* list = get<List>()) return !list->empty();
  if (const auto* fields = get<Fields>()) {
    return fields->kind == Fields::Kind::record || !fields->fields.empty();
  }
  return get<Time>() != nullptr;
}

std::string Value::type() const {
  if (get<bool>()) return "bool";
  if (get<std::int64_t>()) return "int";
  if (get<double>()) return "float64";
  if (get<std::string>()) return "string";
  if (get<Duration>()) return "time.Duration";
  if (get<Time>()) return "*time.Time";
  if (get<List>()) return "template.queryResult";
  if (const auto* fields = get<Fields>()) return fields->type;
  return "<nil>";
}

Value labels_value(const Labels& labels) {
  Fields fields;
  fields.kind = Fields::Kind::strings;
  fields.type = "map[string]string";
  for (const auto& [name, value] : labels.pairs()) fields.fields.emplace(name, value);
  return fields;
}

Value sample_value(const Labels& labels, double value) {
  Fields fields;
  fields.kind = Fields::Kind::record;
  fields.type = "*template.sample";
  fields.depth = 2;
  fields.fields.emplace("Labels", labels_value(labels));
  fields.fields.emplace("Value", value);
  return fields;
}

}  // namespace rules::templates
