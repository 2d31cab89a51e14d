#include "tests/fakes/sample_snapshot.h"

#include <fmt/format.h>

namespace fakes {
namespace {

using namespace exporter;
using std::chrono::seconds;

constexpr Seconds kNow{seconds(1'795'000'000)};

std::shared_ptr<const probes::Module> http_module() {
  auto module = std::make_shared<probes::Module>();
  module->name = "http_2xx";
  module->spec = probes::HttpModule{};
  return module;
}

MonthFigures figures(std::int64_t bad) {
  MonthFigures month;
  month.month = std::chrono::year(2026) / std::chrono::November;
  month.counts = {20'000 - bad, bad, 100, 60};
  month.expected = 43'200;
  month.pending = month.expected - month.counts.ended();
  month.eligible = month.expected - month.counts.excluded;
  month.allowed = month.eligible / 100;
  month.remaining = month.allowed - bad;
  month.remaining_ratio = static_cast<double>(month.remaining) / static_cast<double>(month.allowed);
  const auto good = static_cast<double>(month.counts.good);
  month.availability = good / static_cast<double>(month.counts.good + bad);
  month.low = good / 20'100;
  month.high = (good + 100) / 20'100;
  return month;
}

std::shared_ptr<const ServiceView> view_of(const Service& service, bool failing) {
  auto view = std::make_shared<ServiceView>();
  view->agreement = "published";
  view->service = service.name;
  view->state = failing ? Verdict::bad : Verdict::good;
  view->last_slot = kNow - seconds(60);
  view->slots_total = {19'990, 10, 100, 60};
  view->unknown_total = {{Cause::not_running, 100}};
  view->current = figures(10);
  view->previous = figures(500);
  view->previous->state = MonthState::missed;
  view->previous->closed = true;
  view->in_maintenance = !failing;
  if (failing) view->exhaustion = kNow + std::chrono::hours(24);
  return view;
}

probes::Outcome http_outcome(bool failing) {
  auto outcome = failing ? probes::Outcome::down(probes::Reason::status, "status 503, expected 2xx")
                         : probes::Outcome::up();
  outcome.duration = std::chrono::microseconds(123'456);
  outcome.measurements = {
      {"probe_success", {}, failing ? 0.0 : 1.0},
      {"probe_duration_seconds", {}, 0.123456},
      {"probe_dns_lookup_time_seconds", {}, 0.001234},
      {"probe_ip_protocol", {}, 4},
      {"probe_http_status_code", {}, failing ? 503.0 : 200.0},
      {"probe_http_version", {}, 1.1},
      {"probe_tls_version_info", {{"version", "TLS 1.3"}}, 1},
  };
  for (const char* phase : {"resolve", "connect", "tls", "processing", "transfer"}) {
    outcome.measurements.push_back({"probe_http_duration_seconds", {{"phase", phase}}, 0.0123});
  }
  return outcome;
}

std::shared_ptr<const CheckView> check_view(const Check& check, bool failing) {
  auto view = std::make_shared<CheckView>();
  view->service = check.service;
  view->check = check.name;
  view->totals.by_status = {19'990, 0, 12, 3};
  view->totals.by_reason = {{probes::Reason::status, 10}, {probes::Reason::dns, 5}};
  view->last_run = kNow - seconds(7);
  view->outcome = std::make_shared<probes::Outcome>(http_outcome(failing));
  return view;
}

Service service_of(std::size_t number, const std::shared_ptr<const probes::Module>& module) {
  Service service;
  service.name = fmt::format("service-{}", number);
  service.labels = {{"team", "web"}};
  service.runbook_url = "https://wiki.example.com/" + service.name;
  if (number > 1) service.depends_on = {"service-1"};
  for (const char* name : {"home", "faq"}) {
    Check check;
    check.service = service.name;
    check.name = name;
    check.module = module;
    check.every = seconds(60);
    service.checks.push_back(check);
  }
  return service;
}

}  // namespace

std::shared_ptr<Snapshot> sample_snapshot(std::size_t services) {
  auto snapshot = std::make_shared<Snapshot>();
  auto config = std::make_shared<Config>();
  config->place = {"Geneva outside", "AS64496", ""};
  const auto module = http_module();
  for (std::size_t i = 1; i <= services; ++i) config->services.push_back(service_of(i, module));

  snapshot->at = kNow;
  snapshot->config = config;
  auto agreement = std::make_shared<AgreementView>();
  agreement->terms.terms.name = "published";
  agreement->terms.terms.provider = "Maxony";
  agreement->terms.terms.timezone = "UTC+01:00";
  agreement->terms.hash = "abc123";
  snapshot->agreements.push_back(agreement);
  for (const Service& service : config->services) {
    const bool first = service.name == "service-1";
    snapshot->services.push_back(view_of(service, first));
    auto facts = std::make_shared<ServiceFacts>();
    facts->service = service.name;
    facts->rescued_total = 3;
    facts->up = !first;
    snapshot->facts.push_back(facts);
    for (const Check& check : service.checks) {
      snapshot->checks.push_back(check_view(check, first && check.name == "home"));
    }
  }
  return snapshot;
}

}  // namespace fakes
