// The vocabulary of probing: what one attempt of a probe found. A probe returns an Outcome value
// and touches nothing else, so that the ledger, the metrics and the pages all read the same thing.
// Plain values, safe to move between threads.
#pragma once

#include <array>
#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace probes {

using Duration = std::chrono::nanoseconds;
// Elapsed time. Only a Loop reads this clock; it never steps.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// Calendar time, in UTC. It may step; it names things and never measures them.
using WallTime = std::chrono::sys_time<Duration>;

enum class Status { up, degraded, down, unknown };

// Why an attempt was not simply up. The set is closed: it is a metric label and is stored in the
// ledger by number, so entries are only ever appended.
enum class Reason {
  none,
  dns,          // the target's name does not resolve (NXDOMAIN, SERVFAIL, no address)
  connect,      // refused, reset or unreachable while connecting
  tls,          // the handshake failed for a reason other than the certificate
  certificate,  // expired, not trusted, wrong name
  timeout,      // the deadline passed, in whatever phase
  protocol,     // the peer did not speak its protocol, or closed early
  status,       // an HTTP status, SMTP code or DNS rcode that is not accepted
  header,
  body,
  size,      // a limit of ours on what the peer may send was reached
  redirect,  // too many redirects or one that is not allowed
  auth,
  rejected,
  greylisted,
  blocked,
  slow,         // completed, but slower than `slow_after`
  local,        // our own fault: descriptors, no route for any family, resolver unreachable
  unconfirmed,  // down, but the confirmation could not be made
};

struct ReasonName {
  Reason reason;
  std::string_view name;
};

inline constexpr std::array kReasonNames = {
    ReasonName{Reason::none, "none"},
    ReasonName{Reason::dns, "dns"},
    ReasonName{Reason::connect, "connect"},
    ReasonName{Reason::tls, "tls"},
    ReasonName{Reason::certificate, "certificate"},
    ReasonName{Reason::timeout, "timeout"},
    ReasonName{Reason::protocol, "protocol"},
    ReasonName{Reason::status, "status"},
    ReasonName{Reason::header, "header"},
    ReasonName{Reason::body, "body"},
    ReasonName{Reason::size, "size"},
    ReasonName{Reason::redirect, "redirect"},
    ReasonName{Reason::auth, "auth"},
    ReasonName{Reason::rejected, "rejected"},
    ReasonName{Reason::greylisted, "greylisted"},
    ReasonName{Reason::blocked, "blocked"},
    ReasonName{Reason::slow, "slow"},
    ReasonName{Reason::local, "local"},
    ReasonName{Reason::unconfirmed, "unconfirmed"},
};

std::string_view name_of(Status status);  // "up", "degraded", "down", "unknown"
std::string_view name_of(Reason reason);

// What went wrong, as a value. `reason == Reason::local` means our own trouble: never the target's.
struct Error {
  Reason reason = Reason::protocol;
  std::string message;  // one sentence for humans; holds no secret
};

template <class T>
using Result = std::expected<T, Error>;

// One gauge of the probe, under the blackbox exporter's name (probe_http_status_code, ...).
struct Measurement {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

struct Outcome {
  Status status = Status::unknown;
  Reason reason = Reason::none;
  std::string message;  // one sentence, at most kMaxMessageBytes, control characters removed
  std::string address;  // the address (without port) that was talked to last; empty before connect
  Duration duration{};  // start to end of the attempt
  std::vector<Measurement> measurements;

  static constexpr std::size_t kMaxMessageBytes = 1024;

  bool good() const { return status == Status::up || status == Status::degraded; }
  static Outcome up();
  static Outcome degraded(Reason reason, std::string message);
  static Outcome down(Reason reason, std::string message);
  static Outcome unknown(Reason reason, std::string message);
  // A local error is unknown, everything else is down.
  static Outcome failed(const Error& error);
};

}  // namespace probes
