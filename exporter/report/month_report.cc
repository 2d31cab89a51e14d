// Folds a month out of the ledger, as the book does, and keeps what the counts forget: where the
// bad and the unknown slots lie.
#include "exporter/report/month_report.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exporter/sla/entries.h"

namespace exporter {
namespace {

// What had been committed by then. Plans carry no moment of commit, and need none: a plan never
// changes slots that lie before it was made.
LedgerState as_known(const LedgerState& state, Seconds as_of) {
  LedgerState known;
  known.plans = state.plans;
  const auto by_then = [as_of](const auto& entry) { return entry.committed <= as_of; };
  std::ranges::copy_if(state.terms, std::back_inserter(known.terms), by_then);
  std::ranges::copy_if(state.corrections, std::back_inserter(known.corrections), by_then);
  std::ranges::copy_if(state.statements, std::back_inserter(known.statements), by_then);
  for (const RecordedWindow& window : state.windows) {
    if (window.first_seen > as_of) continue;
    known.windows.push_back(window);
    if (window.withdrawn && *window.withdrawn > as_of) known.windows.back().withdrawn.reset();
  }
  return known;
}

// Continues the last stretch where it can.
void extend(std::vector<ReportStretch>& stretches, const VerdictRun& piece) {
  if (!stretches.empty()) {
    ReportStretch& last = stretches.back();
    if (last.to == piece.start && last.cause == piece.cause) {
      last.to = piece.end();
      last.slots += piece.count;
      return;
    }
  }
  stretches.push_back({.from = piece.start,
                       .to = piece.end(),
                       .slots = piece.count,
                       .cause = piece.cause,
                       .reasons = {}});
}

// The part of a run whose slots had ended by then.
VerdictRun ended_by(const VerdictRun& run, Seconds as_of) {
  return clip(run, run.start, as_of - run.every + std::chrono::seconds(1));
}

struct Question {
  Ledger& ledger;
  const Entries& entries;
  const TermsTimeline& terms;
  Period period;
  Seconds as_of;
};

LedgerResult<std::optional<ServiceReport>> service_report(const Question& question,
                                                          const std::string& service,
                                                          const PlanTimeline& plan) {
  auto fold = MonthFold::begin(question.entries.rules(plan, question.terms), question.period);
  if (!fold) return std::nullopt;
  const auto runs = runs_of(question.ledger, plan, question.period.begin, question.period.end);
  if (!runs) return std::unexpected(runs.error());
  ServiceReport report;
  report.service = service;
  for (const VerdictRun& whole : *runs) {
    const VerdictRun run = ended_by(whole, question.as_of);
    if (run.count == 0) continue;
    fold->add(run);
    for (const VerdictRun& piece : fold->effective(run)) {
      if (piece.verdict == Verdict::bad) extend(report.outages, piece);
      if (piece.verdict == Verdict::unknown) extend(report.unknown, piece);
      if (piece.rescued && piece.verdict == Verdict::good) report.rescued += piece.count;
    }
  }
  report.objective = fold->objective();
  report.every = fold->every();
  report.figures = fold->figures(question.as_of);
  report.unexcluded = month_figures(fold->committed_counts(), fold->expected(), fold->objective(),
                                    fold->terms().terms.unknown_slots);
  return report;
}

// Looks the failed attempts of the longest outages up: of all services together, so that the cost
// of a report is bounded whatever the month was like.
LedgerResult<void> explain(const Question& question, std::vector<ServiceReport>& services) {
  std::vector<std::pair<ReportStretch*, const PlanTimeline*>> longest;
  for (ServiceReport& service : services) {
    const PlanTimeline* plan = question.entries.plans.find(service.service);
    for (ReportStretch& outage : service.outages) longest.emplace_back(&outage, plan);
  }
  const std::size_t kept = std::min(longest.size(), kExplainedOutages);
  std::ranges::partial_sort(longest, longest.begin() + static_cast<std::ptrdiff_t>(kept),
                            std::ranges::greater{},
                            [](const auto& each) { return each.first->slots; });
  longest.resize(kept);
  for (const auto& [outage, plan] : longest) {
    for (const std::string& name : plan->names()) {
      const auto attempts = question.ledger.outcomes(name, "", outage->from, outage->to);
      if (!attempts) return std::unexpected(attempts.error());
      for (const OutcomeRecord& attempt : *attempts) {
        if (attempt.status == probes::Status::down) ++outage->reasons[attempt.reason];
      }
    }
  }
  return {};
}

MonthStage stage_of(const MonthReport& report) {
  if (report.as_of < report.period.end) return MonthStage::running;
  const bool closed = report.as_of >= report.period.end + report.terms.terms.close_after;
  return closed ? MonthStage::closed : MonthStage::provisional;
}

void add_entries(const Entries& entries, const std::string& agreement, MonthReport& report) {
  const Period& period = report.period;
  const std::span<const std::string> named(&agreement, 1);
  for (const RecordedWindow& recorded : entries.windows) {
    const MaintenanceWindow& window = recorded.window;
    const bool touches = window.from < period.end && window.to > period.begin;
    if (touches && concerns(window.agreements, named)) report.windows.push_back(recorded);
  }
  for (const Correction& correction : entries.corrections) {
    const bool touches = correction.from < period.end && correction.to > period.begin;
    if (touches && concerns(correction.agreements, named)) report.corrections.push_back(correction);
  }
  std::ranges::sort(report.windows, {},
                    [](const RecordedWindow& each) { return each.window.from; });
  for (const Statement& statement : entries.statements) {
    if (statement.agreement != agreement) continue;
    const bool of_month = statement.year == static_cast<int>(period.month.year()) &&
                          statement.month == static_cast<unsigned>(period.month.month());
    if (!of_month) continue;
    const nlohmann::json content = nlohmann::json::parse(statement.json, nullptr, false);
    if (content.is_object()) report.place = content.value("place", report.place);
    report.statements.push_back(statement);
  }
}

}  // namespace

std::string_view name_of(MonthStage stage) {
  constexpr std::array<std::string_view, 3> kNames = {"running", "provisional", "closed"};
  return kNames[static_cast<std::size_t>(stage)];
}

LedgerResult<std::optional<MonthReport>> month_report(Ledger& ledger, const LedgerState& state,
                                                      const std::string& agreement,
                                                      std::chrono::year_month month,
                                                      Seconds as_of) {
  const auto entries = fold_entries(as_known(state, as_of), true);
  if (!entries) return std::unexpected(entries.error());
  const auto terms = entries->terms.find(agreement);
  if (terms == entries->terms.end() || terms->second.empty()) return std::nullopt;
  const std::optional<Period> period = terms->second.period_of(month);
  if (!period || period->begin > as_of) return std::nullopt;
  MonthReport report;
  report.period = *period;
  report.as_of = as_of;
  report.terms = terms->second.terms_of(*period);
  report.zone = terms->second.zone_at(period->end - std::chrono::seconds(1));
  report.stage = stage_of(report);
  const Question question{ledger, *entries, terms->second, *period, as_of};
  for (const auto& [service, plan] : entries->plans.timelines()) {
    auto made = service_report(question, service, plan);
    if (!made) return std::unexpected(made.error());
    if (*made) report.services.push_back(**std::move(made));
  }
  if (report.services.empty()) return std::nullopt;
  if (auto done = explain(question, report.services); !done) return std::unexpected(done.error());
  add_entries(*entries, agreement, report);
  return report;
}

}  // namespace exporter
