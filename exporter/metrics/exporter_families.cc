// The program itself: what it is, how its ledger, loop, clock and web server fare. Most families
// are one atomic each, so they come from a table.
#include <fmt/format.h>

#include <array>
#include <limits>
#include <vector>

#include "exporter/metrics/families.h"
#include "exporter/version.h"

namespace exporter {
namespace {

template <class T>
void add_atomic(Families& out, const MetricName& name, const std::atomic<T>& value) {
  add_single(out, name, [&value](SeriesPool& pool) {
    pool.add(static_cast<double>(value.load(std::memory_order_relaxed)), {});
  });
}

// A moment that has not come yet is left out: 0 would be 1970.
void add_moment(Families& out, const MetricName& name, const std::atomic<std::int64_t>& seconds) {
  add_single(out, name, [&seconds](SeriesPool& pool) {
    const auto value = seconds.load(std::memory_order_relaxed);
    if (value != 0) pool.add(static_cast<double>(value), {});
  });
}

template <std::size_t N>
void add_histogram(Families& out, const MetricName& name, const AtomicHistogram<N>& histogram) {
  add_single(out, name, [&histogram](SeriesPool& pool) {
    std::array<prometheus::ClientMetric::Bucket, N + 1> buckets{};
    std::uint64_t count = 0;
    for (std::size_t i = 0; i <= N; ++i) {
      count += histogram.buckets[i].load(std::memory_order_relaxed);
      buckets[i].cumulative_count = count;
      buckets[i].upper_bound =
          i < N ? histogram.bounds[i] : std::numeric_limits<double>::infinity();
    }
    const auto sum = histogram.sum_nanoseconds.load(std::memory_order_relaxed);
    pool.add_histogram(buckets, static_cast<double>(sum) / 1e9);
  });
}

void add_identity(Families& out, const SnapshotPtr& snapshot) {
  add_single(out, metric("sla_exporter_build_info"), [](SeriesPool& pool) {
    pool.add(1, {{"version", SLA_VERSION}, {"compiler", __VERSION__}});
  });
  if (!snapshot || !snapshot->config) return;
  add_single(out, metric("sla_exporter_place_info"), [snapshot](SeriesPool& pool) {
    const Place& place = snapshot->config->place;
    pool.add(1, {{"place", place.name},
                 {"network", place.network},
                 {"source_address", place.source_address}});
  });
}

void add_storage(Families& out, const SnapshotPtr& snapshot, const ExporterStats& stats) {
  if (snapshot) {
    add_single(out, metric("sla_exporter_snapshot_timestamp_seconds"),
               [snapshot](SeriesPool& pool) {
                 pool.add(static_cast<double>(snapshot->at.time_since_epoch().count()), {});
               });
  }
  add_moment(out, metric("sla_exporter_last_commit_timestamp_seconds"), stats.last_commit_seconds);
  add_atomic(out, metric("sla_exporter_commits_total"), stats.commits_total);
  add_atomic(out, metric("sla_exporter_commit_failures_total"), stats.commit_failures_total);
  add_histogram(out, metric("sla_exporter_commit_duration_seconds"), stats.commit_duration);
  add_atomic(out, metric("sla_exporter_storage_full"), stats.storage_full);
}

void add_probing(Families& out, const ExporterStats& stats) {
  add_histogram(out, metric("sla_exporter_loop_lag_seconds"), stats.loop_lag);
  add_histogram(out, metric("sla_exporter_start_lateness_seconds"), stats.start_lateness);
  add_atomic(out, metric("sla_exporter_attempts_running"), stats.attempts_running);
  add_atomic(out, metric("sla_exporter_outcomes_dropped_total"), stats.outcomes_dropped_total);
  add_atomic(out, metric("sla_exporter_slots_skipped_total"), stats.slots_skipped_total);
  add_atomic(out, metric("sla_exporter_connected"), stats.connected);
  add_atomic(out, metric("sla_exporter_clock_synchronized"), stats.clock_synchronized);
  add_atomic(out, metric("sla_exporter_clock_steps_total"), stats.clock_steps_total);
}

void add_rules(Families& out, const RuleStats& stats) {
  add_atomic(out, metric("sla_exporter_rule_groups"), stats.groups);
  add_atomic(out, metric("sla_exporter_rules"), stats.rules);
  add_single(out, metric("sla_exporter_alerts"), [&stats](SeriesPool& pool) {
    pool.add(static_cast<double>(stats.alerts_pending.load()), {{"state", "pending"}});
    pool.add(static_cast<double>(stats.alerts_firing.load()), {{"state", "firing"}});
  });
  add_atomic(out, metric("sla_exporter_rule_iterations_total"), stats.iterations_total);
  add_atomic(out, metric("sla_exporter_rule_iterations_missed_total"),
             stats.iterations_missed_total);
  add_atomic(out, metric("sla_exporter_rule_evaluations_total"), stats.evaluations_total);
  add_atomic(out, metric("sla_exporter_rule_evaluation_failures_total"),
             stats.evaluation_failures_total);
  add_histogram(out, metric("sla_exporter_rule_group_duration_seconds"), stats.evaluation_duration);
  add_moment(out, metric("sla_exporter_rule_last_evaluation_timestamp_seconds"),
             stats.last_evaluation_seconds);
  add_atomic(out, metric("sla_exporter_series"), stats.series);
  add_atomic(out, metric("sla_exporter_samples_bytes"), stats.sample_bytes);
  add_atomic(out, metric("sla_exporter_samples_total"), stats.samples_total);
  add_atomic(out, metric("sla_exporter_samples_refused_total"), stats.samples_refused_total);
  add_atomic(out, metric("sla_exporter_samples_save_failures_total"), stats.save_failures_total);
}

void add_delivery(Families& out, const DeliveryStats& stats) {
  if (stats.alertmanagers > 0) {
    add_atomic(out, metric("sla_exporter_alertmanagers"), stats.alertmanagers);
    add_atomic(out, metric("sla_exporter_alertmanagers_up"), stats.alertmanagers_up);
    add_atomic(out, metric("sla_exporter_alerts_waiting"), stats.waiting);
    add_atomic(out, metric("sla_exporter_alerts_sent_total"), stats.sent_total);
    add_atomic(out, metric("sla_exporter_alerts_dropped_total"), stats.dropped_total);
    add_atomic(out, metric("sla_exporter_alert_requests_total"), stats.requests_total);
    add_atomic(out, metric("sla_exporter_alert_request_errors_total"), stats.request_errors_total);
  }
  if (stats.mail_configured) {
    add_atomic(out, metric("sla_exporter_alert_mail_active"), stats.mail_active);
    add_atomic(out, metric("sla_exporter_alert_mails_total"), stats.mails_total);
    add_atomic(out, metric("sla_exporter_alert_mail_failures_total"), stats.mail_failures_total);
  }
  if (stats.heartbeat_configured) {
    add_atomic(out, metric("sla_exporter_heartbeats_total"), stats.heartbeats_total);
    add_atomic(out, metric("sla_exporter_heartbeat_failures_total"),
               stats.heartbeat_failures_total);
  }
}

void add_web(Families& out, const WebStats& web) {
  add_single(out, metric("sla_exporter_http_requests_total"), [&web](SeriesPool& pool) {
    // 1xx is never an answer of ours.
    constexpr std::array<std::string_view, 6> kClasses = {"", "", "2xx", "3xx", "4xx", "5xx"};
    for (std::size_t i = 2; i < kClasses.size(); ++i) {
      pool.add(static_cast<double>(web.requests_by_class[i].load(std::memory_order_relaxed)),
               {{"result", kClasses[i]}});
    }
  });
  add_atomic(out, metric("sla_exporter_http_connections_total"), web.connections_total);
  add_atomic(out, metric("sla_exporter_http_connections_refused_total"),
             web.connections_refused_total);
  add_atomic(out, metric("sla_exporter_http_header_timeouts_total"), web.header_timeouts_total);
  add_atomic(out, metric("sla_exporter_http_open_connections"), web.connections);
  add_moment(out, metric("sla_exporter_http_certificate_expiry_timestamp_seconds"),
             web.certificate_expires_seconds);
}

}  // namespace

void add_exporter_families(Families& out, const SnapshotPtr& snapshot, const ExporterStats& stats,
                           const WebStats* web) {
  add_identity(out, snapshot);
  add_atomic(out, metric("sla_exporter_config_last_reload_successful"), stats.reload_successful);
  add_moment(out, metric("sla_exporter_config_last_reload_success_timestamp_seconds"),
             stats.reload_success_seconds);
  add_storage(out, snapshot, stats);
  add_probing(out, stats);
  add_rules(out, stats.rules);
  add_delivery(out, stats.delivery);
  if (web != nullptr) add_web(out, *web);
}

void add_scrape_family(Families& out, std::chrono::steady_clock::time_point begun) {
  add_single(out, metric("sla_exporter_scrape_duration_seconds"), [begun](SeriesPool& pool) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    pool.add(taken.count(), {});
  });
}

}  // namespace exporter
