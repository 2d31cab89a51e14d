// The figures of random histories against a slow second count: every ticket replayed from its start
// under the terms of the timeline, every clock judged one by one, nothing remembered. Events come
// in random pieces, some late, some twice; time goes on between them, terms change, people correct,
// the desk is restarted.
#include <gmock/gmock.h>

#include <map>
#include <random>
#include <tuple>

#include "exporter/sources/signing.h"
#include "tests/exporter/sources/some_tickets.h"

namespace exporter::desk_test {
namespace {

using Type = TicketEventType;
using std::chrono::seconds;

struct History {
  std::vector<TicketEvent> events;  // all, in the order of time
  Seconds begin, end;
};

constexpr Type kTypes[] = {Type::reaction, Type::note,     Type::escalated,        Type::routed,
                           Type::returned, Type::waiting,  Type::customer_replied, Type::closed,
                           Type::reopened, Type::spam,     Type::auto_reply,       Type::attributes,
                           Type::resumed,  Type::reaction, Type::customer_replied, Type::merged};

// Help desks number by time, but for the few whose clock ran backwards.
auto in_time(const TicketEvent& event) { return std::tuple(event.at, event.ticket, event.seq); }

History random_history(std::mt19937& random) {
  History history{
      .events = {}, .begin = at("2026-11-20T00:00:00Z"), .end = at("2027-01-10T00:00:00Z")};
  const auto days = (history.end - history.begin).count() / 86'400;
  for (int ticket = 0; ticket < 25; ++ticket) {
    Seconds when = history.begin + seconds(static_cast<std::int64_t>(random()) % (days * 80'000));
    auto first = event(std::to_string(ticket), 1, "2026-11-20T00:00:00Z", Type::opened);
    first.at = when;
    if (random() % 3 == 0) first.calendar.clear();
    if (random() % 4 == 0) first.agreement = "acme";
    history.events.push_back(first);
    const auto count = random() % 9;
    for (std::int64_t seq = 2; seq < static_cast<std::int64_t>(2 + count); ++seq) {
      when += seconds(random() % 40'000);
      auto next = first;
      next.seq = seq;
      next.at = random() % 20 == 0 ? when - seconds(random() % 20'000) : when;
      next.type = kTypes[random() % std::size(kTypes)];
      next.actor = next.type == Type::customer_replied ? TicketActor::customer
                   : random() % 6 == 0                 ? TicketActor::system
                                                       : TicketActor::agent;
      next.calendar = next.type == Type::attributes ? "europe" : "";
      next.agreement.clear();
      next.level = random() % 2 == 0 ? "first" : "second";
      history.events.push_back(next);
    }
  }
  std::ranges::sort(history.events, {}, in_time);
  return history;
}

// --- the slow count ----------------------------------------------------------------------------

struct Slow {
  std::map<std::pair<std::string, bool>, std::uint64_t> reactions;  // "agreement/level/kind", met
  std::map<std::string, std::uint64_t> months;                      // ".../2026-11/met"
  std::map<std::string, std::uint64_t> states;                      // "agreement/level/state"
  bool operator==(const Slow&) const = default;
};

std::string pair_of(const ReactionClock& clock, const SupportTimeline& timeline) {
  const bool known = timeline.at(clock.start).agreements.contains(clock.agreement);
  return (known ? clock.agreement : "published") + "/" + clock.level;
}

// All zones of this test are fixed at UTC+1.
std::chrono::year_month month_of(Seconds at) {
  const std::chrono::year_month_day date(
      std::chrono::floor<std::chrono::days>(at + std::chrono::hours(1)));
  return date.year() / date.month();
}

// Totals count a result as it was first decided, also when the clock was voided afterwards.
void count_as_first_decided(Slow& slow, const ReactionClock& clock, const ClockReading& reading,
                            const SupportTimeline& timeline, Seconds read_until) {
  std::optional<Seconds> decided = reading.decided;
  if (clock.voided != VoidReason::none) {
    decided = clock.voided_after_breach ? reading.breached : std::nullopt;
  }
  if (!decided || *decided >= read_until) return;
  const std::string kind(name_of(clock.kind));
  ++slow.reactions[{pair_of(clock, timeline) + "/" + kind, reading.state == ClockState::met}];
}

// Months lose what is voided before they close, five days after their end, or by a correction.
void count_in_its_month(Slow& slow, const ReactionClock& clock, const ClockReading& reading,
                        const SupportTimeline& timeline, Seconds read_until) {
  std::optional<Seconds> decided = reading.decided;
  if (clock.voided != VoidReason::none) decided.reset();
  if (clock.voided_after_breach && clock.voided != VoidReason::corrected) {
    const auto next = month_of(*reading.breached) + std::chrono::months(1);
    const Seconds close = std::chrono::sys_days(next / 1) + std::chrono::hours(5 * 24 - 1);
    if (*clock.end >= close) decided = reading.breached;
  }
  if (!decided || *decided >= read_until) return;
  const bool met = reading.state == ClockState::met;
  ++slow.months[pair_of(clock, timeline) + "/" + format_month(month_of(*decided)) + "/" +
                std::string(name_of(clock.kind)) + (met ? "/met" : "/missed")];
}

void count_ticket(Slow& slow, const std::vector<TicketEvent>& events,
                  const std::vector<TicketCorrection>& corrections, const SupportTimeline& timeline,
                  Seconds read_until, Seconds now) {
  for (const ReactionClock& clock : replay(events, {}, timeline).clocks()) {
    const ClockReading reading = read_clock(clock, timeline.rules_at(clock.start), now);
    count_as_first_decided(slow, clock, reading, timeline, read_until);
  }
  for (const ReactionClock& clock : replay(events, corrections, timeline).clocks()) {
    const ClockReading reading = read_clock(clock, timeline.rules_at(clock.start), now);
    count_in_its_month(slow, clock, reading, timeline, read_until);
    if (clock.end) continue;
    ++slow.states[pair_of(clock, timeline) + "/" + std::string(name_of(reading.state))];
  }
}

Slow count_slowly(const std::vector<TicketEvent>& known,
                  const std::vector<TicketCorrection>& corrections, const SupportTimeline& timeline,
                  Seconds read_until, Seconds now) {
  std::map<std::string, std::map<std::int64_t, TicketEvent>> tickets;
  for (const TicketEvent& each : known) tickets[each.ticket][each.seq] = each;
  std::map<std::string, std::vector<TicketCorrection>> corrected;
  for (const TicketCorrection& each : corrections) corrected[each.ticket].push_back(each);
  Slow slow;
  for (const auto& [ticket, by_seq] : tickets) {
    std::vector<TicketEvent> events;
    for (const auto& [seq, each] : by_seq) events.push_back(each);
    count_ticket(slow, events, corrected[ticket], timeline, read_until, now);
  }
  return slow;
}

Slow shown(const SupportView& view) {
  Slow slow;
  for (const LevelView& each : view.levels) {
    const std::string key = each.key.agreement + "/" + each.key.level;
    for (const auto& [count, by] : each.reactions) {
      if (by > 0) slow.reactions[{key + "/" + std::string(name_of(count.kind)), count.met}] += by;
    }
    for (const ReactionMonth* month : {&each.current, &each.previous}) {
      const std::string at = key + "/" + format_month(month->month);
      if (month->all_met() > 0) slow.months[at + "/first/met"] = month->all_met();
      if (month->all_missed() > 0) slow.months[at + "/first/missed"] = month->all_missed();
      if (month->next_met > 0) slow.months[at + "/next/met"] = month->next_met;
      if (month->next_missed > 0) slow.months[at + "/next/missed"] = month->next_missed;
    }
    const auto state = [&](std::string_view name, std::uint64_t count) {
      if (count > 0) slow.states[key + "/" + std::string(name)] = count;
    };
    state("breached_open", each.breached);
    state("paused", each.paused);
    state("at_risk", each.at_risk);
    state("running", each.running);
  }
  return slow;
}

std::string text_of(const Slow& slow) {
  std::string text;
  for (const auto& [key, by] : slow.reactions) {
    text += fmt::format("{} {}: {}\n", key.first, key.second ? "met" : "missed", by);
  }
  for (const auto& [key, by] : slow.months) text += fmt::format("{}: {}\n", key, by);
  for (const auto& [key, by] : slow.states) text += fmt::format("{}: {}\n", key, by);
  return text;
}

// Only the months that a view shows.
void keep_months(Slow& slow, const SupportView& view) {
  const LevelView& any = view.levels.front();
  std::erase_if(slow.months, [&](const auto& each) {
    return each.first.find(format_month(any.current.month)) == std::string::npos &&
           each.first.find(format_month(any.previous.month)) == std::string::npos;
  });
}

// --- the run -----------------------------------------------------------------------------------

class OfOneSeed {
 public:
  explicit OfOneSeed(unsigned seed) : random_(seed), history_(random_history(random_)) {
    AgreementTerms acme{.name = "acme", .timezone = "UTC+01:00"};
    config_.agreements.push_back(acme);
    config_.support.terms.private_targets["acme"]["first"] = {
        ReactionTarget::Unit::business_seconds, 2 * 3600};
    now_ = history_.begin;
    local_ = std::make_unique<LocalDesk>(folder_, config_, now_);
  }

  void go() {
    while (next_ < history_.events.size() && !testing::Test::HasFailure()) {
      read_some();
      pass_time();
      if (random_() % 12 == 0) change_terms();
      if (random_() % 6 == 0) correct_one();
      if (random_() % 8 == 0) local_ = std::make_unique<LocalDesk>(folder_, config_, now_);
      check();
    }
    now_ = read_until_ = history_.end;
    commit({});
    check();
  }

  // Results, at the end.
  std::uint64_t counted() const {
    std::uint64_t all = 0;
    for (const auto& [key, by] : before_) all += by;
    return all;
  }

 private:
  void commit(std::vector<TicketEvent> events) {
    SourceBatch said;
    said.events = std::move(events);
    std::ranges::sort(said.events, {}, &TicketEvent::seq);
    said.read_until = read_until_;
    ASSERT_TRUE(local_->desk.commit("rt", said, now_));
    known_.insert(known_.end(), said.events.begin(), said.events.end());
  }

  // In the order of time, as help desks number them, but for one event that comes a batch late and
  // some that come twice. What is late happened after what is said to be complete.
  void read_some() {
    std::vector<TicketEvent> events = std::exchange(late_, {});
    const std::size_t until = std::min(history_.events.size(), next_ + 1 + random_() % 6);
    Seconds complete = now_;
    for (; next_ < until; ++next_) {
      const TicketEvent& each = history_.events[next_];
      complete = std::max(complete, each.at);
      if (random_() % 10 == 0 && each.at > read_until_) {
        late_.push_back(each);
      } else {
        events.push_back(each);
      }
    }
    if (!known_.empty() && random_() % 2 == 0) events.push_back(known_[random_() % known_.size()]);
    now_ = std::max(now_, complete);
    if (next_ < history_.events.size()) complete = std::min(complete, history_.events[next_].at);
    for (const TicketEvent& each : late_) complete = std::min(complete, each.at);
    read_until_ = std::max(read_until_, complete);
    commit(std::move(events));
  }

  void pass_time() {
    Seconds limit = next_ < history_.events.size() ? history_.events[next_].at : history_.end;
    for (int each = 0; each < 3 && now_ < limit; ++each) {
      now_ = std::min(limit, now_ + seconds(random_() % 9'000));
      local_->desk.tick(now_);
    }
  }

  void change_terms() {
    config_.support.terms.levels[0].react_within.amount = 3600 * (1 + random_() % 5);
    config_.support.terms.calendars[0].week[3].clear();
    if (random_() % 2 == 0) {
      config_.support.terms.calendars[0].week[3] = config_.support.terms.calendars[0].week[2];
    }
    ASSERT_TRUE(local_->desk.configure(config_, now_));
  }

  void correct_one() {
    TicketCorrection correction{.source = "rt",
                                .ticket = std::to_string(random_() % 25),
                                .level = random_() % 2 == 0 ? "first" : "second",
                                .at = now_,
                                .calendar = "europe",
                                .by = "anna",
                                .why = "because"};
    correction.action = static_cast<TicketCorrection::Action>(random_() % 4);
    (void)local_->desk.correct(correction, now_);  // refused when there is no such clock
  }

  void check() {
    const auto store = EventStore::open(folder_.path(), EventStore::Mode::read);
    ASSERT_TRUE(store.has_value());
    const auto entries = (*store)->entries();
    const auto timeline = timeline_of(*entries);
    ASSERT_TRUE(timeline.has_value());
    local_->desk.tick(now_ + seconds(20));
    now_ += seconds(20);
    Slow expected = count_slowly(known_, entries->corrections, *timeline, read_until_, now_);
    keep_months(expected, local_->view());
    EXPECT_EQ(text_of(shown(local_->view())), text_of(expected)) << "at " << format_utc(now_);
    // Counters never go back.
    for (const auto& [key, by] : before_) {
      EXPECT_GE(shown(local_->view()).reactions[key], by) << key.first;
    }
    before_ = shown(local_->view()).reactions;
  }

  std::mt19937 random_;
  History history_;
  Folder folder_;
  Config config_ = office();
  std::unique_ptr<LocalDesk> local_;
  Seconds now_, read_until_{};
  std::size_t next_ = 0;
  std::vector<TicketEvent> known_, late_;
  std::map<std::pair<std::string, bool>, std::uint64_t> before_;
};

TEST(DeskFigures, AgreeWithASlowSecondCountOverRandomHistories) {
  const unsigned runs = std::getenv("SLA_FULL") ? 1'000 : 20;
  for (unsigned seed = 1; seed <= runs && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OfOneSeed run(seed);
    run.go();
    EXPECT_GT(run.counted(), 10u) << "a history without results proves nothing";
  }
}

}  // namespace
}  // namespace exporter::desk_test
