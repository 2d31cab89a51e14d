// A month's report as text. Pure; any thread.
#pragma once

#include <span>
#include <string>

#include "exporter/report/month_report.h"

namespace exporter {

// Where the exporter stands now, as configured; may be empty. A month that has a statement was
// measured where the statement says.
struct ReportPlace {
  std::string name, network;
  // "Geneva outside (AS64496)"; empty when nobody knows.
  std::string of(const MonthReport& report) const;
};

// Markdown for people: the result first, then figures, outages, what is not known, maintenance,
// corrections, and how it was counted. Free text is escaped.
std::string report_markdown(const MonthReport& report, const ReportPlace& place);

// JSON for programs: everything, every stretch included. Times are RFC 3339 in UTC, counts are
// slots, spans are seconds. Keys are only ever added.
std::string reports_json(std::span<const MonthReport> reports, const ReportPlace& place);

}  // namespace exporter
