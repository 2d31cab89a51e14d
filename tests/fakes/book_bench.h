// A bench to put a book on: a small configuration in code, outcomes by letter, a clock that is a
// number, and restarts. Shared by the tests of the book, of reports and of the simulations.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/sla/book.h"
#include "tests/fakes/memory_ledger.h"

namespace exporter::fakes {

// RFC 3339, or the test fails.
Seconds instant(std::string_view text);

struct ServiceSpec {
  std::string name = "api";
  std::chrono::seconds every{60};
  std::vector<std::string> checks = {"home"};
  int require = 0;
  std::vector<std::string> formerly{};
  std::optional<Seconds> valid_from{}, valid_until{};
  bool degraded_is_good = true;
};

// A configuration of these services under the published agreement at 99 %, in UTC.
Config make_config(const std::vector<ServiceSpec>& services = {ServiceSpec{}});
Service make_service(const ServiceSpec& spec);

// u up, g degraded, x down (timeout, to be confirmed when followed by another attempt), r refused
// by the target, l local trouble, n no canary answered. "xu" is a rescued slot.
std::vector<Arrival> attempts(const std::string& service, const std::string& check, Seconds slot,
                              std::string_view letters);

class BookBench {
 public:
  explicit BookBench(Config config = make_config());

  // Every call fails the test when the book refuses, unless the name says otherwise.
  std::vector<std::string> start(Seconds now);
  std::string start_refused(Seconds now);
  std::vector<std::string> reload(Seconds now);
  // A new book on the same ledger, as after a kill.
  std::vector<std::string> restart(Seconds now);
  // Attempts of one check in the slot that begins at `slot`, committed when the slot has ended.
  void slot(Seconds at, std::string_view letters, const std::string& service = "api",
            const std::string& check = "home");
  // `count` slots in a row, one step each.
  void slots(Seconds from, std::int64_t count, std::string_view letters,
             const std::string& service = "api");
  std::shared_ptr<const Snapshot> step(Seconds now, std::vector<Arrival> arrivals = {});

  const ServiceView& view(const std::string& service = "api",
                          const std::string& agreement = "published") const;
  const MonthFigures& month(const std::string& service = "api",
                            const std::string& agreement = "published") const {
    return view(service, agreement).current;
  }
  Service& service(const std::string& name = "api");
  Book& book() { return *book_; }
  const Snapshot& snapshot() const { return *snapshot_; }

  Config config;  // edit, then reload()
  std::vector<MaintenanceWindow> calendar;
  std::string tzdata_version = "2026a";  // another one takes a restart, as in life
  MemoryLedger ledger;

 private:
  std::unique_ptr<Book> book_;
  std::shared_ptr<const Snapshot> snapshot_;
};

// Counts written as "good/bad/unknown/excluded+pending", for short comparisons.
std::string brief(const MonthFigures& figures);

}  // namespace exporter::fakes
