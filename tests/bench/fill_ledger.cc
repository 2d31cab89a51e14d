// Writes the ledger a daemon would have after so many days with this configuration, so that its
// start can be measured: terms and plans by the book, a past for service0, service1, ..., finished
// days packed, statements at the end of each month, and the day of now in commits of a minute.
//
// usage: fill_ledger SLA_YML FOLDER SERVICES DAYS
#include <ctime>

#include "exporter/config/load.h"
#include "exporter/sla/book.h"
#include "exporter/zone_data.h"
#include "tests/bench/ledger_history.h"

namespace exporter::bench {
namespace {

// Statements are due when a month ends and when it closes; the book writes one a step.
constexpr int kStepsForStatements = 4;

std::shared_ptr<const Config> read_config(const char* path) {
  auto config = load_config(path);
  if (config) return std::make_shared<const Config>(*std::move(config));
  for (const ConfigError& error : config.error()) fmt::print(stderr, "{}\n", error.text());
  std::exit(1);
}

// What a daemon that is started at `now` writes of its own accord.
void run_book(Ledger& ledger, const std::shared_ptr<const Config>& config, std::int64_t now) {
  const auto book = make_book(ledger, zone_data_version(zone_data_folder()));
  must(book->start(config, {}, at(now)));
  for (int i = 0; i < kStepsForStatements; ++i) must(book->step({}, at(now)));
}

void fill(const std::shared_ptr<const Config>& config, Ledger& ledger, std::size_t services,
          std::int64_t days) {
  const std::int64_t now = std::time(nullptr) / 60 * 60;
  const std::int64_t today = now / kDay * kDay;
  run_book(ledger, config, today - days * kDay);
  std::vector<History> checks = histories(services);
  for (std::int64_t day = today - days * kDay; day < today; day += kDay) {
    add_stretch(ledger, checks, day, day + kDay);
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(at(day + kDay)));
    if (date.day() == std::chrono::day(7)) run_book(ledger, config, day + kDay);
  }
  add_minutes(ledger, checks, today, now);
}

}  // namespace
}  // namespace exporter::bench

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: {} SLA_YML FOLDER SERVICES DAYS\n", argv[0]);
    return 2;
  }
  using namespace exporter::bench;
  const auto ledger = open_ledger(argv[2]);
  fill(read_config(argv[1]), *ledger, std::strtoul(argv[3], nullptr, 10),
       std::strtol(argv[4], nullptr, 10));
  return 0;
}
