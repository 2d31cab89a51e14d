#include <nlohmann/json.hpp>

#include "exporter/report/render.h"
#include "exporter/sla/canonical.h"

namespace exporter {
namespace {

using nlohmann::json;

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(); }

json figures_json(const MonthFigures& figures) {
  const SlotCounts& counts = figures.counts;
  return json{{"expected", figures.expected},
              {"good", counts.good},
              {"bad", counts.bad},
              {"unknown", counts.unknown},
              {"excluded", counts.excluded},
              {"pending", figures.pending},
              {"eligible", figures.eligible},
              {"allowed", figures.allowed},
              {"remaining", figures.remaining},
              {"remaining_ratio", or_null(figures.remaining_ratio)},
              {"availability_ratio", or_null(figures.availability)},
              {"availability_low_ratio", or_null(figures.low)},
              {"availability_high_ratio", or_null(figures.high)},
              {"state", name_of(figures.state)}};
}

json stretches_json(const std::vector<ReportStretch>& stretches) {
  json list = json::array();
  for (const ReportStretch& stretch : stretches) {
    json entry{{"from", format_utc(stretch.from)},
               {"to", format_utc(stretch.to)},
               {"slots", stretch.slots}};
    if (stretch.cause != Cause::none) entry["cause"] = name_of(stretch.cause);
    for (const auto& [reason, attempts] : stretch.reasons)
      entry["failed_attempts"][std::string(probes::name_of(reason))] = attempts;
    list.push_back(std::move(entry));
  }
  return list;
}

json service_json(const ServiceReport& service) {
  json entry = figures_json(service.figures);
  entry["service"] = service.service;
  entry["objective_ratio"] = service.objective.ratio();
  entry["slot_seconds"] = service.every.count();
  entry["budget_seconds"] =
      budget_minutes(service.objective, service.figures.eligible, service.every) * 60;
  entry["observed_from"] = format_utc(service.figures.observed_from);
  entry["partial"] = service.figures.partial;
  entry["rescued"] = service.rescued;
  entry["without_exclusions_and_corrections"] = figures_json(service.unexcluded);
  entry["outages"] = stretches_json(service.outages);
  entry["unknown_stretches"] = stretches_json(service.unknown);
  return entry;
}

json window_json(const RecordedWindow& recorded) {
  const MaintenanceWindow& window = recorded.window;
  json entry{{"id", window.id},
             {"from", format_utc(window.from)},
             {"to", format_utc(window.to)},
             {"services", window.services},
             {"summary", window.summary},
             {"first_seen", format_utc(recorded.first_seen)}};
  if (window.announced) entry["announced"] = format_utc(*window.announced);
  if (recorded.withdrawn) entry["withdrawn"] = format_utc(*recorded.withdrawn);
  return entry;
}

json correction_json(const Correction& correction) {
  return json{{"id", correction.id},
              {"committed", format_utc(correction.committed)},
              {"service", correction.service},
              {"from", format_utc(correction.from)},
              {"to", format_utc(correction.to)},
              {"verdict", name_of(correction.verdict)},
              {"by", correction.by},
              {"why", correction.why}};
}

json statement_json(const Statement& statement) {
  return json{{"revision", statement.revision},
              {"closed", statement.closed},
              {"committed", format_utc(statement.committed)},
              {"hash", statement.hash},
              {"previous_hash", statement.previous_hash},
              {"content", json::parse(statement.json, nullptr, false)}};
}

json report_json(const MonthReport& report, const ReportPlace& place) {
  json entry{{"agreement", report.terms.terms.name},
             {"provider", report.terms.terms.provider},
             {"month", format_month(report.period.month)},
             {"timezone", report.terms.terms.timezone},
             {"from", format_utc(report.period.begin)},
             {"to", format_utc(report.period.end)},
             {"as_of", format_utc(report.as_of)},
             {"stage", name_of(report.stage)},
             {"revision", report.revision()},
             {"place", place.of(report)},
             {"terms", json::parse(canonical_json(report.terms))},
             {"terms_hash", report.terms.hash}};
  for (const char* list : {"services", "maintenance", "corrections", "statements"})
    entry[list] = json::array();
  for (const ServiceReport& service : report.services)
    entry["services"].push_back(service_json(service));
  for (const RecordedWindow& window : report.windows)
    entry["maintenance"].push_back(window_json(window));
  for (const Correction& correction : report.corrections)
    entry["corrections"].push_back(correction_json(correction));
  for (const Statement& statement : report.statements)
    entry["statements"].push_back(statement_json(statement));
  return entry;
}

}  // namespace

std::string reports_json(std::span<const MonthReport> reports, const ReportPlace& place) {
  json all{{"reports", json::array()}};
  for (const MonthReport& report : reports) all["reports"].push_back(report_json(report, place));
  return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace exporter
