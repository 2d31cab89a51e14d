// A configuration comes into force: which plans, terms and windows it brings to the ledger. What
// is decided is computed first, committed once, and only then taken over, so that a commit that
// fails changes nothing.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <set>

#include "exporter/sla/book_impl.h"
#include "exporter/sla/freeze.h"
#include "exporter/sla/slot.h"
#include "exporter/sla/zone.h"

namespace exporter {
namespace {

// Windows that were recorded by `slatool maintenance`, not by a file: a reload leaves them alone.
constexpr std::string_view kToolPrefix = "tool:";

std::vector<std::string> all_names(const Service& service) {
  std::vector<std::string> names = service.formerly;
  names.push_back(service.name);
  return names;
}

bool covers(const AgreementTerms& terms, const std::vector<std::string>& names) {
  return std::ranges::any_of(
      names, [&terms](const std::string& name) { return terms.objectives.contains(name); });
}

const Service* find_service(const Config& config, const std::string& name) {
  const auto it = std::ranges::find(config.services, name, &Service::name);
  return it == config.services.end() ? nullptr : &*it;
}

// What a person should know about a window that is just being recorded.
void describe_window(const MaintenanceWindow& window, const Config& config, Seconds now,
                     std::vector<std::string>& sentences) {
  if (window.from <= now) {
    sentences.push_back(fmt::format(
        "maintenance window {}: it began at {}, before it was recorded; slots that have begun are "
        "not excluded (slatool ledger correct can exclude them, signed)",
        window.id, format_utc(window.from)));
  }
  for (const Service& service : config.services) {
    if (!concerns(window.services, std::span(&service.name, 1))) continue;
    const std::chrono::seconds every = service.terms.every;
    if (slot_of(window.from, every) == window.from && slot_of(window.to, every) == window.to) {
      continue;
    }
    sentences.push_back(fmt::format(
        "maintenance window {}: {} to {} is not aligned to the {} s slots of {}; only slots wholly "
        "inside are excluded",
        window.id, format_utc(window.from), format_utc(window.to), every.count(), service.name));
    break;
  }
  for (const AgreementTerms& terms : config.agreements) {
    const bool late = terms.notice.count() > 0 &&
                      (!window.announced || *window.announced + terms.notice > window.from);
    if (!late || !concerns(window.agreements, std::span(&terms.name, 1))) continue;
    sentences.push_back(
        fmt::format("maintenance window {}: agreement {} demands {} s of notice, which was not "
                    "given; it excludes nothing there",
                    window.id, terms.name, terms.notice.count()));
  }
}

}  // namespace

LedgerResult<std::vector<std::string>> BookImpl::reload(
    std::shared_ptr<const Config> config, std::vector<MaintenanceWindow> calendar_windows,
    Seconds now) {
  if (!config_) {
    return std::unexpected(LedgerError{LedgerError::Kind::refused, "the book was not started"});
  }
  auto adoption = decide(*config, calendar_windows, now);
  if (!adoption) return std::unexpected(adoption.error());
  std::vector<std::string> sentences = std::move(adoption->sentences);
  const std::vector<Mark> marks = unwatched(adoption->batch.plans, now);
  if (auto adopted = adopt(std::move(config), *std::move(adoption), now); !adopted) {
    return std::unexpected(adopted.error());
  }
  marks_.insert(marks_.end(), marks.begin(), marks.end());
  return sentences;
}

// A service may count from a day before it was configured; nothing watched it then.
std::vector<BookImpl::Mark> BookImpl::unwatched(const std::vector<PlanRecord>& plans,
                                                Seconds now) const {
  std::vector<Mark> marks;
  for (const PlanRecord& plan : plans) {
    const PlanTimeline* known = entries_.plans.find(plan.service);
    const bool is_new = !plan.removed && (!known || !known->at(plan.from));
    if (is_new && plan.from < now) {
      marks.push_back({plan.from, now, Cause::not_running, plan.service});
    }
  }
  return marks;
}

LedgerResult<BookImpl::Adoption> BookImpl::decide(const Config& config,
                                                  const std::vector<MaintenanceWindow>& windows,
                                                  Seconds now) const {
  Adoption adoption;
  adoption.plans =
      decide_plans(entries_.plans, config.services, plan_facts(config, nullptr, now), now);
  adoption.batch.plans = adoption.plans.records;
  adoption.sentences = adoption.plans.sentences;
  for (const PlanRecord& plan : adoption.plans.records) {
    if (plan.removed) continue;
    if (auto error = refuse_gap(plan.service, plan.from, now)) {
      return std::unexpected(*std::move(error));
    }
  }
  decide_agreements(config, now, adoption);
  std::vector<MaintenanceWindow> wanted = config.windows;
  wanted.insert(wanted.end(), windows.begin(), windows.end());
  decide_windows(wanted, now, adoption);
  for (const RecordedWindow& window : adoption.batch.windows) {
    if (!window.withdrawn) describe_window(window.window, config, now, adoption.sentences);
  }
  return adoption;
}

// The agreement that decides when a service may change: the first that covers it, in the order of
// the configuration, where the published one comes first.
const TermsTimeline* BookImpl::lead_of(const Config& config, const std::string& service) const {
  const Service* configured = find_service(config, service);
  const std::vector<std::string> names =
      configured ? all_names(*configured) : std::vector<std::string>{service};
  for (const AgreementTerms& terms : config.agreements) {
    const auto known = entries_.terms.find(terms.name);
    const bool is_known = known != entries_.terms.end() && !known->second.empty();
    if (!covers(terms, names)) continue;
    return is_known ? &known->second : nullptr;
  }
  return nullptr;
}

PlanFacts BookImpl::plan_facts(const Config& config, const std::string* at_once,
                               Seconds now) const {
  PlanFacts facts;
  facts.unjudged = [this](const std::string& name) {
    const std::size_t index = index_of(name);
    return index == kNone ? Seconds() : services_[index]->unjudged;
  };
  facts.decided = [this](const std::string& name, Seconds slot, const ServiceTerms& terms,
                         const std::vector<std::string>& checks) {
    std::vector<const OutcomeRecord*> attempts;
    const std::size_t index = index_of(name);
    if (index == kNone) return false;
    for (const OutcomeRecord& record : services_[index]->open) {
      if (record.slot == slot) attempts.push_back(&record);
    }
    for (const OutcomeRecord& record : pending_) {
      if (record.slot == slot && index_of(record.service) == index) attempts.push_back(&record);
    }
    return judge_slot(attempts, terms, checks, Cause::overload).verdict != Verdict::unknown;
  };
  facts.frozen_until = [this, &config, at_once, now](const std::string& name) {
    const TermsTimeline* lead = lead_of(config, name);
    if (!lead || (at_once && lead->first().terms.name == *at_once)) {
      return std::optional<Seconds>();
    }
    const Period period = lead->period_at(now);
    const std::size_t index = index_of(name);
    const bool commissioning = index == kNone || services_[index]->plan->segments().empty() ||
                               services_[index]->plan->segments().front().from >= period.begin;
    if (commissioning || lead->first().from >= period.begin) return std::optional<Seconds>();
    return std::optional<Seconds>(period.end);
  };
  return facts;
}

void BookImpl::decide_agreements(const Config& config, Seconds now, Adoption& adoption) const {
  PlanBook plans = entries_.plans;
  for (const PlanRecord& record : adoption.batch.plans) plans.add(record);
  FreezeFacts facts;
  facts.renamed = adoption.plans.renamed;
  facts.tzdata_version = tzdata_version_;
  for (const auto& [name, timeline] : plans.timelines()) {
    if (timeline.empty()) continue;
    facts.commissioned[name] = timeline.segments().front().from;
    const PlanSegment* segment = timeline.at_or_after(now);
    if (segment) facts.in_force[name] = segment->terms;
  }
  for (const PlanRecord& record : adoption.batch.plans) {
    const bool is_new =
        !record.removed && record.formerly.empty() && !entries_.plans.find(record.service);
    if (is_new) facts.begun.try_emplace(record.service, record.from);
  }
  static const TermsTimeline kUnknown;
  std::set<std::string> configured;
  const auto take = [&adoption](TermsChange change) {
    std::ranges::move(change.records, std::back_inserter(adoption.batch.terms));
    std::ranges::move(change.sentences, std::back_inserter(adoption.sentences));
  };
  for (const AgreementTerms& terms : config.agreements) {
    configured.insert(terms.name);
    WantedTerms wanted{.terms = terms, .services = {}};
    for (const Service& service : config.services) {
      if (terms.objectives.contains(service.name)) wanted.services[service.name] = service.terms;
    }
    const auto known = entries_.terms.find(terms.name);
    take(
        decide_terms(known == entries_.terms.end() ? kUnknown : known->second, wanted, facts, now));
  }
  for (const auto& [name, timeline] : entries_.terms) {
    if (!configured.contains(name)) take(end_terms(timeline, now));
  }
}

void BookImpl::decide_windows(const std::vector<MaintenanceWindow>& wanted, Seconds now,
                              Adoption& adoption) const {
  std::map<std::string, const RecordedWindow*> known;  // those that are in force, by id
  std::set<std::pair<std::string, Seconds>> keys;
  for (const RecordedWindow& window : entries_.windows) {
    keys.emplace(window.window.id, window.first_seen);
    if (!window.withdrawn) known[window.window.id] = &window;
  }
  const auto withdraw = [&adoption, now](const RecordedWindow& window) {
    adoption.batch.windows.push_back(window);
    adoption.batch.windows.back().withdrawn = now;
  };
  std::set<std::string> seen;
  for (const MaintenanceWindow& window : wanted) {
    if (!seen.insert(window.id).second) continue;
    const auto old = known.find(window.id);
    if (old != known.end() && old->second->window == window) continue;
    if (old != known.end() && old->second->window.to > now) withdraw(*old->second);
    if (window.to <= now) continue;
    RecordedWindow recorded{.window = window, .first_seen = now, .withdrawn = {}};
    // A window is told apart by its id and the second it was first seen in.
    while (!keys.emplace(window.id, recorded.first_seen).second) {
      recorded.first_seen += std::chrono::seconds(1);
    }
    adoption.batch.windows.push_back(std::move(recorded));
  }
  for (const auto& [id, window] : known) {
    if (window->window.to <= now || seen.contains(id) || id.starts_with(kToolPrefix)) continue;
    withdraw(*window);
    adoption.sentences.push_back(fmt::format("maintenance window {}: withdrawn", id));
  }
}

LedgerResult<void> BookImpl::commit_entries(Batch batch, Seconds now) {
  if (batch.empty()) return {};
  if (auto committed = ledger_.commit(batch, now); !committed) {
    return std::unexpected(committed.error());
  }
  ++commits_;
  for (Statement& statement : batch.statements) statement.json.clear();
  return entries_.add(batch);
}

LedgerResult<void> BookImpl::adopt(std::shared_ptr<const Config> config, Adoption adoption,
                                   Seconds now) {
  const bool plans_changed = !adoption.batch.plans.empty();
  const std::map<std::string, std::string> renamed = std::move(adoption.plans.renamed);
  if (auto committed = commit_entries(std::move(adoption.batch), now); !committed) {
    return std::unexpected(committed.error());
  }
  config_ = std::move(config);
  if (plans_changed) refresh_services();
  rename_checks(renamed);
  refresh_checks();
  refresh_agreements(now);
  refresh_accounts();
  changed_ = true;
  plan_outdated_ = true;
  next_event_ = Seconds();
  next_statement_ = Seconds();
  return publish(now);
}

// One state for each service the ledger knows, by its newest name.
void BookImpl::refresh_services() {
  std::vector<std::unique_ptr<ServiceState>> before = std::move(services_);
  std::unordered_map<std::string, std::size_t> index = std::move(index_);
  services_.clear();
  index_.clear();
  for (const auto& [name, timeline] : entries_.plans.timelines()) {
    if (timeline.empty()) continue;
    std::unique_ptr<ServiceState> state;
    const std::vector<std::string> names = timeline.names();
    for (auto known = names.rbegin(); known != names.rend() && !state; ++known) {
      const auto it = index.find(*known);
      if (it == index.end() || !before[it->second]) continue;
      const std::string& was = before[it->second]->name;
      const bool another = was != name && entries_.plans.find(was);
      if (!another) state = std::move(before[it->second]);
    }
    if (!state) state = std::make_unique<ServiceState>();
    if (state->name != name) {
      state->name = name;
      state->facts.reset();
    }
    state->plan = &timeline;
    services_.push_back(std::move(state));
  }
  for (std::size_t i = 0; i < services_.size(); ++i) {
    for (const std::string& name : services_[i]->plan->names()) {
      if (name == services_[i]->name || !entries_.plans.find(name)) index_[name] = i;
    }
    find_due(*services_[i]);
  }
}

// What is known of the checks of a service goes on under its new name.
void BookImpl::rename_checks(const std::map<std::string, std::string>& renamed) {
  const auto rename = [&renamed](auto& map) {
    for (const auto& [from, to] : renamed) {
      for (auto it = map.lower_bound({from, ""}); it != map.end() && it->first.first == from;) {
        auto node = map.extract(it++);
        node.key().first = to;
        map.insert(std::move(node));
      }
    }
  };
  rename(check_totals_);
  rename(last_outcomes_);
  rename(shown_outcomes_);
  rename(pending_outcomes_);
}

std::size_t BookImpl::index_of(const std::string& service) const {
  const auto it = index_.find(service);
  return it == index_.end() ? kNone : it->second;
}

}  // namespace exporter
