// What is in force, as info metrics: labels of services, who depends on whom, terms and readings.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "exporter/metrics/families.h"

namespace exporter {
namespace {

// Owner labels must not hide the ones the metric has itself.
bool is_owner_label(const std::string& name) {
  return is_label_name(name) && name != "sla_service" && name != "runbook_url" && name != "le" &&
         name != "quantile";
}

void add_service_info(const Service& service, SeriesPool& out) {
  std::vector<std::pair<std::string, std::string>> owners;
  for (const auto& [name, value] : service.labels) {
    if (is_owner_label(name)) owners.emplace_back(name, value);
  }
  if (!service.runbook_url.empty()) owners.emplace_back("runbook_url", service.runbook_url);
  const LabelView key{"sla_service", service.name};
  out.add(1, {&key, 1}, owners);
}

std::string_view name_of_policy(UnknownPolicy policy) {
  constexpr std::array<std::string_view, 4> kNames = {"unproven", "bad", "good", "excluded"};
  return kNames[static_cast<std::size_t>(policy)];
}

void add_agreement_info(const AgreementView& view, SeriesPool& out) {
  const AgreementTerms& terms = view.terms.terms;
  const std::string notice = fmt::format("{}s", terms.notice.count());
  const std::string close_after = fmt::format("{}s", terms.close_after.count());
  const std::string from = fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", view.terms.from);
  out.add(1, {{"sla_agreement", terms.name},
              {"provider", terms.provider},
              {"timezone", terms.timezone},
              {"period", terms.period},
              {"unknown_slots", name_of_policy(terms.unknown_slots)},
              {"exclude_maintenance", terms.exclude_maintenance ? "true" : "false"},
              {"notice", notice},
              {"close_after", close_after},
              {"terms_from", from},
              {"terms_hash", view.terms.hash},
              {"tzdata_version", view.terms.tzdata_version}});
}

}  // namespace

void add_agreement_families(Families& out, const SnapshotPtr& snapshot) {
  if (snapshot->config) {
    const auto& services = snapshot->config->services;
    add_list(out, metric("sla_service_info"), snapshot, services, add_service_info);
    add_list(out, metric("sla_service_dependency_info"), snapshot, services,
             [](const Service& service, SeriesPool& pool) {
               for (const std::string& to : service.depends_on) {
                 pool.add(1, {{"sla_service", service.name}, {"to", to}});
               }
             });
  }
  add_list(out, metric("sla_agreement_info"), snapshot, snapshot->agreements,
           [](const auto& view, SeriesPool& pool) { add_agreement_info(*view, pool); });
}

}  // namespace exporter
