// Months and their figures by hand: the calendar of three zones from their laws (no zone data, no
// cctz, no chrono calendar) and verdicts counted slot by slot in arrays. Shares nothing with the
// exporter, not even its types, so that agreement with it means something. Instants are Unix
// seconds; every slot is 99 % promised.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fakes::plain {

// UTC+01:00 all year; Europe/Berlin; America/Chicago.
enum class Law { plus_one, berlin, chicago };

struct Month {
  int year = 0, month = 0;
  std::int64_t days = 0;
  std::int64_t begin = 0, end = 0;
};
std::vector<Month> months(Law law, int first_year, int last_year);

enum class Verdict : std::uint8_t { good, bad, unknown, excluded, none };

struct Figures {
  std::int64_t expected = 0, good = 0, bad = 0, unknown = 0, excluded = 0, pending = 0;
  std::int64_t eligible = 0, allowed = 0, remaining = 0;
  std::string state;
};

// What is left to say once the counts are there.
void conclude(Figures& figures);

// All slots of one service from `begin` to `end`.
class Slots {
 public:
  Slots(std::int64_t begin, std::int64_t end, std::int64_t every);

  std::int64_t every() const { return every_; }
  void find(std::int64_t slot, Verdict verdict) { found_[index(slot)] = verdict; }
  // A window that was recorded at `recorded`, and one that was withdrawn at `at`.
  void exclude(std::int64_t from, std::int64_t to, std::int64_t recorded);
  void withdraw(std::int64_t from, std::int64_t to, std::int64_t at);
  void correct(std::int64_t from, std::int64_t to, Verdict verdict);

  Figures figures(const Month& month, std::int64_t now) const;
  // Without windows and corrections.
  Figures as_found(const Month& month, std::int64_t now) const;

 private:
  std::size_t index(std::int64_t slot) const {
    return static_cast<std::size_t>((slot - begin_) / every_);
  }
  std::int64_t first_from(std::int64_t at) const;

  std::int64_t begin_, every_;
  std::vector<Verdict> found_, corrected_;
  std::vector<bool> excluded_;
};

}  // namespace fakes::plain
