// What a window function sees: the samples in (start, end] of one series, seen from one step. Asked
// for its summary, a window costs its two ends; asked for samples, only those that came since the
// step before are read. A summary of few samples that slides is taken from these, because the two
// ends cost more then. Without stale markers either way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "rules/promql/budget.h"
#include "rules/promql/source.h"

namespace rules {

class Window {
 public:
  Window(Cursor& cursor, Budget& budget) : cursor_(cursor), budget_(budget) {}
  ~Window() { budget_.settle(budget_.held() - samples_.size()); }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  void move(std::int64_t start, std::int64_t end);

  const WindowSummary& summary();
  std::span<const Sample> samples();

  std::int64_t start() const { return start_; }
  std::int64_t end() const { return end_; }
  double seconds() const { return static_cast<double>(end_ - start_) / 1000; }
  std::int64_t now = 0;               // the step's time
  std::span<const double> arguments;  // the scalar arguments at this step, in order

 private:
  Cursor& cursor_;
  Budget& budget_;
  std::int64_t start_ = 0, end_ = 0;
  std::optional<WindowSummary> summary_;
  bool slides_ = false;  // over few samples, most of which it has seen before
  std::vector<Sample> samples_;
  std::int64_t read_from_ = 0, read_to_ = 0;  // samples_ holds (read_from_, read_to_]
};

// The functions themselves; functions.cc says which is which.
namespace windows {

std::optional<double> rate(Window& window);
std::optional<double> increase(Window& window);
std::optional<double> delta(Window& window);
std::optional<double> irate(Window& window);
std::optional<double> idelta(Window& window);
std::optional<double> resets(Window& window);
std::optional<double> changes(Window& window);
std::optional<double> sum(Window& window);
std::optional<double> average(Window& window);
std::optional<double> minimum(Window& window);
std::optional<double> maximum(Window& window);
std::optional<double> count(Window& window);
std::optional<double> first(Window& window);
std::optional<double> last(Window& window);
std::optional<double> present(Window& window);
std::optional<double> quantile(Window& window);
std::optional<double> deviation(Window& window);
std::optional<double> variance(Window& window);
std::optional<double> derivative(Window& window);
std::optional<double> predict_linear(Window& window);

}  // namespace windows

// Interpolated between the nearest two values; sorts them. NaN of none.
double quantile_of(double quantile, std::vector<double>& values);

}  // namespace rules
