#include "exporter/delivery_documents.h"

#include <string_view>

namespace exporter {
namespace {

constexpr std::string_view kDeliveryKind = "delivery";
constexpr char kBetween = '\n';  // no target has one in its name

}  // namespace

std::vector<DocumentChange> to_documents(const std::vector<DeliveryChange>& changes) {
  std::vector<DocumentChange> documents;
  for (const DeliveryChange& change : changes) {
    documents.emplace_back(
        DocumentKey{std::string(kDeliveryKind), change.target + kBetween + change.key},
        change.json);
  }
  return documents;
}

std::vector<DeliveryRow> to_rows(const std::map<DocumentKey, std::string>& documents) {
  std::vector<DeliveryRow> rows;
  for (const auto& [key, json] : documents) {
    const std::size_t between = key.key.find(kBetween);
    if (key.kind != kDeliveryKind || between == std::string::npos) continue;
    rows.push_back({key.key.substr(0, between), key.key.substr(between + 1), json});
  }
  return rows;
}

void note_figures(const DeliveryFigures& figures, const Alerting& alerting, DeliveryStats& stats) {
  AlertmanagerFigures all;
  std::int64_t up = 0;
  for (const AlertmanagerFigures& one : figures.alertmanagers) {
    up += one.up;
    all.waiting += one.waiting;
    all.sent += one.sent;
    all.dropped += one.dropped;
    all.requests += one.requests;
    all.errors += one.errors;
  }
  stats.alertmanagers = static_cast<std::int64_t>(figures.alertmanagers.size());
  stats.alertmanagers_up = up;
  stats.waiting = static_cast<std::int64_t>(all.waiting);
  stats.sent_total = all.sent;
  stats.dropped_total = all.dropped;
  stats.requests_total = all.requests;
  stats.request_errors_total = all.errors;
  stats.mail_configured = !alerting.mail.server.empty();
  stats.mail_active = figures.mail.active;
  stats.mails_total = figures.mail.sent;
  stats.mail_failures_total = figures.mail.failures;
  stats.heartbeat_configured = !alerting.heartbeat.url.empty();
  stats.heartbeats_total = figures.heartbeat.sent;
  stats.heartbeat_failures_total = figures.heartbeat.failures;
}

}  // namespace exporter
