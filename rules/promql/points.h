// Samples in memory, read through a Cursor: the results of subqueries, and what tests load.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "rules/promql/source.h"

namespace rules {

// Reads samples that someone else owns and that outlive it, ordered by time.
class PointsCursor : public Cursor {
 public:
  PointsCursor(Labels labels, std::span<const Sample> points)
      : labels_(std::move(labels)), points_(points) {}

  const Labels& labels() const override { return labels_; }
  void samples(std::int64_t from, std::int64_t to, std::vector<Sample>& out) override;
  bool latest(std::int64_t from, std::int64_t to, Sample& out) override;
  WindowSummary summary(std::int64_t from, std::int64_t to) override;

 private:
  std::span<const Sample> between(std::int64_t from, std::int64_t to) const;

  Labels labels_;
  std::span<const Sample> points_;
};

}  // namespace rules
