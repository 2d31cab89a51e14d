// Every text of a client or a series goes through escape_html().
#include "exporter/web/graph_page.h"

#include <fmt/format.h>

#include "exporter/sla/zone.h"
#include "exporter/web/api_endpoints.h"
#include "exporter/web/api_params.h"
#include "exporter/web/html.h"
#include "rules/promql/engine.h"
#include "rules/promql/number.h"
#include "rules/promql/parser.h"

namespace exporter {
namespace {

// A page is for reading; the API has the rest.
constexpr std::size_t kMostRows = 1000;

std::string paragraph(std::string_view style, std::string_view text) {
  return fmt::format("<p class=\"{}\">{}</p>\n", style, escape_html(text));
}

std::string row(const rules::Labels& labels, const std::string& value) {
  return fmt::format("<tr><td><code>{}</code></td><td class=\"number\">{}</td></tr>\n",
                     escape_html(labels.text()), escape_html(value));
}

std::string table(std::string_view caption, const std::string& rows) {
  return fmt::format(
      "<div class=\"scroll\"><table>\n<caption>{}</caption>\n<thead><tr><th "
      "scope=\"col\">Series</th>"
      "<th scope=\"col\" "
      "class=\"number\">Value</th></tr></thead>\n<tbody>\n{}</tbody></table></div>\n",
      caption, rows);
}

std::string vector_table(const rules::Vector& vector) {
  std::string rows;
  for (std::size_t i = 0; i < std::min(vector.size(), kMostRows); ++i) {
    rows += row(vector[i].labels, rules::format_number(vector[i].sample.value));
  }
  const std::string more = vector.size() > kMostRows ? fmt::format(", {} shown", kMostRows) : "";
  return table(fmt::format("{} series{}.", vector.size(), more), rows);
}

std::string matrix_table(const rules::Matrix& matrix) {
  std::string rows;
  for (std::size_t i = 0; i < std::min(matrix.size(), kMostRows); ++i) {
    rows += row(matrix[i].labels, fmt::format("{} samples", matrix[i].points.size()));
  }
  return table(fmt::format("{} series, with samples over time.", matrix.size()), rows);
}

std::string value_section(const rules::Value& value) {
  return std::visit(
      rules::Overloaded{[](const rules::Scalar& scalar) {
                          return paragraph("", rules::format_number(scalar.sample.value));
                        },
                        [](const std::string& text) { return paragraph("", text); },
                        [](const rules::Vector& vector) { return vector_table(vector); },
                        [](const rules::Matrix& matrix) { return matrix_table(matrix); }},
      value);
}

std::string answer_section(const ApiContext& context, const WebRequest& request,
                           std::string_view text, std::int64_t at) {
  if (text.empty()) return "";
  const auto expr = rules::parse(text);
  if (!expr) return paragraph("bad", expr.error().text());
  const auto source = context.source();
  if (!source) return paragraph("bad", "The samples are still being read; ask again in a moment.");
  api::Patience patience(request, context.limits.timeout);
  rules::QueryOptions options;
  options.max_samples = context.limits.max_samples;
  options.stop = [&patience] { return patience.over(); };
  const auto answer = rules::evaluate(**expr, *source, at, options);
  if (!answer) return paragraph("bad", answer.error());
  std::string notes;
  for (const std::string& each : answer->annotations.warnings(text))
    notes += paragraph("bad", each);
  for (const std::string& each : answer->annotations.infos(text)) notes += paragraph("quiet", each);
  return value_section(answer->value) + notes;
}

std::string page(const ApiContext& context, const WebRequest& request) {
  const std::string text(api::parameter(request, "g0.expr"));
  const std::string moment(api::parameter(request, "g0.moment_input"));
  std::int64_t at = context.now();
  std::string problem;
  if (!moment.empty()) {
    const auto parsed = api::parse_time(moment);
    if (parsed) at = *parsed;
    if (!parsed) problem = paragraph("bad", parsed.error());
  }
  const Seconds shown(std::chrono::floor<std::chrono::seconds>(std::chrono::milliseconds(at)));
  const std::string form = fmt::format(
      "<form action=\"graph\" method=\"get\"><p><label for=\"expr\">PromQL</label></p>\n"
      "<p><textarea id=\"expr\" name=\"g0.expr\" rows=\"4\" autofocus>{}</textarea></p>\n"
      "<p><button type=\"submit\">Ask</button> <span class=\"quiet\">as of {}</span></p></form>\n",
      escape_html(text), format_utc(shown));
  const std::string result = problem.empty() ? answer_section(context, request, text, at) : problem;
  return html_page("Query", "", {{"./", "Overview"}, {"rules", "Rules"}, {"metrics", "Metrics"}},
                   form + result);
}

}  // namespace

Route graph_page_route(ApiContext context) {
  const auto handler = [context = std::move(context)](const WebRequest& request) {
    WebResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = page(context, request);
    return response;
  };
  return {{"GET"}, "/graph", handler, true, true};
}

}  // namespace exporter
