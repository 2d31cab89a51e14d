// Small helpers of the ledger's tests: a folder that goes away, and short ways to say records.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "exporter/ledger/ledger.h"

namespace exporter::ledger_test {

class Folder {
 public:
  Folder() {
    // In memory where there is such a place: the tests sync thousands of times.
    std::error_code none;
    const bool has_memory = std::filesystem::is_directory("/dev/shm", none);
    const std::filesystem::path base =
        has_memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string name = (base / "sla-ledger-XXXXXX").string();
    const char* made = mkdtemp(name.data());
    EXPECT_NE(made, nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  // The same files in a folder of their own: what a kill or a copy at this moment would leave.
  void copy_to(const Folder& other) const {
    std::filesystem::copy(path_, other.path(), std::filesystem::copy_options::recursive);
  }
  std::filesystem::path file() const { return path_ / "ledger.db"; }

 private:
  std::filesystem::path path_;
};

inline Seconds at(std::int64_t second) { return Seconds(std::chrono::seconds(second)); }

// Midnight of a UTC day in 2026; everything in these tests happens after it.
inline constexpr std::int64_t kDay = 86'400;
inline constexpr std::int64_t kMidnight = 20'500 * kDay;

inline VerdictRun run(std::string service, std::int64_t start, std::int64_t count,
                      Verdict verdict = Verdict::good, Cause cause = Cause::none) {
  VerdictRun result;
  result.service = std::move(service);
  result.start = at(start);
  result.count = count;
  result.verdict = verdict;
  result.cause = cause;
  return result;
}

inline OutcomeRecord outcome(std::string service, std::string check, std::int64_t slot,
                             probes::Status status = probes::Status::up) {
  OutcomeRecord record;
  record.service = std::move(service);
  record.check = std::move(check);
  record.slot = at(slot);
  record.at = at(slot) + std::chrono::milliseconds(12'345);
  record.status = status;
  record.latency = std::chrono::microseconds(100);
  record.address = "192.0.2.7";
  if (status == probes::Status::down) {
    record.reason = probes::Reason::timeout;
    record.message = "the deadline passed while connecting";
  }
  return record;
}

inline std::unique_ptr<Ledger> open(const Folder& folder, bool read_only = false) {
  LedgerOptions options;
  options.folder = folder.path();
  options.read_only = read_only;
  auto ledger = Ledger::open(options);
  EXPECT_TRUE(ledger.has_value()) << ledger.error().message;
  return ledger ? *std::move(ledger) : nullptr;
}

inline LedgerError open_error(const Folder& folder, bool read_only = false) {
  LedgerOptions options;
  options.folder = folder.path();
  options.read_only = read_only;
  auto ledger = Ledger::open(options);
  EXPECT_FALSE(ledger.has_value()) << "the ledger opened";
  return ledger ? LedgerError{} : ledger.error();
}

inline void commit(Ledger& ledger, const Batch& batch, std::int64_t now) {
  const auto done = ledger.commit(batch, at(now));
  ASSERT_TRUE(done.has_value()) << done.error().message;
}

inline LedgerState load(Ledger& ledger) {
  auto state = ledger.load();
  EXPECT_TRUE(state.has_value()) << state.error().message;
  return state ? *std::move(state) : LedgerState{};
}

inline std::vector<VerdictRun> verdicts(Ledger& ledger, const std::string& service,
                                        std::int64_t from = kMidnight - 400 * kDay,
                                        std::int64_t to = kMidnight + 400 * kDay) {
  auto runs = ledger.verdicts(service, at(from), at(to));
  EXPECT_TRUE(runs.has_value()) << runs.error().message;
  return runs ? *std::move(runs) : std::vector<VerdictRun>{};
}

inline std::vector<OutcomeRecord> outcomes(Ledger& ledger, const std::string& service,
                                           const std::string& check = "",
                                           std::int64_t from = kMidnight - 400 * kDay,
                                           std::int64_t to = kMidnight + 400 * kDay) {
  auto records = ledger.outcomes(service, check, at(from), at(to));
  EXPECT_TRUE(records.has_value()) << records.error().message;
  return records ? *std::move(records) : std::vector<OutcomeRecord>{};
}

inline void pack_all(Ledger& ledger, std::int64_t now) {
  for (int i = 0; i < 1000; ++i) {
    const auto more = ledger.pack(at(now), std::chrono::milliseconds(50));
    ASSERT_TRUE(more.has_value()) << more.error().message;
    if (!*more) return;
  }
  FAIL() << "packing never ends";
}

inline VerifyReport verify(Ledger& ledger) {
  auto report = ledger.verify({});
  EXPECT_TRUE(report.has_value()) << report.error().message;
  return report ? *std::move(report) : VerifyReport{};
}

inline std::string problems(Ledger& ledger) {
  return fmt::format("{}", fmt::join(verify(ledger).problems, "; "));
}

}  // namespace exporter::ledger_test
