// One attempt of a check in the form the ledger keeps it, and a compact log of them: what a check
// found on one open day, held in memory until the day is packed. About three bytes an attempt when
// nothing special happens, so that ten thousand checks fit. Used by the ledger's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/ledger/records.h"

namespace exporter::ledger {

inline constexpr std::int64_t kDaySeconds = 86'400;
// The UTC day (since 1970) in which a second lies.
constexpr std::int64_t day_of(std::int64_t second) {
  return second / kDaySeconds - (second % kDaySeconds < 0 ? 1 : 0);
}

// Latencies are kept with seven significant bits: exact to 127 microseconds, then to 0.8 %. Codes
// grow with the value, 64 for each doubling.
std::uint32_t latency_code(std::chrono::microseconds latency);
std::chrono::microseconds latency_of(std::uint32_t code);
inline constexpr std::uint32_t kMaxLatencyCode = 64 * 36;  // three weeks and more

struct Attempt {
  std::int64_t slot = 0;    // seconds since the epoch
  std::int64_t offset = 0;  // milliseconds from the slot's start to the attempt's
  std::uint32_t latency = 0;
  std::uint32_t address = 0;  // index into the dictionary that lies beside it
  probes::Status status = probes::Status::unknown;
  probes::Reason reason = probes::Reason::none;
  std::uint8_t attempt = 0;
  bool final = true, extra = false;
  bool evidence = false;  // a message is (or was) kept for it
  bool operator==(const Attempt&) const = default;

  std::int64_t at() const { return slot * 1000 + offset; }  // milliseconds
};

// The same attempt of the same check: its number identifies it, re-probes are told apart by their
// start. The first record of an attempt wins.
bool same_attempt(const Attempt& a, const Attempt& b);

Attempt to_attempt(const OutcomeRecord& record);
// `address` and `message` are filled by the caller.
OutcomeRecord to_record(const Attempt& attempt, const std::string& service,
                        const std::string& check);

// Attempts of one check and one day in the order of their commit, append-only.
class AttemptLog {
 public:
  void append(Attempt attempt, std::string_view address);
  std::vector<Attempt> attempts() const;
  const std::vector<std::string>& addresses() const { return addresses_; }
  std::int64_t last_slot() const { return previous_.slot; }
  std::uint32_t size() const { return size_; }

 private:
  std::uint32_t address_index(std::string_view address);

  std::string bytes_;
  std::vector<std::string> addresses_;
  Attempt previous_;
  std::int64_t step_ = 0;  // between the last two slots
  std::int64_t base_ = 0;  // offset of the first attempt: what the others differ from
  std::uint32_t size_ = 0;
};

}  // namespace exporter::ledger
