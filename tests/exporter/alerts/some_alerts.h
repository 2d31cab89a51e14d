// Alerts for tests of their delivery: short to write, easy to tell apart.
#pragma once

#include <string>

#include "exporter/alerts/message.h"
#include "rules/group/evaluate.h"

namespace exporter {

inline constexpr std::int64_t kMinute = 60'000;

inline rules::Notification notification(const std::string& name, std::int64_t now,
                                        bool resolved = false) {
  rules::Notification note;
  note.alert.state = resolved ? rules::AlertState::inactive : rules::AlertState::firing;
  note.alert.labels = rules::Labels{{"alertname", name}, {"severity", "page"}};
  note.alert.annotations = {{"summary", name + " is down"}};
  if (resolved) note.alert.resolved_at = now;
  note.expr_text = "up == 0";
  note.starts_at = now - 10 * kMinute;
  note.ends_at = resolved ? now : now + 4 * kMinute;
  return note;
}

inline OutgoingAlert outgoing(const std::string& name, std::int64_t now, bool resolved = false) {
  return *outgoing_alert(notification(name, now, resolved), {.external_url = "http://here"});
}

}  // namespace exporter
