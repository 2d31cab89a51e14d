// Every metric family there is: its name, kind, unit, labels and one sentence of help. Nothing is
// written to /metrics under another name except what this table holds; docs/metrics.md describes
// the same list and a test compares the two.
//
// Conventions: base units end the name, counters and only counters end in
// _total, info metrics end in _info and are always 1. Constant data.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace exporter {

enum class MetricKind { gauge, counter, histogram, info };

struct MetricName {
  std::string_view name;  // as in the text format, with _total or _info
  MetricKind kind;
  std::string_view unit;    // OpenMetrics' UNIT; empty when the number has none
  std::string_view labels;  // separated by commas; "+": more, named by the user or the target
  std::string_view help;
};

// Labels that series may have. What an info metric merely describes (a time zone, a version) is in
// its own row below.
inline constexpr std::array<std::string_view, 21> kAllowedLabels = {
    "sla_service", "sla_agreement", "check",  "level",   "calendar", "kind",   "result",
    "state",       "from",          "to",     "verdict", "outcome",  "reason", "cause",
    "month",       "domain",        "source", "event",   "item",     "phase",  "le"};

// In the order of the page.
inline constexpr auto kMetricNames = std::to_array<MetricName>({
    {"sla_service_info", MetricKind::info, "", "sla_service,runbook_url,+",
     "Labels the configuration gives a service (its owners, its runbook), to be joined to alerts."},
    {"sla_service_dependency_info", MetricKind::info, "", "sla_service,to",
     "The service depends on the service named in the label to."},
    {"sla_agreement_info", MetricKind::info, "",
     "sla_agreement,provider,timezone,period,unknown_slots,exclude_maintenance,notice,close_after,"
     "terms_from,terms_hash,tzdata_version",
     "The terms and readings of an agreement that are in force."},
    {"sla_service_state", MetricKind::gauge, "", "sla_agreement,sla_service,state",
     "Verdict of the last slot that ended: one of the four states is 1, the others are 0."},
    {"sla_service_up", MetricKind::gauge, "", "sla_service",
     "1 when the last confirmed outcomes of its checks make the service good, 0 when bad; outcomes "
     "that decide nothing leave it as it was."},
    {"sla_maintenance_active", MetricKind::gauge, "", "sla_agreement,sla_service",
     "1 while the slot under way is excluded by a maintenance window."},
    {"sla_slots_total", MetricKind::counter, "", "sla_agreement,sla_service,verdict",
     "Slots judged, each counted once, as first committed to the ledger."},
    {"sla_slots_rescued_total", MetricKind::counter, "", "sla_service",
     "Slots that are good only because a failure was not confirmed by the second attempt."},
    {"sla_unknown_slots_total", MetricKind::counter, "", "sla_agreement,sla_service,cause",
     "Slots whose verdict is unknown, by what kept us from observing them."},
    {"sla_objective_ratio", MetricKind::gauge, "ratio", "sla_agreement,sla_service",
     "Share of the eligible slots of a month that must be good."},
    {"sla_slot_seconds", MetricKind::gauge, "seconds", "sla_agreement,sla_service",
     "Length of a slot, the unit of account."},
    {"sla_month_slots", MetricKind::gauge, "", "sla_agreement,sla_service,month,verdict",
     "Slots of the month that have ended, by effective verdict, corrections included."},
    {"sla_month_expected_slots", MetricKind::gauge, "", "sla_agreement,sla_service,month",
     "Slots of the month for which the service is accounted."},
    {"sla_month_pending_slots", MetricKind::gauge, "", "sla_agreement,sla_service,month",
     "Expected slots of the month that have not been judged yet."},
    {"sla_month_availability_ratio", MetricKind::gauge, "ratio", "sla_agreement,sla_service,month",
     "Good slots of all good and bad ones of the month; absent while there are none."},
    {"sla_month_availability_low_ratio", MetricKind::gauge, "ratio",
     "sla_agreement,sla_service,month",
     "Availability of the month if every unknown slot had been bad."},
    {"sla_month_availability_high_ratio", MetricKind::gauge, "ratio",
     "sla_agreement,sla_service,month",
     "Availability of the month if every unknown slot had been good."},
    {"sla_month_state", MetricKind::gauge, "", "sla_agreement,sla_service,month,state",
     "Whether the promise of the month is kept: one of the four states is 1, the others are 0."},
    {"sla_month_closed", MetricKind::gauge, "", "sla_agreement,sla_service,month",
     "1 when the month is over and its time for corrections too: later ones are revisions."},
    {"sla_error_budget_slots", MetricKind::gauge, "", "sla_agreement,sla_service",
     "Slots that may be bad in the current month."},
    {"sla_error_budget_remaining_slots", MetricKind::gauge, "", "sla_agreement,sla_service",
     "Slots that may still be bad in the current month; negative when overspent."},
    {"sla_error_budget_remaining_seconds", MetricKind::gauge, "seconds",
     "sla_agreement,sla_service",
     "Remaining error budget of the current month as time; negative when overspent."},
    {"sla_error_budget_remaining_ratio", MetricKind::gauge, "ratio", "sla_agreement,sla_service",
     "Remaining share of the error budget of the current month; absent when no slot may be bad."},
    {"sla_error_budget_exhaustion_timestamp_seconds", MetricKind::gauge, "seconds",
     "sla_agreement,sla_service",
     "When the budget will be used up at the rate of the last days; absent if that is not in "
     "sight."},
    {"probe_success", MetricKind::gauge, "", "sla_service,check",
     "1 when the last confirmed attempt of the check was up or degraded, 0 when it was down."},
    {"probe_duration_seconds", MetricKind::gauge, "seconds", "sla_service,check",
     "How long the last confirmed attempt took from its start to its end."},
    {"probe_dns_lookup_time_seconds", MetricKind::gauge, "seconds", "sla_service,check",
     "Time spent on finding the address of the target's name."},
    {"probe_ip_protocol", MetricKind::gauge, "", "sla_service,check",
     "Family of the address that was talked to: 4 or 6."},
    {"probe_ip_addr_hash", MetricKind::gauge, "", "sla_service,check",
     "Hash of the address that was talked to; it changes when the address does."},
    {"probe_http_duration_seconds", MetricKind::gauge, "seconds", "sla_service,check,phase",
     "Time of each phase of the HTTP exchange, summed over redirects."},
    {"probe_http_status_code", MetricKind::gauge, "", "sla_service,check",
     "Status code of the last HTTP response; 0 when there was none."},
    {"probe_http_content_length", MetricKind::gauge, "", "sla_service,check",
     "Length in bytes that the HTTP response announced; -1 when it announced none."},
    {"probe_http_uncompressed_body_length", MetricKind::gauge, "", "sla_service,check",
     "Length in bytes of the HTTP body after decompression."},
    {"probe_http_redirects", MetricKind::gauge, "", "sla_service,check",
     "Redirects that were met, followed or not."},
    {"probe_http_ssl", MetricKind::gauge, "", "sla_service,check",
     "1 when the last HTTP response came over TLS."},
    {"probe_http_version", MetricKind::gauge, "", "sla_service,check",
     "Version of HTTP the target answered with, such as 1.1 or 2."},
    {"probe_http_last_modified_timestamp_seconds", MetricKind::gauge, "seconds",
     "sla_service,check", "Moment named in the response's Last-Modified header."},
    {"probe_failed_due_to_regex", MetricKind::gauge, "", "sla_service,check",
     "1 when the attempt failed because a regular expression of the module did not agree."},
    {"probe_failed_due_to_bytes", MetricKind::gauge, "", "sla_service,check",
     "1 when the attempt failed because the bytes expected by the module did not come."},
    {"probe_ssl_earliest_cert_expiry", MetricKind::gauge, "", "sla_service,check",
     "Unix time at which the first certificate of the chain that was sent expires."},
    {"probe_ssl_last_chain_expiry_timestamp_seconds", MetricKind::gauge, "seconds",
     "sla_service,check", "When the last verified chain to expire becomes invalid."},
    {"probe_ssl_last_chain_info", MetricKind::info, "",
     "sla_service,check,fingerprint_sha256,subject,issuer,subjectalternative,serialnumber",
     "The leaf certificate of the connection."},
    {"probe_tls_version_info", MetricKind::info, "", "sla_service,check,version",
     "The TLS version that was negotiated."},
    {"probe_tls_cipher_info", MetricKind::info, "", "sla_service,check,cipher",
     "The TLS cipher suite that was negotiated."},
    {"probe_expect_info", MetricKind::info, "", "sla_service,check,+",
     "Labels that the module took from what the target said."},
    {"probe_dns_duration_seconds", MetricKind::gauge, "seconds", "sla_service,check,phase",
     "Time of each phase of the DNS query."},
    {"probe_dns_answer_rrs", MetricKind::gauge, "", "sla_service,check",
     "Records in the answer section of the DNS response."},
    {"probe_dns_authority_rrs", MetricKind::gauge, "", "sla_service,check",
     "Records in the authority section of the DNS response."},
    {"probe_dns_additional_rrs", MetricKind::gauge, "", "sla_service,check",
     "Records in the additional section of the DNS response."},
    {"probe_dns_query_succeeded", MetricKind::gauge, "", "sla_service,check",
     "1 when a DNS response came, whatever it said."},
    {"probe_dns_serial", MetricKind::gauge, "", "sla_service,check",
     "Serial number of the zone, from its SOA record."},
    {"sla_check_runs_total", MetricKind::counter, "", "sla_service,check,outcome",
     "Attempts of a check by outcome, confirmations included."},
    {"sla_check_failures_total", MetricKind::counter, "", "sla_service,check,reason",
     "Attempts of a check that were not up, by reason."},
    {"sla_check_failing_info", MetricKind::info, "", "sla_service,check,reason",
     "The last confirmed attempt of the check was down, for this reason; absent while it is not."},
    {"sla_check_last_run_timestamp_seconds", MetricKind::gauge, "seconds", "sla_service,check",
     "When the last attempt of the check began."},
    {"sla_check_interval_seconds", MetricKind::gauge, "seconds", "sla_service,check",
     "How long from one run of the check to the next."},
    {"sla_exporter_build_info", MetricKind::info, "", "version,compiler",
     "The program that runs here."},
    {"sla_exporter_place_info", MetricKind::info, "", "place,network,source_address",
     "Where this exporter stands: all figures are as seen from here."},
    {"sla_exporter_config_last_reload_successful", MetricKind::gauge, "", "",
     "1 when the configuration file was taken the last time it was read."},
    {"sla_exporter_config_last_reload_success_timestamp_seconds", MetricKind::gauge, "seconds", "",
     "When the configuration in force was taken."},
    {"sla_exporter_snapshot_timestamp_seconds", MetricKind::gauge, "seconds", "",
     "Commit that the figures on this page follow."},
    {"sla_exporter_last_commit_timestamp_seconds", MetricKind::gauge, "seconds", "",
     "When the ledger was last committed."},
    {"sla_exporter_commits_total", MetricKind::counter, "", "",
     "Commits to the ledger since the start."},
    {"sla_exporter_commit_failures_total", MetricKind::counter, "", "",
     "Commits to the ledger that failed since the start; what was to be committed is kept and "
     "tried again."},
    {"sla_exporter_commit_duration_seconds", MetricKind::histogram, "seconds", "le",
     "How long commits to the ledger took."},
    {"sla_exporter_storage_full", MetricKind::gauge, "", "",
     "1 while the ledger cannot be written because its disk is full."},
    {"sla_exporter_loop_lag_seconds", MetricKind::histogram, "seconds", "le",
     "How late the probing loop came to what was due."},
    {"sla_exporter_start_lateness_seconds", MetricKind::histogram, "seconds", "le",
     "How long after its moment an attempt began."},
    {"sla_exporter_attempts_running", MetricKind::gauge, "", "", "Attempts under way."},
    {"sla_exporter_outcomes_dropped_total", MetricKind::counter, "", "",
     "Outcomes lost because the queue to the ledger was full."},
    {"sla_exporter_slots_skipped_total", MetricKind::counter, "", "",
     "Runs of a check that could not start within their slot."},
    {"sla_exporter_connected", MetricKind::gauge, "", "",
     "1 when the connectivity canaries answered; while it is 0 failures of the path are charged to "
     "nobody."},
    {"sla_exporter_clock_synchronized", MetricKind::gauge, "", "",
     "1 when the kernel says that the clock is synchronized."},
    {"sla_exporter_clock_steps_total", MetricKind::counter, "", "",
     "Steps of the wall clock that were noticed."},
    {"sla_exporter_rule_groups", MetricKind::gauge, "", "", "Rule groups that are evaluated here."},
    {"sla_exporter_rules", MetricKind::gauge, "", "", "Rules that are evaluated here."},
    {"sla_exporter_alerts", MetricKind::gauge, "", "state",
     "Alerts of the rules evaluated here that are pending or firing."},
    {"sla_exporter_rule_iterations_total", MetricKind::counter, "", "",
     "Evaluations of whole rule groups."},
    {"sla_exporter_rule_iterations_missed_total", MetricKind::counter, "", "",
     "Evaluations of rule groups that were left out because the one before took too long."},
    {"sla_exporter_rule_evaluations_total", MetricKind::counter, "", "", "Evaluations of rules."},
    {"sla_exporter_rule_evaluation_failures_total", MetricKind::counter, "", "",
     "Evaluations of rules that failed; the alerts of such a rule stay as they were."},
    {"sla_exporter_rule_group_duration_seconds", MetricKind::histogram, "seconds", "le",
     "How long evaluations of rule groups took."},
    {"sla_exporter_rule_last_evaluation_timestamp_seconds", MetricKind::gauge, "seconds", "",
     "When a rule group was last evaluated; absent before the first time."},
    {"sla_exporter_series", MetricKind::gauge, "", "", "Series in the store of samples."},
    {"sla_exporter_samples_bytes", MetricKind::gauge, "bytes", "",
     "Memory that the store of samples takes, roughly."},
    {"sla_exporter_samples_total", MetricKind::counter, "", "", "Samples that were stored."},
    {"sla_exporter_samples_refused_total", MetricKind::counter, "", "",
     "Samples that were not stored because they were older than others of their series or too "
     "many."},
    {"sla_exporter_samples_save_failures_total", MetricKind::counter, "", "",
     "Ticks whose samples and alert states could not be saved; they are saved with the next one "
     "that can be."},
    {"sla_exporter_alertmanagers", MetricKind::gauge, "", "",
     "Alertmanagers that hear of alerts; absent, as what follows on them, when there are none."},
    {"sla_exporter_alertmanagers_up", MetricKind::gauge, "", "",
     "Alertmanagers that took what they were sent last."},
    {"sla_exporter_alerts_waiting", MetricKind::gauge, "", "",
     "Alerts that wait to be sent, summed over Alertmanagers."},
    {"sla_exporter_alerts_sent_total", MetricKind::counter, "", "",
     "Alerts taken by an Alertmanager, summed over them; firing ones are sent again and again."},
    {"sla_exporter_alerts_dropped_total", MetricKind::counter, "", "",
     "Alerts that an Alertmanager refused, or for which the queue had no room."},
    {"sla_exporter_alert_requests_total", MetricKind::counter, "", "",
     "Requests to Alertmanagers."},
    {"sla_exporter_alert_request_errors_total", MetricKind::counter, "", "",
     "Requests to Alertmanagers that failed; those that may be are sent again."},
    {"sla_exporter_alert_mail_active", MetricKind::gauge, "", "",
     "1 while alerts go out by mail, because no Alertmanager answers or none is configured."},
    {"sla_exporter_alert_mails_total", MetricKind::counter, "", "", "Mails about alerts."},
    {"sla_exporter_alert_mail_failures_total", MetricKind::counter, "", "",
     "Mails about alerts that could not be handed over; they are tried again."},
    {"sla_exporter_heartbeats_total", MetricKind::counter, "", "",
     "Heartbeats that the watcher outside took."},
    {"sla_exporter_heartbeat_failures_total", MetricKind::counter, "", "",
     "Heartbeats that the watcher outside did not take."},
    {"sla_exporter_http_requests_total", MetricKind::counter, "", "result",
     "Answers of the web server by class of their status."},
    {"sla_exporter_http_connections_total", MetricKind::counter, "", "",
     "Connections the web server accepted."},
    {"sla_exporter_http_connections_refused_total", MetricKind::counter, "", "",
     "Connections the web server ended because there were too many."},
    {"sla_exporter_http_header_timeouts_total", MetricKind::counter, "", "",
     "Connections the web server ended because their request did not come in time."},
    {"sla_exporter_http_open_connections", MetricKind::gauge, "", "",
     "Connections to the web server that are open."},
    {"sla_exporter_http_certificate_expiry_timestamp_seconds", MetricKind::gauge, "seconds", "",
     "When the certificate of the web server expires; absent without TLS."},
    {"process_cpu_seconds_total", MetricKind::counter, "seconds", "",
     "Processor time this process has used."},
    {"process_open_fds", MetricKind::gauge, "", "", "Open file descriptors of this process."},
    {"process_max_fds", MetricKind::gauge, "", "", "File descriptors this process may open."},
    {"process_resident_memory_bytes", MetricKind::gauge, "bytes", "",
     "Memory this process holds in RAM."},
    {"process_virtual_memory_bytes", MetricKind::gauge, "bytes", "",
     "Address space of this process."},
    {"process_virtual_memory_max_bytes", MetricKind::gauge, "bytes", "",
     "Address space this process may use."},
    {"process_start_time_seconds", MetricKind::gauge, "seconds", "",
     "When this process started, as Unix time."},
    {"process_threads", MetricKind::gauge, "", "", "Threads of this process."},
    {"sla_exporter_scrape_duration_seconds", MetricKind::gauge, "seconds", "",
     "How long this page took to be made, up to this line."},
});

// What begins with these is not about the agreement, and is remembered for a shorter time.
inline constexpr std::array<std::string_view, 3> kShortLivedPrefixes = {"probe_", "sla_exporter_",
                                                                        "process_"};

// Null when the table does not know it.
constexpr const MetricName* find_metric(std::string_view name) {
  const auto* found = std::ranges::find(kMetricNames, name, &MetricName::name);
  return found == kMetricNames.end() ? nullptr : found;
}

// For use in code: a name that the table does not hold does not compile.
consteval const MetricName& metric(std::string_view name) {
  const MetricName* found = find_metric(name);
  if (found == nullptr) throw "this name is not in kMetricNames";
  return *found;
}

}  // namespace exporter
