// Years in the life of a book, month by month on a clock that is a number, and beside it the same
// life in plain arrays (plain_months.h). Every month of two services is either engineered to end at
// a boundary of rule 12 or lived by chance: outages, silence, restarts, windows, corrections before
// and after the month is closed. Figures shown and statements written are compared as they come.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "exporter/sla/book.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/plain_months.h"

namespace exporter::fakes {

struct MonthLifeParts {
  Ledger& ledger;
  std::string timezone;
  ::fakes::plain::Law law;
  int first_year, last_year;
  std::uint64_t seed = 0;
  // This month is lived slot by slot, as the daemon lives; the others by the hour.
  int slow_year = 0, slow_month = 0;
  bool always_slow = false;
  // The ledger's statements after the first so many, in order.
  std::function<std::vector<Statement>(std::size_t)> statements_after;
  // At every midnight of UTC.
  std::function<void(Seconds now)> at_midnight;
};

class MonthLife {
 public:
  explicit MonthLife(MonthLifeParts parts);

  // All months, and twelve days more, so that the last one is closed. Ends at the first failure.
  void run();
  // The process dies and starts again.
  void restart();
  void compare();

  // What was seen: "met with all of the budget spent", ... and how often.
  const std::map<std::string, int>& endings() const { return endings_; }
  int months_compared() const { return months_compared_; }
  std::size_t statements_compared() const { return statements_compared_; }
  double longest_service_month_seconds() const { return longest_; }  // of CPU time, one thread

 private:
  using Month = ::fakes::plain::Month;
  using Verdict = ::fakes::plain::Verdict;
  struct Watched {
    std::string name;
    ::fakes::plain::Slots slots;
    std::vector<std::uint8_t> script;  // of the month, by slot: index into the kinds of outcome
  };

  std::int64_t below(std::int64_t n);
  void plan_month(const Month& month, int kind);
  void plan_boundary(const Month& month, int kind);
  void plan_window(const Month& month);
  void plan_chance(const Month& month, bool goes_down);
  void script_chance(const Month& month, Watched& service);
  void place(const Month& month, Watched& service, Verdict verdict, std::int64_t count,
             std::int64_t not_from = 0, std::int64_t not_to = 0);
  std::uint8_t kind_of(Verdict verdict);
  void window_at(std::int64_t at, std::int64_t from, std::int64_t to, std::int64_t withdrawn = 0);
  void correct_at(std::int64_t at, std::int64_t from, std::int64_t to);
  void live(const Month& month, std::int64_t until);
  void advance(const Month& month, std::int64_t by);
  void find_slots(const Month& month, std::int64_t until, std::vector<Arrival>& arrivals);
  void happen();
  void compare_statements();
  void compare_statement(const Statement& statement);
  void compare_month(const ServiceView& view, const MonthFigures& shown, const Month& month);
  void finish(const Month& month, double cpu_seconds);
  const Month* month_of(int year, int month) const;
  Seconds now() const { return Seconds(std::chrono::seconds(now_)); }

  MonthLifeParts parts_;
  std::mt19937_64 engine_;
  std::vector<Month> months_;
  std::vector<Watched> services_;
  std::shared_ptr<const Config> config_;
  std::unique_ptr<Book> book_;
  std::multimap<std::int64_t, std::function<void()>> events_;
  std::int64_t now_ = 0, down_until_ = 0;
  std::size_t current_ = 0;  // in months_
  int windows_ = 0;
  std::map<std::string, int> endings_;
  int months_compared_ = 0;
  std::size_t statements_compared_ = 0;
  double longest_ = 0;
};

}  // namespace exporter::fakes
