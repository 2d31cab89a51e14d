// Tickets that never were: random events and corrections from a seed, with all that help desks do
// to order and time. Steps are of such lengths that targets, closing times and equal instants are
// hit often.
#pragma once

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "tests/exporter/ticket/some_rules.h"

namespace exporter {

// SLA_SEED replays one.
inline std::uint64_t first_seed() {
  const char* seed = std::getenv("SLA_SEED");
  return seed != nullptr ? std::strtoull(seed, nullptr, 10) : 20'261'129;
}

class RandomStory {
 public:
  explicit RandomStory(std::uint64_t seed) : random_(seed), now_(at("2026-03-27T12:00:00Z")) {
    const std::size_t length = 2 + pick(11);
    now_ += std::chrono::minutes(pick(4 * 1440));
    for (std::size_t i = 0; i < length; ++i) events_.push_back(event(i));
  }

  const std::vector<TicketEvent>& events() const { return events_; }

  std::vector<TicketCorrection> corrections() {
    std::vector<TicketCorrection> all(pick(4));
    std::int64_t after = -1;
    for (std::size_t i = 0; i < all.size(); ++i) {
      TicketCorrection& one = all[i];
      one.id = static_cast<std::int64_t>(i) + 1;
      one.after_seq = after = std::max<std::int64_t>(after, static_cast<std::int64_t>(pick(14)));
      one.action = static_cast<TicketCorrection::Action>(pick(4));
      one.level = level();
      one.instance = 1 + static_cast<int>(pick(2));
      one.at = now_ - std::chrono::hours(pick(100));
      one.calendar = calendar();
      one.signed_at = now_ + std::chrono::hours(pick(100));
    }
    return all;
  }
  std::size_t pick(std::size_t below) { return random_() % below; }

 private:
  std::string level() {
    constexpr std::string_view names[] = {"first", "second", "legal", "unheard-of"};
    return std::string(names[pick(20) == 0 ? 3 : pick(3)]);
  }
  std::string calendar() {
    constexpr std::string_view names[] = {"EU_FIX", "AM_WRAP_FIX", "EU_BER"};
    return std::string(names[pick(3)]);
  }

  TicketEvent event(std::size_t place) {
    constexpr std::chrono::seconds steps[] = {std::chrono::seconds(0),  std::chrono::seconds(1),
                                              std::chrono::minutes(17), std::chrono::hours(1),
                                              std::chrono::hours(4),    std::chrono::hours(5),
                                              std::chrono::hours(15),   std::chrono::hours(24 * 3)};
    TicketEvent event;
    event.source = "desk";
    event.ticket = "4711";
    event.seq = static_cast<std::int64_t>(place) + 1;
    now_ += steps[pick(std::size(steps))];
    event.at = pick(12) == 0 ? now_ - std::chrono::minutes(pick(600)) : now_;
    const bool opening = place == 0 && pick(10) != 0;
    event.type = opening ? TicketEventType::opened : static_cast<TicketEventType>(pick(20));
    event.actor = static_cast<TicketActor>(opening ? pick(5) == 0 : pick(3));
    event.level = opening && pick(3) != 0 ? "" : level();
    if (pick(8) == 0) event.calendar = calendar();
    if (pick(12) == 0) event.agreement = "acme";
    if (pick(4) == 0) event.channel = "phone";
    event.item = pick(2) == 0 ? "faq" : "customer_data";
    if (event.type == TicketEventType::carry) {
      event.since = now_ - std::chrono::hours(pick(60));
      event.reason = pick(3) == 0 ? "next" : "first";
    }
    return event;
  }

  std::mt19937_64 random_;
  Seconds now_;
  std::vector<TicketEvent> events_;
};

// As case_terms(), with a private agreement that promises less time.
inline SupportTerms random_terms() {
  SupportTerms terms = case_terms();
  terms.private_targets["acme"]["second"] = {ReactionTarget::Unit::business_seconds, 7'200};
  terms.private_targets["acme"]["first"] = {ReactionTarget::Unit::real_seconds, 3'600};
  return terms;
}

}  // namespace exporter
