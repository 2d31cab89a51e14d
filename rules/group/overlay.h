// A snapshot with the results of the rules evaluated so far laid over it, all at one instant: so
// rules of a group see those before them although nothing was stored yet. Used by one thread, which
// adds nothing while a query runs.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/promql/source.h"
#include "rules/promql/value.h"

namespace rules {

class Overlay : public Source {
 public:
  Overlay(const Source& below, std::int64_t at) : below_(below), at_(at) {}

  // False when the series has another value at this instant already, which stays. A stale marker
  // gives way to a value, and is not laid over one.
  bool add(const Labels& labels, double value);
  void mark_stale(const Labels& labels);

  std::int64_t at() const { return at_; }
  // Everything added, in this order.
  std::vector<VectorSample> take() { return std::move(samples_); }

  std::vector<std::unique_ptr<Cursor>> select(const std::vector<Matcher>& matchers,
                                              std::int64_t from, std::int64_t to) const override;

 private:
  struct HashOf {
    std::size_t operator()(const Labels& labels) const { return labels.hash(); }
  };

  std::vector<std::size_t> candidates(const std::vector<Matcher>& matchers) const;

  const Source& below_;
  std::int64_t at_;
  std::vector<VectorSample> samples_;
  std::unordered_map<Labels, std::size_t, HashOf> place_;            // in samples_
  std::unordered_map<std::string, std::vector<std::size_t>> named_;  // by metric name
};

}  // namespace rules
