// The help desk: tickets that came and were handed over, the mails with their numbers, the sources
// they are read from, and the calendars. The numbers are those of the snapshot's SupportView;
// without a section `support` there is none of it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "exporter/metrics/families.h"
#include "exporter/metrics/possible_support.h"
#include "exporter/metrics/seconds_series.h"
#include "exporter/ticket/event.h"
#include "exporter/ticket/support_view.h"

namespace exporter {
namespace {

double number(std::uint64_t count) { return static_cast<double>(count); }

double moment(Seconds at) { return static_cast<double>(at.time_since_epoch().count()); }

std::string known(const std::string& value) {
  return value.empty() ? std::string(kNotKnown) : value;
}

const SupportTerms* terms_of(const Snapshot& snapshot) {
  return snapshot.support->rules ? &snapshot.support->rules->terms() : nullptr;
}

std::span<const TicketSource> sources_of(const Snapshot& snapshot) {
  if (!snapshot.config) return {};
  return snapshot.config->support.sources;
}

template <class Value>
void add_count(Families& out, const MetricName& name, const SnapshotPtr& snapshot,
               const Value& value) {
  add_single(out, name,
             [snapshot, &value](SeriesPool& pool) { pool.add(static_cast<double>(value), {}); });
}

void add_level_changes(const Snapshot& snapshot, SeriesPool& out) {
  auto counts = snapshot.support->level_changes;
  if (const SupportTerms* terms = terms_of(snapshot)) {
    for (const LevelTerms& from : terms->levels) {
      for (const LevelTerms& to : terms->levels) {
        if (from.name != to.name) counts.try_emplace({from.name, to.name});
      }
    }
  }
  for (const auto& [change, count] : counts) {
    out.add(number(count), {{"from", change.first}, {"to", change.second}});
  }
}

void add_hand_overs(const Snapshot& snapshot, SeriesPool& out) {
  std::map<std::string, std::uint64_t> counts = snapshot.support->hand_overs;
  if (const SupportTerms* terms = terms_of(snapshot)) {
    for (const std::string& to : possible_destinations(*terms, sources_of(snapshot))) {
      counts.try_emplace(to);
    }
  }
  for (const auto& [to, count] : counts) out.add(number(count), {{"to", to}});
}

void add_gaps(const Snapshot& snapshot, SeriesPool& out) {
  std::map<std::string, std::uint64_t> counts = snapshot.support->checklist_gaps;
  if (const SupportTerms* terms = terms_of(snapshot)) {
    for (const std::string& item : terms->checklist) counts.try_emplace(item);
  }
  for (const auto& [item, count] : counts) out.add(number(count), {{"item", item}});
}

void add_opened(const Snapshot& snapshot, SeriesPool& out) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts;
  for (const auto& [key, count] : snapshot.support->opened) {
    counts[{known(key.first), known(key.second)}] += count;
  }
  for (const auto& key : possible_openings(sources_of(snapshot))) counts.try_emplace(key);
  for (const auto& [key, count] : counts) {
    out.add(number(count), {{"channel", key.first}, {"language", key.second}});
  }
}

void add_notices(const Snapshot& snapshot, SeriesPool& out) {
  std::map<NoticeCount, std::uint64_t> counts = snapshot.support->notices;
  if (snapshot.config) {
    for (const auto& [level, event] : possible_notices(snapshot.config->support)) {
      for (const bool sent : {true, false}) counts.try_emplace({level, event, sent});
    }
  }
  for (const auto& [key, count] : counts) {
    out.add(number(count),
            {{"level", key.level}, {"event", key.event}, {"result", key.sent ? "sent" : "failed"}});
  }
}

// A family that is one function of the snapshot.
template <class Add>
void add_whole(Families& out, const MetricName& name, const SnapshotPtr& snapshot, Add add) {
  add_single(out, name, [snapshot, add](SeriesPool& pool) { add(*snapshot, pool); });
}

void add_tickets(Families& out, const SnapshotPtr& snapshot) {
  const SupportView& support = *snapshot->support;
  add_whole(out, metric("sla_ticket_level_changes_total"), snapshot, add_level_changes);
  add_whole(out, metric("sla_ticket_hand_overs_total"), snapshot, add_hand_overs);
  add_count(out, metric("sla_ticket_hand_overs_complete_total"), snapshot,
            support.hand_overs_complete);
  add_whole(out, metric("sla_ticket_checklist_gaps_total"), snapshot, add_gaps);
  add_whole(out, metric("sla_ticket_opened_total"), snapshot, add_opened);
  add_count(out, metric("sla_ticket_stored"), snapshot, support.tickets);
  add_whole(out, metric("sla_ticket_notices_total"), snapshot, add_notices);
}

// Only what is promised can be missing.
void add_number_mail(Families& out, const SnapshotPtr& snapshot) {
  const SupportView& support = *snapshot->support;
  const SupportTerms* terms = terms_of(*snapshot);
  const bool promised = terms == nullptr || terms->number_mail_within.has_value();
  if (terms != nullptr && promised) {
    add_single(out, metric("sla_ticket_ack_target_seconds"), [snapshot, terms](SeriesPool& pool) {
      pool.add(static_cast<double>(terms->number_mail_within->count()), {});
    });
  }
  add_single(out, metric("sla_ticket_ack_seconds"), [snapshot](SeriesPool& pool) {
    add_seconds(pool, snapshot->support->number_mail, {});
  });
  if (promised) {
    add_count(out, metric("sla_ticket_ack_missing"), snapshot, support.number_mails_missing);
    add_count(out, metric("sla_ticket_ack_late_total"), snapshot, support.number_mails_late_total);
  }
  add_single(out, metric("sla_ticket_first_human_reply_seconds"), [snapshot](SeriesPool& pool) {
    add_seconds(pool, snapshot->support->first_human_reply, {});
  });
}

std::map<std::string, std::uint64_t> events_of(const SourceView& source) {
  std::map<std::string, std::uint64_t> counts = source.events;
  constexpr auto kLast = static_cast<int>(TicketEventType::checked_item);
  for (int type = 0; type <= kLast; ++type) {
    counts.try_emplace(std::string(name_of(static_cast<TicketEventType>(type))));
  }
  return counts;
}

std::map<std::string, std::uint64_t> errors_of(const SourceView& source,
                                               std::span<const TicketSource> configured) {
  std::map<std::string, std::uint64_t> counts = source.errors;
  const auto found = std::ranges::find(configured, source.source, &TicketSource::name);
  if (found == configured.end()) return counts;
  for (const SourceError::Reason reason : possible_errors(found->type)) {
    counts.try_emplace(std::string(name_of(reason)));
  }
  return counts;
}

void add_source(const SourceView& source, std::string_view label,
                const std::map<std::string, std::uint64_t>& counts, SeriesPool& out) {
  for (const auto& [value, count] : counts) {
    out.add(number(count), {{"source", source.source}, {label, value}});
  }
}

// One number a source; absent where `value` gives none.
template <class Value>
void add_of_sources(Families& out, const MetricName& name, const SnapshotPtr& snapshot,
                    Value value) {
  add_list(out, name, snapshot, snapshot->support->sources,
           [value](const SourceView& source, SeriesPool& pool) {
             const std::optional<double> figure = value(source);
             if (figure) pool.add(*figure, {{"source", source.source}});
           });
}

void add_sources(Families& out, const SnapshotPtr& snapshot) {
  const auto& sources = snapshot->support->sources;
  if (snapshot->config) {
    add_list(out, metric("sla_ticket_source_info"), snapshot, snapshot->config->support.sources,
             [](const TicketSource& source, SeriesPool& pool) {
               pool.add(1, {{"source", source.name}, {"type", name_of(source.type)}});
             });
  }
  add_of_sources(out, metric("sla_ticket_source_up"), snapshot,
                 [](const SourceView& s) { return std::optional(s.up ? 1.0 : 0.0); });
  add_of_sources(out, metric("sla_ticket_source_last_success_timestamp_seconds"), snapshot,
                 [](const SourceView& s) {
                   return s.last_success ? std::optional(moment(*s.last_success)) : std::nullopt;
                 });
  // By the snapshot's clock, so that it grows also when nothing comes from the help desk any more.
  const Seconds now = snapshot->at;
  add_of_sources(out, metric("sla_ticket_source_lag_seconds"), snapshot,
                 [now](const SourceView& s) -> std::optional<double> {
                   if (!s.read_until) return std::nullopt;
                   return std::max(0.0, moment(now) - moment(*s.read_until));
                 });
  add_list(
      out, metric("sla_ticket_source_events_total"), snapshot, sources,
      [](const SourceView& s, SeriesPool& pool) { add_source(s, "event", events_of(s), pool); });
  add_list(out, metric("sla_ticket_source_errors_total"), snapshot, sources,
           [snapshot](const SourceView& s, SeriesPool& pool) {
             add_source(s, "reason", errors_of(s, sources_of(*snapshot)), pool);
           });
  add_list(out, metric("sla_ticket_source_unmapped_total"), snapshot, sources,
           [](const SourceView& s, SeriesPool& pool) { add_source(s, "item", s.unmapped, pool); });
  add_of_sources(out, metric("sla_ticket_source_clock_skew_total"), snapshot,
                 [](const SourceView& s) { return std::optional(number(s.clock_skew)); });
}

void add_calendar_info(const CalendarTerms& calendar, SeriesPool& out) {
  const std::string parts = fmt::format("{}", fmt::join(calendar.union_of, ","));
  out.add(1, {{"calendar", calendar.name}, {"timezone", calendar.timezone}, {"union_of", parts}});
}

// One number a calendar; absent where `value` gives none.
template <class Value>
void add_of_calendars(Families& out, const MetricName& name, const SnapshotPtr& snapshot,
                      Value value) {
  add_list(out, name, snapshot, snapshot->support->calendars,
           [value](const CalendarView& calendar, SeriesPool& pool) {
             const std::optional<double> figure = value(calendar);
             if (figure) pool.add(*figure, {{"calendar", calendar.calendar}});
           });
}

void add_calendars(Families& out, const SnapshotPtr& snapshot) {
  const auto optional_moment = [](const std::optional<Seconds>& at) {
    return at ? std::optional(moment(*at)) : std::nullopt;
  };
  if (const SupportTerms* terms = terms_of(*snapshot)) {
    add_list(out, metric("sla_calendar_info"), snapshot, terms->calendars, add_calendar_info);
  }
  add_of_calendars(out, metric("sla_calendar_open"), snapshot,
                   [](const CalendarView& c) { return std::optional(c.open ? 1.0 : 0.0); });
  add_of_calendars(
      out, metric("sla_calendar_next_change_timestamp_seconds"), snapshot,
      [optional_moment](const CalendarView& c) { return optional_moment(c.next_change); });
  add_of_calendars(out, metric("sla_calendar_week_open_seconds"), snapshot,
                   [](const CalendarView& c) {
                     return std::optional(static_cast<double>(c.week_open.count()));
                   });
  add_of_calendars(
      out, metric("sla_calendar_holidays_known_until_timestamp_seconds"), snapshot,
      [optional_moment](const CalendarView& c) { return optional_moment(c.holidays_known_until); });
}

}  // namespace

void add_desk_families(Families& out, const SnapshotPtr& snapshot) {
  if (!snapshot->support) return;
  add_tickets(out, snapshot);
  add_number_mail(out, snapshot);
  add_sources(out, snapshot);
  add_calendars(out, snapshot);
}

}  // namespace exporter
