// Names come from the table of metrics and from the rules, cadences from the configuration.
#include "exporter/tool/lint/catalogue.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/samples/sample_store.h"
#include "exporter/samples/sampler.h"
#include "rules/promql/matcher.h"

namespace exporter::lint {
namespace {

std::vector<Site> sites_of(const rules::RuleFile& file) {
  std::vector<Site> out;
  for (const rules::RuleGroup& group : file.groups)
    for (const rules::Rule& rule : group.rules) out.push_back({&file, &group, &rule});
  return out;
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

bool has_label(const MetricName& metric, std::string_view label) {
  return fmt::format(",{},", metric.labels).find(fmt::format(",{},", label)) != std::string::npos;
}

// Whether the matchers of this one label allow the value.
bool allows(const std::vector<rules::CompiledMatcher>& matchers, std::string_view label,
            std::string_view value) {
  return std::ranges::all_of(matchers, [&](const rules::CompiledMatcher& each) {
    return each.matcher().name != label || each.matches(value);
  });
}

}  // namespace

Finding Site::finding(std::string_view message) const {
  return {.lint = {},
          .file = file->path,
          .place = base().place,
          .text = fmt::format("group \"{}\", rule {}, \"{}\": {}", group->name, base().number,
                              base().name, message)};
}

std::string_view metric_of(const rules::SelectorNode& selector) {
  for (const rules::Matcher& matcher : selector.matchers) {
    if (matcher.name == rules::kMetricName && matcher.kind == rules::Matcher::Kind::equal)
      return matcher.value;
  }
  return {};
}

Catalogue::Catalogue(const Input& input) : input_(input) {
  const auto add = [](std::vector<Site>& to, const rules::RuleFile& file) {
    std::ranges::copy(sites_of(file), std::back_inserter(to));
  };
  for (const rules::RuleFile* file : input.files) add(sites_, *file);
  if (input.config) {
    for (const auto& file : input.config->alerting.rule_files) add(others_, *file);
  }
  for (const auto* sites : {&sites_, &others_}) {
    for (const Site& site : *sites)
      if (site.alert() == nullptr) records_.emplace(site.base().name, site);
  }
}

bool Catalogue::any_rule(const std::function<bool(const Site&)>& is) const {
  return std::ranges::any_of(sites_, is) || std::ranges::any_of(others_, is);
}

std::int64_t Catalogue::interval(const rules::RuleGroup& group) const {
  const Alerting defaults;
  const Alerting& alerting = input_.config ? input_.config->alerting : defaults;
  return group.interval.value_or(alerting.evaluation_interval);
}

std::int64_t Catalogue::kept(std::string_view metric) const {
  if (input_.retention) return *input_.retention;
  const Retention defaults;
  const std::vector<rules::series::Keep> keep =
      kept_samples(input_.config ? input_.config->retention : defaults);
  const rules::series::Keep* longest_fit = nullptr;
  std::int64_t longest = 0;
  for (const rules::series::Keep& each : keep) {
    longest = std::max(longest, each.milliseconds);
    if (!metric.starts_with(each.prefix)) continue;
    if (longest_fit == nullptr || each.prefix.size() > longest_fit->prefix.size())
      longest_fit = &each;
  }
  return longest_fit == nullptr || metric.empty() ? longest : longest_fit->milliseconds;
}

std::vector<Site> Catalogue::records(std::string_view name) const {
  std::vector<Site> out;
  const auto [begin, end] = records_.equal_range(name);
  for (auto each = begin; each != end; ++each) out.push_back(each->second);
  return out;
}

const MetricName* Catalogue::own(std::string_view name) {
  if (const MetricName* metric = find_metric(name)) {
    return metric->kind == MetricKind::histogram ? nullptr : metric;
  }
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    const MetricName* metric = find_metric(name.substr(0, name.size() - suffix.size()));
    if (metric != nullptr && metric->kind == MetricKind::histogram) return metric;
  }
  return nullptr;
}

std::vector<std::string> Catalogue::names() const {
  std::vector<std::string> out = {std::string(kAlertSeries), std::string(kAlertForSeries)};
  for (const MetricName& metric : kMetricNames) {
    if (metric.kind != MetricKind::histogram) {
      out.emplace_back(metric.name);
      continue;
    }
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"})
      out.push_back(fmt::format("{}{}", metric.name, suffix));
  }
  for (const auto& [name, site] : records_) out.push_back(name);
  return out;
}

std::vector<Cadence> Catalogue::cadences(const rules::SelectorNode& selector) const {
  const std::string_view name = metric_of(selector);
  if (const MetricName* metric = own(name)) {
    if (!has_label(*metric, "sla_service")) return {{"the exporter", Sampler::kProgramEvery}};
    return probed(selector, has_label(*metric, "check"));
  }
  std::vector<Cadence> out;
  for (const Site& site : records(name)) {
    out.push_back({fmt::format("group \"{}\"", site.group->name), interval(*site.group)});
  }
  return out;
}

std::vector<Cadence> Catalogue::probed(const rules::SelectorNode& selector, bool by_check) const {
  if (!input_.config) return {{"a service", kSampledEvery}};
  const auto matchers = rules::compile(selector.matchers);
  std::vector<Cadence> out;
  for (const Service& service : input_.config->services) {
    if (!allows(matchers, "sla_service", service.name)) continue;
    if (!by_check) {
      out.push_back(
          {fmt::format("service \"{}\"", service.name), milliseconds(service.terms.every)});
    }
    for (const Check& check : service.checks) {
      if (!by_check || !allows(matchers, "check", check.name)) continue;
      out.push_back({fmt::format("check \"{}\" of service \"{}\"", check.name, service.name),
                     milliseconds(check.every)});
    }
  }
  return out;
}

}  // namespace exporter::lint
