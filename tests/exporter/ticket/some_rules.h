// The support terms that tests of clocks count by: the calendars of the worked cases, the three
// levels with their published targets, and builders for events.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/sla/zone.h"
#include "exporter/ticket/ticket.h"

namespace exporter {

inline Seconds at(std::string_view text) { return parse_instant(text).value(); }

// Monday to Friday, from and to in hours of the local day.
inline CalendarTerms weekdays(std::string name, std::string timezone, int from, int to) {
  CalendarTerms calendar;
  calendar.name = std::move(name);
  calendar.timezone = std::move(timezone);
  for (std::size_t day = 1; day <= 5; ++day) {
    calendar.week[day] = {{std::chrono::hours(from), std::chrono::hours(to)}};
  }
  return calendar;
}

inline LevelTerms level_of(std::string name, std::int64_t business_seconds) {
  LevelTerms level;
  level.name = std::move(name);
  level.react_within = {ReactionTarget::Unit::business_seconds, business_seconds};
  return level;
}

inline SupportTerms case_terms() {
  SupportTerms terms;
  terms.calendars = {weekdays("EU_FIX", "UTC+01:00", 8, 17),
                     weekdays("EU_BER", "Europe/Berlin", 8, 17),
                     weekdays("AM_WRAP_FIX", "UTC-06:00", 21, 17),
                     weekdays("AM_WRAP_CHI", "America/Chicago", 21, 17),
                     weekdays("AM_TYPO_FIX", "UTC-06:00", 9, 17),
                     weekdays("AM_TYPO_CHI", "America/Chicago", 9, 17)};
  for (const auto& [name, other] :
       {std::pair("UNION_TYPO", "AM_TYPO_FIX"), std::pair("UNION_WRAP", "AM_WRAP_FIX")}) {
    CalendarTerms both;
    both.name = name;
    both.union_of = {"EU_FIX", other};
    terms.calendars.push_back(std::move(both));
  }
  terms.levels = {level_of("first", 14'400), level_of("second", 28'800),
                  level_of("legal", 162'000)};
  terms.levels.front().note_reacts = terms.levels.front().pauses = false;
  terms.checklist = {"customer_data", "faq"};
  return terms;
}

inline std::shared_ptr<const SupportRules> rules_of(SupportTerms terms) {
  auto rules = SupportRules::compile(std::move(terms));
  EXPECT_TRUE(rules.has_value()) << rules.error();
  return *rules;
}

// The events of one ticket, written down one after the other.
class Story {
 public:
  explicit Story(std::string calendar = "EU_FIX") : calendar_(std::move(calendar)) {}

  TicketEvent& add(std::string_view time, TicketEventType type,
                   TicketActor actor = TicketActor::agent, std::string level = {}) {
    TicketEvent event;
    event.source = "desk";
    event.ticket = "4711";
    event.seq = static_cast<std::int64_t>(events.size()) + 1;
    event.at = at(time);
    event.type = type;
    event.actor = actor;
    event.level = std::move(level);
    if (events.empty()) event.calendar = calendar_;
    return events.emplace_back(std::move(event));
  }
  Ticket told(const SupportRules& rules) const { return replay(events, {}, rules); }

  std::vector<TicketEvent> events;

 private:
  std::string calendar_;
};

}  // namespace exporter
