// What a ledger holds in memory: the numbers of names, how far each service is judged, running
// totals, and everything of the days that are not packed yet. It is rebuilt from the file at each
// start, and changed only after a commit has succeeded. Used by the ledger's thread.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exporter/ledger/attempt.h"
#include "exporter/ledger/day_block.h"
#include "exporter/ledger/digest.h"
#include "exporter/ledger/entries.h"

namespace exporter::ledger {

inline constexpr std::int64_t kNoDay = std::numeric_limits<std::int64_t>::min();

struct ServiceState {
  std::uint32_t id = 0;
  std::string name;
  bool started = false;         // has a verdict
  std::int64_t first_slot = 0;  // start of the first slot
  std::int64_t next_slot = 0;   // end of the last one
  std::int32_t every = 60;      // of the last one
  VerdictTotals totals;         // up to next_slot

  std::vector<Run> runs;  // not packed yet, in order
  std::map<std::string, std::uint32_t, std::less<>> checks;

  // As the last block says it.
  std::int64_t packed_day = kNoDay;  // all days up to this one are packed
  std::string head = no_digest();
  VerdictTotals packed_totals;
  std::int64_t packed_next_slot = 0;  // end of the last packed slot
  std::int32_t packed_every = 60;     // of that slot
};

struct LatestAttempt {
  Attempt attempt;
  std::string address;
};

struct CheckState {
  std::uint32_t id = 0, service = 0;
  std::string name;
  AttemptTotals totals;
  std::map<std::int64_t, AttemptLog> days;  // not packed yet
  std::vector<Attempt> newest;              // of the newest slot: what a repeated batch repeats
  std::optional<LatestAttempt> latest;      // since the start; else it is in the last block

  std::string head = no_digest();
  AttemptTotals packed_totals;
};

class Holdings {
 public:
  // Numbers are given from 1 on. A name given here is saved with the next commit.
  ServiceState& service(const std::string& name);
  CheckState& check(const std::string& service, const std::string& name);
  // By number, from a row: nullptr when no entry gave it.
  ServiceState* service(std::uint32_t id);
  CheckState* check(std::uint32_t id);
  // By name: nullptr when unknown.
  ServiceState* find_service(std::string_view name);
  std::vector<ServiceState>& services() { return services_; }
  std::vector<CheckState>& checks() { return checks_; }

  // A name read from its entry; false when its number is out of order.
  bool restore(const NameEntry& name);
  const std::vector<NameEntry>& unsaved_names() const { return unsaved_; }
  void names_saved() { unsaved_.clear(); }

  void add(ServiceState& service, Run run);
  void add(CheckState& check, const Attempt& attempt, const std::string& address);
  bool knows(const CheckState& check, const Attempt& attempt);

 private:
  std::vector<ServiceState> services_;  // by number - 1
  std::vector<CheckState> checks_;
  std::unordered_map<std::string, std::uint32_t> service_ids_;
  std::vector<NameEntry> unsaved_;
};

// The part of `run` that begins at `frontier` or later; nullopt when nothing is left.
std::optional<Run> clip_front(Run run, std::int64_t frontier);
// The part of `run` whose slots start before `end`; nullopt when nothing is left.
std::optional<Run> clip_back(Run run, std::int64_t end);
// Appends, as one run where it continues the last one.
void append(std::vector<Run>& runs, const Run& run);
// The attempt that says how a check is doing: the latest one that needs no confirmation, and while
// there is none, the latest.
bool supersedes(const Attempt& next, const Attempt& previous);

}  // namespace exporter::ledger
