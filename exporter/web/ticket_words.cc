// One table says how each state of an open clock is called; the rest follows from the view.
#include "exporter/web/ticket_words.h"

#include <algorithm>
#include <array>

#include "exporter/ticket/support_timeline.h"

namespace exporter {
namespace {

struct StateName {
  ClockState state;
  std::string_view name;
};
constexpr StateName kOpenStates[] = {
    {ClockState::breached_open, "breached"},
    {ClockState::paused, "paused"},
    {ClockState::at_risk, "at_risk"},
    {ClockState::running, "running"},
};

constexpr std::array<std::string_view, 3> kMonthStates = {"open", "ended", "unproven"};

}  // namespace

std::string_view open_state_name(ClockState state) {
  const auto* found = std::ranges::find(kOpenStates, state, &StateName::state);
  return found == std::end(kOpenStates) ? name_of(state) : found->name;
}

bool is_open_state_name(std::string_view name) {
  return std::ranges::find(kOpenStates, name, &StateName::name) != std::end(kOpenStates);
}

std::string_view name_of(ReactionMonth::State state) {
  return kMonthStates[static_cast<std::size_t>(state)];
}

std::string_view agreement_of(const ReactionClock& clock, const SupportView& view) {
  for (const LevelView& level : view.levels) {
    if (level.key.agreement == clock.agreement) return level.key.agreement;
  }
  return kPublishedAgreement;
}

std::chrono::seconds remaining(const ReactionClock& clock, const ClockReading& reading) {
  return clock.target - reading.business;
}

std::optional<OpeningHours::Due> due_of(const ClockReading& reading) {
  if (reading.state == ClockState::paused) return std::nullopt;
  return reading.due;
}

// The terms in force go before those that are configured: a change of the zone waits for its month.
AgreementZones::AgreementZones(const Snapshot& snapshot) {
  for (const auto& agreement : snapshot.agreements) add(agreement->terms.terms);
  if (!snapshot.config) return;
  for (const AgreementTerms& terms : snapshot.config->agreements) add(terms);
}

void AgreementZones::add(const AgreementTerms& terms) {
  if (auto zone = Zone::parse(terms.timezone)) zones_.try_emplace(terms.name, *std::move(zone));
}

const Zone& AgreementZones::of(std::string_view agreement) const {
  const auto found = zones_.find(agreement);
  return found == zones_.end() ? utc_ : found->second;
}

}  // namespace exporter
