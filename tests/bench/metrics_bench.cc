// A page of metrics by us and by prometheus-cpp's stock Registry and TextSerializer, side by side:
// time, and peak memory in units of the body. Without gzip. The figure to reach is for 100,000
// series: five times as fast as stock, and at most twice the body.
//
// Ours renders a snapshot of services, as /metrics does; stock holds gauges of the same names and
// labels. `series` counts sample lines, which are the same number for both to within a service.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "exporter/metrics/family.h"
#include "exporter/metrics/page.h"
#include "tests/fakes/sample_snapshot.h"

namespace {

// Every allocation of this program is counted, so that peaks are exact and not the kernel's guess.
std::atomic<std::size_t> g_now{0}, g_peak{0};

void* counted_new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  const std::size_t now = g_now += ::malloc_usable_size(memory);
  std::size_t peak = g_peak;
  while (now > peak && !g_peak.compare_exchange_weak(peak, now)) continue;
  return memory;
}

void counted_delete(void* memory) noexcept {
  if (memory != nullptr) g_now -= ::malloc_usable_size(memory);
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

using namespace exporter;

std::size_t count_lines(const std::string& page) {
  std::size_t lines = 0;
  for (std::size_t at = 0; at < page.size(); at = page.find('\n', at) + 1) {
    lines += page[at] == '#' ? 0 : 1;
  }
  return lines;
}

std::string our_page(const std::shared_ptr<const Snapshot>& snapshot, std::size_t expected = 0) {
  static const ExporterStats stats;
  return render_metrics(make_collectables(snapshot, stats, nullptr), MetricsFormat::text_0_0_4,
                        expected);
}

// So many services that the page has about this many series; at least one.
std::shared_ptr<const Snapshot> snapshot_of(std::size_t series) {
  const std::size_t own = count_lines(our_page(fakes::sample_snapshot(0)));
  const std::size_t each = count_lines(our_page(fakes::sample_snapshot(1))) - own;
  const std::size_t wanted = series > own ? (series - own) / each : 0;
  return fakes::sample_snapshot(std::max<std::size_t>(wanted, 1));
}

// The same series in stock gauges, taken from our own families.
std::shared_ptr<prometheus::Registry> stock_registry(
    const std::shared_ptr<const Snapshot>& snapshot) {
  static const ExporterStats stats;
  auto registry = std::make_shared<prometheus::Registry>();
  for (const auto& collectable : make_collectables(snapshot, stats, nullptr)) {
    for (const auto& family : collectable->Collect()) {
      if (family.type == prometheus::MetricType::Histogram) continue;
      auto& gauges =
          prometheus::BuildGauge().Name(family.name).Help(family.help).Register(*registry);
      for (const auto& metric : family.metric) {
        prometheus::Labels labels;
        for (const auto& label : metric.label) labels[label.name] = label.value;
        gauges.Add(labels).Set(metric.gauge.value + metric.counter.value);
      }
    }
  }
  return registry;
}

template <class Render>
void measure(benchmark::State& state, Render render) {
  std::size_t body = 0, lines = 0;
  double peak = 0;
  for (auto _ : state) {
    const std::size_t before = g_now;
    g_peak = before;
    std::string page = render();
    peak = static_cast<double>(g_peak - before);
    state.PauseTiming();
    body = page.size();
    lines = count_lines(page);
    page = {};
    state.ResumeTiming();
  }
  state.counters["series"] = static_cast<double>(lines);
  state.counters["body_bytes"] = static_cast<double>(body);
  state.counters["peak_per_body"] = peak / static_cast<double>(body);
}

// The first page after a start; the route knows the length of the page before from then on.
void BM_FirstPage(benchmark::State& state) {
  const auto snapshot = snapshot_of(static_cast<std::size_t>(state.range(0)));
  measure(state, [&] { return our_page(snapshot); });
}

void BM_Ours(benchmark::State& state) {
  const auto snapshot = snapshot_of(static_cast<std::size_t>(state.range(0)));
  std::size_t expected = our_page(snapshot).size();
  measure(state, [&] {
    std::string page = our_page(snapshot, expected);
    expected = page.size();
    return page;
  });
}

void BM_Stock(benchmark::State& state) {
  const auto snapshot = snapshot_of(static_cast<std::size_t>(state.range(0)));
  const auto registry = stock_registry(snapshot);
  const prometheus::TextSerializer serializer;
  measure(state, [&] { return serializer.Serialize(registry->Collect()); });
}

BENCHMARK(BM_FirstPage)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Ours)->RangeMultiplier(10)->Range(10, 100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Stock)->RangeMultiplier(10)->Range(10, 100'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
