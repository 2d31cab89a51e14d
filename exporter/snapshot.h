// The one thing that /metrics, the pages and the API render, so that they cannot disagree. Built by
// the accounting thread after each commit, then never changed; readers hold a shared_ptr. Parts
// that did not change are shared between snapshots, so publishing costs little even for thousands
// of services.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/ledger/ledger.h"
#include "exporter/sla/month.h"

namespace exporter {

struct SupportView;  // exporter/ticket/support_view.h

// One service under one agreement.
struct ServiceView {
  std::string agreement, service;
  Verdict state = Verdict::unknown;            // of the last ended slot, excluded laid over it
  bool in_maintenance = false;                 // the slot under way is excluded
  std::optional<Seconds> last_slot;            // its start; absent before the first verdict
  std::array<std::uint64_t, 4> slots_total{};  // by Verdict, as first committed
  std::map<Cause, std::uint64_t> unknown_total;
  Objective objective;
  std::chrono::seconds every{60};
  MonthFigures current;
  std::optional<MonthFigures> previous;  // absent when the service was not accounted then
  std::optional<Seconds> exhaustion;  // when the budget will be gone at the rate of the last days
};

// What is the same under every agreement.
struct ServiceFacts {
  std::string service;
  std::uint64_t rescued_total = 0;
  // What the last confirmed outcomes of its checks come to. Outcomes that leave it open change
  // nothing; absent until they have decided once.
  std::optional<bool> up;
};

struct CheckView {
  std::string service, check;
  CheckTotals totals;
  std::optional<Seconds> last_run;  // start of the last attempt
  // Last confirmed outcome: one whose slot needs no further confirmation. Holds the probe_* values.
  std::shared_ptr<const probes::Outcome> outcome;
  bool failing() const { return outcome && outcome->status == probes::Status::down; }
};

struct AgreementView {
  TermsRecord terms;                // in force now
  std::optional<TermsRecord> next;  // waiting for the next month
};

struct Snapshot {
  Seconds at;  // of the commit it follows
  std::shared_ptr<const Config> config;
  std::vector<std::shared_ptr<const AgreementView>> agreements;
  std::vector<std::shared_ptr<const ServiceView>> services;  // by agreement, then service name
  std::vector<std::shared_ptr<const ServiceFacts>> facts;    // by service name
  std::vector<std::shared_ptr<const CheckView>> checks;      // by service, then check
  std::vector<RecordedWindow> windows;                       // not over yet
  std::size_t statements = 0;                                // in the ledger
  std::shared_ptr<const SupportView> support;                // null without a section `support`
};

}  // namespace exporter
