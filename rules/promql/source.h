// Where the engine finds series: implemented by rules/series, and by the exporter's own series in
// tests. A Source is a snapshot: it does not change while it is used, and shows nothing after its
// last tick. Any thread may read one; a Cursor belongs to one thread.
//
// Times are milliseconds since the epoch, as everywhere in PromQL. A stale marker is a sample whose
// value is the NaN with the bits kStaleNan.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rules/promql/labels.h"

namespace rules {

inline constexpr std::uint64_t kStaleNanBits = 0x7ff0000000000002;
inline double stale_nan() { return std::bit_cast<double>(kStaleNanBits); }
inline bool is_stale_nan(double value) {
  return std::bit_cast<std::uint64_t>(value) == kStaleNanBits;
}

struct Sample {
  std::int64_t at = 0;
  double value = 0;
};

struct Matcher {
  enum class Kind { equal, not_equal, regex, not_regex };
  Kind kind = Kind::equal;
  std::string name, value;  // a regular expression is anchored at both ends
  bool operator==(const Matcher&) const = default;
};

// What the samples of a window come to, without their stale markers, in order of time. A store
// keeps one for each sealed chunk, so that a window costs its two ends and not its length.
struct WindowSummary {
  std::int64_t count = 0;
  Sample first, last;             // of the window; unset when count is 0
  double sum = 0, sum_error = 0;  // Kahan (Neumaier): the sum is sum + sum_error
  double min = 0, max = 0;        // NaN only when all are NaN
  double drops = 0;               // sum of the values before each counter reset
  std::int64_t resets = 0, changes = 0;

  void add(Sample sample);  // the next one
  // The next `n`, the last of which is `end`, at even steps from the last one so far: all the same,
  // or whole numbers that do not fall. There must be one already.
  void add_run(std::int64_t n, Sample end);
  void add(const WindowSummary& following);  // all of a later stretch
};

class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual const Labels& labels() const = 0;
  // Samples with from < at <= to, in order, stale markers included; appended to `out`.
  virtual void samples(std::int64_t from, std::int64_t to, std::vector<Sample>& out) = 0;
  // The newest sample with from < at <= to (a stale marker too); false when there is none. Calls
  // with growing times are cheap.
  virtual bool latest(std::int64_t from, std::int64_t to, Sample& out) = 0;
  // Of the samples with from < at <= to but stale markers.
  virtual WindowSummary summary(std::int64_t from, std::int64_t to) = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  // Series that match all matchers and may have samples in (from, to], in no particular order.
  virtual std::vector<std::unique_ptr<Cursor>> select(const std::vector<Matcher>& matchers,
                                                      std::int64_t from, std::int64_t to) const = 0;
};

}  // namespace rules
