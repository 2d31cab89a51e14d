// Names become dense numbers, so that states lie in vectors and rows stay short.
#include "exporter/ledger/holdings.h"

#include <algorithm>

namespace exporter::ledger {

std::optional<Run> clip_front(Run run, std::int64_t frontier) {
  if (run.start >= frontier) return run;
  const std::int64_t known = (frontier - run.start + run.every - 1) / run.every;
  if (known >= run.count) return std::nullopt;
  run.start += known * run.every;
  run.count -= known;
  return run;
}

std::optional<Run> clip_back(Run run, std::int64_t end) {
  if (run.start >= end) return std::nullopt;
  run.count = std::min(run.count, (end - run.start + run.every - 1) / run.every);
  return run;
}

void append(std::vector<Run>& runs, const Run& run) {
  if (!runs.empty() && runs.back().same_kind(run) && runs.back().end() == run.start) {
    runs.back().count += run.count;
    return;
  }
  runs.push_back(run);
}

bool supersedes(const Attempt& next, const Attempt& previous) {
  if (next.final != previous.final) return next.final;
  return next.at() >= previous.at();
}

ServiceState* Holdings::service(std::uint32_t id) {
  return id >= 1 && id <= services_.size() ? &services_[id - 1] : nullptr;
}

CheckState* Holdings::check(std::uint32_t id) {
  return id >= 1 && id <= checks_.size() ? &checks_[id - 1] : nullptr;
}

ServiceState* Holdings::find_service(std::string_view name) {
  const auto found = service_ids_.find(std::string(name));
  return found == service_ids_.end() ? nullptr : service(found->second);
}

ServiceState& Holdings::service(const std::string& name) {
  if (ServiceState* known = find_service(name)) return *known;
  const NameEntry entry{false, static_cast<std::uint32_t>(services_.size() + 1), 0, name};
  restore(entry);
  unsaved_.push_back(entry);
  return services_.back();
}

CheckState& Holdings::check(const std::string& service_name, const std::string& name) {
  const ServiceState& owner = service(service_name);
  if (const auto found = owner.checks.find(name); found != owner.checks.end()) {
    return *check(found->second);
  }
  const NameEntry entry{true, static_cast<std::uint32_t>(checks_.size() + 1), owner.id, name};
  restore(entry);
  unsaved_.push_back(entry);
  return checks_.back();
}

bool Holdings::restore(const NameEntry& name) {
  if (!name.is_check) {
    const bool in_order =
        name.id == services_.size() + 1 && service_ids_.emplace(name.name, name.id).second;
    if (!in_order) return false;
    ServiceState& state = services_.emplace_back();
    state.id = name.id;
    state.name = name.name;
    return true;
  }
  ServiceState* owner = service(name.service);
  if (!owner || name.id != checks_.size() + 1) return false;
  if (!owner->checks.emplace(name.name, name.id).second) return false;
  CheckState& state = checks_.emplace_back();
  state.id = name.id;
  state.service = owner->id;
  state.name = name.name;
  return true;
}

void Holdings::add(ServiceState& service, Run run) {
  if (!service.started) {
    service.started = true;
    service.first_slot = service.packed_next_slot = run.start;
    service.packed_every = run.every;
  }
  service.next_slot = run.end();
  service.every = run.every;
  service.totals.add(run);
  append(service.runs, run);
}

void Holdings::add(CheckState& check, const Attempt& attempt, const std::string& address) {
  check.totals.add(attempt);
  check.days[day_of(attempt.slot)].append(attempt, address);
  if (check.newest.empty() || attempt.slot > check.newest.front().slot) check.newest.clear();
  if (check.newest.empty() || attempt.slot == check.newest.front().slot) {
    check.newest.push_back(attempt);
  }
  if (!check.latest || supersedes(attempt, check.latest->attempt)) {
    check.latest = LatestAttempt{attempt, address};
  }
}

bool Holdings::knows(const CheckState& check, const Attempt& attempt) {
  const auto same = [&attempt](const Attempt& other) { return same_attempt(attempt, other); };
  // Nearly always the attempt is of a new slot, or of the newest one again.
  if (check.newest.empty() || attempt.slot > check.newest.front().slot) return false;
  if (attempt.slot == check.newest.front().slot) return std::ranges::any_of(check.newest, same);
  const auto day = check.days.find(day_of(attempt.slot));
  return day != check.days.end() && std::ranges::any_of(day->second.attempts(), same);
}

}  // namespace exporter::ledger
