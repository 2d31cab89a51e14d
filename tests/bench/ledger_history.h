// History for a ledger that is to be measured: checks as one meets them, packed day by day. Shared
// by the benchmark of the ledger and by fill_ledger, which writes a whole past for the daemon to
// start on. One thread; an error ends the program, for a benchmark has nobody to return it to.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "exporter/ledger/ledger.h"

namespace exporter::bench {

constexpr std::int64_t kDay = 86'400;
constexpr double kFailures = 0.005;

inline Seconds at(std::int64_t second) { return Seconds(std::chrono::seconds(second)); }

template <class T>
T must(LedgerResult<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().message);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline std::unique_ptr<Ledger> open_ledger(const std::filesystem::path& folder) {
  LedgerOptions options;
  options.folder = folder;
  return must(Ledger::open(options));
}

// A one-minute check: a start within a few milliseconds of its phase, a latency that varies by a
// quarter, one failure in two hundred slots, with its confirmation.
class History {
 public:
  History(std::string service, unsigned seed) : service_(std::move(service)), random_(seed) {}

  void minute(Batch& batch, std::int64_t slot) {
    const bool fails = std::uniform_real_distribution(0.0, 1.0)(random_) < kFailures;
    add(batch, slot, 0, fails);
    if (fails) add(batch, slot, 1, true);
    VerdictRun run;
    run.service = service_;
    run.start = at(slot);
    run.verdict = fails ? Verdict::bad : Verdict::good;
    batch.verdicts.push_back(std::move(run));
  }

 private:
  void add(Batch& batch, std::int64_t slot, std::uint8_t attempt, bool fails) {
    OutcomeRecord record;
    record.service = service_;
    record.check = "http_2xx";
    record.slot = at(slot);
    record.attempt = attempt;
    record.final = !fails || attempt == 1;
    const double late = std::exponential_distribution(1 / 2.0)(random_);
    record.at = at(slot) + std::chrono::milliseconds(17'250 + 20'000 * attempt +
                                                     static_cast<std::int64_t>(late));
    const double latency = std::lognormal_distribution(std::log(45'000.0), 0.25)(random_);
    record.latency = std::chrono::microseconds(fails ? 10'000'000 : static_cast<long>(latency));
    record.status = fails ? probes::Status::down : probes::Status::up;
    record.reason = fails ? probes::Reason::timeout : probes::Reason::none;
    record.address = random_() % 3 == 0 ? "192.0.2.11" : "192.0.2.10";
    if (fails) record.message = "the deadline passed while waiting for the first byte";
    batch.outcomes.push_back(std::move(record));
  }

  std::string service_;
  std::mt19937 random_;
};

inline std::vector<History> histories(std::size_t services, unsigned seed = 0) {
  std::vector<History> all;
  for (std::size_t i = 0; i < services; ++i) {
    all.emplace_back(fmt::format("service{}", i), seed + static_cast<unsigned>(i));
  }
  return all;
}

inline void pack(Ledger& ledger, std::int64_t now) {
  while (must(ledger.pack(at(now), std::chrono::seconds(1)))) continue;
}

// The slots of [from, to) in few commits, and packs the days that are over.
inline void add_stretch(Ledger& ledger, std::vector<History>& checks, std::int64_t from,
                        std::int64_t to) {
  constexpr std::size_t kEnough = 30'000;  // outcomes of a commit
  Batch batch;
  for (History& check : checks) {
    for (std::int64_t slot = from; slot < to; slot += 60) check.minute(batch, slot);
    if (batch.outcomes.size() < kEnough) continue;
    must(ledger.commit(std::exchange(batch, {}), at(to)));
  }
  must(ledger.commit(batch, at(to)));
  pack(ledger, to);
}

// The slots of [from, to) in commits of a minute, as the daemon makes them.
inline void add_minutes(Ledger& ledger, std::vector<History>& checks, std::int64_t from,
                        std::int64_t to) {
  for (std::int64_t slot = from; slot < to; slot += 60) {
    Batch batch;
    for (History& check : checks) check.minute(batch, slot);
    must(ledger.commit(batch, at(slot + 60)));
  }
}

}  // namespace exporter::bench
