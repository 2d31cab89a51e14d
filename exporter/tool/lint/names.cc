// Lints of what rules name: metrics that nobody makes, and alerts that every set of alerts needs.
#include <fmt/format.h>

#include <algorithm>

#include "exporter/config/reader.h"
#include "exporter/tool/lint/bounds.h"
#include "exporter/tool/lint/catalogue.h"
#include "rules/promql/matcher.h"
#include "rules/promql/printer.h"

namespace exporter::lint {
namespace {

bool is_alert_series(std::string_view metric) {
  return metric == kAlertSeries || metric == kAlertForSeries;
}

// Whether one of the values passes all matchers of this label.
bool any_passes(const std::vector<rules::CompiledMatcher>& matchers, std::string_view label,
                const std::vector<std::string>& values) {
  return std::ranges::any_of(values, [&](const std::string& value) {
    return std::ranges::all_of(matchers, [&](const rules::CompiledMatcher& each) {
      return each.matcher().name != label || each.matches(value);
    });
  });
}

bool names(const rules::SelectorNode& selector, std::string_view label) {
  return std::ranges::any_of(selector.matchers, [&](const rules::Matcher& matcher) {
    return matcher.name == label && !matcher.value.empty();
  });
}

std::string hint(std::string_view metric, const std::vector<std::string>& known) {
  return metric.empty() ? "" : config::did_you_mean(metric, known);
}

// What is wrong with the names in a selector; empty when nothing is.
std::string fault(const rules::SelectorNode& selector, const std::vector<std::string>& metrics,
                  const std::vector<std::string>& alerts) {
  const auto matchers = rules::compile(selector.matchers);
  const std::string_view metric = metric_of(selector);
  if (names(selector, rules::kMetricName) && !any_passes(matchers, rules::kMetricName, metrics)) {
    return "matches no metric of the exporter and no record of these files" + hint(metric, metrics);
  }
  if (is_alert_series(metric) && names(selector, "alertname") &&
      !any_passes(matchers, "alertname", alerts)) {
    return "matches no alert of these files";
  }
  return "";
}

bool always_fires(const Site& site) {
  if (site.alert() == nullptr || !readings(*site.base().expr).empty()) return false;
  // Without series: a comparison may leave nothing, everything else leaves something.
  bool compares = false;
  visit_comparisons(*site.base().expr, [&](const rules::Expr&) { compares = true; });
  return !compares;
}

bool asks_for_absence(const Site& site) {
  return site.alert() != nullptr &&
         std::ranges::any_of(readings(*site.base().expr), &Reading::absent);
}

// The first alert that is judged stands for all of them.
std::vector<Finding> of_all_alerts(const Catalogue& catalogue, const std::string& message) {
  for (const Site& site : catalogue.sites()) {
    if (site.alert() == nullptr) continue;
    return {{.lint = {}, .file = site.file->path, .place = site.base().place, .text = message}};
  }
  return {};
}

}  // namespace

std::vector<Finding> unknown_metrics(const Catalogue& catalogue) {
  const std::vector<std::string> metrics = catalogue.names();
  std::vector<std::string> alerts;
  catalogue.any_rule([&](const Site& site) {
    if (site.alert() != nullptr) alerts.push_back(site.base().name);
    return false;
  });
  std::vector<Finding> out;
  for (const Site& site : catalogue.sites()) {
    for (const Reading& reading : readings(*site.base().expr)) {
      const std::string wrong = fault(reading.selector(), metrics, alerts);
      if (wrong.empty()) continue;
      out.push_back(site.finding(fmt::format("{} {}", rules::print(*reading.expr), wrong)));
    }
  }
  return out;
}

std::vector<Finding> missing_watchdog(const Catalogue& catalogue) {
  const auto& config = catalogue.input().config;
  if (config && !config->alerting.heartbeat.url.empty()) return {};
  if (catalogue.any_rule(always_fires)) return {};
  return of_all_alerts(catalogue,
                       "no alert fires always, so nobody notices when alerts no longer arrive: add "
                       "one named Watchdog with expr: vector(1), and a receiver that misses it");
}

std::vector<Finding> missing_absent(const Catalogue& catalogue) {
  if (catalogue.any_rule(asks_for_absence)) return {};
  const bool reads = std::ranges::any_of(catalogue.sites(), [](const Site& site) {
    return site.alert() != nullptr && !readings(*site.base().expr).empty();
  });
  if (!reads) return {};
  return of_all_alerts(catalogue,
                       "no alert uses absent() or absent_over_time(), so all is quiet when the "
                       "series are gone");
}

}  // namespace exporter::lint
