// What tickets cost: folding their events into clocks, reading the clocks, and reading events from
// JSON lines. Eight events a ticket, spread over the hours of a year. The fold must stay linear:
// the table runs from ten tickets to a hundred thousand. Run: ticket_replay_bench.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "exporter/sla/zone.h"
#include "exporter/ticket/event_json.h"
#include "exporter/ticket/ticket.h"

namespace exporter::bench {
namespace {

constexpr std::size_t kEventsOfTicket = 8;
constexpr Seconds kStart{std::chrono::seconds(1'767'225'600)};  // 2026-01-01

std::shared_ptr<const SupportRules> some_rules() {
  SupportTerms terms;
  for (const auto& [name, timezone] :
       {std::pair("europe", "Europe/Berlin"), std::pair("america", "America/Chicago")}) {
    CalendarTerms calendar;
    calendar.name = name;
    calendar.timezone = timezone;
    for (std::size_t day = 1; day <= 5; ++day) {
      calendar.week[day] = {{std::chrono::hours(8), std::chrono::hours(17)}};
    }
    terms.calendars.push_back(std::move(calendar));
  }
  for (const auto& [name, hours] : {std::pair("first", 4), std::pair("second", 8)}) {
    LevelTerms level;
    level.name = name;
    level.react_within.amount = hours * 3'600;
    terms.levels.push_back(std::move(level));
  }
  return SupportRules::compile(std::move(terms)).value();
}

// Opened, number mailed, handed over, waiting, answered by the customer, answered, asked again,
// closed.
std::vector<TicketEvent> events_of(std::size_t ticket) {
  using Type = TicketEventType;
  constexpr std::pair<Type, int> steps[kEventsOfTicket] = {{Type::opened, 0},
                                                           {Type::auto_reply, 5},
                                                           {Type::escalated, 5'400},
                                                           {Type::waiting, 600},
                                                           {Type::customer_replied, 9'000},
                                                           {Type::reaction, 20'000},
                                                           {Type::customer_replied, 90'000},
                                                           {Type::closed, 7'000}};
  Seconds at =
      kStart + std::chrono::seconds(static_cast<std::int64_t>(ticket) * 7'919 % 31'000'000);
  std::vector<TicketEvent> events;
  for (const auto& [type, after] : steps) {
    TicketEvent event;
    event.source = "helpdesk";
    event.ticket = std::to_string(100'000 + ticket);
    event.seq = static_cast<std::int64_t>(events.size());
    event.at = at += std::chrono::seconds(after);
    event.type = type;
    const bool customer = type == Type::opened || type == Type::customer_replied;
    event.actor = customer ? TicketActor::customer : TicketActor::agent;
    if (type == Type::opened) event.calendar = ticket % 2 == 0 ? "europe" : "america";
    if (type == Type::escalated) event.level = "second";
    events.push_back(std::move(event));
  }
  return events;
}

std::vector<std::vector<TicketEvent>> tickets_of(benchmark::State& state) {
  std::vector<std::vector<TicketEvent>> tickets;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    tickets.push_back(events_of(static_cast<std::size_t>(i)));
  }
  return tickets;
}

void FoldAndReadClocks(benchmark::State& state) {
  const auto rules = some_rules();
  const auto tickets = tickets_of(state);
  const Seconds now = kStart + std::chrono::hours(24 * 370);
  for (auto _ : state) {
    for (const std::vector<TicketEvent>& events : tickets) {
      const Ticket ticket = replay(events, {}, *rules);
      for (const ReactionClock& clock : ticket.clocks()) {
        benchmark::DoNotOptimize(read_clock(clock, *rules, now));
      }
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(FoldAndReadClocks)
    ->RangeMultiplier(10)
    ->Range(10, 100'000)
    ->Unit(benchmark::kMillisecond);

void ReadJsonLines(benchmark::State& state) {
  std::vector<std::string> lines;
  for (const std::vector<TicketEvent>& events : tickets_of(state)) {
    for (const TicketEvent& event : events) lines.push_back(event_json(event));
  }
  for (auto _ : state) {
    for (const std::string& line : lines) benchmark::DoNotOptimize(parse_event_json(line));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(lines.size()));
}
BENCHMARK(ReadJsonLines)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace exporter::bench

BENCHMARK_MAIN();
