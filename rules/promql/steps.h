// Walking matrices step by step, for everything that needs to see the series side by side, and
// gathering what comes out into series again.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "rules/promql/evaluation.h"
#include "rules/promql/value.h"

namespace rules {

struct LabelsHash {
  std::size_t operator()(const Labels& labels) const { return labels.hash(); }
};

class StepReader {
 public:
  explicit StepReader(const Matrix& matrix) : matrix_(matrix), next_(matrix.size()) {}

  struct Present {
    std::size_t series = 0;
    double value = 0;
  };
  // The series that have a value at this time, in their order. Times only grow.
  const std::vector<Present>& at(std::int64_t time);

 private:
  const Matrix& matrix_;
  std::vector<std::size_t> next_;
  std::vector<Present> present_;
};

class Collector {
 public:
  explicit Collector(Evaluation& evaluation) : evaluation_(evaluation) {}

  // Where the series with these labels stands.
  std::size_t slot(const Labels& labels, bool drop_name);
  // Fails when the series has a value at this time.
  void add(std::size_t slot, Sample sample);
  Matrix take();  // series without any sample are left out

 private:
  Evaluation& evaluation_;
  Matrix series_;
  std::unordered_map<Labels, std::size_t, LabelsHash> slots_;
};

}  // namespace rules
