// Three-valued judgement of slots. Unknown is never charged to the target and never credited to it.
#include "exporter/sla/verdict.h"

#include <algorithm>
#include <array>
#include <vector>

namespace exporter {
namespace {

using probes::Reason;
using probes::Status;

// What can go wrong on the way to the target; anything else is the target's own answer.
bool path_can_cause(Reason reason) {
  return reason == Reason::dns || reason == Reason::connect || reason == Reason::timeout;
}

Cause cause_of(Reason reason) {
  if (path_can_cause(reason)) return Cause::connectivity;
  return reason == Reason::unconfirmed ? Cause::unconfirmed : Cause::local;
}

Judgement unknown(Cause cause) { return {Verdict::unknown, cause, false}; }

struct Tally {
  bool up = false, degraded = false, down = false, unknown = false;
  Cause cause = Cause::none;            // of the first unknown attempt
  const OutcomeRecord* last = nullptr;  // the attempt with the highest number
};

Tally tally(std::span<const OutcomeRecord* const> attempts) {
  Tally result;
  for (const OutcomeRecord* attempt : attempts) {
    if (attempt->extra) continue;
    result.up |= attempt->status == Status::up;
    result.degraded |= attempt->status == Status::degraded;
    result.down |= attempt->status == Status::down;
    if (attempt->status == Status::unknown) {
      const Cause cause = cause_of(attempt->reason);
      result.cause = result.unknown ? std::min(result.cause, cause) : cause;
      result.unknown = true;
    }
    if (!result.last || attempt->attempt >= result.last->attempt) result.last = attempt;
  }
  return result;
}

}  // namespace

Judgement judge_check(std::span<const OutcomeRecord* const> attempts, bool degraded_is_good,
                      Cause missing) {
  const Tally found = tally(attempts);
  if (!found.last) return unknown(missing);
  if (found.up || (found.degraded && degraded_is_good)) return {Verdict::good, {}, found.down};
  if (found.degraded) return {Verdict::bad};
  if (!found.down) return unknown(found.cause);
  const bool last_is_final_down = found.last->status == Status::down && found.last->final;
  if (!last_is_final_down) return unknown(Cause::unconfirmed);
  if (!found.unknown || !path_can_cause(found.last->reason)) return {Verdict::bad};
  return unknown(Cause::unconfirmed);
}

Judgement judge_checks(std::span<const Judgement> checks, int require) {
  if (checks.empty()) return unknown(Cause::overload);
  const auto n = static_cast<int>(checks.size());
  const int needed = require <= 0 ? n : std::min(require, n);
  int good = 0, good_at_once = 0, unknown_checks = 0;
  Cause cause = Cause::unconfirmed;
  for (const Judgement& check : checks) {
    good += check.verdict == Verdict::good;
    good_at_once += check.verdict == Verdict::good && !check.rescued;
    if (check.verdict != Verdict::unknown) continue;
    ++unknown_checks;
    cause = std::min(cause, check.cause);
  }
  if (good >= needed) return {Verdict::good, {}, good_at_once < needed};
  if (good + unknown_checks < needed) return {Verdict::bad};
  return unknown(cause);
}

Judgement judge_slot(std::span<const OutcomeRecord* const> attempts, const ServiceTerms& terms,
                     std::span<const std::string> counting_checks, Cause missing) {
  std::vector<Judgement> checks;
  checks.reserve(counting_checks.size());
  std::vector<const OutcomeRecord*> own;
  for (const std::string& name : counting_checks) {
    own.clear();
    for (const OutcomeRecord* attempt : attempts) {
      const auto same = [attempt](const OutcomeRecord* other) {
        return other->attempt == attempt->attempt;
      };
      if (attempt->extra || attempt->check != name || std::ranges::any_of(own, same)) continue;
      own.push_back(attempt);
    }
    checks.push_back(judge_check(own, terms.degraded_is_good, missing));
  }
  return judge_checks(checks, terms.require);
}

}  // namespace exporter
