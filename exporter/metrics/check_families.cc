// What the checks found last, under the blackbox exporter's names, and how often they ran and
// failed. Measurements come in the order of checks; a page needs them by family, so one pass over
// the snapshot sorts pointers to them first.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "exporter/metrics/families.h"

namespace exporter {
namespace {

using probes::Measurement;
using probes::Reason;
using probes::Status;
using CheckPtr = std::shared_ptr<const CheckView>;

struct ProbeSeries {
  const CheckView* check;
  const Measurement* measurement;
};

// The measurements of a snapshot by family, in the order of the table.
struct ProbeIndex {
  SnapshotPtr snapshot;
  std::array<std::vector<ProbeSeries>, kMetricNames.size()> by_family;
};

constexpr std::size_t kNoFamily = kMetricNames.size();

std::size_t family_of(std::string_view name) {
  const MetricName* found = name.starts_with("probe_") ? find_metric(name) : nullptr;
  return found == nullptr ? kNoFamily : static_cast<std::size_t>(found - kMetricNames.begin());
}

// An unknown outcome says something of us and nothing of the target: it shows no probe_* values.
const probes::Outcome* shown_outcome(const CheckView& check) {
  if (!check.outcome || check.outcome->status == Status::unknown) return nullptr;
  return check.outcome.get();
}

bool same_series(const ProbeSeries& a, const ProbeSeries& b) {
  return a.check == b.check && a.measurement->labels == b.measurement->labels;
}

// A later measurement with the same name and labels replaces the earlier one, as setting a gauge
// twice would; two series with the same labels must never reach the page.
void place(std::vector<ProbeSeries>& family, ProbeSeries series) {
  for (auto at = family.rbegin(); at != family.rend() && at->check == series.check; ++at) {
    if (!same_series(*at, series)) continue;
    *at = series;
    return;
  }
  family.push_back(series);
}

// Checks of one module measure the same things in the same order, so the family of the last
// check's measurement at the same place is the first guess.
std::shared_ptr<const ProbeIndex> make_index(const SnapshotPtr& snapshot) {
  auto index = std::make_shared<ProbeIndex>();
  index->snapshot = snapshot;
  std::vector<std::size_t> guesses;
  for (const CheckPtr& check : snapshot->checks) {
    const probes::Outcome* outcome = shown_outcome(*check);
    if (outcome == nullptr) continue;
    guesses.resize(std::max(guesses.size(), outcome->measurements.size()), kNoFamily);
    for (std::size_t i = 0; i < outcome->measurements.size(); ++i) {
      const Measurement& measurement = outcome->measurements[i];
      std::size_t& family = guesses[i];
      if (family == kNoFamily || kMetricNames[family].name != measurement.name) {
        family = family_of(measurement.name);
      }
      if (family != kNoFamily) place(index->by_family[family], {check.get(), &measurement});
    }
  }
  return index;
}

bool is_measured_label(const std::pair<std::string, std::string>& label) {
  return is_label_name(label.first) && label.first != "sla_service" && label.first != "check";
}

void add_measurement(const ProbeSeries& series, SeriesPool& out) {
  const std::array<LabelView, 2> own = {LabelView{"sla_service", series.check->service},
                                        LabelView{"check", series.check->check}};
  const auto& labels = series.measurement->labels;
  if (std::ranges::all_of(labels, is_measured_label)) {
    return out.add(series.measurement->value, own, labels);
  }
  std::vector<std::pair<std::string, std::string>> good;
  std::ranges::copy_if(labels, std::back_inserter(good), is_measured_label);
  out.add(series.measurement->value, own, good);
}

void add_probe_families(Families& out, const SnapshotPtr& snapshot) {
  const auto& checks = snapshot->checks;
  add_list(out, metric("probe_success"), snapshot, checks, [](const CheckPtr& c, SeriesPool& pool) {
    const probes::Outcome* outcome = shown_outcome(*c);
    if (outcome == nullptr) return;
    pool.add(outcome->good() ? 1 : 0, {{"sla_service", c->service}, {"check", c->check}});
  });
  add_list(out, metric("probe_duration_seconds"), snapshot, checks,
           [](const CheckPtr& c, SeriesPool& pool) {
             const probes::Outcome* outcome = shown_outcome(*c);
             if (outcome == nullptr) return;
             pool.add(std::chrono::duration<double>(outcome->duration).count(),
                      {{"sla_service", c->service}, {"check", c->check}});
           });
  const auto index = make_index(snapshot);
  for (std::size_t i = 0; i < kMetricNames.size(); ++i) {
    const std::string_view name = kMetricNames[i].name;
    if (name == "probe_success" || name == "probe_duration_seconds") continue;
    if (index->by_family[i].empty()) continue;
    add_list(out, kMetricNames[i], index, index->by_family[i], add_measurement);
  }
}

// The configured checks by name, and what each module can fail with.
class Modules {
 public:
  explicit Modules(const Snapshot& snapshot) {
    if (!snapshot.config) return;
    for (const Service& service : snapshot.config->services) {
      for (const Check& check : service.checks) checks_[{service.name, check.name}] = &check;
    }
  }

  const Check* find(const CheckView& view) const {
    const auto found = checks_.find({view.service, view.check});
    return found == checks_.end() ? nullptr : found->second;
  }

  const std::vector<Reason>& reasons(const Check& check) {
    auto [at, fresh] = reasons_.try_emplace(check.module.get());
    if (fresh) at->second = probes::possible_reasons(*check.module);
    return at->second;
  }

 private:
  std::map<std::pair<std::string_view, std::string_view>, const Check*> checks_;
  std::unordered_map<const probes::Module*, std::vector<Reason>> reasons_;
};

// Degraded can only come from a limit on slowness, unless a probe has already said it.
void add_runs(const CheckView& view, const Check* check, SeriesPool& out) {
  for (const Status status : {Status::up, Status::degraded, Status::down, Status::unknown}) {
    const auto count = view.totals.by_status[static_cast<std::size_t>(status)];
    const bool can_be_slow = check != nullptr && check->slow_after > Duration::zero();
    if (status == Status::degraded && !can_be_slow && count == 0) continue;
    out.add(static_cast<double>(count),
            {{"sla_service", view.service}, {"check", view.check}, {"outcome", name_of(status)}});
  }
}

void add_failures(const CheckView& view, Modules& modules, SeriesPool& out) {
  std::set<Reason> reasons;
  const Check* check = modules.find(view);
  if (check != nullptr && check->module) {
    const auto& possible = modules.reasons(*check);
    reasons.insert(possible.begin(), possible.end());
    if (check->slow_after > Duration::zero()) reasons.insert(Reason::slow);
  }
  for (const auto& [reason, count] : view.totals.by_reason) reasons.insert(reason);
  reasons.erase(Reason::none);
  for (const Reason reason : reasons) {
    const auto found = view.totals.by_reason.find(reason);
    const auto count = found == view.totals.by_reason.end() ? 0 : found->second;
    out.add(static_cast<double>(count),
            {{"sla_service", view.service}, {"check", view.check}, {"reason", name_of(reason)}});
  }
}

// Of the services, as their terms are in force; the configuration may wait for the next month.
std::map<std::string_view, std::chrono::seconds> cadences_of(const Snapshot& snapshot) {
  std::map<std::string_view, std::chrono::seconds> cadences;
  for (const auto& view : snapshot.services) cadences[view->service] = view->every;
  return cadences;
}

void add_failing(const CheckPtr& check, SeriesPool& out) {
  if (!check->failing()) return;
  out.add(1, {{"sla_service", check->service},
              {"check", check->check},
              {"reason", name_of(check->outcome->reason)}});
}

void add_last_run(const CheckPtr& check, SeriesPool& out) {
  if (!check->last_run) return;
  out.add(static_cast<double>(check->last_run->time_since_epoch().count()),
          {{"sla_service", check->service}, {"check", check->check}});
}

}  // namespace

void add_check_families(Families& out, const SnapshotPtr& snapshot) {
  add_probe_families(out, snapshot);
  const auto& checks = snapshot->checks;
  const auto modules = std::make_shared<Modules>(*snapshot);
  add_list(out, metric("sla_check_runs_total"), snapshot, checks,
           [modules](const CheckPtr& check, SeriesPool& pool) {
             add_runs(*check, modules->find(*check), pool);
           });
  add_list(
      out, metric("sla_check_failures_total"), snapshot, checks,
      [modules](const CheckPtr& check, SeriesPool& pool) { add_failures(*check, *modules, pool); });
  add_list(out, metric("sla_check_failing_info"), snapshot, checks, add_failing);
  add_list(out, metric("sla_check_last_run_timestamp_seconds"), snapshot, checks, add_last_run);
  add_list(out, metric("sla_check_interval_seconds"), snapshot, checks,
           [modules, cadences = cadences_of(*snapshot)](const CheckPtr& view, SeriesPool& pool) {
             const Check* check = modules->find(*view);
             if (check == nullptr) return;
             const auto cadence = cadences.find(view->service);
             const bool own = !check->counts || cadence == cadences.end();
             const std::chrono::duration<double> every = own ? check->every : cadence->second;
             pool.add(every.count(), {{"sla_service", view->service}, {"check", view->check}});
           });
}

}  // namespace exporter
