// Summaries of stretches of samples, built sample by sample or by joining neighbours.
#include "rules/promql/source.h"

#include <cmath>

#include "rules/promql/kahan.h"

namespace rules {
namespace {

// The step from one value to the next, wherever the two come from.
void count_step(WindowSummary& summary, double before, double after) {
  if (after < before) {
    summary.drops += before;
    ++summary.resets;
  }
  if (after != before && !(std::isnan(after) && std::isnan(before))) ++summary.changes;
}

void add_sum(WindowSummary& summary, double value) {
  KahanSum sum{summary.sum, summary.sum_error};
  sum.add(value);
  summary.sum = sum.sum;
  summary.sum_error = sum.error;
}

void widen(WindowSummary& summary, double min, double max) {
  if (min < summary.min || std::isnan(summary.min)) summary.min = min;
  if (max > summary.max || std::isnan(summary.max)) summary.max = max;
}

}  // namespace

void WindowSummary::add(Sample sample) {
  add_sum(*this, sample.value);
  if (count == 0) {
    first = sample;
    min = max = sample.value;
  } else {
    count_step(*this, last.value, sample.value);
    widen(*this, sample.value, sample.value);
  }
  last = sample;
  ++count;
}

void WindowSummary::add_run(std::int64_t n, Sample end) {
  if (end.value == last.value) {
    const double total = static_cast<double>(n) * end.value;
    add_sum(*this, total);
    sum_error += std::fma(static_cast<double>(n), end.value, -total);
  } else {
    // Twice the mean of the first and the last of them, times their number: exact.
    const auto from = static_cast<__int128>(last.value), to = static_cast<__int128>(end.value);
    const __int128 total = (n * (from + to) + (to - from)) / 2;
    const auto rounded = static_cast<double>(total);
    add_sum(*this, rounded);
    sum_error += static_cast<double>(total - static_cast<__int128>(rounded));
    changes += n;
  }
  widen(*this, end.value, end.value);
  last = end;
  count += n;
}

void WindowSummary::add(const WindowSummary& following) {
  if (following.count == 0) return;
  if (count == 0) {
    *this = following;
    return;
  }
  count_step(*this, last.value, following.first.value);
  add_sum(*this, following.sum);
  sum_error += following.sum_error;
  widen(*this, following.min, following.max);
  drops += following.drops;
  resets += following.resets;
  changes += following.changes;
  last = following.last;
  count += following.count;
}

}  // namespace rules
