// What clients ask about the server and its metrics before they ask for figures.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/metrics/names.h"
#include "exporter/web/api_endpoints.h"
#include "exporter/web/api_json.h"
#include "exporter/web/api_params.h"

namespace exporter::api {
namespace {

// As Prometheus knows them from the text format: it has no info metrics.
std::string_view kind_text(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return "counter";
    case MetricKind::histogram:
      return "histogram";
    case MetricKind::gauge:
    case MetricKind::info:
      break;
  }
  return "gauge";
}

void append_family(std::string& out, const MetricName& metric) {
  append_escaped(out, metric.name);
  out += fmt::format(R"(:[{{"type":"{}","unit":"{}","help":)", kind_text(metric.kind), metric.unit);
  append_escaped(out, metric.help);
  out += "}]";
}

// Without a limit, or with a negative one: as many as there are.
std::expected<std::size_t, Error> count_of(const WebRequest& request, const std::string& name) {
  const std::string_view text = parameter(request, name);
  if (text.empty()) return kMetricNames.size();
  const auto count = parse_integer(text);
  if (!count) return bad_data(name + " must be a number");
  if (*count < 0) return kMetricNames.size();
  return static_cast<std::size_t>(*count);
}

}  // namespace

Answer metadata(const ApiContext&, const WebRequest& request) {
  const auto limit = count_of(request, "limit");
  if (!limit) return std::unexpected(limit.error());
  const auto per_metric = count_of(request, "limit_per_metric");  // each has one
  if (!per_metric) return std::unexpected(per_metric.error());
  const std::string_view wanted = parameter(request, "metric");
  std::vector<const MetricName*> found;
  for (const MetricName& metric : kMetricNames) {
    if (wanted.empty() || metric.name == wanted) found.push_back(&metric);
  }
  std::ranges::sort(found, {}, &MetricName::name);
  found.resize(std::min(found.size(), *limit));

  Data data;
  data.body.push_back('{');
  for (const MetricName* metric : found) {
    if (metric != found.front()) data.body.push_back(',');
    append_family(data.body, *metric);
  }
  data.body.push_back('}');
  return data;
}

// Grafana takes whoever has "features" for a Mimir, so there are none; of a Prometheus it reads the
// version to know what it may ask for. Build metadata behind a '+' does not count in a comparison.
Answer build_info(const ApiContext& context, const WebRequest&) {
  Data data;
  data.body += R"({"version":)";
  append_escaped(data.body, fmt::format("{}+sla.exporter.{}", kPrometheusVersion, context.version));
  data.body += R"(,"revision":)";
  append_escaped(data.body, context.revision);
  data.body += R"(,"branch":"","buildUser":"","buildDate":"","goVersion":""})";
  return data;
}

}  // namespace exporter::api
