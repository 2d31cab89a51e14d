// The terms of support, ready to be asked: which hours and which target apply to a clock. Immutable
// after compile(); any thread may ask.
#pragma once

#include <chrono>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/ticket/opening_hours.h"
#include "exporter/ticket/support_terms.h"

namespace exporter {

// What a clock of one level is measured by.
struct ClockRule {
  const OpeningHours* hours = nullptr;  // the calendar's; real time for a target in real seconds
  std::string calendar;                 // its name, also for real time; "all" for the union of all
  std::chrono::seconds target{};
};

class SupportRules {
 public:
  // The error is a sentence: a calendar's zone or a union is wrong, a level names no calendar that
  // exists, business days on a union.
  static std::expected<std::shared_ptr<const SupportRules>, std::string> compile(
      SupportTerms terms);

  const SupportTerms& terms() const { return terms_; }
  // Null when there is no such level.
  const LevelTerms* level(std::string_view name) const;
  // Its place from the lowest, which is 0; -1 when there is no such level.
  int rank(std::string_view level) const;
  const LevelTerms& lowest() const { return terms_.levels.front(); }

  // Null when there is no such calendar. "all" is the union of all that are no unions themselves;
  // where there is just one of them it is that one.
  const OpeningHours* hours(std::string_view calendar) const;
  // `calendar` is the ticket's; empty or unknown: the union of all, or the only calendar there is.
  // `agreement` empty: the published one.
  ClockRule rule(const LevelTerms& level, std::string_view agreement,
                 std::string_view calendar) const;
  // What a level promises under an agreement.
  const ReactionTarget& target(const LevelTerms& level, std::string_view agreement) const;

  SupportRules(const SupportRules&) = delete;
  SupportRules& operator=(const SupportRules&) = delete;

 private:
  explicit SupportRules(SupportTerms terms) : terms_(std::move(terms)) {}
  std::expected<void, std::string> compile_calendars();
  std::expected<void, std::string> compile_union(const CalendarTerms& terms);
  void unite_all();
  std::expected<void, std::string> check_levels() const;
  std::expected<void, std::string> check_target(const LevelTerms& level,
                                                const ReactionTarget& target) const;
  std::expected<void, std::string> check_business_days(const LevelTerms& level) const;

  SupportTerms terms_;
  std::map<std::string, OpeningHours, std::less<>> hours_;  // "all" among them
  std::string fallback_;  // for tickets of an unknown region: "all", or the only calendar
  OpeningHours always_ = OpeningHours::always();
};

}  // namespace exporter
