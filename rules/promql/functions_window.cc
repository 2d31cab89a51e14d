// Functions of a window. What a summary answers is taken from it; only the rest reads samples.
#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/promql/kahan.h"
#include "rules/promql/window.h"

namespace rules {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double seconds_between(std::int64_t from, std::int64_t to) {
  return static_cast<double>(to - from) / 1000;
}

// How far a counter's growth reaches towards the start: up to the window's edge when samples are
// as close as they usually are, half a usual distance otherwise, and never to before it was zero.
double reach_to_start(const Window& window, const WindowSummary& summary, double growth,
                      double average, bool counter) {
  double reach = seconds_between(window.start(), summary.first.at);
  if (reach >= average * 1.1) reach = average / 2;
  if (!counter || !(growth > 0) || !(summary.first.value >= 0)) return reach;
  const double sampled = seconds_between(summary.first.at, summary.last.at);
  return std::min(reach, sampled * (summary.first.value / growth));
}

// What grew between the first and the last sample, extrapolated to the whole window, and divided by
// `per` in the order in which Prometheus does it, so that the last digit is the same.
std::optional<double> extrapolated(Window& window, bool counter, double per = 1) {
  const WindowSummary& summary = window.summary();
  if (summary.count < 2) return std::nullopt;
  double growth = summary.last.value - summary.first.value;
  if (counter) growth += summary.drops;

  const double sampled = seconds_between(summary.first.at, summary.last.at);
  const double average = sampled / static_cast<double>(summary.count - 1);
  const double to_start = reach_to_start(window, summary, growth, average, counter);
  double to_end = seconds_between(summary.last.at, window.end());
  if (to_end >= average * 1.1) to_end = average / 2;
  return growth * ((sampled + to_start + to_end) / sampled / per);
}

// The mean updated value by value, for sums that would overflow. Starts from `before`, the sum of
// the values before `first`.
double running_mean(std::span<const Sample> samples, std::size_t first, KahanSum before) {
  auto count = static_cast<double>(first);
  KahanSum mean{before.sum / count, before.error / count};
  for (const Sample& sample : samples.subspan(first)) {
    count += 1;
    const double share = (count - 1) / count;
    mean = {share * mean.sum, share * mean.error};
    mean.add(sample.value / count);
  }
  return mean.sum + mean.error;
}

std::optional<double> spread(Window& window) {
  const auto samples = window.samples();
  if (samples.empty()) return std::nullopt;
  double count = 0;
  KahanSum mean, squares;
  for (const Sample& sample : samples) {
    count += 1;
    const double delta = sample.value - (mean.sum + mean.error);
    mean.add(delta / count);
    squares.add(delta * (sample.value - (mean.sum + mean.error)));
  }
  return (squares.sum + squares.error) / count;
}

struct Line {
  double slope = 0, intercept = 0;
};

// By least squares, in seconds from `origin`.
Line fit(std::span<const Sample> samples, std::int64_t origin) {
  const double first = samples.front().value;
  const auto is_first = [&](const Sample& sample) { return sample.value == first; };
  if (std::all_of(samples.begin() + 1, samples.end(), is_first))
    return std::isinf(first) ? Line{kNaN, kNaN} : Line{0, first};

  KahanSum x_sum, y_sum, xy_sum, xx_sum;
  for (const Sample& sample : samples) {
    const double x = seconds_between(origin, sample.at);
    x_sum.add(x);
    y_sum.add(sample.value);
    xy_sum.add(x * sample.value);
    xx_sum.add(x * x);
  }
  const auto count = static_cast<double>(samples.size());
  const double x = x_sum.sum + x_sum.error, y = y_sum.sum + y_sum.error;
  const double covariance = xy_sum.sum + xy_sum.error - x * y / count;
  const double variance = xx_sum.sum + xx_sum.error - x * x / count;
  const double slope = covariance / variance;
  return {slope, y / count - slope * x / count};
}

// Of a field of the summary, when there are samples.
template <typename Pick>
std::optional<double> of_summary(Window& window, Pick pick) {
  const WindowSummary& summary = window.summary();
  if (summary.count == 0) return std::nullopt;
  return static_cast<double>(pick(summary));
}

}  // namespace

namespace windows {

std::optional<double> increase(Window& window) { return extrapolated(window, true); }
std::optional<double> delta(Window& window) { return extrapolated(window, false); }

std::optional<double> rate(Window& window) { return extrapolated(window, true, window.seconds()); }

std::optional<double> irate(Window& window) {
  const auto samples = window.samples();
  if (samples.size() < 2) return std::nullopt;
  const Sample& before = samples[samples.size() - 2];
  const Sample& last = samples.back();
  const double grown = last.value < before.value ? last.value : last.value - before.value;
  return grown / seconds_between(before.at, last.at);
}

std::optional<double> idelta(Window& window) {
  const auto samples = window.samples();
  if (samples.size() < 2) return std::nullopt;
  return samples.back().value - samples[samples.size() - 2].value;
}

std::optional<double> resets(Window& window) {
  return of_summary(window, [](const WindowSummary& summary) { return summary.resets; });
}
std::optional<double> changes(Window& window) {
  return of_summary(window, [](const WindowSummary& summary) { return summary.changes; });
}
std::optional<double> sum(Window& window) {
  return of_summary(window, [](const WindowSummary& summary) {
    return KahanSum{summary.sum, summary.sum_error}.result();
  });
}
std::optional<double> minimum(Window& window) {
  return of_summary(window, [](const WindowSummary& summary) { return summary.min; });
}
std::optional<double> maximum(Window& window) {
  return of_summary(window, [](const WindowSummary& summary) { return summary.max; });
}
std::optional<double> count(Window& window) {
  return of_summary(window, [](const WindowSummary& summary) { return summary.count; });
}
std::optional<double> first(Window& window) {
  return of_summary(window, [](const WindowSummary& summary) { return summary.first.value; });
}
std::optional<double> last(Window& window) {
  return of_summary(window, [](const WindowSummary& summary) { return summary.last.value; });
}
std::optional<double> present(Window& window) {
  return of_summary(window, [](const WindowSummary&) { return 1; });
}

std::optional<double> average(Window& window) {
  const WindowSummary& summary = window.summary();
  if (summary.count == 0) return std::nullopt;
  const auto count = static_cast<double>(summary.count);
  if (std::isfinite(summary.sum)) return summary.sum / count + summary.sum_error / count;

  // The sum overflows or something infinite is among the values: sample by sample as far as the
  // sum holds, then by a mean that cannot overflow.
  const auto samples = window.samples();
  if (samples.empty()) return std::nullopt;
  KahanSum sum{samples.front().value, 0};
  for (std::size_t at = 1; at < samples.size(); ++at) {
    const KahanSum before = sum;
    sum.add(samples[at].value);
    if (std::isinf(sum.sum)) return running_mean(samples, at, before);
  }
  return sum.sum / count + sum.error / count;
}

std::optional<double> quantile(Window& window) {
  const auto samples = window.samples();
  if (samples.empty()) return std::nullopt;
  std::vector<double> values;
  values.reserve(samples.size());
  for (const Sample& sample : samples) values.push_back(sample.value);
  return quantile_of(window.arguments.front(), values);
}

std::optional<double> variance(Window& window) { return spread(window); }

std::optional<double> deviation(Window& window) {
  const auto squares = spread(window);
  return squares ? std::optional(std::sqrt(*squares)) : std::nullopt;
}

std::optional<double> derivative(Window& window) {
  const auto samples = window.samples();
  if (samples.size() < 2) return std::nullopt;
  // An origin near the samples keeps the squares of times small.
  return fit(samples, samples.front().at).slope;
}

std::optional<double> predict_linear(Window& window) {
  const auto samples = window.samples();
  if (samples.size() < 2) return std::nullopt;
  const Line line = fit(samples, window.now);
  return line.slope * window.arguments.front() + line.intercept;
}

}  // namespace windows

double quantile_of(double quantile, std::vector<double>& values) {
  if (values.empty() || std::isnan(quantile)) return kNaN;
  if (quantile < 0) return -std::numeric_limits<double>::infinity();
  if (quantile > 1) return std::numeric_limits<double>::infinity();
  // NaN counts as smaller than everything.
  std::ranges::sort(values, [](double left, double right) {
    return left < right || (std::isnan(left) && !std::isnan(right));
  });
  const double rank = quantile * static_cast<double>(values.size() - 1);
  const auto lower = static_cast<std::size_t>(std::floor(rank));
  const std::size_t upper = std::min(values.size() - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  return values[lower] * (1 - weight) + values[upper] * weight;
}

}  // namespace rules
