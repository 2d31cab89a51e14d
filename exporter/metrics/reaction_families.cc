// Reaction clocks by agreement and level: what waits, what was decided, and the months. The numbers
// are those of the snapshot's SupportView; without a section `support` there is none of it.
#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <tuple>

#include "exporter/metrics/families.h"
#include "exporter/metrics/possible_support.h"
#include "exporter/metrics/seconds_series.h"
#include "exporter/ticket/support_view.h"

namespace exporter {
namespace {

using MonthState = ReactionMonth::State;

constexpr std::array kClockKinds = {ClockKind::first, ClockKind::next};
constexpr std::array kReactions = {ReactionKind::reply, ReactionKind::note,
                                   ReactionKind::handed_over, ReactionKind::closed};
constexpr std::array<std::pair<MonthState, std::string_view>, 3> kMonthStates = {
    {{MonthState::open, "open"}, {MonthState::ended, "ended"}, {MonthState::unproven, "unproven"}}};
constexpr std::array<std::string_view, 3> kTargetUnits = {"business seconds", "business days",
                                                          "real seconds"};

double number(std::uint64_t count) { return static_cast<double>(count); }

std::string_view result_of(bool met) { return met ? "met" : "missed"; }

// Series of one level. Its agreement has a name in any case: none means the published one.
struct LevelSeries {
  const LevelView& view;
  std::string_view agreement;
  const SupportTerms* terms;  // null while there are none
  const LevelTerms* level;    // null when the level is no longer promised
  SeriesPool& out;

  void add(double value, std::initializer_list<LabelView> more = {}) const {
    std::array<LabelView, 6> labels = {
        {{"sla_agreement", agreement}, {"level", view.key.level}, {}, {}, {}, {}}};
    std::ranges::copy(more, labels.begin() + 2);
    static const std::vector<std::pair<std::string, std::string>> kNoMore;
    out.add(value, {labels.data(), 2 + more.size()}, kNoMore);
  }

  // Calls `each` for the current month and, where there is one, the previous.
  template <class Each>
  void for_months(Each each) const {
    if (view.current.month.ok()) each(view.current, std::string_view("current"));
    if (view.previous.month.ok()) each(view.previous, std::string_view("previous"));
  }
};

std::string_view published(const Snapshot& snapshot) {
  if (!snapshot.config || snapshot.config->agreements.empty()) return "published";
  return snapshot.config->agreements.front().name;
}

template <class Add>
void add_levels(Families& out, const MetricName& name, const SnapshotPtr& snapshot, Add add) {
  const SupportView& support = *snapshot->support;
  const SupportTerms* terms = support.rules ? &support.rules->terms() : nullptr;
  add_list(
      out, name, snapshot, support.levels,
      [snapshot, terms, add](const LevelView& view, SeriesPool& pool) {
        const std::string& agreement = view.key.agreement;
        add(LevelSeries{.view = view,
                        .agreement = agreement.empty() ? published(*snapshot) : agreement,
                        .terms = terms,
                        .level = terms == nullptr ? nullptr : find_level(*terms, view.key.level),
                        .out = pool});
      });
}

std::string text_of(const ReactionTarget& target) {
  return fmt::format("{} {}", target.amount, kTargetUnits[static_cast<std::size_t>(target.unit)]);
}

void add_level_info(const LevelTerms& level, SeriesPool& out) {
  const std::string react_within = text_of(level.react_within);
  const std::string at_risk_from = fmt::format("{}", level.at_risk_from);
  out.add(1, {{"level", level.name},
              {"calendar", level.calendar.empty() ? "of the ticket" : level.calendar},
              {"react_within", react_within},
              {"reacts_with", level.note_reacts ? "reply or note" : "reply"},
              {"pauses", level.pauses ? "true" : "false"},
              {"at_risk_from", at_risk_from}});
}

void add_open(const LevelSeries& series) {
  const LevelView& view = series.view;
  series.add(number(view.running), {{"state", "running"}});
  series.add(number(view.at_risk), {{"state", "at_risk"}});
  series.add(number(view.breached), {{"state", "breached"}});
  series.add(number(view.paused), {{"state", "paused"}});
}

void add_reactions(const LevelSeries& series) {
  std::map<LevelView::Count, std::uint64_t> counts = series.view.reactions;
  if (series.level != nullptr) {
    for (const std::string& calendar : possible_calendars(*series.terms, *series.level)) {
      for (const ClockKind kind : kClockKinds) {
        for (const bool met : {true, false}) counts.try_emplace({calendar, kind, met});
      }
    }
  }
  for (const auto& [key, count] : counts) {
    series.add(
        number(count),
        {{"calendar", key.calendar}, {"kind", name_of(key.kind)}, {"result", result_of(key.met)}});
  }
}

void add_voided(const LevelSeries& series) {
  std::map<VoidReason, std::uint64_t> counts = series.view.voided;
  if (series.level != nullptr) {
    for (const VoidReason reason : possible_voids(*series.terms, *series.level)) {
      counts.try_emplace(reason);
    }
  }
  counts.erase(VoidReason::none);
  for (const auto& [reason, count] : counts) {
    series.add(number(count), {{"reason", name_of(reason)}});
  }
}

void add_month_decided(const LevelSeries& series) {
  series.for_months([&](const ReactionMonth& figures, std::string_view month) {
    const auto add = [&](ClockKind kind, bool met, std::uint64_t count) {
      series.add(number(count),
                 {{"month", month}, {"kind", name_of(kind)}, {"result", result_of(met)}});
    };
    add(ClockKind::first, true, figures.all_met());
    add(ClockKind::first, false, figures.all_missed());
    add(ClockKind::next, true, figures.next_met);
    add(ClockKind::next, false, figures.next_missed);
  });
}

void add_month_reactions(const LevelSeries& series) {
  std::set<ReactionKind> possible;
  if (series.level != nullptr) possible = possible_reactions(*series.terms, *series.level);
  series.for_months([&](const ReactionMonth& figures, std::string_view month) {
    const auto add = [&](std::string_view event, bool met, std::uint64_t count) {
      series.add(number(count), {{"month", month}, {"event", event}, {"result", result_of(met)}});
    };
    for (const ReactionKind kind : kReactions) {
      const auto i = static_cast<std::size_t>(kind);
      if (!possible.contains(kind) && figures.met[i] + figures.missed[i] == 0) continue;
      add(name_of(kind), true, figures.met[i]);
      add(name_of(kind), false, figures.missed[i]);
    }
    add("none", false, figures.open_missed);
  });
}

void add_month_state(const LevelSeries& series) {
  series.for_months([&](const ReactionMonth& figures, std::string_view month) {
    for (const auto& [state, name] : kMonthStates) {
      series.add(figures.state == state ? 1 : 0, {{"month", month}, {"state", name}});
    }
  });
}

// A share of the month, absent where nothing was decided.
void add_month_share(Families& out, const MetricName& name, const SnapshotPtr& snapshot,
                     std::optional<double> (ReactionMonth::*share)() const) {
  add_levels(out, name, snapshot, [share](const LevelSeries& series) {
    series.for_months([&](const ReactionMonth& figures, std::string_view month) {
      const std::optional<double> value = (figures.*share)();
      if (value) series.add(*value, {{"month", month}});
    });
  });
}

void add_waiting(Families& out, const SnapshotPtr& snapshot) {
  if (snapshot->support->rules) {
    add_list(out, metric("sla_ticket_level_info"), snapshot,
             snapshot->support->rules->terms().levels, add_level_info);
  }
  add_levels(out, metric("sla_ticket_target_seconds"), snapshot, [](const LevelSeries& s) {
    if (s.view.target.count() > 0) s.add(static_cast<double>(s.view.target.count()));
  });
  add_levels(out, metric("sla_ticket_open"), snapshot, add_open);
  add_levels(out, metric("sla_ticket_oldest_business_seconds"), snapshot,
             [](const LevelSeries& s) { s.add(static_cast<double>(s.view.oldest.count())); });
  add_levels(out, metric("sla_ticket_next_due_timestamp_seconds"), snapshot,
             [](const LevelSeries& s) {
               if (s.view.next_due) {
                 s.add(static_cast<double>(s.view.next_due->time_since_epoch().count()));
               }
             });
}

void add_decided(Families& out, const SnapshotPtr& snapshot) {
  add_levels(out, metric("sla_ticket_reactions_total"), snapshot, add_reactions);
  add_levels(out, metric("sla_ticket_reaction_business_seconds"), snapshot,
             [](const LevelSeries& s) {
               add_seconds(s.out, s.view.business,
                           {{"sla_agreement", s.agreement}, {"level", s.view.key.level}});
             });
  add_levels(out, metric("sla_ticket_void_total"), snapshot, add_voided);
  add_levels(out, metric("sla_ticket_voided_after_breach_total"), snapshot,
             [](const LevelSeries& s) { s.add(number(s.view.voided_after_breach)); });
}

}  // namespace

void add_reaction_families(Families& out, const SnapshotPtr& snapshot) {
  if (!snapshot->support) return;
  add_waiting(out, snapshot);
  add_decided(out, snapshot);
  add_levels(out, metric("sla_ticket_month_decided"), snapshot, add_month_decided);
  add_levels(out, metric("sla_ticket_month_reactions"), snapshot, add_month_reactions);
  add_month_share(out, metric("sla_ticket_month_compliance_ratio"), snapshot,
                  &ReactionMonth::compliance);
  add_month_share(out, metric("sla_ticket_month_strict_compliance_ratio"), snapshot,
                  &ReactionMonth::strict);
  add_levels(out, metric("sla_ticket_month_state"), snapshot, add_month_state);
}

}  // namespace exporter
