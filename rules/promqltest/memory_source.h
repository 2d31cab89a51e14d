// A source that holds its samples in memory, in order: for scripts, unit tests and fuzzing.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "rules/promql/source.h"

namespace rules::promqltest {

class MemorySource : public Source {
 public:
  // Anywhere in time; a sample at the same time as another replaces it.
  void add(const Labels& labels, Sample sample);
  void clear() { series_.clear(); }
  bool empty() const { return series_.empty(); }

  // Cursors are valid as long as nothing is added or cleared.
  std::vector<std::unique_ptr<Cursor>> select(const std::vector<Matcher>& matchers,
                                              std::int64_t from, std::int64_t to) const override;

 private:
  std::map<Labels, std::vector<Sample>> series_;
};

}  // namespace rules::promqltest
