// What is promised about reaction times: support levels with their targets, and the calendars on
// which time counts. Everything here changes a figure (docs/reactions.md). Pure values, read by
// config; exporter/ticket/support_rules.h compiles them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/sla/terms.h"

namespace exporter {

// A window of a local day, in seconds since its midnight: [from, to). `to` up to 86,400; a window
// whose `to` is not after `from` ends on the next day and belongs to the day it begins on.
struct OpenWindow {
  std::chrono::seconds from{}, to{};
  auto operator<=>(const OpenWindow&) const = default;
};

struct CalendarTerms {
  std::string name;
  std::string timezone;                           // IANA name or UTC+hh:mm
  std::array<std::vector<OpenWindow>, 7> week;    // by weekday::c_encoding(): Sunday is 0
  std::vector<std::chrono::local_days> holidays;  // sorted, each once; lists and files together
  // What a day has instead of its weekday's windows and in spite of a holiday; empty: closed.
  std::map<std::chrono::local_days, std::vector<OpenWindow>> overrides;
  std::vector<std::filesystem::path> holiday_files;  // .ics, absolute
  // The last day up to which holidays are known: where the list or a file ends. Absent without
  // any holidays.
  std::optional<std::chrono::local_days> holidays_known_until;
  // Not empty: a union of these calendars, and everything above but the name is empty.
  std::vector<std::string> union_of;
  bool operator==(const CalendarTerms&) const = default;
};

struct ReactionTarget {
  enum class Unit { business_seconds, business_days, real_seconds };
  Unit unit = Unit::business_seconds;
  std::int64_t amount = 0;  // seconds or days
  bool operator==(const ReactionTarget&) const = default;
};

// Kinds of reaction. A hand-over and a close decide a clock at every level.
enum class ReactionKind { reply, note, handed_over, closed };

struct LevelTerms {
  std::string name;
  ReactionTarget react_within;
  std::string calendar;        // empty: the ticket's
  bool note_reacts = true;     // an internal note decides; the first level's default is false
  bool pauses = true;          // waiting for the customer stops the clock; never at the first level
  double at_risk_from = 0.75;  // share of the target
  bool operator==(const LevelTerms&) const = default;
};

// Targets of a private agreement, where they differ.
using LevelTargets = std::map<std::string, ReactionTarget>;

struct SupportTerms {
  std::vector<CalendarTerms> calendars;
  std::vector<LevelTerms> levels;  // lowest first: the order in which tickets move up
  std::map<std::string, LevelTargets> private_targets;     // by agreement
  std::optional<std::chrono::seconds> number_mail_within;  // real time; absent: not promised
  std::vector<std::string> checklist;  // items to be done before the first level hands over
  bool operator==(const SupportTerms&) const = default;
};

}  // namespace exporter
