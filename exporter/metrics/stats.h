// What the program knows about itself, written by whichever thread does the work and read by a
// scrape: plain atomics, no locks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace exporter {

// A histogram with fixed bounds, in seconds: loop lag, commit time, start lateness.
template <std::size_t N>
struct AtomicHistogram {
  std::array<double, N> bounds;
  std::array<std::atomic<std::uint64_t>, N + 1> buckets{};
  std::atomic<std::uint64_t> sum_nanoseconds{0};
  void observe(std::uint64_t nanoseconds) {
    std::size_t i = 0;
    while (i<N&& static_cast<double>(nanoseconds)> bounds[i] * 1e9) ++i;
    buckets[i].fetch_add(1, std::memory_order_relaxed);
    sum_nanoseconds.fetch_add(nanoseconds, std::memory_order_relaxed);
  }
};

// Rules at work and the samples they read.
struct RuleStats {
  std::atomic<std::int64_t> groups{0}, rules{0}, alerts_pending{0}, alerts_firing{0};
  std::atomic<std::uint64_t> iterations_total{0}, iterations_missed_total{0};
  std::atomic<std::uint64_t> evaluations_total{0}, evaluation_failures_total{0};
  std::atomic<std::int64_t> last_evaluation_seconds{0};  // unix time
  AtomicHistogram<8> evaluation_duration{.bounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5}};
  std::atomic<std::int64_t> series{0}, sample_bytes{0};
  std::atomic<std::uint64_t> samples_total{0}, samples_refused_total{0}, save_failures_total{0};
};

// The way of alerts out of the house.
struct DeliveryStats {
  std::atomic<std::int64_t> alertmanagers{0}, alertmanagers_up{0}, waiting{0};
  std::atomic<std::uint64_t> sent_total{0}, dropped_total{0};
  std::atomic<std::uint64_t> requests_total{0}, request_errors_total{0};
  std::atomic<bool> mail_configured{false}, mail_active{false};
  std::atomic<std::uint64_t> mails_total{0}, mail_failures_total{0};
  std::atomic<bool> heartbeat_configured{false};
  std::atomic<std::uint64_t> heartbeats_total{0}, heartbeat_failures_total{0};
};

struct ExporterStats {
  std::atomic<std::int64_t> last_commit_seconds{0};  // unix time
  std::atomic<std::uint64_t> commits_total{0}, commit_failures_total{0};
  std::atomic<bool> storage_full{false};
  std::atomic<bool> clock_synchronized{false};
  std::atomic<std::uint64_t> clock_steps_total{0};
  std::atomic<bool> reload_successful{true};
  std::atomic<std::int64_t> reload_success_seconds{0};   // unix time
  std::atomic<std::uint64_t> outcomes_dropped_total{0};  // bounded queue was full
  std::atomic<std::int64_t> attempts_running{0};
  std::atomic<std::uint64_t> slots_skipped_total{0};  // a check that could not start in its slot
  std::atomic<bool> connected{true};                  // the canaries' last answer
  AtomicHistogram<8> loop_lag{.bounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5}};
  AtomicHistogram<8> start_lateness{.bounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5}};
  AtomicHistogram<8> commit_duration{.bounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5}};
  RuleStats rules;
  DeliveryStats delivery;
};

}  // namespace exporter
