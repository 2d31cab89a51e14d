// What the sample store costs: bytes a sample in memory, every allocation counted, for series of
// several kinds; a tick of 10 to 100,000 series; a window of an hour, of three days, of thirty; a
// start from what was saved. Run: series_bench [--benchmark_filter=...].
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "rules/series/store.h"
#include "tests/bench/series_kinds.h"

namespace {

// Exact bytes held, and not the kernel's guess.
std::atomic<std::size_t> g_held{0};

void* counted_new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  g_held += ::malloc_usable_size(memory) + sizeof(std::size_t);
  return memory;
}

void counted_delete(void* memory) noexcept {
  if (memory != nullptr) g_held -= ::malloc_usable_size(memory) + sizeof(std::size_t);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return counted_new(size); }
void* operator new[](std::size_t size) { return counted_new(size); }
void operator delete(void* memory) noexcept { counted_delete(memory); }
void operator delete[](void* memory) noexcept { counted_delete(memory); }
void operator delete(void* memory, std::size_t) noexcept { counted_delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { counted_delete(memory); }

namespace {

using namespace rules;
using namespace rules::series;
using namespace rules::bench;

// Forty days of 20 series, labels, index and open ends included.
void BM_BytesPerSample(benchmark::State& state) {
  const Kind& kind = kKinds[state.range(0)];
  state.SetLabel(kind.name);
  constexpr std::int64_t kSeries = 20, kMinutes = 40 * 24 * 60;
  for (auto _ : state) {
    const std::size_t before = g_held;
    Store store;
    fill(store, kind, kSeries, kMinutes);
    state.counters["bytes_per_sample"] =
        static_cast<double>(g_held - before) / (kSeries * kMinutes);
  }
}

// Every series has a new value, and the tick is logged; afterwards it is one in ten.
void tick(benchmark::State& state, std::int64_t changed_of_ten) {
  const std::int64_t series = state.range(0);
  Store store({.log = true});
  std::vector<Labels> labels;
  for (std::int64_t i = 0; i < series; ++i) labels.push_back(series_number(i));
  std::int64_t minute = 0;
  std::size_t logged = 0;
  for (const Labels& one : labels) store.append(one, kStart, 0);
  store.commit(kStart);
  store.take_log();
  for (auto _ : state) {
    const std::int64_t at = kStart + ++minute * kMinute;
    for (std::int64_t i = 0; i < series; ++i) {
      if ((i + minute) % 10 >= changed_of_ten) continue;
      store.append(labels[static_cast<std::size_t>(i)], at, static_cast<double>(minute));
    }
    store.commit(at);
    logged = store.take_log().size();
    if (minute % 100 == 0) store.take_sealed();
  }
  state.counters["log_bytes"] = static_cast<double>(logged);
  state.SetItemsProcessed(state.iterations() * series);
}

void BM_Tick(benchmark::State& state) { tick(state, 10); }
void BM_TickWithATenthChanged(benchmark::State& state) { tick(state, 1); }

// What rate() over so many hours asks of 1,000 counters: select, and one summary of each.
void BM_Window(benchmark::State& state) {
  static Store& store = *[] {
    auto* made = new Store;
    fill(*made, kKinds[4], 1'000, 31 * 24 * 60);
    return made;
  }();
  const std::int64_t now = kStart + 31 * kDay - kMinute;
  const std::int64_t from = now - state.range(0) * 60 * kMinute;
  for (auto _ : state) {
    const auto snapshot = store.snapshot();
    double sum = 0;
    for (const auto& cursor :
         snapshot->select({{Matcher::Kind::equal, "__name__", "sla_slots_total"}}, from, now)) {
      const WindowSummary summary = cursor->summary(from, now);
      sum += summary.last.value - summary.first.value + summary.drops;
    }
    benchmark::DoNotOptimize(sum);
  }
}

// A start with 40 days of so many series on disk.
void BM_Restore(benchmark::State& state) {
  Store store({.log = true});
  fill(store, kKinds[4], state.range(0), 40 * 24 * 60);
  auto blocks = store.take_sealed();
  for (Block& block : store.checkpoint()) blocks.push_back(std::move(block));
  std::size_t bytes = 0;
  for (const Block& block : blocks) bytes += block.bytes.size();
  for (auto _ : state) {
    Store again;
    for (const Block& block : blocks) {
      if (!again.load(block.bytes).ok) std::abort();
    }
  }
  state.counters["bytes_on_disk_per_sample"] =
      static_cast<double>(bytes) / static_cast<double>(store.stats().stored);
}

// What an instant query asks: one series of 1,000 by its labels, and its newest sample.
void BM_LatestOfOne(benchmark::State& state) {
  Store store;
  fill(store, kKinds[2], state.range(0), 200);
  const std::int64_t now = kStart + 199 * kMinute;
  for (auto _ : state) {
    const auto snapshot = store.snapshot();
    Sample sample;
    const auto found = snapshot->select({{Matcher::Kind::equal, "__name__", "sla_slots_total"},
                                         {Matcher::Kind::equal, "sla_service", "service-1"},
                                         {Matcher::Kind::regex, "verdict", "good|bad"}},
                                        now - 5 * kMinute, now);
    for (const auto& cursor : found) cursor->latest(now - 5 * kMinute, now, sample);
    benchmark::DoNotOptimize(sample);
  }
}

BENCHMARK(BM_BytesPerSample)
    ->DenseRange(0, std::ssize(kKinds) - 1)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK(BM_Tick)->RangeMultiplier(10)->Range(10, 100'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_TickWithATenthChanged)
    ->RangeMultiplier(10)
    ->Range(10, 100'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Window)->Arg(1)->Arg(72)->Arg(720)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Restore)->Arg(100)->Arg(1'000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_LatestOfOne)->RangeMultiplier(10)->Range(10, 10'000)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
