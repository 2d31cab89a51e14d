// Slots, months and budgets of every service under every agreement. One function a family; the
// numbers are the snapshot's and nothing is computed here.
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "exporter/metrics/families.h"

namespace exporter {
namespace {

using ViewPtr = std::shared_ptr<const ServiceView>;

constexpr std::array kVerdicts = {Verdict::good, Verdict::bad, Verdict::unknown, Verdict::excluded};
constexpr std::array kMonthStates = {MonthState::open, MonthState::met, MonthState::missed,
                                     MonthState::unproven};

double number(std::int64_t count) { return static_cast<double>(count); }

void add_gauge(SeriesPool& out, const ServiceView& view, double value) {
  out.add(value, {{"sla_agreement", view.agreement}, {"sla_service", view.service}});
}

void add_state(const ViewPtr& view, SeriesPool& out) {
  for (const Verdict verdict : kVerdicts) {
    out.add(view->state == verdict ? 1 : 0, {{"sla_agreement", view->agreement},
                                             {"sla_service", view->service},
                                             {"state", name_of(verdict)}});
  }
}

void add_slots(const ViewPtr& view, SeriesPool& out) {
  for (const Verdict verdict : kVerdicts) {
    out.add(static_cast<double>(view->slots_total[static_cast<std::size_t>(verdict)]),
            {{"sla_agreement", view->agreement},
             {"sla_service", view->service},
             {"verdict", name_of(verdict)}});
  }
}

// Calls `add` for the current month and, where there is one, the previous.
template <class Add>
void for_months(const ServiceView& view, Add add) {
  add(view.current, "current");
  if (view.previous) add(*view.previous, "previous");
}

void add_month_slots(const ViewPtr& view, SeriesPool& out) {
  for_months(*view, [&](const MonthFigures& figures, std::string_view month) {
    const SlotCounts& counts = figures.counts;
    const std::array by_verdict = {counts.good, counts.bad, counts.unknown, counts.excluded};
    for (const Verdict verdict : kVerdicts) {
      out.add(number(by_verdict[static_cast<std::size_t>(verdict)]),
              {{"sla_agreement", view->agreement},
               {"sla_service", view->service},
               {"month", month},
               {"verdict", name_of(verdict)}});
    }
  });
}

void add_month_state(const ViewPtr& view, SeriesPool& out) {
  for_months(*view, [&](const MonthFigures& figures, std::string_view month) {
    for (const MonthState state : kMonthStates) {
      out.add(figures.state == state ? 1 : 0, {{"sla_agreement", view->agreement},
                                               {"sla_service", view->service},
                                               {"month", month},
                                               {"state", name_of(state)}});
    }
  });
}

// A family with one number a month; `value` returns an optional, absent where there is none.
template <class Value>
void add_monthly(Families& out, const MetricName& name, const SnapshotPtr& snapshot, Value value) {
  add_list(out, name, snapshot, snapshot->services, [value](const ViewPtr& view, SeriesPool& pool) {
    for_months(*view, [&](const MonthFigures& figures, std::string_view month) {
      const std::optional<double> figure = value(figures);
      if (!figure) return;
      pool.add(
          *figure,
          {{"sla_agreement", view->agreement}, {"sla_service", view->service}, {"month", month}});
    });
  });
}

// The same for one number a service.
template <class Value>
void add_gauges(Families& out, const MetricName& name, const SnapshotPtr& snapshot, Value value) {
  add_list(out, name, snapshot, snapshot->services, [value](const ViewPtr& view, SeriesPool& pool) {
    const std::optional<double> figure = value(*view);
    if (figure) add_gauge(pool, *view, *figure);
  });
}

// Which causes of unknown slots can occur: some need a setting. Those that have occurred are shown
// in any case.
std::set<Cause> possible_causes(const Snapshot& snapshot, const Service* service) {
  std::set<Cause> causes = {Cause::not_running, Cause::suspended, Cause::clock_step,
                            Cause::overload, Cause::local};
  if (!snapshot.config) return causes;
  if (!snapshot.config->connectivity.targets.empty()) causes.insert(Cause::connectivity);
  if (service == nullptr) return causes;
  for (const Check& check : service->checks) {
    if (check.counts && check.confirm.retries > 0) causes.insert(Cause::unconfirmed);
  }
  return causes;
}

void add_unknown_slots(Families& out, const SnapshotPtr& snapshot) {
  std::map<std::string_view, const Service*> services;
  if (snapshot->config) {
    for (const Service& service : snapshot->config->services) services[service.name] = &service;
  }
  add_list(out, metric("sla_unknown_slots_total"), snapshot, snapshot->services,
           [snapshot, services](const ViewPtr& view, SeriesPool& pool) {
             const auto found = services.find(view->service);
             std::set<Cause> causes =
                 possible_causes(*snapshot, found == services.end() ? nullptr : found->second);
             for (const auto& [cause, count] : view->unknown_total) causes.insert(cause);
             causes.erase(Cause::none);
             for (const Cause cause : causes) {
               const auto count = view->unknown_total.find(cause);
               pool.add(count == view->unknown_total.end() ? 0 : static_cast<double>(count->second),
                        {{"sla_agreement", view->agreement},
                         {"sla_service", view->service},
                         {"cause", name_of(cause)}});
             }
           });
}

void add_month_families(Families& out, const SnapshotPtr& snapshot) {
  add_list(out, metric("sla_month_slots"), snapshot, snapshot->services, add_month_slots);
  add_monthly(out, metric("sla_month_expected_slots"), snapshot,
              [](const MonthFigures& f) { return std::optional(number(f.expected)); });
  add_monthly(out, metric("sla_month_pending_slots"), snapshot,
              [](const MonthFigures& f) { return std::optional(number(f.pending)); });
  add_monthly(out, metric("sla_month_availability_ratio"), snapshot,
              [](const MonthFigures& f) { return f.availability; });
  add_monthly(out, metric("sla_month_availability_low_ratio"), snapshot,
              [](const MonthFigures& f) { return f.low; });
  add_monthly(out, metric("sla_month_availability_high_ratio"), snapshot,
              [](const MonthFigures& f) { return f.high; });
  add_list(out, metric("sla_month_state"), snapshot, snapshot->services, add_month_state);
  add_monthly(out, metric("sla_month_closed"), snapshot,
              [](const MonthFigures& f) { return std::optional(f.closed ? 1.0 : 0.0); });
}

void add_budget_families(Families& out, const SnapshotPtr& snapshot) {
  add_gauges(out, metric("sla_error_budget_slots"), snapshot,
             [](const ServiceView& v) { return std::optional(number(v.current.allowed)); });
  add_gauges(out, metric("sla_error_budget_remaining_slots"), snapshot,
             [](const ServiceView& v) { return std::optional(number(v.current.remaining)); });
  add_gauges(out, metric("sla_error_budget_remaining_seconds"), snapshot, [](const ServiceView& v) {
    return std::optional(number(v.current.remaining * v.every.count()));
  });
  add_gauges(out, metric("sla_error_budget_remaining_ratio"), snapshot,
             [](const ServiceView& v) { return v.current.remaining_ratio; });
  add_gauges(out, metric("sla_error_budget_exhaustion_timestamp_seconds"), snapshot,
             [](const ServiceView& v) {
               return v.exhaustion ? std::optional(number(v.exhaustion->time_since_epoch().count()))
                                   : std::nullopt;
             });
}

}  // namespace

void add_service_families(Families& out, const SnapshotPtr& snapshot) {
  const auto& services = snapshot->services;
  add_list(out, metric("sla_service_state"), snapshot, services, add_state);
  add_list(out, metric("sla_service_up"), snapshot, snapshot->facts,
           [](const auto& facts, SeriesPool& pool) {
             if (facts->up) pool.add(*facts->up ? 1 : 0, {{"sla_service", facts->service}});
           });
  add_gauges(out, metric("sla_maintenance_active"), snapshot,
             [](const ServiceView& v) { return std::optional(v.in_maintenance ? 1.0 : 0.0); });
  add_list(out, metric("sla_slots_total"), snapshot, services, add_slots);
  add_list(out, metric("sla_slots_rescued_total"), snapshot, snapshot->facts,
           [](const auto& facts, SeriesPool& pool) {
             pool.add(static_cast<double>(facts->rescued_total), {{"sla_service", facts->service}});
           });
  add_unknown_slots(out, snapshot);
  add_gauges(out, metric("sla_objective_ratio"), snapshot,
             [](const ServiceView& v) { return std::optional(v.objective.ratio()); });
  add_gauges(out, metric("sla_slot_seconds"), snapshot,
             [](const ServiceView& v) { return std::optional(number(v.every.count())); });
  add_month_families(out, snapshot);
  add_budget_families(out, snapshot);
}

}  // namespace exporter
