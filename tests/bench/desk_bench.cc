// What the desk costs: the start over a year of tickets, a batch and a second among them, and a
// month's compliance counted from nothing. Random tickets of a seed, 7 events each on average.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <random>

#include "exporter/sla/zone.h"
#include "exporter/sources/desk.h"
#include "exporter/sources/signing.h"

namespace exporter {
namespace {

using Type = TicketEventType;

const Seconds kBegin = parse_instant("2026-01-01T00:00:00Z").value();
constexpr std::int64_t kYear = 365 * 86'400;

Config office() {
  Config config;
  config.agreements = {AgreementTerms{.timezone = "UTC+01:00"}};
  CalendarTerms europe;
  europe.name = "europe";
  europe.timezone = "Europe/Zurich";
  for (std::size_t day = 1; day <= 5; ++day) {
    europe.week[day] = {{std::chrono::hours(8), std::chrono::hours(17)}};
  }
  config.support.terms.calendars = {europe};
  for (const auto& [name, hours] : {std::pair("first", 4), std::pair("second", 8)}) {
    LevelTerms level;
    level.name = name;
    level.react_within = {ReactionTarget::Unit::business_seconds, hours * 3600};
    config.support.terms.levels.push_back(level);
  }
  config.support.terms.number_mail_within = std::chrono::minutes(10);
  config.support.sources = {TicketSource{.name = "rt"}};
  return config;
}

std::vector<TicketEvent> events_of(int ticket, std::mt19937& random) {
  constexpr Type kMiddle[] = {Type::reaction, Type::customer_replied,
                              Type::waiting,  Type::escalated,
                              Type::note,     Type::reaction};
  Seconds at = kBegin + std::chrono::seconds(random() % kYear);
  std::vector<TicketEvent> events;
  const auto add = [&](Type type, TicketActor actor) {
    TicketEvent event;
    event.source = "rt";
    event.ticket = std::to_string(1'000'000 + ticket);
    event.seq = static_cast<std::int64_t>(events.size()) + 1;
    event.at = at;
    event.type = type;
    event.actor = actor;
    if (type == Type::escalated) event.level = "second";
    if (type == Type::opened) event.calendar = "europe";
    events.push_back(std::move(event));
    at += std::chrono::seconds(random() % 20'000);
  };
  add(Type::opened, TicketActor::customer);
  add(Type::auto_reply, TicketActor::system);
  for (auto left = random() % 8; left > 0; --left) {
    const Type type = kMiddle[random() % std::size(kMiddle)];
    add(type, type == Type::customer_replied ? TicketActor::customer : TicketActor::agent);
  }
  // Some stay open.
  if (random() % 20 != 0) add(Type::closed, TicketActor::agent);
  return events;
}

// A folder with so many tickets of a year, made once for all benchmarks of that size.
const std::filesystem::path& folder_with(int tickets) {
  static std::map<int, std::filesystem::path> folders;
  auto& folder = folders[tickets];
  if (!folder.empty()) return folder;
  std::string name = (std::filesystem::temp_directory_path() / "desk-bench-XXXXXX").string();
  folder = mkdtemp(name.data());
  std::atexit([] {
    for (const auto& [size, path] : folders) std::filesystem::remove_all(path);
  });
  auto store = EventStore::open(folder, EventStore::Mode::create);
  SupportRecord terms = support_record(office());
  terms.from = kBegin;
  (void)(*store)->record_terms({terms});
  std::mt19937 random(1);
  SourceBatch batch;
  batch.read_until = kBegin + std::chrono::seconds(kYear);
  for (int ticket = 0; ticket < tickets; ++ticket) {
    for (TicketEvent& event : events_of(ticket, random)) batch.events.push_back(std::move(event));
    if (batch.events.size() < 10'000 && ticket + 1 < tickets) continue;
    (void)(*store)->commit("rt", batch, *batch.read_until);
    batch.events.clear();
  }
  return folder;
}

const Seconds kNow = kBegin + std::chrono::seconds(kYear);

void start_over_a_year(benchmark::State& state) {
  const auto& folder = folder_with(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    InlineExecutor executor;
    Desk desk(folder, executor);
    const auto said = desk.configure(office(), kNow);
    if (!said || desk.view()->tickets != static_cast<std::uint64_t>(state.range(0))) {
      state.SkipWithError("the tickets are not there");
    }
  }
}
BENCHMARK(start_over_a_year)
    ->RangeMultiplier(10)
    ->Range(100, 100'000)
    ->Unit(benchmark::kMillisecond);

// Every ticket's clocks judged anew and added up.
void compliance_from_nothing(benchmark::State& state) {
  auto store =
      EventStore::open(folder_with(static_cast<int>(state.range(0))), EventStore::Mode::read);
  const auto book = read_book(**store, kNow);
  for (auto _ : state) {
    std::uint64_t met = 0, all = 0;
    book->visit(std::chrono::year(2026) / 6,
                [&](const TicketName&, const ReactionClock&, const ClockFact& fact) {
                  met += *fact.met;
                  ++all;
                });
    benchmark::DoNotOptimize(met);
    if (all == 0) state.SkipWithError("no clock was decided in June");
  }
}
BENCHMARK(compliance_from_nothing)
    ->RangeMultiplier(10)
    ->Range(100, 100'000)
    ->Unit(benchmark::kMillisecond);

// What a second costs in which nothing but the oldest clock changes, and in which all is shown.
void show_everything(benchmark::State& state) {
  auto store =
      EventStore::open(folder_with(static_cast<int>(state.range(0))), EventStore::Mode::read);
  auto book = read_book(**store, kNow);
  Seconds now = kNow;
  for (auto _ : state) {
    now += std::chrono::seconds(1);
    book->advance(now);
    SupportView view;
    book->show(view, {"rt"});
    benchmark::DoNotOptimize(view.open_total);
  }
}
BENCHMARK(show_everything)->RangeMultiplier(10)->Range(100, 100'000)->Unit(benchmark::kMillisecond);

// A batch of ten new tickets, committed with a sync and shown.
void commit_a_batch(benchmark::State& state) {
  const std::filesystem::path copy = std::filesystem::temp_directory_path() / "desk-bench-copy";
  std::filesystem::remove_all(copy);
  std::filesystem::copy(folder_with(static_cast<int>(state.range(0))), copy);
  InlineExecutor executor;
  Desk desk(copy, executor);
  if (!desk.configure(office(), kNow)) state.SkipWithError("the desk does not open");
  std::mt19937 random(2);
  int ticket = 5'000'000;
  for (auto _ : state) {
    SourceBatch batch;
    for (int each = 0; each < 10; ++each) {
      for (TicketEvent& event : events_of(ticket++, random)) {
        batch.events.push_back(std::move(event));
      }
    }
    batch.read_until = kNow;
    if (!desk.commit("rt", batch, kNow)) state.SkipWithError("nothing was committed");
  }
  std::filesystem::remove_all(copy);
}
BENCHMARK(commit_a_batch)->RangeMultiplier(10)->Range(100, 100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace exporter

BENCHMARK_MAIN();
