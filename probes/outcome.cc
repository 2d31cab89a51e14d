#include "probes/outcome.h"

#include <algorithm>

namespace probes {
namespace {

// Messages end up on pages, in logs and in alerts: one line, bounded, without control characters,
// cut at a character's border.
std::string clean(std::string message) {
  std::erase_if(message, [](unsigned char c) { return c == 0x7f; });
  std::ranges::replace_if(message, [](unsigned char c) { return c < 0x20; }, ' ');
  if (message.size() <= Outcome::kMaxMessageBytes) return message;
  std::size_t end = Outcome::kMaxMessageBytes - 3;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) --end;
  message.resize(end);
  return message + "...";
}

Outcome make(Status status, Reason reason, std::string message) {
  Outcome outcome;
  outcome.status = status;
  outcome.reason = reason;
  outcome.message = clean(std::move(message));
  return outcome;
}

}  // namespace

std::string_view name_of(Status status) {
  constexpr std::array<std::string_view, 4> kNames = {"up", "degraded", "down", "unknown"};
  return kNames[static_cast<std::size_t>(status)];
}

std::string_view name_of(Reason reason) {
  return kReasonNames[static_cast<std::size_t>(reason)].name;
}

Outcome Outcome::up() { return make(Status::up, Reason::none, ""); }
Outcome Outcome::degraded(Reason reason, std::string message) {
  return make(Status::degraded, reason, std::move(message));
}
Outcome Outcome::down(Reason reason, std::string message) {
  return make(Status::down, reason, std::move(message));
}
Outcome Outcome::unknown(Reason reason, std::string message) {
  return make(Status::unknown, reason, std::move(message));
}
Outcome Outcome::failed(const Error& error) {
  return error.reason == Reason::local ? unknown(error.reason, error.message)
                                       : down(error.reason, error.message);
}

}  // namespace probes
