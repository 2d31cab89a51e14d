// What a question of business time costs: elapsed() over a day, a year and ten years, without
// pauses, with two and with ten; due() likewise; and compiling a calendar. The figure to reach is a
// million elapsed() a second over ten years, and no growth with the span.
#include <benchmark/benchmark.h>

#include <random>

#include "exporter/ticket/opening_hours.h"
#include "exporter/ticket/window_text.h"

namespace {

using namespace exporter;

CalendarTerms berlin() {
  CalendarTerms terms;
  terms.name = "berlin";
  terms.timezone = "Europe/Berlin";
  const auto windows = parse_open_windows("mon-fri 08:00-12:00, 13:00-17:00").value();
  for (const auto& [weekday, window] : windows) terms.week[weekday].push_back(window);
  for (int year = 1970; year < 2100; ++year) {
    terms.holidays.emplace_back(std::chrono::year(year) / 1 / 1);
    terms.holidays.emplace_back(std::chrono::year(year) / 12 / 25);
  }
  return terms;
}

struct Question {
  Seconds from;
  std::vector<Span> pauses;
};

// Questions all over twenty years, so that no answer stays in the cache of the processor by luck.
std::vector<Question> questions(std::int64_t days, std::int64_t pauses) {
  std::mt19937_64 random(7);
  const Seconds begin = std::chrono::sys_days(std::chrono::year(2015) / 1 / 1);
  std::uniform_int_distribution<std::int64_t> start(0, 20 * 365 * std::int64_t{86'400});
  const std::chrono::seconds slice = std::chrono::days(days) / (pauses + 1);
  std::vector<Question> all(4096);
  for (Question& question : all) {
    question.from = begin + std::chrono::seconds(start(random));
    for (std::int64_t i = 1; i <= pauses; ++i) {
      const Seconds at = question.from + slice * i;
      question.pauses.push_back({at, at + slice / 3});
    }
  }
  return all;
}

void BM_Elapsed(benchmark::State& state) {
  const OpeningHours hours = OpeningHours::compile(berlin());
  const std::vector<Question> all = questions(state.range(0), state.range(1));
  std::size_t i = 0;
  for (auto _ : state) {
    const Question& question = all[i++ % all.size()];
    const Seconds to = question.from + std::chrono::days(state.range(0));
    benchmark::DoNotOptimize(hours.elapsed(question.from, to, question.pauses));
  }
  state.counters["per_second"] =
      benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_Elapsed)->ArgsProduct({{1, 365, 3652}, {0, 2, 10}});

void BM_Due(benchmark::State& state) {
  const OpeningHours hours = OpeningHours::compile(berlin());
  const std::vector<Question> all = questions(state.range(0), state.range(1));
  // About what is open in so many days.
  const std::chrono::seconds target = std::chrono::hours(5) * state.range(0);
  std::size_t i = 0;
  for (auto _ : state) {
    const Question& question = all[i++ % all.size()];
    benchmark::DoNotOptimize(hours.due(question.from, target, question.pauses));
  }
  state.counters["per_second"] =
      benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_Due)->ArgsProduct({{1, 365, 3652}, {0, 2, 10}});

void BM_Compile(benchmark::State& state) {
  const CalendarTerms terms = berlin();
  for (auto _ : state) benchmark::DoNotOptimize(OpeningHours::compile(terms));
}
BENCHMARK(BM_Compile);

}  // namespace

BENCHMARK_MAIN();
