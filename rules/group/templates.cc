#include "rules/group/templates.h"

#include "rules/template/template.h"

namespace rules {
namespace {

// As errors name it.
std::string name_of(std::string_view alert) { return "__alert_" + std::string(alert); }

templates::Query query_of(const TemplateInput& input) {
  return [&input](const std::string& expr)
             -> std::expected<std::vector<templates::QueryResult>, std::string> {
    const auto vector = input.query(expr, input.at);
    if (!vector) return std::unexpected(vector.error());
    std::vector<templates::QueryResult> results;
    for (const auto& [labels, sample] : *vector) results.push_back({labels, sample.value});
    return results;
  };
}

}  // namespace

ExpandTemplate template_expander(std::function<bool()> stop) {
  return [stop = std::move(stop)](
             const TemplateInput& input) -> std::expected<std::string, std::string> {
    const auto parsed = templates::Template::parse(name_of(input.alert), input.text);
    if (!parsed) return std::unexpected(parsed.error().text());
    const auto text = parsed->expand({.labels = input.labels,
                                      .external_labels = input.external_labels,
                                      .value = input.value,
                                      .external_url = std::string(input.external_url),
                                      .now = static_cast<double>(input.at) / 1000,
                                      .query = query_of(input),
                                      .stop = stop});
    if (!text) return std::unexpected(text.error().text());
    return *text;
  };
}

std::optional<std::string> template_error(std::string_view text, std::string_view alert) {
  const auto parsed = templates::Template::parse(name_of(alert), text);
  if (parsed) return std::nullopt;
  return parsed.error().text();
}

}  // namespace rules
