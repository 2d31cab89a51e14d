// What the ledger costs: bytes on disk for a service's month of verdicts and a check's month of
// outcomes, the time of a commit, and the time of a start with a year behind it. Bytes are counted
// in pages of the file, indices included. Run: ledger_bench [--benchmark_filter=...].
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "exporter/ledger/ledger.h"

namespace exporter {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kStart = 20'500 * kDay;
constexpr double kFailures = 0.005;
constexpr double kDaysInMonth = 30;

Seconds at(std::int64_t second) { return Seconds(std::chrono::seconds(second)); }

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "sla-bench-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<Ledger> open(const Folder& folder) {
  LedgerOptions options;
  options.folder = folder.path();
  auto ledger = Ledger::open(options);
  if (ledger) return *std::move(ledger);
  fmt::print(stderr, "{}\n", ledger.error().message);
  std::abort();
}

void commit(Ledger& ledger, const Batch& batch, std::int64_t now) {
  const auto done = ledger.commit(batch, at(now));
  if (done) return;
  fmt::print(stderr, "{}\n", done.error().message);
  std::abort();
}

void pack(Ledger& ledger, std::int64_t now) {
  for (auto more = ledger.pack(at(now), std::chrono::seconds(1)); more && *more;) {
    more = ledger.pack(at(now), std::chrono::seconds(1));
  }
}

// A check as one meets them: a start within a few milliseconds of its phase, a latency that varies
// by a quarter, one failure in two hundred slots, with its confirmation.
class Check {
 public:
  Check(std::string service, unsigned seed) : service_(std::move(service)), random_(seed) {}

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

std::int64_t pages_of(const Folder& folder, const std::string& names) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  sqlite3_open((folder.path() / "ledger.db").c_str(), &database);
  const std::string sql = "SELECT sum(pgsize) FROM dbstat WHERE name IN (" + names + ")";
  sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr);
  const std::int64_t bytes =
      sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return bytes;
}

// `services` one-minute services with one check each, packed day by day.
void fill(Ledger& ledger, int services, int days) {
  std::vector<Check> checks;
  for (int i = 0; i < services; ++i) {
    checks.emplace_back(fmt::format("service{}", i), static_cast<unsigned>(i));
  }
  for (int day = 0; day < days; ++day) {
    const std::int64_t start = kStart + day * kDay;
    for (Check& check : checks) {
      Batch batch;
      for (int minute = 0; minute < 1440; ++minute) check.minute(batch, start + minute * 60);
      commit(ledger, batch, start + kDay);
    }
    pack(ledger, start + kDay);
  }
}

void BytesOfAMonth(benchmark::State& state) {
  constexpr int kServices = 20, kDays = 30;
  for (auto _ : state) {
    const Folder folder;
    auto ledger = open(folder);
    fill(*ledger, kServices, kDays);
    ledger.reset();
    const double months = kServices * kDays / kDaysInMonth;
    const auto each = [&](const std::string& names) {
      return static_cast<double>(pages_of(folder, names)) / months;
    };
    state.counters["verdict_bytes"] = each("'verdict_blocks','verdict_days'");
    state.counters["outcome_bytes"] = each("'outcome_blocks','outcome_days'");
    state.counters["evidence_bytes"] = each("'evidence','evidence_slots'");
  }
}
BENCHMARK(BytesOfAMonth)->Iterations(1)->Unit(benchmark::kMillisecond);

// One commit of what `services` one-minute services bring in a minute; open days stay in memory.
void Commit(benchmark::State& state) {
  const Folder folder;
  const auto ledger = open(folder);
  std::vector<Check> checks;
  for (int i = 0; i < state.range(0); ++i) {
    checks.emplace_back(fmt::format("service{}", i), static_cast<unsigned>(i));
  }
  std::int64_t slot = kStart;
  for (auto _ : state) {
    state.PauseTiming();
    Batch batch;
    for (Check& check : checks) check.minute(batch, slot);
    slot += 60;
    state.ResumeTiming();
    commit(*ledger, batch, slot);
  }
  state.counters["journal_bytes_per_outcome"] =
      static_cast<double>(pages_of(folder, "'journal'")) /
      static_cast<double>(state.iterations() * state.range(0));
}
BENCHMARK(Commit)->RangeMultiplier(10)->Range(1, 10'000)->Unit(benchmark::kMillisecond);

// Open and load: what stands between starting the program and being ready.
void StartAfterAYear(benchmark::State& state) {
  const Folder folder;
  {
    const auto ledger = open(folder);
    fill(*ledger, static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
    // Most of a day that is not packed yet, in commits of a minute.
    std::vector<Check> checks;
    for (int i = 0; i < state.range(0); ++i) {
      checks.emplace_back(fmt::format("service{}", i), static_cast<unsigned>(i) + 1000);
    }
    const std::int64_t start = kStart + state.range(1) * kDay;
    for (int minute = 0; minute < 1400; ++minute) {
      Batch batch;
      for (Check& check : checks) check.minute(batch, start + minute * 60);
      commit(*ledger, batch, start + minute * 60 + 60);
    }
  }
  for (auto _ : state) {
    const auto ledger = open(folder);
    benchmark::DoNotOptimize(ledger->load());
  }
  state.counters["file_bytes"] =
      static_cast<double>(std::filesystem::file_size(folder.path() / "ledger.db"));
}
BENCHMARK(StartAfterAYear)
    ->Args({10, 30})
    ->Args({100, 30})
    ->Args({100, 365})
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

// All verdicts of a month, as a report reads them.
void MonthOfVerdicts(benchmark::State& state) {
  const Folder folder;
  const auto ledger = open(folder);
  fill(*ledger, 10, 31);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ledger->verdicts("service3", at(kStart), at(kStart + 31 * kDay)));
  }
}
BENCHMARK(MonthOfVerdicts)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace exporter

BENCHMARK_MAIN();
