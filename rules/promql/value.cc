// Helpers on matrices.
#include "rules/promql/value.h"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace rules {

std::size_t count_samples(const Matrix& matrix) {
  std::size_t count = 0;
  for (const Series& series : matrix) count += series.points.size();
  return count;
}

void sort_by_labels(Matrix& matrix) {
  std::ranges::sort(matrix, [](const Series& left, const Series& right) {
    return (left.labels <=> right.labels) < 0;
  });
}

Labels without_metadata(const Labels& labels) {
  static const std::array<std::string, 3> kNames = {"__name__", "__type__", "__unit__"};
  return labels.drop(kNames);
}

bool has_equal_labels(const Matrix& matrix) {
  const auto hash = [](const Labels* labels) { return labels->hash(); };
  const auto equal = [](const Labels* left, const Labels* right) { return *left == *right; };
  std::unordered_set<const Labels*, decltype(hash), decltype(equal)> seen(matrix.size(), hash,
                                                                          equal);
  return !std::ranges::all_of(
      matrix, [&](const Series& series) { return seen.insert(&series.labels).second; });
}

}  // namespace rules
