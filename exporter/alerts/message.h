// An alert as it leaves the house: with external labels, relabelled, with a link to its expression.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "exporter/alerts/relabel.h"
#include "rules/group/evaluate.h"

namespace exporter {

struct OutgoingAlert {
  rules::Labels labels;
  rules::NamedTexts annotations;
  std::int64_t starts_at = 0, ends_at = 0;  // milliseconds since the epoch
  bool resolved = false;                    // else it fires, and ends_at is when to forget it
  std::string generator_url;

  // Names the alert: the same label set is the same alert.
  std::string key() const { return labels.text(); }
  bool operator==(const OutgoingAlert&) const = default;
};

// What is done to every alert before it is known where it goes.
struct AlertDress {
  std::map<std::string, std::string> external_labels;
  Relabeller relabel;
  std::string external_url;  // of this exporter, without a slash at the end
};

// Nothing when relabelling drops the alert, or leaves it without labels.
std::optional<OutgoingAlert> outgoing_alert(const rules::Notification& notification,
                                            const AlertDress& dress);

// The body of a request to Alertmanager's API v2. Bytes that are not UTF-8 are replaced.
std::string alerts_json(std::span<const OutgoingAlert> alerts);

// An alert as kept over a restart.
std::string kept_alert(const OutgoingAlert& alert);
std::optional<OutgoingAlert> read_kept_alert(std::string_view text);

// "2026-12-06T01:00:00.000Z".
std::string alert_time(std::int64_t milliseconds);

}  // namespace exporter
