// What the ledger costs: bytes on disk for a service's month of verdicts and a check's month of
// outcomes, and the times of a commit, of opening and of reading. Bytes are counted in pages of the
// file, indices included. Run: ledger_bench [--benchmark_filter=...].
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>

#include "tests/bench/ledger_history.h"

namespace exporter::bench {
namespace {

constexpr std::int64_t kStart = 20'500 * kDay;
constexpr double kDaysInMonth = 30;

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
void fill(Ledger& ledger, std::size_t services, int days) {
  std::vector<History> checks = histories(services);
  for (int day = 0; day < days; ++day) {
    add_stretch(ledger, checks, kStart + day * kDay, kStart + (day + 1) * kDay);
  }
}

void BytesOfAMonth(benchmark::State& state) {
  constexpr int kServices = 20, kDays = 30;
  for (auto _ : state) {
    const Folder folder;
    auto ledger = open_ledger(folder.path());
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
BENCHMARK(BytesOfAMonth)->Iterations(1)->Repetitions(1)->Unit(benchmark::kMillisecond);

// One commit of what `services` one-minute services bring in a minute; open days stay in memory.
void Commit(benchmark::State& state) {
  const Folder folder;
  const auto ledger = open_ledger(folder.path());
  std::vector<History> checks = histories(static_cast<std::size_t>(state.range(0)));
  std::int64_t slot = kStart;
  for (auto _ : state) {
    state.PauseTiming();
    Batch batch;
    for (History& check : checks) check.minute(batch, slot);
    slot += 60;
    state.ResumeTiming();
    must(ledger->commit(batch, at(slot)));
  }
  state.counters["journal_bytes_per_outcome"] =
      static_cast<double>(pages_of(folder, "'journal'")) /
      static_cast<double>(state.iterations() * state.range(0));
}
BENCHMARK(Commit)->RangeMultiplier(10)->Range(1, 10'000)->Iterations(100)->Unit(
    benchmark::kMillisecond);

// Open and load: the ledger's share of a start, with most of a day that is not packed yet.
void OpenAndLoad(benchmark::State& state) {
  const auto services = static_cast<std::size_t>(state.range(0));
  const Folder folder;
  {
    const auto ledger = open_ledger(folder.path());
    fill(*ledger, services, static_cast<int>(state.range(1)));
    std::vector<History> checks = histories(services, 1000);
    const std::int64_t today = kStart + state.range(1) * kDay;
    add_minutes(*ledger, checks, today, today + 1400 * 60);
  }
  for (auto _ : state) {
    const auto ledger = open_ledger(folder.path());
    benchmark::DoNotOptimize(ledger->load());
  }
  state.counters["file_bytes"] =
      static_cast<double>(std::filesystem::file_size(folder.path() / "ledger.db"));
}
BENCHMARK(OpenAndLoad)
    ->Args({1, 30})
    ->Args({10, 30})
    ->Args({100, 30})
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

// All verdicts of a month, as a report reads them.
void MonthOfVerdicts(benchmark::State& state) {
  const Folder folder;
  const auto ledger = open_ledger(folder.path());
  fill(*ledger, 10, 31);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ledger->verdicts("service3", at(kStart), at(kStart + 31 * kDay)));
  }
}
BENCHMARK(MonthOfVerdicts)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace exporter::bench

BENCHMARK_MAIN();
