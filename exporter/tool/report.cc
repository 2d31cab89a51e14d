// slatool report: a month of the agreement, from the ledger alone, also while the daemon runs.
#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "exporter/config/load.h"
#include "exporter/report/render.h"
#include "exporter/tool/ledger_file.h"
#include "exporter/tool/verbs.h"

namespace exporter::tool {
namespace {

struct Options {
  std::string storage = "data", month, format = "md", agreement, config_file;
};

std::expected<std::vector<std::string>, std::string> agreements_of(const Options& options,
                                                                   const LedgerState& state) {
  std::vector<std::string> names;
  for (const TermsRecord& terms : state.terms) {
    const std::string& name = terms.terms.name;
    const bool wanted = options.agreement.empty() || options.agreement == name;
    if (wanted && std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  if (!names.empty()) return names;
  if (state.terms.empty()) return std::unexpected("the ledger holds no agreement yet");
  return std::unexpected(fmt::format("the ledger knows no agreement '{}'", options.agreement));
}

LedgerResult<std::vector<MonthReport>> reports_of(const LedgerContents& contents,
                                                  const std::vector<std::string>& agreements,
                                                  std::chrono::year_month month) {
  std::vector<MonthReport> reports;
  for (const std::string& agreement : agreements) {
    auto report = month_report(*contents.ledger, contents.state, agreement, month, now());
    if (!report) return std::unexpected(report.error());
    if (*report) reports.push_back(**std::move(report));
  }
  return reports;
}

std::expected<ReportPlace, std::string> place_of(const Options& options) {
  if (options.config_file.empty()) return ReportPlace{};
  const auto config = load_config(options.config_file);
  if (!config) return std::unexpected(config.error().front().text());
  return ReportPlace{config->place.name, config->place.network};
}

int report(const Options& options) {
  const auto month = parse_month(options.month);
  if (!month) return complain("report", "--month: " + month.error(), kUsageError);
  const auto place = place_of(options);
  if (!place) return complain("report", place.error(), kUsageError);
  const auto contents = read_ledger(options.storage);
  if (!contents) return complain("report", contents.error().message);
  const auto agreements = agreements_of(options, contents->state);
  if (!agreements) return complain("report", agreements.error(), kUsageError);
  const auto reports = reports_of(*contents, *agreements, *month);
  if (!reports) return complain("report", reports.error().message);
  if (reports->empty())
    return complain("report", fmt::format("nothing was accounted in {}", format_month(*month)));
  if (options.format == "json") {
    fmt::print("{}", reports_json(*reports, *place));
    return 0;
  }
  for (const MonthReport& each : *reports)
    fmt::print("{}{}", &each == &reports->front() ? "" : "\n", report_markdown(each, *place));
  return 0;
}

}  // namespace

void add_report(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_ledger_verb(
      app, "report", "Print a month: figures, outages, what is not known, and how it was counted",
      options, report, exit_code);
  verb->add_option("--month", options->month, "Such as 2026-11")->required();
  verb->add_option("--format", options->format, "md or json")
      ->check(CLI::IsMember({"md", "json"}))
      ->capture_default_str();
  verb->add_option("--agreement", options->agreement, "Only this one (default: all)");
  verb->add_option("--config.file", options->config_file,
                   "Names the place in months that have no statement yet");
}

}  // namespace exporter::tool
