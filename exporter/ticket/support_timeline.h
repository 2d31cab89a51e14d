// The terms of support over time: which hold from when (docs/accounting.md, rule 15, for reaction
// times), and the months they cut. A clock is judged by the terms in force when it began, so a new
// configuration changes no result. Terms are frozen when a month starts; a change waits for the
// next one, and what is new is added at once. Values; immutable parts are shared, so copying is
// cheap.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/sla/zone.h"
#include "exporter/ticket/support_rules.h"

namespace exporter {

inline constexpr std::string_view kPublishedAgreement = "published";

// What the reaction months of an agreement depend on.
struct ReactionPeriods {
  std::string timezone = "UTC";                               // months begin and end here
  std::chrono::seconds close_after{std::chrono::hours(120)};  // spam found later voids no miss
  bool operator==(const ReactionPeriods&) const = default;
};

// Terms of support with the moment from which they hold.
struct SupportRecord {
  Seconds from;
  SupportTerms terms;
  std::map<std::string, ReactionPeriods> agreements;  // by name; the published one among them
  std::string signed_by;  // "who: why" where a person brought them in force; else empty
};

// Whether two records promise the same, whenever they hold.
bool same_promise(const SupportRecord& a, const SupportRecord& b);

class SupportTimeline {
 public:
  // In the order in which they were recorded: a record takes the place of all that waited for later
  // than it. The error is a sentence: the terms do not compile on this machine.
  std::expected<void, std::string> add(SupportRecord record);

  bool empty() const { return eras_.empty(); }
  // In force at `at`; before the first record, the first one. Not for an empty timeline.
  const SupportRecord& at(Seconds at) const { return *era(at).record; }
  const SupportRules& rules_at(Seconds at) const { return *era(at).rules; }
  std::shared_ptr<const SupportRules> shared_rules_at(Seconds at) const { return era(at).rules; }
  // What comes into force first after `at`, or null.
  const SupportRecord* waiting(Seconds at) const;
  const SupportRecord& first() const { return *eras_.front().record; }

  // The agreement a ticket counts under: the published one for an empty or unknown name.
  std::string_view agreement_of(std::string_view name, Seconds at) const;
  // The month of an agreement that contains `at`, also over a change of its zone.
  std::chrono::year_month month_of(std::string_view agreement, Seconds at) const;
  // The first instant after it.
  Seconds month_end(std::string_view agreement, std::chrono::year_month month) const;
  // From when on the month's result is final but for corrections.
  Seconds month_close(std::string_view agreement, std::chrono::year_month month) const;
  // Every agreement with every level, as ever promised.
  std::set<std::pair<std::string, std::string>> promised() const;
  // Every target a level ever had, under any agreement, in seconds; sorted, each once.
  std::vector<std::int64_t> targets_of(std::string_view level) const;

 private:
  struct Months {
    Zone zone;
    std::chrono::seconds close_after{};
    std::chrono::year_month first{};  // no earlier month begins under this record
  };
  struct Era {
    std::shared_ptr<const SupportRecord> record;
    std::shared_ptr<const SupportRules> rules;
    std::map<std::string, Months, std::less<>> months;
  };
  const Era& era(Seconds at) const;
  const Months& months_of(std::string_view agreement, const Era& era) const;

  std::vector<Era> eras_;  // by `from`, ascending; at least the published agreement in each
};

// What is to be recorded when `wanted` is configured, with sentences for the log.
struct SupportChange {
  std::vector<SupportRecord> records;
  std::vector<std::string> sentences;
};
//   - The first terms hold at once, and in the month of commissioning so does every change.
//   - Levels, calendars and agreements that are new are added at once.
//   - Everything else waits for the next month, which begins in the published agreement's zone.
SupportChange decide_support(const SupportTimeline& known, const SupportRecord& wanted,
                             Seconds now);
// The terms that wait, in force from now on because a person signs for it; clocks that have begun
// keep theirs. The error is a sentence: none wait, or nobody signs.
std::expected<SupportRecord, std::string> support_now(const SupportTimeline& known,
                                                      const std::string& by, const std::string& why,
                                                      Seconds now);

}  // namespace exporter
