// The landing page: what runs here, where it stands, and how each service and its budget fare.
// Every value goes through escape_html(); links are relative, so that the page works behind a
// prefix.
#include <fmt/format.h>

#include <map>

#include "exporter/report/figures_text.h"
#include "exporter/sla/zone.h"
#include "exporter/web/html.h"
#include "exporter/web/pages.h"

namespace exporter {
namespace {

// A shape for each word, for those who do not see the colours.
std::string_view shape_of(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> kShapes[] = {
      {"good", "&#9679;"},     {"met", "&#9679;"},     {"bad", "&#9650;"},
      {"missed", "&#9650;"},   {"unknown", "&#9671;"}, {"unproven", "&#9671;"},
      {"excluded", "&#9632;"}, {"open", "&#9675;"},
  };
  for (const auto& [name, shape] : kShapes) {
    if (name == word) return shape;
  }
  return "";
}

std::string state_cell(std::string_view word) {
  return fmt::format("<td class=\"{0}\">{1} {0}</td>", word, shape_of(word));
}

std::string percent(std::optional<double> ratio) { return percent_text(ratio).value_or("&ndash;"); }

std::string service_row(const ServiceView& view, const Service* service) {
  std::string name = escape_html(view.service);
  if (service != nullptr && !safe_link(service->runbook_url).empty()) {
    name = fmt::format("<a href=\"{}\">{}</a>", escape_html(service->runbook_url), name);
  }
  const MonthFigures& month = view.current;
  return fmt::format(
      "<tr><th scope=\"row\">{}</th>{}<td class=\"number\">{}</td><td class=\"number\">{}</td>"
      "<td class=\"number\">{} of {}</td><td class=\"number\">{}</td>{}</tr>\n",
      name, state_cell(name_of(view.state)), objective_text(view.objective),
      percent(month.availability), month.remaining, month.allowed,
      minutes_text(month.remaining, view.every), state_cell(name_of(month.state)));
}

const ServiceView* first_of(const Snapshot& snapshot, const std::string& agreement) {
  for (const auto& view : snapshot.services) {
    if (view->agreement == agreement) return view.get();
  }
  return nullptr;
}

std::string agreement_section(const Snapshot& snapshot, const AgreementView& agreement) {
  const AgreementTerms& terms = agreement.terms.terms;
  const ServiceView* first = first_of(snapshot, terms.name);
  if (first == nullptr) return "";
  std::map<std::string_view, const Service*> configured;
  if (snapshot.config) {
    for (const Service& service : snapshot.config->services) configured[service.name] = &service;
  }
  std::string rows;
  for (const auto& view : snapshot.services) {
    if (view->agreement != terms.name) continue;
    const auto found = configured.find(view->service);
    rows += service_row(*view, found == configured.end() ? nullptr : found->second);
  }
  return fmt::format(
      "<h2>Agreement {}</h2>\n<div class=\"scroll\"><table>\n<caption>{}{} in {}. The budget is "
      "what may still fail this month.</caption>\n<thead><tr><th scope=\"col\">Service</th>"
      "<th scope=\"col\">Last slot</th><th scope=\"col\" class=\"number\">Objective</th>"
      "<th scope=\"col\" class=\"number\">Availability</th>"
      "<th scope=\"col\" class=\"number\">Slots left</th>"
      "<th scope=\"col\" class=\"number\">Budget left</th><th "
      "scope=\"col\">Month</th></tr></thead>\n"
      "<tbody>\n{}</tbody></table></div>\n",
      escape_html(terms.name),
      terms.provider.empty() ? "" : fmt::format("{}, ", escape_html(terms.provider)),
      format_month(first->current.month), escape_html(terms.timezone), rows);
}

std::string failing_section(const Snapshot& snapshot) {
  std::string rows;
  for (const auto& check : snapshot.checks) {
    if (!check->failing()) continue;
    rows += fmt::format(
        "<tr><th scope=\"row\">{} / {}</th><td class=\"bad\">{} {}</td><td>{}</td></tr>\n",
        escape_html(check->service), escape_html(check->check), shape_of("bad"),
        name_of(check->outcome->reason), escape_html(check->outcome->message));
  }
  if (rows.empty()) return "<h2>Failing checks</h2>\n<p>None.</p>\n";
  return fmt::format(
      "<h2>Failing checks</h2>\n<div class=\"scroll\"><table>\n<thead><tr>"
      "<th scope=\"col\">Check</th><th scope=\"col\">Reason</th><th scope=\"col\">What was found"
      "</th></tr></thead>\n<tbody>\n{}</tbody></table></div>\n",
      rows);
}

std::string place_text(const Snapshot& snapshot) {
  if (!snapshot.config || snapshot.config->place.name.empty()) return "";
  const Place& place = snapshot.config->place;
  return fmt::format("Seen from {}{}. ", escape_html(place.name),
                     place.network.empty() ? "" : fmt::format(" ({})", escape_html(place.network)));
}

std::string body_of(const Snapshot* snapshot) {
  if (snapshot == nullptr) return "<p>No figures were committed yet.</p>\n";
  std::string body = fmt::format("<p class=\"quiet\">{}Figures as of {}.</p>\n",
                                 place_text(*snapshot), format_utc(snapshot->at));
  for (const auto& agreement : snapshot->agreements) {
    body += agreement_section(*snapshot, *agreement);
  }
  if (snapshot->services.empty()) body += "<p>No service is accounted yet.</p>\n";
  return body + failing_section(*snapshot);
}

}  // namespace

std::string landing_page(const Snapshot* snapshot, bool ready) {
  const std::string intro = fmt::format(
      "<p>Proves month by month whether a service-level agreement was kept. It is {}.</p>\n",
      ready ? "ready" : "<strong>not ready</strong>");
  return html_page("SLA Exporter", intro,
                   {{"metrics", "Metrics"},
                    {"rules", "Rules"},
                    {"tickets", "Tickets"},
                    {"graph", "Query"},
                    {"-/healthy", "Health"},
                    {"-/ready", "Readiness"}},
                   body_of(snapshot));
}

}  // namespace exporter
